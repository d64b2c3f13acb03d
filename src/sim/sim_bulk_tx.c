/* Payments of the bulk: shapes, script kinds and witness sizes as blocks of these years have
 * them; every input spends a real earlier output and no value is made from nothing. The
 * signatures are random bytes of the right shape. */
#include "sim/sim_priv.h"

enum bulk_kind {
    BULK_PKH,
    BULK_SH_WPKH,
    BULK_SH_MULTI,
    BULK_WPKH,
    BULK_WSH_MULTI,
    BULK_TR,
    BULK_PK,
    BULK_MULTI,
    BULK_DATA
};

enum {
    WEIGHT_MAX = 3990000,
    SIZE_LEAST = 1000000, /* a block closes somewhere between */
    SIZE_MOST = 1500000,
    COINBASE_ROOM = 1000,
    WATCHED_ONE_IN = 5000,
    CHAINED_ONE_IN = 20,
    LARGE_ONE_IN = 100, /* inputs that carry kilobytes of witness */
    LARGE_MOST = 16000,
    VALUE_LEAST = 600,
    FEE_SAT = 500,
    IN_MOST = 60,
    OUT_MOST = 100
};

static uint64_t below(struct bulk *bulk, uint64_t bound)
{
    return sim_rand_below(&bulk->dice, bound);
}

static void add_random(struct bulk *bulk, struct buf *buf, size_t size)
{
    uint8_t *room = buf_extend(buf, size);
    sanad_assert(room);
    sim_rand_fill(&bulk->dice, room, size);
}

/* ---- outputs ------------------------------------------------------------------------------- */

/* Of a thousand outputs, about as the chain has them since 2023. */
static enum bulk_kind kind_choose(struct bulk *bulk)
{
    static const struct {
        uint16_t up_to;
        enum bulk_kind kind;
    } shares[] = {{120, BULK_PKH},  {230, BULK_SH_WPKH},   {260, BULK_SH_MULTI},
                  {690, BULK_WPKH}, {730, BULK_WSH_MULTI}, {960, BULK_TR},
                  {964, BULK_PK},   {970, BULK_MULTI},     {1000, BULK_DATA}};
    uint64_t roll = below(bulk, 1000);
    size_t i = 0;
    while (roll >= shares[i].up_to)
        i++;
    return shares[i].kind;
}

static void wrapped(struct bulk *bulk, struct buf *buf, struct bytes head, size_t size,
                    struct bytes tail)
{
    buf_add(buf, head);
    add_random(bulk, buf, size);
    buf_add(buf, tail);
}

static void add_script(struct bulk *bulk, struct buf *buf, enum bulk_kind kind)
{
    static const uint8_t pkh[] = {25, 0x76, 0xa9, 20}, pkh_end[] = {0x88, 0xac};
    static const uint8_t sh[] = {23, 0xa9, 20}, sh_end[] = {0x87};
    static const uint8_t wpkh[] = {22, 0, 20}, wsh[] = {34, 0, 32}, tr[] = {34, 0x51, 32};
    static const uint8_t pk[] = {35, 33, 2}, pk_end[] = {0xac};
    static const uint8_t multi[] = {71, 0x51, 33, 2}, middle[] = {33, 3},
                         multi_end[] = {0x52, 0xae};
    static const uint8_t data[] = {42, 0x6a, 40};
    struct bytes none = bytes_of(NULL, 0);
    switch (kind) {
    case BULK_PKH:
        wrapped(bulk, buf, bytes_of(pkh, sizeof pkh), 20, bytes_of(pkh_end, sizeof pkh_end));
        return;
    case BULK_SH_WPKH:
    case BULK_SH_MULTI:
        wrapped(bulk, buf, bytes_of(sh, sizeof sh), 20, bytes_of(sh_end, sizeof sh_end));
        return;
    case BULK_WPKH:
        wrapped(bulk, buf, bytes_of(wpkh, sizeof wpkh), 20, none);
        return;
    case BULK_WSH_MULTI:
        wrapped(bulk, buf, bytes_of(wsh, sizeof wsh), 32, none);
        return;
    case BULK_TR:
        wrapped(bulk, buf, bytes_of(tr, sizeof tr), 32, none);
        return;
    case BULK_PK:
        wrapped(bulk, buf, bytes_of(pk, sizeof pk), 32, bytes_of(pk_end, sizeof pk_end));
        return;
    case BULK_MULTI:
        wrapped(bulk, buf, bytes_of(multi, sizeof multi), 32, bytes_of(middle, sizeof middle));
        wrapped(bulk, buf, none, 32, bytes_of(multi_end, sizeof multi_end));
        return;
    case BULK_DATA:
        wrapped(bulk, buf, bytes_of(data, sizeof data), 40, none);
        return;
    }
}

/* The last bytes of the buf. */
static void keep_script(struct bulk_coin *coin, const struct buf *buf, size_t size)
{
    sanad_assert(size <= BULK_SCRIPT_MAX && size <= buf->size);
    coin->script_size = (uint8_t)size;
    memcpy(coin->script, buf->data + buf->size - size, size);
}

struct bulk_coin bulk_output(struct bulk *bulk, struct buf *buf, struct amount value)
{
    struct bulk_coin coin = {.value = value, .watched = BULK_UNWATCHED, .height = bulk->height};
    if (below(bulk, WATCHED_ONE_IN) == 0) {
        coin.watched = (uint32_t)below(bulk, bulk->watched_count);
        const struct bulk_watched *watched = &bulk->watched[coin.watched];
        coin.kind = watched->kind;
        buf_le64(buf, (uint64_t)amount_minor(value));
        buf_u8(buf, (uint8_t)watched->script.size);
        buf_add(buf, watched->script);
        keep_script(&coin, buf, watched->script.size);
        return coin;
    }
    enum bulk_kind kind = kind_choose(bulk);
    coin.kind = (uint8_t)kind;
    if (kind == BULK_DATA)
        coin.value = amount_zero(); /* its share goes to the miner */
    buf_le64(buf, (uint64_t)amount_minor(coin.value));
    size_t begin = buf->size + 1; /* behind the script's size */
    add_script(bulk, buf, kind);
    keep_script(&coin, buf, buf->size - begin);
    return coin;
}

void bulk_made_add(struct bulk *bulk, uint32_t tx, uint32_t vout, const struct bulk_coin *coin)
{
    struct bulk_made *made = &bulk->block.made[bulk->block.made_count++];
    sanad_assert(bulk->block.made_count <= BULK_MADE_MAX);
    sanad_assert(coin->height == bulk->height);
    *made = (struct bulk_made){.tx = tx, .coin = *coin};
    made->coin.outpoint.vout = vout;
    made->coin.coinbase = tx == 0;
}

static uint8_t kind_of_plan(enum sim_kind kind)
{
    static const uint8_t kinds[] = {
        [KIND_PK] = BULK_PK,     [KIND_PKH] = BULK_PKH,           [KIND_SH_WPKH] = BULK_SH_WPKH,
        [KIND_WPKH] = BULK_WPKH, [KIND_SH_MULTI] = BULK_SH_MULTI, [KIND_WSH_MULTI] = BULK_WSH_MULTI,
        [KIND_TR] = BULK_TR};
    return kinds[kind];
}

/* Every script below the range of every wallet of the book. */
void bulk_watch(struct bulk *bulk)
{
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++) {
        const struct sim_wallet_plan *plan = sim_plan(id);
        uint32_t branches = plan->one_branch || plan->single ? 1 : SIM_BRANCH_COUNT;
        for (uint32_t i = 0; sim_in_bulk_book(id) && i < branches * plan->range + plan->single;
             i++) {
            struct sim_address address;
            sim_address_make(&address, bulk->sim, id, i % branches, i / branches);
            bulk->watched = sim_grow(bulk->watched, bulk->watched_count, &bulk->watched_capacity,
                                     sizeof *bulk->watched);
            bulk->watched[bulk->watched_count++] = (struct bulk_watched){
                .wallet = id, .script = address.script, .kind = kind_of_plan(plan->kind)};
        }
    }
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* DER of the usual 71 bytes and the hash type. */
static void add_ecdsa(struct bulk *bulk, struct buf *buf)
{
    static const uint8_t head[] = {72, 0x30, 0x45, 2, 33, 0}, middle[] = {2, 32}, end[] = {1};
    wrapped(bulk, buf, bytes_of(head, sizeof head), 32, bytes_of(middle, sizeof middle));
    wrapped(bulk, buf, bytes_of(NULL, 0), 32, bytes_of(end, sizeof end));
}

static void add_key(struct bulk *bulk, struct buf *buf)
{
    static const uint8_t head[] = {33, 3};
    wrapped(bulk, buf, bytes_of(head, sizeof head), 32, bytes_of(NULL, 0));
}

/* Two of three keys, without its length. */
static void add_multisig(struct bulk *bulk, struct buf *buf)
{
    buf_u8(buf, 0x52);
    for (int i = 0; i < 3; i++)
        add_key(bulk, buf);
    buf_u8(buf, 0x53);
    buf_u8(buf, 0xae);
}

static void add_script_sig(struct bulk *bulk, struct buf *buf, enum bulk_kind kind)
{
    static const uint8_t nested[] = {23, 22, 0, 20};
    enum { SIG = 73, KEY = 34, MULTISIG = 105 };
    if (kind == BULK_PKH) {
        buf_u8(buf, SIG + KEY);
        add_ecdsa(bulk, buf);
        add_key(bulk, buf);
    } else if (kind == BULK_SH_WPKH)
        wrapped(bulk, buf, bytes_of(nested, sizeof nested), 20, bytes_of(NULL, 0));
    else if (kind == BULK_SH_MULTI) {
        buf_compact(buf, 1 + 2 * SIG + 2 + MULTISIG);
        buf_u8(buf, 0);
        add_ecdsa(bulk, buf);
        add_ecdsa(bulk, buf);
        buf_u8(buf, 0x4c);
        buf_u8(buf, MULTISIG);
        add_multisig(bulk, buf);
    } else if (kind == BULK_PK) {
        buf_u8(buf, SIG);
        add_ecdsa(bulk, buf);
    } else if (kind == BULK_MULTI) {
        buf_u8(buf, 1 + SIG);
        buf_u8(buf, 0);
        add_ecdsa(bulk, buf);
    } else
        buf_u8(buf, 0);
}

/* A script path with a large leaf: what inscriptions look like. */
static void add_large_witness(struct bulk *bulk, struct buf *buf)
{
    size_t size = 100 + (size_t)below(bulk, LARGE_MOST);
    buf_u8(buf, 3);
    buf_u8(buf, 64);
    add_random(bulk, buf, 64);
    buf_compact(buf, size);
    add_random(bulk, buf, size);
    buf_u8(buf, 33);
    buf_u8(buf, 0xc0);
    add_random(bulk, buf, 32);
}

static bool add_witness(struct bulk *bulk, struct buf *buf, enum bulk_kind kind)
{
    if (kind == BULK_WPKH || kind == BULK_SH_WPKH) {
        buf_u8(buf, 2);
        add_ecdsa(bulk, buf);
        add_key(bulk, buf);
    } else if (kind == BULK_WSH_MULTI) {
        buf_u8(buf, 4);
        buf_u8(buf, 0);
        add_ecdsa(bulk, buf);
        add_ecdsa(bulk, buf);
        buf_u8(buf, 105);
        add_multisig(bulk, buf);
    } else if (kind == BULK_TR && below(bulk, LARGE_ONE_IN) == 0)
        add_large_witness(bulk, buf);
    else if (kind == BULK_TR) {
        buf_u8(buf, 1);
        buf_u8(buf, 64);
        add_random(bulk, buf, 64);
    } else {
        buf_u8(buf, 0);
        return false;
    }
    return true;
}

/* ---- shapes -----------------------------------------------------------------------------------
 */

struct shape {
    size_t in_count, out_count;
};

static size_t few_or_many(struct bulk *bulk, const uint64_t *shares, size_t many_most)
{
    uint64_t roll = below(bulk, 1000);
    if (roll < shares[0])
        return 1;
    if (roll < shares[1])
        return 2;
    if (roll < shares[2])
        return 3 + (size_t)below(bulk, 5);
    return 8 + (size_t)below(bulk, many_most - 8);
}

/* With the pool full, shapes are turned round: many coins in, few out. */
static struct shape shape_choose(struct bulk *bulk)
{
    static const uint64_t in_shares[] = {680, 850, 985}, out_shares[] = {150, 860, 980};
    struct shape shape = {.in_count = few_or_many(bulk, in_shares, IN_MOST),
                          .out_count = few_or_many(bulk, out_shares, OUT_MOST)};
    if (bulk->pool_count > BULK_POOL_HIGH)
        shape = (struct shape){.in_count = shape.out_count, .out_count = shape.in_count};
    return shape;
}

static struct bulk_coin coin_take(struct bulk *bulk)
{
    if (bulk->has_chained) {
        bulk->has_chained = false;
        return bulk->chained;
    }
    size_t at = (size_t)below(bulk, bulk->pool_count);
    struct bulk_coin coin = bulk->pool[at];
    bulk->pool[at] = bulk->pool[--bulk->pool_count];
    return coin;
}

static void coin_spent(struct bulk *bulk, const struct bulk_coin *coin, bool *touched)
{
    if (coin->watched == BULK_UNWATCHED)
        return;
    struct amount *balance = &bulk->balances[bulk->watched[coin->watched].wallet];
    *balance = amount_sub(*balance, coin->value);
    bulk->spends++;
    *touched = true;
}

/* Inputs into body and witness. Gives what they are worth. */
static struct amount add_ins(struct bulk *bulk, size_t count, bool *ret_witness, bool *touched)
{
    struct amount sum = amount_zero();
    buf_compact(&bulk->body, count);
    for (size_t i = 0; i < count; i++) {
        struct bulk_coin coin = coin_take(bulk);
        struct bulk_block *block = &bulk->block;
        block->spent = sim_grow(block->spent, block->spent_count, &block->spent_capacity,
                                sizeof *block->spent);
        block->spent[block->spent_count++] = coin;
        sum = amount_add(sum, coin.value);
        coin_spent(bulk, &coin, touched);
        buf_add(&bulk->body, bytes_of(coin.outpoint.txid.b, 32));
        buf_le32(&bulk->body, coin.outpoint.vout);
        add_script_sig(bulk, &bulk->body, coin.kind);
        buf_le32(&bulk->body, 0xfffffffd);
        if (add_witness(bulk, &bulk->witness, coin.kind))
            *ret_witness = true;
    }
    return sum;
}

/* Outputs share what is left after the fee; as many as it can feed. */
static void add_outs(struct bulk *bulk, size_t count, struct amount sum, uint32_t tx, bool *touched)
{
    int64_t left = amount_minor(sum), most = left / VALUE_LEAST;
    int64_t fee = left / 1000 < FEE_SAT ? left / 1000 : FEE_SAT;
    count = most < (int64_t)count ? (size_t)(most > 0 ? most : 1) : count;
    buf_compact(&bulk->body, count);
    left -= fee;
    for (size_t i = 0; i < count; i++) {
        int64_t even = left / (int64_t)(count - i);
        int64_t value =
            i + 1 == count ? left : even / 2 + (int64_t)below(bulk, (uint64_t)even / 2 + 1);
        struct bulk_coin coin = bulk_output(bulk, &bulk->body, amount_of(value));
        left -= amount_minor(coin.value);
        if (coin.kind == BULK_DATA)
            continue;
        *touched = *touched || coin.watched != BULK_UNWATCHED;
        bulk_made_add(bulk, tx, (uint32_t)i, &coin);
    }
    bulk->block.fees = amount_add(bulk->block.fees, amount_of(left + fee));
}

static void write_tx(struct bulk *bulk, size_t in_count, bool witness)
{
    struct bulk_block *block = &bulk->block;
    struct bulk_span *span = &block->spans[block->tx_count++];
    span->in_count = in_count;
    span->full = block->full.size;
    span->stripped = block->stripped.size;
    buf_le32(&block->full, 2);
    if (witness)
        buf_le16(&block->full, 0x0100); /* marker 0, flag 1 */
    buf_add(&block->full, buf_bytes(&bulk->body));
    if (witness)
        buf_add(&block->full, buf_bytes(&bulk->witness));
    buf_le32(&block->full, 0);
    buf_le32(&block->stripped, 2);
    buf_add(&block->stripped, buf_bytes(&bulk->body));
    buf_le32(&block->stripped, 0);
    span->full_size = block->full.size - span->full;
    span->stripped_size = block->stripped.size - span->stripped;
}

/* The last output of this payment is the first input of the next. */
static void chain_on(struct bulk *bulk, size_t first_made)
{
    struct bulk_block *block = &bulk->block;
    const struct bulk_span *span = &block->spans[block->tx_count - 1];
    if (block->made_count == first_made || below(bulk, CHAINED_ONE_IN) != 0)
        return;
    bulk->chained = block->made[--block->made_count].coin;
    sha256d_of(&bulk->chained.outpoint.txid,
               bytes_of(block->stripped.data + span->stripped, span->stripped_size));
    bulk->has_chained = true;
}

static void watched_made(struct bulk *bulk, size_t first_made)
{
    for (size_t i = first_made; i < bulk->block.made_count; i++) {
        const struct bulk_coin *coin = &bulk->block.made[i].coin;
        if (coin->watched == BULK_UNWATCHED)
            continue;
        struct amount *balance = &bulk->balances[bulk->watched[coin->watched].wallet];
        *balance = amount_add(*balance, coin->value);
        bulk->coins++;
    }
}

static void payment(struct bulk *bulk)
{
    struct shape shape = shape_choose(bulk);
    size_t available = bulk->pool_count + (bulk->has_chained ? 1 : 0);
    size_t first_made = bulk->block.made_count;
    bool witness = false, touched = false;
    buf_reset(&bulk->body);
    buf_reset(&bulk->witness);
    shape.in_count = shape.in_count < available ? shape.in_count : available;
    struct amount sum = add_ins(bulk, shape.in_count, &witness, &touched);
    add_outs(bulk, shape.out_count, sum, (uint32_t)bulk->block.tx_count + 1, &touched);
    write_tx(bulk, shape.in_count, witness);
    watched_made(bulk, first_made);
    bulk->touched += touched ? 1 : 0;
    chain_on(bulk, first_made);
}

void bulk_payments(struct bulk *bulk)
{
    struct bulk_block *block = &bulk->block;
    size_t size = SIZE_LEAST + (size_t)below(bulk, SIZE_MOST - SIZE_LEAST);
    for (;;) {
        size_t weight = 3 * block->stripped.size + block->full.size;
        bool room = block->full.size < size && weight + 4 * (size_t)(COINBASE_ROOM) < WEIGHT_MAX &&
                    block->tx_count + 1 < BULK_TX_MAX &&
                    block->made_count + OUT_MOST + 1 < BULK_MADE_MAX;
        if (!bulk->has_chained && (!room || bulk->pool_count == 0))
            return;
        payment(bulk);
    }
}
