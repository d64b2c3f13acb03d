/* A store that begins with a snapshot. Its coins stand at the snapshot's block, each at the place
 * that its transaction has in the file, so that the same snapshot read again, for scripts that came
 * later, adds to what is there and repeats nothing. */
#include "scan/scan_priv.h"
#include "snapshot/snapshot.h"

#include <stdlib.h>

struct opening_run {
    const struct scan_opening *opening;
    struct header header;
    struct hash256 base;
    struct facts_state state;
    struct closure *closure;
    struct arena arena;
    struct fact_script *late; /* looked for in this round */
    struct bytes *scripts;
    size_t late_count;
    struct fact_coin *coins; /* found in this round */
    size_t coin_count, coin_capacity;
    struct snapshot_result file;
    struct scan_result result;
};

static int coin_found(void *context, const struct snapshot_coin *coin, struct err *err)
{
    struct opening_run *run = context;
    (void)err;
    if (run->coin_count == run->coin_capacity) {
        run->coin_capacity = run->coin_capacity ? 2 * run->coin_capacity : 256;
        run->coins = mem_realloc(run->coins, run->coin_capacity, sizeof *run->coins);
    }
    run->coins[run->coin_count++] = (struct fact_coin){
        .script = run->late[coin->script].id,
        .outpoint = coin->outpoint,
        .block_hash = run->base,
        .height = run->opening->height,
        .tx_index = coin->tx + 1, /* 0 is a coinbase's */
        .made_height = coin->height,
        .coinbase = coin->coinbase,
        .value = coin->value,
    };
    return 0;
}

/* ---- what must hold before ---------------------------------------------------------------------
 */

static int header_check(struct opening_run *run, struct err *err)
{
    const struct scan_opening *opening = run->opening;
    struct snapshot_head head;
    int code = snapshot_head_read(&head, opening->path, opening->params, err);
    if (code < 0)
        return code;
    header_parse(&run->header, opening->header);
    header_hash(&run->base, opening->header);
    if (!hash256_equal(&run->base, &head.base)) {
        char text[HEX256_SIZE];
        hash256_display(text, &head.base);
        return err_set(err, SANAD_REFUSED, "--header: not of the snapshot's block %s", text);
    }
    if (!header_pow_ok(opening->params, &run->base, run->header.bits))
        return err_set(err, SANAD_REFUSED, "--header: without proof of work");
    return 0;
}

static int state_check(struct opening_run *run, struct err *err)
{
    const struct scan_opening *opening = run->opening;
    int code = facts_state_get(&run->state, opening->facts, err);
    if (code == 0 && run->state.any &&
        (!run->state.opened || run->state.first_height != opening->height ||
         !hash256_equal(&run->state.first_hash, &run->base)))
        code = err_set(err, SANAD_REFUSED, "%s: holds a scan that did not begin with this snapshot",
                       store_name(opening->store));
    return code;
}

/* ---- one round
 * ----------------------------------------------------------------------------------- */

/* Scripts that the snapshot was not searched for. */
static int late_read(struct opening_run *run, struct err *err)
{
    struct fact_script *all;
    size_t count;
    arena_reset(&run->arena);
    run->late_count = 0;
    run->coin_count = 0;
    int code = facts_scripts_late(run->opening->facts, &all, &count, &run->arena, err);
    if (code < 0)
        return code;
    run->late = all;
    run->scripts = arena_alloc(&run->arena, count + 1, sizeof *run->scripts);
    for (size_t i = 0; i < count; i++)
        if (all[i].complete_to < (int64_t)run->opening->height)
            run->late[run->late_count++] = all[i];
    for (size_t i = 0; i < run->late_count; i++)
        run->scripts[i] = run->late[i].script;
    return 0;
}

static int hash_check(const char *path, const char *name, const struct hash256 *found,
                      const struct hash256 *wanted, struct err *err)
{
    char is[HEX256_SIZE];
    char must[HEX256_SIZE];
    if (!wanted || hash256_equal(found, wanted))
        return 0;
    hash256_display(is, found);
    hash256_display(must, wanted);
    return err_set(err, SANAD_FALSE, "%s: %s is %s, and must be %s", path, name, is, must);
}

static int file_read_once(struct opening_run *run, struct err *err)
{
    const struct scan_opening *opening = run->opening;
    struct snapshot_options options = {.path = opening->path,
                                       .params = opening->params,
                                       .base_height = opening->height,
                                       .scripts = run->scripts,
                                       .script_count = run->late_count,
                                       .visit = coin_found,
                                       .context = run,
                                       .threads = opening->threads,
                                       .progress = opening->progress};
    /* Hashed in each round: the file could be another one meanwhile. */
    options.serialized = opening->serialized != NULL;
    options.muhash = opening->muhash != NULL;
    int code = snapshot_read(&run->file, &options, err);
    if (code == 0)
        code = hash_check(opening->path, "hash_serialized_3", &run->file.serialized,
                          opening->serialized, err);
    if (code == 0)
        code = hash_check(opening->path, "MuHash", &run->file.muhash, opening->muhash, err);
    if (code == 0 && !hash256_equal(&run->file.head.base, &run->base))
        code = err_set(err, SANAD_IO, "%s: changed while it was read", opening->path);
    return code;
}

static int block_write(struct opening_run *run, struct err *err)
{
    const struct scan_opening *opening = run->opening;
    struct fact_block block = {.hash = run->base,
                               .prev = run->header.prev,
                               .height = opening->height,
                               .time = run->header.time,
                               .median_time = run->header.time,
                               .work = work_of_bits(run->header.bits)};
    return facts_block_add(opening->facts, &block, err);
}

static int state_write(struct opening_run *run, struct err *err)
{
    const struct scan_opening *opening = run->opening;
    struct facts_state *state = &run->state;
    bool hashed = opening->serialized || opening->muhash;
    if (!state->any) {
        *state = (struct facts_state){.any = true,
                                      .anchored = true,
                                      .opened = true,
                                      .first_height = opening->height,
                                      .first_hash = run->base,
                                      .tip_height = opening->height,
                                      .tip_hash = run->base,
                                      .tip_time = run->header.time,
                                      .tip_median_time = run->header.time,
                                      .tip_work = work_of_bits(run->header.bits),
                                      .grade = hashed ? GRADE_SNAPSHOT : GRADE_CLAIMED};
    }
    if (!hashed)
        state->grade = GRADE_CLAIMED;
    int code = facts_recount(state, opening->facts, err);
    return code ? code : facts_state_set(opening->facts, state, err);
}

static int round_write(struct opening_run *run, struct err *err)
{
    const struct scan_opening *opening = run->opening;
    int64_t *ids = arena_alloc(&run->arena, run->late_count + 1, sizeof *ids);
    int code = store_begin(opening->store, err);
    if (code < 0)
        return code;
    for (size_t i = 0; i < run->late_count; i++)
        ids[i] = run->late[i].id;
    if (!run->state.any)
        code = block_write(run, err);
    for (size_t i = 0; i < run->coin_count && code == 0; i++)
        code = facts_coin_add(opening->facts, &run->coins[i], err);
    if (code == 0)
        code = state_write(run, err);
    if (code == 0)
        code =
            facts_scripts_complete_some(opening->facts, ids, run->late_count, opening->height, err);
    if (code == 0)
        return store_commit(opening->store, err);
    store_rollback(opening->store);
    return code;
}

/* Until no wallet asks for further scripts. A store without scripts is opened all the same. */
static int rounds_run(struct opening_run *run, struct err *err)
{
    for (;;) {
        size_t added = 0;
        int code =
            closure_update(run->closure, &added, run->opening->facts, run->opening->store, err);
        if (code == 0)
            code = late_read(run, err);
        if (code < 0 || (run->late_count == 0 && run->state.any))
            return code;
        code = file_read_once(run, err);
        if (code == 0)
            code = round_write(run, err);
        if (code < 0)
            return code;
        run->result.passes++;
        run->result.late_scripts += run->late_count;
        run->result.coins += run->coin_count;
    }
}

int scan_opening_run(struct scan_result *ret_result, const struct scan_opening *opening,
                     struct err *err)
{
    struct opening_run run = {.opening = opening};
    int64_t begin = clock_ns();
    int code = header_check(&run, err);
    if (code == 0)
        code = state_check(&run, err);
    if (code == 0) {
        run.closure = closure_new(opening->books, opening->book_count);
        code = rounds_run(&run, err);
        closure_free(run.closure);
    }
    if (code == 0)
        code = facts_state_get(&run.result.state, opening->facts, err);
    if (code == 0) {
        run.result.from_height = opening->height;
        run.result.nanoseconds = clock_ns() - begin;
        *ret_result = run.result;
    }
    free(run.coins);
    arena_free(&run.arena);
    return code;
}
