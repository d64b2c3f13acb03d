/* The log of a partner, held against what ours has recorded of it: signed by a key that our root
 * names, and a continuation of each of its checkpoints that stands in our log. What shows two
 * stories is kept as a proof for everybody. Behind `statement make partner-checkpoint --from` and
 * `--partner` of `log audit` and `verify`. */
#include "admit/admit.h"
#include "cmd/cmd.h"
#include "recheck/recheck.h"

#include <stdlib.h>

/* ---- whose log it is ------------------------------------------------------------------------ */

static const struct admit_partner *named(const struct admit *admit, const char *origin)
{
    for (size_t i = 0; i < admit_partner_count(admit); i++)
        if (strcmp(admit_partner(admit, i)->origin, origin) == 0)
            return admit_partner(admit, i);
    return NULL;
}

static int signature_check(const struct cmd_partner *partner, struct err *err)
{
    const struct admit_partner *known = partner->known;
    bool valid[ADMIT_PARTNER_KEY_MAX] = {false};
    int code = note_verify(valid, &partner->log.note, known->keys, known->key_count, err);
    for (size_t i = 0; code == 0 && i < known->key_count; i++)
        if (valid[i])
            return 0;
    return code ? code
                : err_set(err, SANAD_FALSE, "%.200s: no signature of a key that our root names",
                          partner->log.where);
}

int cmd_partner_open(struct cmd_partner *ret_partner, const char *where, const struct admit *admit,
                     struct err *err)
{
    struct cmd_partner partner = {.known = NULL};
    int code = cmd_log_open(&partner.log, where, err);
    if (code)
        return code;
    partner.known = named(admit, partner.log.checkpoint.origin);
    code = partner.known ? signature_check(&partner, err)
                         : err_set(err, SANAD_REFUSED,
                                   "%.200s: our root names no partner with the log %.200s", where,
                                   partner.log.checkpoint.origin);
    if (code)
        cmd_partner_close(&partner);
    else
        *ret_partner = partner;
    return code;
}

void cmd_partner_close(struct cmd_partner *partner)
{
    cmd_log_close(&partner->log);
}

/* ---- two stories -------------------------------------------------------------------------------
 */

/* The checkpoint that an entry of ours quotes. */
static int quoted_read(struct buf *note, const struct cmd_log *ours, uint64_t entry,
                       struct err *err)
{
    struct tlog_tile tile = {.level = TLOG_ENTRIES, .n = entry / TLOG_TILE_WIDTH};
    struct buf bundle = {0};
    struct bytes raw;
    struct stmt *stmt = NULL;
    tile.width = tlog_tile_width(ours->checkpoint.size, TLOG_ENTRIES, tile.n);
    int code = tlog_tile_read(&bundle, &ours->reader, &tile, err);
    if (code == 0)
        code = tlog_bundle_entry(&raw, buf_bytes(&bundle), tile.width,
                                 (unsigned)(entry % TLOG_TILE_WIDTH), err);
    if (code == 0)
        code = stmt_read(&stmt, "partner-checkpoint", raw, err);
    if (code == 0)
        admit_quoted_note(note, stmt);
    stmt_free(stmt);
    buf_free(&bundle);
    return code;
}

/* A proof that needs no trust in us, only the log's own key; kept where somebody asked for it. */
static int fraud_write(const struct cmd_partner *partner, const struct cmd_recorded *recorded,
                       const struct cmd_log *ours, const char *folder, struct err *err)
{
    const struct admit_partner *known = partner->known;
    struct buf quoted = buf_with_max(TLOG_CHECKPOINT_MAX);
    struct buf text = buf_with_max(4 * TLOG_CHECKPOINT_MAX);
    struct tlog_fraud fraud = {.second = buf_bytes(&partner->log.note_raw)};
    bool shown = false;
    int code = quoted_read(&quoted, ours, recorded->entry, err);
    fraud.first = buf_bytes(&quoted);
    if (code == 0)
        code = tlog_fraud_prove(&fraud.path, &partner->log.reader, recorded->tree.size,
                                partner->log.checkpoint.size, err);
    for (size_t i = 0; code == 0 && i < known->key_count && !shown; i++)
        shown = tlog_fraud_check(&fraud, &known->keys[i], NULL) == 0;
    if (shown && folder) {
        tlog_fraud_write(&text, &fraud);
        cmd_fraud_keep(folder, known->origin, buf_bytes(&text));
    }
    buf_free(&text);
    buf_free(&quoted);
    return code;
}

/* Damaged tiles show nothing about what was signed. */
static int contradiction(const struct cmd_partner *partner, const struct cmd_recorded *recorded,
                         const struct cmd_log *ours, const char *folder, struct err *err)
{
    const struct tlog_checkpoint *newest = &partner->log.checkpoint;
    struct hash256 root;
    int code = tlog_root_read(&root, &partner->log.reader, newest->size, err);
    if (code == 0 && !hash256_equal(&root, &newest->root))
        code =
            err_set(err, SANAD_FALSE, "%.200s: its tiles do not give the root that it has signed",
                    partner->log.where);
    if (code == 0)
        code = fraud_write(partner, recorded, ours, folder, err);
    return code ? code
                : err_set(err, SANAD_FALSE,
                          "%.200s: two stories: its checkpoint of %llu entries does not continue "
                          "that of %llu, which stands in entry %llu",
                          newest->origin, (unsigned long long)newest->size,
                          (unsigned long long)recorded->tree.size,
                          (unsigned long long)recorded->entry);
}

int cmd_partner_continues(const struct cmd_partner *partner, const struct cmd_recorded *recorded,
                          const struct cmd_log *ours, const char *fraud_folder, struct err *err)
{
    const struct tlog_tree newest = {partner->log.checkpoint.size, partner->log.checkpoint.root};
    struct tlog_proof proof;
    if (newest.size < recorded->tree.size)
        return err_set(err, SANAD_MISSING,
                       "%.200s: it shows %llu entries, and entry %llu has recorded %llu: an older "
                       "copy, or a log that went back",
                       partner->log.where, (unsigned long long)newest.size,
                       (unsigned long long)recorded->entry,
                       (unsigned long long)recorded->tree.size);
    int code =
        tlog_consistency_prove(&proof, &partner->log.reader, recorded->tree.size, newest.size, err);
    if (code == 0 && tlog_consistency_check(&recorded->tree, &newest, &proof, NULL) != 0)
        code = contradiction(partner, recorded, ours, fraud_folder, err);
    return code;
}

/* ---- all that a log has recorded ---------------------------------------------------------------
 */

void cmd_records_add(struct cmd_records *records, uint64_t index, struct bytes entry)
{
    struct stmt *stmt;
    struct cmd_recorded recorded = {.entry = index};
    if (stmt_read(&stmt, "entry", entry, NULL) != 0)
        return; /* the reader of the log has said so */
    const char *origin = json_string_value(json_object_get(stmt->json, "origin"));
    const char *root = json_string_value(json_object_get(stmt->json, "root_hash"));
    recorded.tree.size = (uint64_t)json_integer_value(json_object_get(stmt->json, "size"));
    if (origin && root && hash256_from_straight(&recorded.tree.root, root)) {
        recorded.origin = arena_strdup(&records->arena, origin);
        if (records->count == records->capacity) {
            records->capacity = records->capacity ? 2 * records->capacity : 64;
            records->list = mem_realloc(records->list, records->capacity, sizeof *records->list);
        }
        records->list[records->count++] = recorded;
    }
    stmt_free(stmt);
}

void cmd_records_free(struct cmd_records *records)
{
    arena_free(&records->arena);
    free(records->list);
    *records = (struct cmd_records){.list = NULL};
}

static enum verdict verdict_of(int code)
{
    return code == 0                                      ? VERDICT_HOLDS
           : code == SANAD_FALSE || code == SANAD_REFUSED ? VERDICT_CONTRADICTED
                                                          : VERDICT_UNDECIDED;
}

/* The first that does not hold decides. */
static void records_check(struct recheck *recheck, const struct cmd_partner *partner,
                          const struct cmd_records *records, const struct cmd_log *ours,
                          const char *fraud_folder)
{
    const char *origin = partner->known->origin;
    struct err why = {0};
    uint64_t count = 0;
    int code = 0;
    for (size_t i = 0; i < records->count && code == 0; i++) {
        if (strcmp(records->list[i].origin, origin) != 0)
            continue;
        code = cmd_partner_continues(partner, &records->list[i], ours, fraud_folder, &why);
        count++;
    }
    if (code == 0)
        recheck_add(recheck, "partner", origin, VERDICT_HOLDS,
                    "its log of %llu entries continues all %llu of its checkpoints recorded here",
                    (unsigned long long)partner->log.checkpoint.size, (unsigned long long)count);
    else
        recheck_add(recheck, "partner", origin, verdict_of(code), "%s", why.text);
}

void cmd_partners_check(struct recheck *recheck, const struct cmd_log *ours,
                        const struct admit *admit, const struct cmd_records *records,
                        const struct cmd_args *args)
{
    size_t count;
    const char *const *given = cmd_values(args, "--partner", &count);
    for (size_t i = 0; i < count; i++) {
        struct cmd_partner partner;
        struct err why = {0};
        int code = cmd_partner_open(&partner, given[i], admit, &why);
        if (code) {
            /* A folder that is another's says nothing against this log. */
            recheck_add(recheck, "partner", given[i],
                        code == SANAD_FALSE ? VERDICT_CONTRADICTED : VERDICT_UNDECIDED, "%s",
                        why.text);
            continue;
        }
        records_check(recheck, &partner, records, ours, cmd_value(args, "--fraud"));
        cmd_partner_close(&partner);
    }
}
