/* `sanad verify FILE.ots`: a detached timestamp of any file, and the verdict on one against headers
 * that verifiers of logs share. */
#include "cmd/cmd.h"
#include "ots/ots.h"
#include "recheck/recheck.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { STAMPED_FILE_MAX = 1 << 30 };

/* ---- one attestation
 * ------------------------------------------------------------------------------ */

static void bitcoin_judge(struct cmd_ots_verdict *verdict,
                          const struct ots_attestation *attestation, struct cmd_headers *headers,
                          struct bytes beside)
{
    struct err why = {0};
    char hash[HEX256_SIZE];
    char time[TIME_TEXT_SIZE];
    struct cmd_header header;
    int code = cmd_headers_at(&header, headers, attestation->height, beside, &why);
    if (code == 0)
        code = ots_check(attestation, &header.merkle_root, &why);
    *verdict = (struct cmd_ots_verdict){.verdict = code == 0             ? VERDICT_HOLDS
                                                   : code == SANAD_FALSE ? VERDICT_CONTRADICTED
                                                                         : VERDICT_UNDECIDED};
    (void)snprintf(verdict->detail, sizeof verdict->detail, "%.255s", why.text);
    if (code != 0)
        return;
    verdict->header = header;
    hash256_display(hash, &header.hash);
    time_format(time, header.time);
    (void)snprintf(verdict->detail, sizeof verdict->detail,
                   "it stands in block %u (%s) of %s; blocks on it: %u", header.height, hash, time,
                   header.above);
}

static void attestation_judge(struct cmd_ots_verdict *verdict,
                              const struct ots_attestation *attestation,
                              struct cmd_headers *headers, struct bytes beside)
{
    if (attestation->notary == OTS_BITCOIN) {
        bitcoin_judge(verdict, attestation, headers, beside);
        return;
    }
    *verdict = (struct cmd_ots_verdict){.verdict = VERDICT_UNDECIDED};
    if (attestation->notary == OTS_PENDING)
        (void)snprintf(verdict->detail, sizeof verdict->detail, "pending: promised by %.200s",
                       attestation->uri);
    else
        (void)snprintf(verdict->detail, sizeof verdict->detail, "by a notary that is not known");
}

/* One that is contradicted decides; else one that holds. */
static bool decides(const struct cmd_ots_verdict *verdict, const struct cmd_ots_verdict *before)
{
    if (verdict->verdict == before->verdict)
        return before->detail[0] == 0;
    return verdict->verdict == VERDICT_CONTRADICTED ||
           (verdict->verdict == VERDICT_HOLDS && before->verdict == VERDICT_UNDECIDED);
}

void cmd_ots_judge(struct cmd_ots_verdict *ret_verdict, const struct ots *ots,
                   struct cmd_headers *headers, struct bytes beside)
{
    struct cmd_ots_verdict best = {.verdict = VERDICT_UNDECIDED};
    for (size_t i = 0; i < ots->attestation_count; i++) {
        struct cmd_ots_verdict verdict;
        attestation_judge(&verdict, &ots->attestations[i], headers, beside);
        if (decides(&verdict, &best))
            best = verdict;
    }
    *ret_verdict = best;
}

/* ---- a detached timestamp
 * --------------------------------------------------------------------------- */

/* The file that was stamped: of a checkpoint, the text without its signatures. */
static bool is_digest_of(const struct ots *ots, struct bytes content)
{
    uint8_t digest[32];
    struct note note;
    struct arena arena = {0};
    size_t size = ots_hash(digest, ots->hash, content);
    bool same = bytes_equal(bytes_of(digest, size), ots->digest);
    if (!same && content.size <= NOTE_SIZE_MAX &&
        note_parse(&note, "note", content, &arena, NULL) == 0) {
        size = ots_hash(digest, ots->hash, note.text);
        same = bytes_equal(bytes_of(digest, size), ots->digest);
    }
    arena_free(&arena);
    return same;
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The path without ".ots", or with another ending for it; false where it has not that ending. */
static bool beside_path(char ret_path[PATH_SIZE], const char *path, const char *ending)
{
    size_t size = strlen(path);
    if (size < 4 || strcmp(path + size - 4, ".ots") != 0)
        return false;
    int made = snprintf(ret_path, PATH_SIZE, "%.*s%s", (int)(size - 4), path, ending);
    return made > 0 && made < PATH_SIZE && is_file(ret_path);
}

static int digest_check(struct recheck *recheck, const struct ots *ots, const char *path,
                        const struct cmd_args *args, struct err *err)
{
    char beside[PATH_SIZE];
    struct buf content;
    char hex[HEX256_SIZE];
    const char *file = cmd_value(args, "--file");
    if (!file && (beside_path(beside, path, "") || beside_path(beside, path, ".checkpoint")))
        file = beside;
    hex_encode(hex, ots->digest);
    if (!file) {
        recheck_add(recheck, "digest", ots_op_name(ots->hash), VERDICT_UNDECIDED,
                    "%s: the file that was stamped is not at hand: give --file", hex);
        return 0;
    }
    int code = file_read(&content, file, STAMPED_FILE_MAX, err);
    if (code)
        return code;
    bool same = is_digest_of(ots, buf_bytes(&content));
    recheck_add(recheck, "digest", ots_op_name(ots->hash),
                same ? VERDICT_HOLDS : VERDICT_CONTRADICTED, "%s: %s", hex,
                same ? "that of the file" : "the file has another");
    buf_free(&content);
    return 0;
}

static void attestations_check(struct recheck *recheck, const struct ots *ots,
                               struct cmd_headers *headers, struct bytes beside)
{
    struct cmd_ots_verdict whole;
    cmd_ots_judge(&whole, ots, headers, beside);
    for (size_t i = 0; i < ots->attestation_count; i++) {
        const struct ots_attestation *attestation = &ots->attestations[i];
        const struct ots_step *step = &ots->steps[attestation->step];
        struct cmd_ots_verdict verdict;
        char subject[2 * OTS_NOTARY_SIZE + 8];
        attestation_judge(&verdict, attestation, headers, beside);
        if (attestation->notary == OTS_BITCOIN)
            (void)snprintf(subject, sizeof subject, "block %u", attestation->height);
        else
            hex_encode(subject, bytes_of(step->notary, OTS_NOTARY_SIZE));
        /* Where one holds, what is open elsewhere takes nothing away. */
        bool open = verdict.verdict == VERDICT_UNDECIDED && whole.verdict == VERDICT_HOLDS;
        recheck_add(recheck, "attestation", subject, open ? VERDICT_HOLDS : verdict.verdict, "%s%s",
                    verdict.detail, open ? "; another one holds" : "");
    }
}

int cmd_verify_ots(struct recheck *recheck, const struct cmd_args *args, const char *path,
                   struct bytes raw, struct err *err)
{
    struct arena arena = {0};
    struct ots ots;
    struct cmd_headers *headers = NULL;
    struct buf header = {0};
    char beside[PATH_SIZE];
    int code = ots_parse(&ots, path, raw, &arena, err);
    if (code == 0)
        code = digest_check(recheck, &ots, path, args, err);
    if (code == 0)
        code = cmd_headers_open(&headers, args, NULL, err);
    if (code == 0 && beside_path(beside, path, ".header"))
        code = file_read(&header, beside, HEADER_SIZE, err);
    if (code == 0)
        attestations_check(recheck, &ots, headers, buf_bytes(&header));
    cmd_headers_close(headers);
    buf_free(&header);
    arena_free(&arena);
    return code;
}
