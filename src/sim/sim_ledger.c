/* The ledger: who can spend what, known from the moment a script is made. Addresses of the
 * wallets, their descriptors, their coins. */
#include "sim/sim_priv.h"

void *sim_grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? *capacity * 2 : 64;
    return mem_realloc(items, *capacity, size);
}

static size_t cosigner_count(enum sim_wallet_id wallet)
{
    size_t count = sim_plan(wallet)->cosigners;
    return count ? count : 1;
}

static uint32_t purpose_of(enum sim_kind kind)
{
    static const uint32_t purposes[] = {
        [KIND_PK] = 44,       [KIND_PKH] = 44,       [KIND_SH_WPKH] = 49, [KIND_WPKH] = 84,
        [KIND_SH_MULTI] = 45, [KIND_WSH_MULTI] = 48, [KIND_TR] = 86};
    return purposes[kind];
}

/* m / purpose' / 1' / 0' of a master that the seed, the wallet and the cosigner determine. */
static void wallet_keys_make(struct sim *sim, enum sim_wallet_id id, size_t cosigner)
{
    struct sim_wallet *wallet = &sim->wallets[id];
    struct sim_rand dice;
    struct sim_node node;
    uint8_t seed[32];
    char purpose[96];
    (void)snprintf(purpose, sizeof purpose, "wallet %s %s cosigner %zu",
                   sim_nation_code(sim_nation_of(id)), sim_plan(id)->id, cosigner);
    sim_rand_init(&dice, sim->seed, purpose);
    sim_rand_fill(&dice, seed, sizeof seed);
    sim_node_master(&node, bytes_of(seed, sizeof seed));
    sim_node_fingerprint(wallet->fingerprints[cosigner], &node);
    sim_node_child(&node, &node, purpose_of(sim_plan(id)->kind) | SIM_HARDENED);
    sim_node_child(&node, &node, 1 | SIM_HARDENED);
    sim_node_child(&node, &node, 0 | SIM_HARDENED);
    wallet->accounts[cosigner] = node;
    for (uint32_t branch = 0; branch < SIM_BRANCH_COUNT; branch++)
        sim_node_child(&wallet->branches[cosigner][branch], &node, branch);
}

struct sim *sim_new(uint64_t seed)
{
    struct sim *sim = mem_zalloc(1, sizeof *sim);
    sim->seed = seed;
    sim->params = chain_params_get(CHAIN_REGTEST);
    sim->next_miner = SIM_NOBODY;
    sim_rand_init(&sim->traffic, seed, "traffic");
    sim_rand_init(&sim->clock, seed, "clock");
    sim_rand_init(&sim->choice, seed, "choice");
    for (size_t n = 0; n < NATION_COUNT; n++)
        sim->client_owed[n] = sim->public_owed[n] = amount_zero();
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++)
        for (size_t cosigner = 0; cosigner < cosigner_count(id); cosigner++)
            wallet_keys_make(sim, id, cosigner);
    return sim;
}

void sim_free(struct sim *sim)
{
    if (!sim)
        return;
    for (size_t i = 0; i < SIM_WALLET_COUNT; i++)
        free(sim->wallets[i].coins);
    free(sim->coins);
    free(sim->txs);
    free(sim->blocks);
    free(sim->active);
    free(sim->declarations);
    free(sim->liabilities);
    free(sim->hints);
    free(sim->documents);
    arena_free(&sim->arena);
    free(sim);
}

/* ---- scripts ----------------------------------------------------------------------------- */

enum {
    OP_1 = 0x51,
    OP_DUP = 0x76,
    OP_EQUAL = 0x87,
    OP_EQUALVERIFY = 0x88,
    OP_HASH160 = 0xa9,
    OP_CHECKSIG = 0xac,
    OP_CHECKMULTISIG = 0xae
};

static void push(struct buf *buf, const void *data, size_t size)
{
    sanad_assert(size < 0x4c);
    buf_u8(buf, (uint8_t)size);
    buf_add(buf, bytes_of(data, size));
}

static struct hash160 hash160(struct bytes bytes)
{
    struct hash160 hash;
    hash160_of(&hash, bytes);
    return hash;
}

/* Keys in the order of BIP67, secrets moved with them: CHECKMULTISIG wants the signatures in
 * the order of the keys. */
static void sort_keys(struct sim_address *address)
{
    for (size_t i = 1; i < address->key_count; i++)
        for (size_t n = i; n > 0; n--) {
            uint8_t key[33], secret[32];
            if (memcmp(address->public_keys[n - 1], address->public_keys[n], 33) <= 0)
                break;
            memcpy(key, address->public_keys[n], 33);
            memcpy(address->public_keys[n], address->public_keys[n - 1], 33);
            memcpy(address->public_keys[n - 1], key, 33);
            memcpy(secret, address->secrets[n], 32);
            memcpy(address->secrets[n], address->secrets[n - 1], 32);
            memcpy(address->secrets[n - 1], secret, 32);
        }
}

static void inner_script(struct buf *buf, const struct sim_address *address,
                         const struct sim_wallet_plan *plan)
{
    if (plan->kind == KIND_SH_WPKH) {
        struct hash160 hash = hash160(bytes_of(address->public_keys[0], 33));
        buf_u8(buf, 0);
        push(buf, hash.b, sizeof hash.b);
    } else if (plan->kind == KIND_SH_MULTI || plan->kind == KIND_WSH_MULTI) {
        buf_u8(buf, (uint8_t)(OP_1 + plan->threshold - 1));
        for (size_t i = 0; i < address->key_count; i++)
            push(buf, address->public_keys[i], 33);
        buf_u8(buf, (uint8_t)(OP_1 + address->key_count - 1));
        buf_u8(buf, OP_CHECKMULTISIG);
    }
}

static void outer_script(struct buf *buf, const struct sim_address *address, enum sim_kind kind)
{
    const uint8_t *key = address->public_keys[0];
    struct hash160 key_hash = hash160(bytes_of(key, 33));
    struct hash160 inner_hash = hash160(address->inner);
    struct hash256 long_hash;
    uint8_t x[32];
    switch (kind) {
    case KIND_PK:
        push(buf, key, 33);
        buf_u8(buf, OP_CHECKSIG);
        return;
    case KIND_PKH:
        buf_u8(buf, OP_DUP);
        buf_u8(buf, OP_HASH160);
        push(buf, key_hash.b, 20);
        buf_u8(buf, OP_EQUALVERIFY);
        buf_u8(buf, OP_CHECKSIG);
        return;
    case KIND_SH_WPKH:
    case KIND_SH_MULTI:
        buf_u8(buf, OP_HASH160);
        push(buf, inner_hash.b, 20);
        buf_u8(buf, OP_EQUAL);
        return;
    case KIND_WPKH:
        buf_u8(buf, 0);
        push(buf, key_hash.b, 20);
        return;
    case KIND_WSH_MULTI:
        sha256_of(&long_hash, address->inner);
        buf_u8(buf, 0);
        push(buf, long_hash.b, 32);
        return;
    case KIND_TR:
        sanad_assert(ec_taproot_output(x, key + 1, NULL));
        buf_u8(buf, OP_1);
        push(buf, x, 32);
        return;
    }
}

void sim_address_make(struct sim_address *ret_address, struct sim *sim, enum sim_wallet_id id,
                      uint32_t branch, uint32_t index)
{
    const struct sim_wallet_plan *plan = sim_plan(id);
    struct sim_address address = {.key_count = cosigner_count(id)};
    struct buf buf = buf_with_max(SCRIPT_SIZE_MAX);
    for (size_t i = 0; i < address.key_count; i++) {
        struct sim_node node;
        sim_node_child(&node, &sim->wallets[id].branches[i][branch], index);
        memcpy(address.secrets[i], node.secret, 32);
        memcpy(address.public_keys[i], node.public_key, 33);
    }
    sort_keys(&address);
    inner_script(&buf, &address, plan);
    address.inner = arena_bytes(&sim->arena, buf_bytes(&buf));
    buf_reset(&buf);
    outer_script(&buf, &address, plan->kind);
    address.script = arena_bytes(&sim->arena, buf_bytes(&buf));
    buf_free(&buf);
    *ret_address = address;
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static void descriptor_key(struct buf *buf, const struct sim *sim, enum sim_wallet_id id, size_t i)
{
    const struct sim_wallet *wallet = &sim->wallets[id];
    char fingerprint[9], xpub[SIM_XPUB_SIZE];
    hex_encode(fingerprint, bytes_of(wallet->fingerprints[i], 4));
    sim_node_xpub(xpub, &wallet->accounts[i]);
    buf_format(buf, "[%s/%uh/1h/0h]%s/%s/*", fingerprint, purpose_of(sim_plan(id)->kind), xpub,
               sim_plan(id)->one_branch ? "0" : "<0;1>");
}

static void descriptor_body(struct buf *buf, struct sim *sim, enum sim_wallet_id id)
{
    static const char *const heads[] = {
        "pk(", "pkh(", "sh(wpkh(", "wpkh(", "sh(sortedmulti(", "wsh(sortedmulti(", "tr("};
    const struct sim_wallet_plan *plan = sim_plan(id);
    bool multi = plan->kind == KIND_SH_MULTI || plan->kind == KIND_WSH_MULTI;
    buf_text(buf, heads[plan->kind]);
    if (multi)
        buf_format(buf, "%u,", plan->threshold);
    for (size_t i = 0; i < cosigner_count(id); i++) {
        buf_text(buf, i ? "," : "");
        descriptor_key(buf, sim, id, i);
    }
    buf_text(buf, multi || plan->kind == KIND_SH_WPKH ? "))" : ")");
}

const char *sim_descriptor(struct sim *sim, enum sim_wallet_id id)
{
    struct buf buf = buf_with_max(DESCRIPTOR_TEXT_MAX);
    char checksum[9];
    if (sim_plan(id)->single) {
        struct sim_address address;
        char text[ADDRESS_TEXT_SIZE];
        sim_address_make(&address, sim, id, 0, 0);
        sanad_assert(address_from_script(text, sim->params, address.script));
        buf_format(&buf, "addr(%s)", text);
    } else
        descriptor_body(&buf, sim, id);
    sanad_assert(descriptor_checksum(checksum, buf_cstr(&buf)));
    buf_format(&buf, "#%s", checksum);
    const char *text = arena_strdup(&sim->arena, buf_cstr(&buf));
    buf_free(&buf);
    return text;
}

/* ---- coins --------------------------------------------------------------------------------------
 */

void sim_coin_add(struct sim *sim, const struct sim_coin *coin)
{
    sim->coins = sim_grow(sim->coins, sim->coin_count, &sim->coin_capacity, sizeof *sim->coins);
    sim->coins[sim->coin_count] = *coin;
    if (coin->wallet < SIM_NOBODY) {
        struct sim_wallet *wallet = &sim->wallets[coin->wallet];
        wallet->coins = sim_grow(wallet->coins, wallet->coin_count, &wallet->coin_capacity,
                                 sizeof *wallet->coins);
        wallet->coins[wallet->coin_count++] = (uint32_t)sim->coin_count;
    }
    sim->coin_count++;
}

void sim_coin_spend(struct sim *sim, uint32_t coin)
{
    sanad_assert(coin < sim->coin_count && !sim->coins[coin].spent);
    struct sim_wallet *wallet = &sim->wallets[sim->coins[coin].wallet];
    size_t at = 0;
    while (wallet->coins[at] != coin)
        at++;
    memmove(wallet->coins + at, wallet->coins + at + 1,
            (wallet->coin_count - at - 1) * sizeof *wallet->coins);
    wallet->coin_count--;
    sim->coins[coin].spent = true;
}

bool sim_coin_mature(const struct sim *sim, const struct sim_coin *coin)
{
    return !coin->coinbase || sim_height(sim) + 1 - coin->height >= COINBASE_MATURITY;
}

struct amount sim_balance(const struct sim *sim, enum sim_wallet_id id)
{
    const struct sim_wallet *wallet = &sim->wallets[id];
    struct amount sum = amount_zero();
    for (size_t i = 0; i < wallet->coin_count; i++)
        sum = amount_add(sum, sim->coins[wallet->coins[i]].value);
    return sum;
}
