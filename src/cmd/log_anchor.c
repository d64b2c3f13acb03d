/* `sanad log anchor`: keeps a checkpoint and says what a transaction is to carry; later finds that
 * transaction in its block and writes the proof; and again, where the chain has left that block
 * (doc/formats/anchor.md). */
#include "cmd/cmd.h"
#include "ots/ots.h"
#include "source/source.h"

#include <dirent.h>
#include <stdlib.h>

enum {
    WAITING_MAX = 256,
    WITH_MAX = 64,     /* digests of others */
    SEARCH_MAX = 4032, /* blocks: four weeks */
    INDEX_FILE_MAX = 4 << 20
};

/* A checkpoint that was prepared and is not anchored yet. */
struct waiting {
    uint64_t size;
    struct hash256 digest;
    struct hash256 carried; /* by the transaction: the digest, or the root of several */
    struct ots_path path;
    bool lost; /* it stood in a block that the chain has left */
    bool done;
    struct hash256 block_hash, txid;
    uint32_t height;
};
struct anchor_run {
    const struct cmd_args *args;
    const char *folder;
    const struct chain_params *params;
    struct waiting *waiting;
    size_t count, done;
    bool has_txid; /* only this transaction counts */
    struct hash256 txid;
};

static int path_of(char ret_path[PATH_SIZE], const char *folder, uint64_t size, const char *ending,
                   struct err *err)
{
    char name[ANCHOR_NAME_SIZE];
    cmd_anchor_name(name, size, ending);
    return path_join(ret_path, folder, name, err);
}

static int write_beside(const char *folder, uint64_t size, const char *ending, struct bytes bytes,
                        struct err *err)
{
    char path[PATH_SIZE];
    int code = path_of(path, folder, size, ending, err);
    return code ? code : file_write(path, bytes, err);
}

/* The log's folder: a word, or --dir. */
static int folder_take(const char **ret_folder, const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *words = cmd_words(args, &count);
    if (count > 2)
        return err_set(err, SANAD_USAGE, "sanad log anchor: one DIR");
    if (count == 1)
        return cmd_required(ret_folder, args, "--dir", err);
    *ret_folder = words[1];
    return 0;
}

/* What the transaction carries: the digest, or with --with the root of all. */
static int carried_take(struct waiting *waiting, const struct cmd_args *args, struct err *err)
{
    struct hash256 digests[WITH_MAX + 1];
    size_t count;
    const char *const *with = cmd_values(args, "--with", &count);
    if (count > WITH_MAX)
        return err_set(err, SANAD_USAGE, "--with: more than %d digests", WITH_MAX);
    for (size_t i = 0; i < count; i++)
        if (!hash256_from_straight(&digests[i], with[i]))
            return err_set(err, SANAD_USAGE, "--with: %s: not 64 hexadecimal digits", with[i]);
    digests[count] = waiting->digest;
    ots_join(&waiting->carried, &waiting->path, &waiting->digest, digests, count + 1);
    return 0;
}

/* ---- prepare
 * ------------------------------------------------------------------------------------- */

/* A checkpoint of that size may be kept already: with other witnesses' lines, but the same text. */
static int checkpoint_keep(const struct cmd_log *log, const char *folder, struct err *err)
{
    char path[PATH_SIZE];
    char made[PATH_SIZE];
    struct buf raw = {0};
    struct note note;
    struct arena arena = {0};
    int code = path_join(made, folder, "anchor", err);
    if (code == 0)
        code = folder_make(made, err);
    if (code == 0)
        code = path_of(path, folder, log->checkpoint.size, ".checkpoint", err);
    if (code)
        return code;
    if (!file_exists(path))
        return file_write(path, buf_bytes(&log->note_raw), err);
    code = file_read(&raw, path, TLOG_CHECKPOINT_MAX, err);
    if (code == 0)
        code = note_parse(&note, path, buf_bytes(&raw), &arena, err);
    if (code == 0 && !bytes_equal(note.text, log->note.text))
        code = err_set(err, SANAD_FALSE, "%s: was kept of another tree of that size", path);
    buf_free(&raw);
    arena_free(&arena);
    return code;
}

static int prepared_print(const struct cmd_log *log, const struct waiting *waiting,
                          const struct cmd_args *args, struct err *err)
{
    uint8_t script[OTS_SCRIPT_SIZE];
    char hex[2 * OTS_SCRIPT_SIZE + 1];
    char digest[HEX256_SIZE];
    unsigned long long size = log->checkpoint.size;
    ots_script(script, &waiting->carried);
    hex_encode(hex, bytes_of(script, sizeof script));
    hash256_straight(digest, &waiting->digest);
    if (cmd_flag(args, "--json"))
        return cmd_print_json(json_pack("{s:s, s:I, s:s, s:o, s:s}", "origin",
                                        log->checkpoint.origin, "size", (json_int_t)size, "digest",
                                        digest, "carried", json_hash_straight(&waiting->carried),
                                        "script", hex),
                              err);
    struct screen screen = screen_stdout(false);
    screen_line(&screen, STYLE_HEAD, "log %s at %llu entries", log->checkpoint.origin, size);
    screen_line(&screen, STYLE_PLAIN, "digest  %s", digest);
    screen_line(&screen, STYLE_PLAIN, "script  %s", hex);
    screen_line(&screen, STYLE_FAINT,
                "put the script into an output without value, and then: "
                "sanad log anchor --dir DIR --source blocks:DIR");
    return 0;
}

static int anchor_prepare(const char *folder, const struct cmd_args *args, struct err *err)
{
    struct cmd_log log = {0};
    struct waiting waiting = {.size = 0};
    int code = cmd_log_open(&log, folder, err);
    if (code)
        return code;
    if (log.checkpoint.size == 0)
        code = err_set(err, SANAD_REFUSED, "%s: an empty log says nothing to anchor", folder);
    sha256_of(&waiting.digest, log.note.text);
    if (code == 0)
        code = carried_take(&waiting, args, err);
    if (code == 0)
        code = checkpoint_keep(&log, folder, err);
    if (code == 0)
        code = prepared_print(&log, &waiting, args, err);
    cmd_log_close(&log);
    return code;
}

/* ---- what waits
 * ----------------------------------------------------------------------------------- */

static int index_read(struct ots_index *ret_index, const char *folder, struct arena *arena,
                      struct err *err)
{
    char path[PATH_SIZE];
    struct buf raw = {0};
    int code = path_join(path, folder, ANCHOR_INDEX, err);
    if (code)
        return code;
    if (!file_exists(path)) {
        *ret_index = (struct ots_index){.count = 0};
        return 0;
    }
    code = file_read(&raw, path, INDEX_FILE_MAX, err);
    if (code == 0)
        code = ots_index_parse(ret_index, path, buf_bytes(&raw), arena, err);
    buf_free(&raw);
    return code;
}

static bool index_has(const struct ots_index *index, uint64_t size)
{
    for (size_t i = 0; i < index->count; i++)
        if (index->numbers[i] == size)
            return true;
    return false;
}

static int waiting_add(struct anchor_run *run, uint64_t size, struct err *err)
{
    char path[PATH_SIZE];
    struct buf raw = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct arena arena = {0};
    if (run->count == WAITING_MAX)
        return err_set(err, SANAD_REFUSED, "%s: over %d checkpoints wait", run->folder,
                       WAITING_MAX);
    struct waiting *waiting = &run->waiting[run->count];
    int code = path_of(path, run->folder, size, ".checkpoint", err);
    if (code == 0)
        code = file_read(&raw, path, TLOG_CHECKPOINT_MAX, err);
    if (code == 0)
        code = note_parse(&note, path, buf_bytes(&raw), &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, path, note.text, err);
    if (code == 0 && checkpoint.size != size)
        code = err_set(err, SANAD_REFUSED, "%s: is of %llu entries", path,
                       (unsigned long long)checkpoint.size);
    if (code == 0) {
        *waiting = (struct waiting){.size = size};
        sha256_of(&waiting->digest, note.text);
        code = carried_take(waiting, run->args, err);
    }
    run->count += code == 0;
    buf_free(&raw);
    arena_free(&arena);
    return code;
}

static int waiting_order(const void *a, const void *b)
{
    const struct waiting *first = a;
    const struct waiting *second = b;
    return first->size < second->size ? -1 : first->size > second->size;
}

/* "15.checkpoint" to 15. */
static bool checkpoint_name(uint64_t *ret_size, const char *name)
{
    const char *dot = strchr(name, '.');
    return dot && strcmp(dot, ".checkpoint") == 0 &&
           number_parse(ret_size, name, (size_t)(dot - name), TLOG_SIZE_MAX);
}

static int waiting_find(struct anchor_run *run, struct err *err)
{
    char path[PATH_SIZE];
    struct arena arena = {0};
    struct ots_index index;
    int code = index_read(&index, run->folder, &arena, err);
    if (code == 0)
        code = path_join(path, run->folder, "anchor", err);
    DIR *dir = code == 0 ? opendir(path) : NULL;
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry && code == 0;
         entry = readdir(dir)) {
        uint64_t size;
        if (checkpoint_name(&size, entry->d_name) && !index_has(&index, size))
            code = waiting_add(run, size, err);
    }
    if (dir)
        (void)closedir(dir);
    arena_free(&arena);
    return code;
}

/* ---- one block
 * ------------------------------------------------------------------------------------- */

static int index_write(const char *folder, const struct ots_index *index, struct err *err)
{
    char path[PATH_SIZE];
    struct buf text = buf_with_max(INDEX_FILE_MAX);
    int code = path_join(path, folder, ANCHOR_INDEX, err);
    ots_index_write(&text, index);
    if (code == 0)
        code = file_write(path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

/* The index with a size, or without it. */
static int index_change(const char *folder, uint64_t size, bool with, struct err *err)
{
    struct arena arena = {0};
    struct ots_index index;
    struct ots_index changed = {.count = 0};
    int code = index_read(&index, folder, &arena, err);
    if (code == 0 && with && index.count == OTS_INDEX_MAX)
        code = err_set(err, SANAD_REFUSED, "%s/" ANCHOR_INDEX ": full", folder);
    if (code == 0) {
        changed.numbers = arena_alloc(&arena, index.count + 1, sizeof *changed.numbers);
        size_t at = 0;
        for (; at < index.count && index.numbers[at] < size; at++)
            changed.numbers[changed.count++] = index.numbers[at];
        if (with)
            changed.numbers[changed.count++] = size;
        for (; at < index.count; at++)
            if (index.numbers[at] != size)
                changed.numbers[changed.count++] = index.numbers[at];
        code = index_write(folder, &changed, err);
    }
    arena_free(&arena);
    return code;
}

/* The index comes last: what it names is whole. */
static int anchor_write(struct anchor_run *run, struct waiting *waiting, bool joined,
                        const struct block *block, size_t tx_index, uint32_t height,
                        struct err *err)
{
    struct buf file = buf_with_max(OTS_FILE_MAX);
    const struct ots_making making = {.digest = &waiting->digest,
                                      .path = joined ? &waiting->path : NULL,
                                      .block = block,
                                      .tx_index = tx_index,
                                      .height = height};
    int code = ots_make(&file, &making, err);
    if (code == 0)
        code = write_beside(run->folder, waiting->size, ".header",
                            bytes_of(block->raw.data, HEADER_SIZE), err);
    if (code == 0)
        code = write_beside(run->folder, waiting->size, ".ots", buf_bytes(&file), err);
    if (code == 0)
        code = index_change(run->folder, waiting->size, true, err);
    if (code == 0) {
        waiting->done = true;
        waiting->height = height;
        waiting->block_hash = block->hash;
        tx_txid(&waiting->txid, &block->txs[tx_index]);
        run->done++;
    }
    buf_free(&file);
    return code;
}

static bool tx_find(size_t *ret_index, const struct anchor_run *run, const struct hash256 *carried,
                    const struct block *block)
{
    for (size_t i = 0; i < block->tx_count; i++) {
        struct hash256 txid;
        size_t at;
        if (!ots_tx_carries(&at, &block->txs[i], carried))
            continue;
        tx_txid(&txid, &block->txs[i]);
        if (run->has_txid && !hash256_equal(&txid, &run->txid))
            continue;
        *ret_index = i;
        return true;
    }
    return false;
}

/* A block that is looked at: parsed only where a digest stands in it somewhere. */
struct looked {
    struct bytes raw;
    uint32_t height;
    struct block block;
    bool parsed;
    struct arena arena;
};

static int carried_look(struct anchor_run *run, struct waiting *waiting, bool joined,
                        struct looked *looked, struct err *err)
{
    const struct hash256 *carried = joined ? &waiting->carried : &waiting->digest;
    size_t at;
    if (waiting->done || !memmem(looked->raw.data, looked->raw.size, carried->b, 32))
        return 0;
    int code = 0;
    if (!looked->parsed) {
        code = block_parse(&looked->block, looked->raw, &looked->arena, err);
        if (code == 0)
            code = block_check(&looked->block, run->params, looked->height, err);
        looked->parsed = code == 0;
    }
    if (code == 0 && tx_find(&at, run, carried, &looked->block))
        code = anchor_write(run, waiting, joined, &looked->block, at, looked->height, err);
    return code;
}

/* With others' digests, or by itself: --with is of some transactions, not of all. */
static int block_look(struct anchor_run *run, struct bytes raw, uint32_t height, struct err *err)
{
    struct looked looked = {.raw = raw, .height = height};
    int code = 0;
    for (size_t i = 0; i < run->count && code == 0; i++) {
        struct waiting *waiting = &run->waiting[i];
        if (waiting->path.count > 0)
            code = carried_look(run, waiting, true, &looked, err);
        if (code == 0)
            code = carried_look(run, waiting, false, &looked, err);
    }
    arena_free(&looked.arena);
    return code;
}

/* ---- what was lost
 * --------------------------------------------------------------------------------- */

/* Whether the chain has another block now where the proof says that it stood; what cannot be read
 * is lost too. */
static bool is_lost(const struct anchor_run *run, const struct source *source, uint64_t size)
{
    char path[PATH_SIZE];
    struct buf raw = {0};
    struct ots ots = {.attestation_count = 0};
    struct arena arena = {0};
    bool lost = path_of(path, run->folder, size, ".ots", NULL) != 0 ||
                file_read(&raw, path, OTS_FILE_MAX, NULL) != 0 ||
                ots_parse(&ots, path, buf_bytes(&raw), &arena, NULL) != 0;
    for (size_t i = 0; !lost && i < ots.attestation_count; i++) {
        const struct ots_attestation *attestation = &ots.attestations[i];
        uint32_t node = attestation->notary == OTS_BITCOIN
                            ? source_active(source, attestation->height)
                            : NODE_NONE;
        if (node != NODE_NONE) {
            const struct header_node *block = header_tree_node(source_headers(source), node);
            lost = ots_check(attestation, &block->merkle_root, NULL) == SANAD_FALSE;
        }
    }
    buf_free(&raw);
    arena_free(&arena);
    return lost;
}

/* An anchor whose block was abandoned is none: it leaves the index, and waits again. */
static int lost_find(struct anchor_run *run, const struct source *source, struct err *err)
{
    struct arena arena = {0};
    struct ots_index index;
    int code = index_read(&index, run->folder, &arena, err);
    for (size_t i = 0; code == 0 && i < index.count; i++) {
        if (!is_lost(run, source, index.numbers[i]))
            continue;
        code = waiting_add(run, index.numbers[i], err);
        if (code == 0)
            code = index_change(run->folder, index.numbers[i], false, err);
        if (code == 0)
            run->waiting[run->count - 1].lost = true;
    }
    arena_free(&arena);
    return code;
}

/* ---- the transaction
 * ------------------------------------------------------------------------------- */

/* A file, binary or hexadecimal, or the hexadecimal itself. */
static int tx_bytes(struct buf *ret_raw, const char *text, struct err *err)
{
    struct buf file = {0};
    bool is_file = file_exists(text);
    int code = is_file ? file_read(&file, text, 2 * BLOCK_SIZE_MAX + 2, err) : 0;
    struct bytes given = is_file ? buf_bytes(&file) : bytes_of_text(text);
    struct bytes hex = given;
    *ret_raw = buf_with_max(2 * BLOCK_SIZE_MAX + 2);
    while (hex.size > 0 && (hex.data[hex.size - 1] == '\n' || hex.data[hex.size - 1] == '\r'))
        hex.size--;
    if (code == 0 && hex.size > 1) {
        uint8_t *room = buf_extend(ret_raw, hex.size / 2);
        if (!room || !hex_decode(room, hex.size / 2, (const char *)hex.data, hex.size)) {
            buf_reset(ret_raw);
            buf_add(ret_raw, given);
        }
    }
    buf_free(&file);
    return code;
}

/* --tx: only this one counts. */
static int tx_take(struct anchor_run *run, struct err *err)
{
    const char *text = cmd_value(run->args, "--tx");
    struct buf raw = {0};
    struct arena arena = {0};
    struct tx tx;
    size_t at;
    if (!text)
        return 0;
    int code = tx_bytes(&raw, text, err);
    struct cursor cursor = cursor_of(buf_bytes(&raw));
    if (code == 0 && (tx_parse(&tx, &cursor, &arena, err) != 0 || !cursor_done(&cursor)))
        code = err_set(err, SANAD_REFUSED, "--tx: not one whole transaction");
    if (code == 0) {
        bool carries = false;
        tx_txid(&run->txid, &tx);
        run->has_txid = true;
        for (size_t i = 0; i < run->count; i++)
            carries |= ots_tx_carries(&at, &tx, &run->waiting[i].carried) ||
                       ots_tx_carries(&at, &tx, &run->waiting[i].digest);
        if (!carries)
            code = err_set(err, SANAD_FALSE, "--tx: it carries no checkpoint that waits");
    }
    buf_free(&raw);
    arena_free(&arena);
    return code;
}

/* Once all that waits is known. */
static int ready(struct anchor_run *run, struct err *err)
{
    if (run->count == 0)
        return err_set(err, SANAD_MISSING, "%s: no checkpoint waits: --prepare one first",
                       run->folder);
    qsort(run->waiting, run->count, sizeof *run->waiting, waiting_order);
    return tx_take(run, err);
}

/* ---- where the block is
 * -------------------------------------------------------------------------------
 */

/* A raw block in a file, at --height. */
static int file_look(struct anchor_run *run, const char *path, struct err *err)
{
    struct buf raw = {0};
    struct hash256 hash;
    struct header header;
    uint64_t height;
    int code = ready(run, err);
    if (code == 0)
        code = cmd_number(&height, run->args, "--height", OTS_HEIGHT_MAX, UINT64_MAX, err);
    if (code == 0 && height == UINT64_MAX)
        return err_set(err, SANAD_USAGE, "--block: of a file, --height is needed");
    if (code == 0)
        code = file_read(&raw, path, BLOCK_SIZE_MAX, err);
    if (code == 0 && raw.size < HEADER_SIZE)
        code = err_set(err, SANAD_REFUSED, "%s: not a block", path);
    if (code == 0) {
        header_parse(&header, raw.data);
        header_hash(&hash, raw.data);
        if (!header_pow_ok(run->params, &hash, header.bits))
            code =
                err_set(err, SANAD_REFUSED, "%s: no proof of work of %s", path, run->params->name);
    }
    if (code == 0)
        code = block_look(run, buf_bytes(&raw), (uint32_t)height, err);
    buf_free(&raw);
    return code;
}

static int node_look(struct anchor_run *run, const struct source *source, uint32_t node,
                     struct buf *raw, struct err *err)
{
    int code = source_block_read(source, raw, node, err);
    uint32_t height = header_tree_node(source_headers(source), node)->height;
    return code ? code : block_look(run, buf_bytes(raw), height, err);
}

/* A block of the active chain, by height or hash. */
static int named_node(uint32_t *ret_node, const struct source *source, const char *text,
                      struct err *err)
{
    struct hash256 hash;
    uint64_t height;
    uint32_t node = NODE_NONE;
    if (hash256_from_display(&hash, text)) {
        node = header_tree_find(source_headers(source), &hash);
        if (node != NODE_NONE &&
            source_active(source, header_tree_node(source_headers(source), node)->height) != node)
            return err_set(err, SANAD_REFUSED, "--block: %s: not in the most-work chain", text);
    } else if (number_parse(&height, text, strlen(text), OTS_HEIGHT_MAX)) {
        node = source_active(source, (uint32_t)height);
    } else {
        return err_set(err, SANAD_USAGE, "--block: %s: neither height nor hash nor file", text);
    }
    if (node == NODE_NONE)
        return err_set(err, SANAD_MISSING, "--block: %s: the source has no such block", text);
    *ret_node = node;
    return 0;
}

static int source_look(struct anchor_run *run, const char *spec, const char *block, struct err *err)
{
    struct cmd_source from;
    struct source *source = NULL;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    uint32_t node = NODE_NONE;
    int code = cmd_source_read(&from, run->params, run->args, err);
    if (code == 0)
        code = source_open(&source, spec, &from.options, err);
    if (code == 0)
        code = lost_find(run, source, err);
    if (code == 0)
        code = ready(run, err);
    if (code == 0 && block) {
        code = named_node(&node, source, block, err);
        if (code == 0)
            code = node_look(run, source, node, &raw, err);
    } else if (code == 0) {
        node = source_tip(source);
        for (unsigned i = 0; i < SEARCH_MAX && node != NODE_NONE && code == 0; i++) {
            code = run->done < run->count ? node_look(run, source, node, &raw, err) : 0;
            node = header_tree_node(source_headers(source), node)->prev;
        }
    }
    source_close(source);
    buf_free(&raw);
    return code;
}

/* ---- the answer
 * ------------------------------------------------------------------------------------ */

static json_t *waiting_json(const struct waiting *waiting)
{
    json_t *json = json_pack("{s:I, s:o}", "size", (json_int_t)waiting->size, "digest",
                             json_hash_straight(&waiting->digest));
    if (waiting->lost)
        json_object_set_new(json, "lost", json_true());
    if (waiting->done) {
        json_object_set_new(json, "height", json_integer(waiting->height));
        json_object_set_new(json, "block_hash", json_hash_display(&waiting->block_hash));
        json_object_set_new(json, "txid", json_hash_display(&waiting->txid));
    }
    return json;
}

static int run_print(const struct anchor_run *run, struct err *err)
{
    if (cmd_flag(run->args, "--json")) {
        json_t *lists[2] = {json_array(), json_array()};
        for (size_t i = 0; i < run->count; i++)
            json_array_append_new(lists[run->waiting[i].done], waiting_json(&run->waiting[i]));
        return cmd_print_json(json_pack("{s:s, s:o, s:o}", "chain", run->params->name, "anchored",
                                        lists[1], "waiting", lists[0]),
                              err);
    }
    struct screen screen = screen_stdout(false);
    for (size_t i = 0; i < run->count; i++) {
        const struct waiting *waiting = &run->waiting[i];
        char hash[HEX256_SIZE];
        hash256_display(hash, &waiting->block_hash);
        if (waiting->done)
            screen_line(&screen, STYLE_GOOD, "size %llu  anchored in block %u (%s)",
                        (unsigned long long)waiting->size, waiting->height, hash);
        else
            screen_line(&screen, STYLE_UNSURE, "size %llu  in no block that was looked at%s",
                        (unsigned long long)waiting->size,
                        waiting->lost ? "; its block was abandoned" : "");
    }
    return 0;
}

static int run_look(struct anchor_run *run, struct err *err)
{
    const char *source = cmd_value(run->args, "--source");
    const char *block = cmd_value(run->args, "--block");
    if (block && file_exists(block))
        return file_look(run, block, err);
    if (!source)
        return err_set(err, SANAD_USAGE,
                       "sanad log anchor: --prepare, --source blocks:DIR, or --block FILE");
    return source_look(run, source, block, err);
}

int cmd_log_anchor(const struct cmd_args *args, struct err *err)
{
    struct anchor_run run = {.args = args};
    int code = folder_take(&run.folder, args, err);
    if (code == 0 && cmd_flag(args, "--prepare"))
        return anchor_prepare(run.folder, args, err);
    if (code == 0)
        code = cmd_chain(&run.params, args, err);
    if (code)
        return code;
    run.waiting = mem_zalloc(WAITING_MAX, sizeof *run.waiting);
    code = waiting_find(&run, err);
    if (code == 0)
        code = run_look(&run, err);
    if (code == 0)
        code = run_print(&run, err);
    if (code == 0 && run.done < run.count)
        code = cmd_answer(SANAD_MISSING, err);
    free(run.waiting);
    return code;
}
