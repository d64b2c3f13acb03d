/* Writes a small world of blocks and transactions straight into a store in memory. */
#include "world.h"

void world_watch(struct world *world, const char *script_hex)
{
    int64_t id;
    struct err err = {0};
    struct buf script = test_hex(script_hex);
    test_ok(facts_script_add(world->facts, &id, buf_bytes(&script), &err), &err);
    buf_free(&script);
}

static struct hash256 block_hash_of(uint32_t height)
{
    struct hash256 hash;
    char text[32];
    (void)snprintf(text, sizeof text, "block %u", height);
    sha256_of(&hash, bytes_of_text(text));
    return hash;
}

static void block_write(struct world *world)
{
    struct err err = {0};
    int64_t time = WORLD_START + (int64_t)world->height * WORLD_DAY;
    struct fact_block block = {.hash = block_hash_of(world->height),
                               .height = world->height,
                               .time = time + world->late,
                               .median_time = time};
    if (world->height > 0)
        block.prev = block_hash_of(world->height - 1);
    test_ok(facts_block_add(world->facts, &block, &err), &err);
    world->tx_index = 1;
}

static void book_scripts_watch(struct world *world)
{
    size_t count;
    struct arena arena = {0};
    const struct book_branch *branches = book_branches(world->book, &count);
    for (size_t i = 0; i < count; i++) {
        uint32_t reach = branches[i].first_count + (branches[i].ranged ? 60 : 0);
        for (uint32_t index = 0; index < reach; index++) {
            struct bytes *scripts;
            size_t script_count;
            assert_true(book_branch_scripts(&scripts, &script_count, world->book, &branches[i],
                                            index, &arena));
            for (size_t s = 0; s < script_count; s++) {
                int64_t id;
                struct err err = {0};
                test_ok(facts_script_add(world->facts, &id, scripts[s], &err), &err);
            }
        }
    }
    arena_free(&arena);
}

void world_rebook(struct world *world, const char *book_json)
{
    struct err err = {0};
    book_free(world->book);
    world->book = NULL;
    test_ok(book_read(&world->book, "book", bytes_of_text(book_json), chain_params_get(CHAIN_MAIN),
                      &err),
            &err);
    book_scripts_watch(world);
}

void world_open(struct world *world, const char *book_json)
{
    struct err err = {0};
    memset(world, 0, sizeof *world);
    test_ok(store_open(&world->store, "", STORE_MEMORY, &err), &err);
    test_ok(facts_open(&world->facts, world->store, chain_params_get(CHAIN_MAIN), &err), &err);
    world_rebook(world, book_json);
    block_write(world);
}

void world_close(struct world *world)
{
    for (size_t i = 0; i < world->coin_count; i++)
        buf_free(&world->coins[i].script);
    book_free(world->book);
    facts_close(world->facts);
    store_close(world->store);
}

void world_block(struct world *world)
{
    world->height++;
    block_write(world);
}

/* The stripped bytes: version, inputs, outputs, lock time. */
static struct buf tx_bytes(struct world *world, const struct world_in *ins, size_t in_count,
                           const struct world_out *outs, size_t out_count)
{
    struct buf raw = buf_with_max(1 << 20);
    buf_le32(&raw, 2);
    buf_compact(&raw, in_count ? in_count : 1);
    for (size_t i = 0; i < (in_count ? in_count : 1); i++) {
        static const struct hash256 none;
        const struct fact_coin *coin = in_count ? &world->coins[ins[i].coin].fact : NULL;
        buf_add(&raw, bytes_of(coin ? coin->outpoint.txid.b : none.b, 32));
        buf_le32(&raw, coin ? coin->outpoint.vout : 0xffffffff);
        if (coin) {
            buf_compact(&raw, 0);
        } else { /* BIP34: the height makes coinbases differ */
            buf_compact(&raw, 4);
            buf_le32(&raw, world->height);
        }
        buf_le32(&raw, 0xffffffff);
    }
    buf_compact(&raw, out_count);
    for (size_t i = 0; i < out_count; i++) {
        struct buf script = test_hex(outs[i].script);
        buf_le64(&raw, (uint64_t)outs[i].sat);
        buf_compact(&raw, script.size);
        buf_add(&raw, buf_bytes(&script));
        buf_free(&script);
    }
    buf_le32(&raw, 0);
    assert_false(raw.bad);
    return raw;
}

static bool script_watched(struct world *world, struct bytes script, int64_t *ret_id)
{
    struct arena arena = {0};
    struct fact_script *scripts;
    size_t count;
    struct err err = {0};
    bool found = false;
    test_ok(facts_scripts(world->facts, &scripts, &count, &arena, &err), &err);
    for (size_t i = 0; i < count && !found; i++) {
        found = bytes_equal(scripts[i].script, script);
        *ret_id = scripts[i].id;
    }
    arena_free(&arena);
    return found;
}

static bool outputs_write(struct world *world, const struct hash256 *txid, uint32_t tx_index,
                          const struct world_out *outs, size_t out_count)
{
    bool touched = false;
    for (size_t i = 0; i < out_count; i++) {
        struct err err = {0};
        assert_true(world->coin_count < WORLD_COIN_MAX);
        struct world_coin *coin = &world->coins[world->coin_count++];
        *coin = (struct world_coin){.script = test_hex(outs[i].script)};
        coin->fact = (struct fact_coin){.outpoint = {.txid = *txid, .vout = (uint32_t)i},
                                        .block_hash = block_hash_of(world->height),
                                        .height = world->height,
                                        .tx_index = tx_index,
                                        .coinbase = tx_index == 0,
                                        .value = amount_of(outs[i].sat)};
        coin->watched = script_watched(world, buf_bytes(&coin->script), &coin->fact.script) &&
                        !script_unspendable(buf_bytes(&coin->script));
        if (coin->watched)
            test_ok(facts_coin_add(world->facts, &coin->fact, &err), &err);
        touched = touched || coin->watched;
    }
    return touched;
}

static bool inputs_write(struct world *world, const struct hash256 *txid, uint32_t tx_index,
                         const struct world_in *ins, size_t in_count, struct fact_prevout *prevouts)
{
    bool touched = false;
    for (size_t i = 0; i < in_count; i++) {
        struct err err = {0};
        struct world_coin *coin = &world->coins[ins[i].coin];
        prevouts[i] = (struct fact_prevout){
            .evidence = ins[i].unproved ? PREVOUT_UNKNOWN
                        : ins[i].undo   ? PREVOUT_UNDO
                                        : PREVOUT_PROVED,
            .value = ins[i].unproved ? amount_unknown() : coin->fact.value,
            .script = ins[i].unproved ? bytes_of("", 0) : buf_bytes(&coin->script)};
        if (!coin->watched)
            continue;
        struct fact_coin spend = coin->fact;
        spend.spent = true;
        spend.spent_height = world->height;
        spend.spent_tx_index = tx_index;
        spend.spent_vin = (uint32_t)i;
        spend.spent_block_hash = block_hash_of(world->height);
        spend.spent_txid = *txid;
        test_ok(facts_spend_add(world->facts, &spend, &err), &err);
        touched = true;
    }
    return touched;
}

size_t world_tx(struct world *world, const struct world_in *ins, size_t in_count,
                const struct world_out *outs, size_t out_count)
{
    struct fact_prevout prevouts[16];
    struct err err = {0};
    struct buf raw = tx_bytes(world, ins, in_count, outs, out_count);
    uint32_t tx_index = in_count ? world->tx_index++ : 0;
    struct fact_tx tx = {.block_hash = block_hash_of(world->height),
                         .height = world->height,
                         .tx_index = tx_index,
                         .stripped = buf_bytes(&raw),
                         .prevouts = prevouts,
                         .prevout_count = in_count};
    sha256d_of(&tx.txid, buf_bytes(&raw));
    size_t first = world->coin_count;
    bool touched = inputs_write(world, &tx.txid, tx_index, ins, in_count, prevouts);
    touched = outputs_write(world, &tx.txid, tx_index, outs, out_count) || touched;
    if (touched)
        test_ok(facts_tx_add(world->facts, &tx, &err), &err);
    buf_free(&raw);
    return first;
}

size_t world_old_coin(struct world *world, const char *script, int64_t sat)
{
    assert_true(world->coin_count < WORLD_COIN_MAX);
    struct world_coin *coin = &world->coins[world->coin_count];
    *coin = (struct world_coin){.script = test_hex(script)};
    coin->fact = (struct fact_coin){.value = amount_of(sat)};
    (void)snprintf((char *)coin->fact.outpoint.txid.b, 32, "old coin %zu", world->coin_count);
    return world->coin_count++;
}

void world_done(struct world *world)
{
    int64_t time = WORLD_START + (int64_t)world->height * WORLD_DAY;
    struct err err = {0};
    struct facts_state state = {.any = true,
                                .tip_height = world->height,
                                .tip_hash = block_hash_of(world->height),
                                .first_hash = block_hash_of(0),
                                .tip_time = time + world->late,
                                .tip_median_time = time,
                                .anchored = world->anchor > 0,
                                .first_height = world->anchor,
                                .grade = GRADE_PREVOUT};
    test_ok(facts_state_set(world->facts, &state, &err), &err);
    test_ok(facts_scripts_complete(world->facts, world->height, &err), &err);
}
