/* Names of what lies in anchor/ of a log's folder, and the members of an anchor statement. */
#include "cmd/cmd.h"
#include "ots/ots.h"

#include <stdlib.h>

#define ANCHOR_FOLDER "anchor/"

static const char *const endings[] = {".checkpoint", ".ots", ".header"};

void cmd_anchor_name(char ret_name[ANCHOR_NAME_SIZE], uint64_t size, const char *ending)
{
    (void)snprintf(ret_name, ANCHOR_NAME_SIZE, ANCHOR_FOLDER "%llu%s", (unsigned long long)size,
                   ending);
}

bool cmd_anchor_is_name(const char *name)
{
    uint64_t size;
    const size_t folder = sizeof ANCHOR_FOLDER - 1;
    if (strncmp(name, ANCHOR_FOLDER, folder) != 0)
        return false;
    const char *ending = strchr(name + folder, '.');
    if (!ending)
        return strcmp(name, ANCHOR_INDEX) == 0;
    for (size_t i = 0; i < countof(endings); i++)
        if (strcmp(ending, endings[i]) == 0)
            return number_parse(&size, name + folder, (size_t)(ending - name) - folder,
                                TLOG_SIZE_MAX);
    return false;
}

/* ---- the members of a statement ---------------------------------------------------------------
 */

enum { PROOF_SHOWN_MAX = 12288 }; /* bytes in base64 that stand in the statement itself */

/* What lies beside one proof. */
struct anchored_files {
    struct buf checkpoint, proof, header;
    struct arena arena;
};

static void files_free(struct anchored_files *files)
{
    buf_free(&files->checkpoint);
    buf_free(&files->proof);
    buf_free(&files->header);
    arena_free(&files->arena);
}

static int file_beside(struct buf *ret_file, const char *path, const char *ending, size_t size_max,
                       struct err *err)
{
    char beside[PATH_SIZE];
    size_t size = strlen(path);
    if (size < 4 || strcmp(path + size - 4, ".ots") != 0)
        return err_set(err, SANAD_USAGE, "--anchored: %s: not a .ots file", path);
    int made = snprintf(beside, sizeof beside, "%.*s%s", (int)(size - 4), path, ending);
    if (made < 0 || made >= PATH_SIZE)
        return err_set(err, SANAD_REFUSED, "%s: the path is too long", path);
    return file_read(ret_file, beside, size_max, err);
}

static int checkpoint_members(json_t *body, struct hash256 *ret_digest, const char *path,
                              struct anchored_files *files, struct err *err)
{
    struct note note;
    struct tlog_checkpoint checkpoint;
    int code = file_beside(&files->checkpoint, path, ".checkpoint", TLOG_CHECKPOINT_MAX, err);
    if (code == 0)
        code = note_parse(&note, path, buf_bytes(&files->checkpoint), &files->arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, path, note.text, err);
    if (code)
        return code;
    sha256_of(ret_digest, note.text);
    json_object_set_new(body, "size", json_integer((json_int_t)checkpoint.size));
    json_object_set_new(body, "root_hash", json_hash_straight(&checkpoint.root));
    json_object_set_new(body, "checkpoint_sha256", json_hash_straight(ret_digest));
    return 0;
}

/* The attestation that is true of the header beside. */
static int block_members(json_t *body, const struct ots *ots, const struct cmd_header *header,
                         const char *path, struct err *err)
{
    char day[11];
    for (size_t i = 0; i < ots->attestation_count; i++) {
        const struct ots_attestation *attestation = &ots->attestations[i];
        if (attestation->notary != OTS_BITCOIN ||
            ots_check(attestation, &header->merkle_root, NULL) != 0)
            continue;
        date_format(day, header->time);
        json_object_set_new(body, "height", json_integer(attestation->height));
        json_object_set_new(body, "block_hash", json_hash_display(&header->hash));
        if (!json_object_get(body, "date")) /* no clock enters a statement: the block's day */
            json_object_set_new(body, "date", json_string(day));
        return 0;
    }
    return err_set(err, SANAD_FALSE, "%s: it does not lead to the block of the header beside it",
                   path);
}

static int proof_members(json_t *body, const struct hash256 *digest, const char *path,
                         struct anchored_files *files, struct err *err)
{
    struct ots ots;
    struct cmd_header header;
    struct hash256 hash;
    struct buf text = buf_with_max(2 * OTS_FILE_MAX);
    int code = file_read(&files->proof, path, OTS_FILE_MAX, err);
    if (code == 0)
        code = ots_parse(&ots, path, buf_bytes(&files->proof), &files->arena, err);
    if (code == 0)
        code = file_beside(&files->header, path, ".header", HEADER_SIZE, err);
    if (code)
        return code;
    if (!cmd_header_read(&header, buf_bytes(&files->header)))
        return err_set(err, SANAD_REFUSED, "%s: the header beside it has not 80 bytes", path);
    if (ots.hash != OTS_SHA256 || !bytes_equal(ots.digest, bytes_of(digest->b, sizeof digest->b)))
        return err_set(err, SANAD_FALSE, "%s: it is not of the checkpoint beside it", path);
    sha256_of(&hash, buf_bytes(&files->proof));
    json_object_set_new(body, "proof_sha256", json_hash_straight(&hash));
    base64_encode(&text, buf_bytes(&files->proof));
    if (text.size <= PROOF_SHOWN_MAX)
        json_object_set_new(body, "proof", json_string(buf_cstr(&text)));
    buf_free(&text);
    return block_members(body, &ots, &header, path, err);
}

int cmd_anchor_members(json_t *body, const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--anchored");
    const struct chain_params *params;
    struct anchored_files files = {0};
    struct hash256 digest;
    if (!path)
        return 0;
    int code = cmd_chain(&params, args, err);
    if (code == 0)
        code = checkpoint_members(body, &digest, path, &files, err);
    if (code == 0)
        code = proof_members(body, &digest, path, &files, err);
    if (code == 0)
        json_object_set_new(body, "chain", json_string(params->name));
    files_free(&files);
    return code;
}
