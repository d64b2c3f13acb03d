/* A round of mirroring: what we have, what the source says, whether one continues the other; then
 * the new files, all of them durable, and the checkpoint last. */
#include "mirror/mirror_priv.h"

#include <stdlib.h>

int mirror_put(const struct mirror_round *round, const char *name, struct bytes bytes,
               struct err *err)
{
    char path[PATH_SIZE];
    char beside[PATH_SIZE];
    int code = path_join(path, round->options->folder, name, err);
    int size = code ? 0 : snprintf(beside, sizeof beside, "%s.tmp", path);
    if (code == 0 && (size < 0 || size >= PATH_SIZE))
        code = err_set(err, SANAD_IO, "%.200s: path too long", path);
    if (code == 0)
        code = round->io->put(round->io->context, beside, bytes, err);
    if (code == 0)
        code = round->io->rename(round->io->context, beside, path, err);
    return code;
}

/* ---- whose checkpoint it is -------------------------------------------------------------------
 */

/* Signed by a log of the policy whose name is the origin. */
static int signature_check(const struct mirror_options *options, const struct note *note,
                           const char *origin, const char *object, struct err *err)
{
    const char *url;
    bool known = false;
    bool any = false;
    for (size_t i = 0; i < tlog_policy_log_count(options->policy); i++) {
        const struct note_key *key = tlog_policy_log(options->policy, i, &url);
        bool valid = false;
        if (strcmp(key->name, origin) != 0)
            continue;
        known = true;
        int code = note_verify(&valid, note, key, 1, err);
        if (code)
            return err_wrap(err, "%s", object);
        any = any || valid;
    }
    if (!known)
        return err_set(err, SANAD_REFUSED, "%s: %s: not a log of the policy", object, origin);
    return any ? 0 : err_set(err, SANAD_FALSE, "%s: %s: no signature of its key", object, origin);
}

static int checkpoint_read(struct note *ret_note, struct tlog_checkpoint *ret_checkpoint,
                           struct mirror_round *round, const char *object, struct bytes raw,
                           struct err *err)
{
    int code = note_parse(ret_note, object, raw, &round->arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(ret_checkpoint, object, ret_note->text, err);
    if (code == 0)
        code = signature_check(round->options, ret_note, ret_checkpoint->origin, object, err);
    return code;
}

/* The name and the key of a cosigner are its own (tlog-cosignature). */
static int key_check(const struct mirror_options *options, struct err *err)
{
    const struct note_key *key = options->key;
    const char *name;
    const char *url;
    if (key && key->type != NOTE_KEY_TYPE_COSIGNATURE)
        return err_set(err, SANAD_REFUSED, "%s: a mirror signs with a cosigner's key (type 0x04)",
                       key->name);
    for (size_t i = 0; key && i < tlog_policy_witness_count(options->policy); i++) {
        const struct note_key *other = tlog_policy_witness(options->policy, i, &name, &url);
        bool same_name = strcmp(other->name, key->name) == 0;
        bool same_key = memcmp(other->public_key, key->public_key, sizeof key->public_key) == 0;
        if (same_name != same_key)
            return err_set(err, SANAD_REFUSED,
                           "%s: a mirror's name and key must be its own; %s has one of them",
                           key->name, other->name);
    }
    return 0;
}

/* ---- what we have -----------------------------------------------------------------------------
 */

/* Our tiles, as wide as we have them, cut to what is asked for. */
static int own_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                    struct err *err)
{
    const struct mirror_round *round = context;
    struct tlog_tile own = *tile;
    char name[TLOG_PATH_SIZE];
    char path[PATH_SIZE];
    struct buf data;
    own.width = tlog_tile_width(round->have.size, tile->level, tile->n);
    if (own.width < tile->width)
        return err_set(err, SANAD_MISSING, "mirror: a tile that it has not");
    tlog_tile_path(name, &own);
    int code = path_join(path, round->options->folder, name, err);
    if (code == 0)
        code = round->io->read(round->io->context, &data, path,
                               TLOG_TILE_WIDTH * sizeof(struct hash256), err);
    if (code)
        return code;
    if (data.size != own.width * sizeof(struct hash256)) {
        buf_free(&data);
        return err_set(err, SANAD_FALSE, "%s: it has not its size any more", path);
    }
    data.size = tile->width * sizeof(struct hash256);
    *ret_data = data;
    return 0;
}

static struct tlog_reader own_reader(struct mirror_round *round)
{
    return (struct tlog_reader){.context = round, .read = own_read};
}

/* Our checkpoint and the tiles that its root follows from; nothing there is fine. */
static int have_read(struct mirror_round *round, struct err *err)
{
    char path[PATH_SIZE];
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct hash256 root;
    struct tlog_reader own = own_reader(round);
    tlog_empty_root(&round->have.root);
    int code = path_join(path, round->options->folder, "checkpoint", err);
    if (code)
        return code;
    code = round->io->read(round->io->context, &round->have_note, path, TLOG_CHECKPOINT_MAX, err);
    if (code == SANAD_MISSING)
        return 0;
    if (code == 0)
        code = checkpoint_read(&note, &checkpoint, round, path, buf_bytes(&round->have_note), err);
    if (code)
        return code;
    if (strcmp(checkpoint.origin, round->checkpoint.origin) != 0)
        return err_set(err, SANAD_REFUSED, "%s: a copy of another log, %s", path,
                       checkpoint.origin);
    round->have = (struct tlog_tree){.size = checkpoint.size, .root = checkpoint.root};
    code = tlog_root_read(&root, &own, checkpoint.size, err);
    if (code == 0 && !hash256_equal(&root, &checkpoint.root))
        code = err_set(err, SANAD_FALSE, "%s: the tiles beside it do not give its root", path);
    return code;
}

/* ---- whether one continues the other ----------------------------------------------------------
 */

/* Two stories, both signed; the smaller first. */
static int fraud_keep(struct mirror_round *round, const struct tlog_reader *larger, bool ours_first,
                      struct err *err)
{
    uint64_t before = ours_first ? round->have.size : round->checkpoint.size;
    uint64_t after = ours_first ? round->checkpoint.size : round->have.size;
    struct tlog_fraud fraud = {.first = buf_bytes(&round->have_note),
                               .second = buf_bytes(&round->note)};
    if (!ours_first)
        fraud = (struct tlog_fraud){.first = buf_bytes(&round->note),
                                    .second = buf_bytes(&round->have_note)};
    if (tlog_fraud_prove(&fraud.path, larger, before, after, NULL) == 0) {
        round->result->fraud = buf_with_max(4 * TLOG_CHECKPOINT_MAX);
        tlog_fraud_write(&round->result->fraud, &fraud);
    }
    return err_set(err, SANAD_FALSE,
                   "%s: two stories: the checkpoint of %llu entries does not continue that of %llu",
                   round->checkpoint.origin, (unsigned long long)after, (unsigned long long)before);
}

/* The source shows less than we have: an old file, or another story. */
static int smaller_check(struct mirror_round *round, struct err *err)
{
    struct hash256 root;
    struct tlog_reader own = own_reader(round);
    int code = tlog_root_read(&root, &own, round->checkpoint.size, err);
    if (code)
        return code;
    if (!hash256_equal(&root, &round->checkpoint.root))
        return fraud_keep(round, &own, false, err);
    return err_set(err, SANAD_REFUSED,
                   "%s: the source went back to %llu entries, the copy has %llu",
                   round->checkpoint.origin, (unsigned long long)round->checkpoint.size,
                   (unsigned long long)round->have.size);
}

/* Also opens the source's tree, with whose tiles the question is decided. */
static int larger_check(struct mirror_round *round, struct tlog_reader *source, struct err *err)
{
    struct tlog_tree after = {.size = round->checkpoint.size, .root = round->checkpoint.root};
    struct tlog_proof proof = {.count = 0};
    round->tree = mem_alloc(sizeof *round->tree);
    struct tlog_reader reader = mirror_tree_reader(round->tree);
    int code = mirror_tree_open(round->tree, source, &after, err);
    if (code == 0 && round->have.size > 0)
        code = tlog_consistency_prove(&proof, &reader, round->have.size, after.size, err);
    if (code == 0 && tlog_consistency_check(&round->have, &after, &proof, NULL) != 0)
        code = fraud_keep(round, &reader, true, err);
    return code;
}

static int continues(struct mirror_round *round, struct tlog_reader *source, struct err *err)
{
    if (round->checkpoint.size < round->have.size)
        return smaller_check(round, err);
    if (round->checkpoint.size > round->have.size)
        return larger_check(round, source, err);
    return hash256_equal(&round->checkpoint.root, &round->have.root)
               ? 0
               : fraud_keep(round, source, true, err);
}

/* ---- the checkpoint ---------------------------------------------------------------------------
 */

static bool is_own_line(const struct mirror_round *round, const struct note_signature *line)
{
    const struct note_key *key = round->options->key;
    return key && strcmp(line->name, key->name) == 0 &&
           memcmp(line->id, key->id, sizeof key->id) == 0;
}

/* The time of our last cosignature, below which none is signed. */
static uint64_t last_time(struct mirror_round *round)
{
    struct note note;
    uint64_t time = 0;
    if (round->options->key && round->have_note.size &&
        note_parse(&note, "own", buf_bytes(&round->have_note), &round->arena, NULL) == 0)
        (void)tlog_cosigned_at(&time, &note, round->options->key); /* 0 where there is none */
    return time;
}

static void note_build(struct mirror_round *round, struct buf *note)
{
    int64_t now = round->options->clock ? round->options->clock() : time_now();
    uint64_t time = last_time(round);
    buf_add(note, round->parsed.text);
    buf_u8(note, '\n');
    for (size_t i = 0; i < round->parsed.signature_count; i++)
        if (!is_own_line(round, &round->parsed.signatures[i]))
            note_line_write(note, &round->parsed.signatures[i]);
    if (now > 0 && (uint64_t)now > time)
        time = (uint64_t)now;
    if (round->options->key)
        tlog_cosign(note, round->parsed.text, round->options->key, round->options->seed,
                    time ? time : 1);
}

/* The same tree with the same lines of others, and ours where we have a key: nothing to say. */
static bool is_placed(struct mirror_round *round)
{
    struct note note;
    size_t own = 0;
    size_t matched = 0;
    size_t theirs = 0;
    if (round->have_note.size == 0 ||
        note_parse(&note, "own", buf_bytes(&round->have_note), &round->arena, NULL) != 0 ||
        !bytes_equal(note.text, round->parsed.text))
        return false;
    for (size_t i = 0; i < note.signature_count; i++)
        own += is_own_line(round, &note.signatures[i]);
    for (size_t i = 0; i < round->parsed.signature_count; i++) {
        const struct note_signature *line = &round->parsed.signatures[i];
        if (is_own_line(round, line))
            continue;
        theirs++;
        for (size_t k = 0; k < note.signature_count; k++)
            if (strcmp(note.signatures[k].name, line->name) == 0 &&
                bytes_equal(note.signatures[k].signature, line->signature)) {
                matched++;
                break;
            }
    }
    return own == (round->options->key != NULL) && matched == theirs &&
           theirs + own == note.signature_count;
}

/* Everything below it is durable first. */
static int checkpoint_place(struct mirror_round *round, struct err *err)
{
    const struct tlog_io *io = round->io;
    const char *folder = round->options->folder;
    char path[PATH_SIZE];
    char beside[PATH_SIZE];
    struct buf note = buf_with_max(TLOG_CHECKPOINT_MAX);
    int code = path_join(path, folder, "checkpoint", err);
    if (code == 0)
        code = path_join(beside, folder, "checkpoint.tmp", err);
    note_build(round, &note);
    if (code == 0 && note.bad)
        code = err_set(err, SANAD_REFUSED, "checkpoint: over %d bytes", TLOG_CHECKPOINT_MAX);
    if (code == 0)
        code = io->put(io->context, beside, buf_bytes(&note), err);
    if (code == 0)
        code = io->sync_all(io->context, folder, err);
    if (code == 0)
        code = io->sync(io->context, beside, err);
    if (code == 0)
        code = io->rename(io->context, beside, path, err);
    if (code == 0)
        code = io->sync(io->context, folder, err);
    buf_free(&note);
    if (code == 0)
        round->result->placed = true;
    return code;
}

/* Partial tiles whose full one is there now; what can't be removed does no harm. */
static void partials_remove(const struct mirror_round *round, unsigned level)
{
    unsigned height = level == TLOG_ENTRIES ? 0 : level;
    uint64_t count = round->have.size >> 8 * height;
    struct tlog_tile tile = {.level = level, .n = count / TLOG_TILE_WIDTH};
    char name[TLOG_PATH_SIZE];
    char path[PATH_SIZE];
    if (count % TLOG_TILE_WIDTH == 0 ||
        tlog_tile_width(round->checkpoint.size, level, tile.n) < TLOG_TILE_WIDTH)
        return;
    for (tile.width = 1; tile.width < TLOG_TILE_WIDTH; tile.width++) {
        tlog_tile_path(name, &tile);
        if (path_join(path, round->options->folder, name, NULL) == 0)
            (void)round->io->remove(round->io->context, path, NULL);
    }
}

/* ---- a round ----------------------------------------------------------------------------------
 */

static int round_run(struct mirror_round *round, struct err *err)
{
    const struct mirror_options *options = round->options;
    int code = key_check(options, err);
    if (code == 0)
        code = mirror_source_of(&round->source, options, err);
    if (code == 0)
        code = mirror_source_checkpoint(round->source, &round->note, err);
    if (code == 0)
        code = checkpoint_read(&round->parsed, &round->checkpoint, round, "source checkpoint",
                               buf_bytes(&round->note), err);
    if (code)
        return code;
    struct tlog_reader source = mirror_source_reader(round->source);
    memcpy(round->result->origin, round->checkpoint.origin, sizeof round->result->origin);
    code = have_read(round, err);
    round->result->before = round->result->size = round->have.size;
    if (code == 0)
        code = continues(round, &source, err);
    if (code == 0 && round->checkpoint.size > round->have.size)
        code = mirror_pull(round, err);
    if (code == 0 && !is_placed(round))
        code = checkpoint_place(round, err);
    if (code)
        return code;
    round->result->size = round->checkpoint.size;
    partials_remove(round, TLOG_ENTRIES);
    for (unsigned level = 0; level < MIRROR_LEVELS; level++)
        partials_remove(round, level);
    return 0;
}

int mirror_run(struct mirror_result *ret_result, const struct mirror_options *options,
               struct err *err)
{
    struct mirror_options filled = *options;
    struct mirror_round round = {.options = &filled, .result = ret_result};
    char lock[PATH_SIZE];
    int handle;
    *ret_result = (struct mirror_result){.size = 0};
    if (filled.thread_count == 0)
        filled.thread_count = MIRROR_THREADS;
    if (filled.timeout_ms == 0)
        filled.timeout_ms = MIRROR_TIMEOUT_MS;
    sanad_assert(filled.thread_count <= MIRROR_THREAD_MAX);
    round.io = filled.io ? filled.io : tlog_io_posix();
    int code = path_join(lock, filled.folder, ".lock", err);
    if (code == 0)
        code = round.io->lock(round.io->context, &handle, lock, err);
    if (code)
        return code;
    code = round_run(&round, err);
    round.io->unlock(round.io->context, handle);
    mirror_source_close(round.source);
    free(round.tree);
    buf_free(&round.have_note);
    buf_free(&round.note);
    arena_free(&round.arena);
    return code;
}
