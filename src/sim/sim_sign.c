/* Signatures over every input: the legacy digest, BIP143 for witness version 0 and BIP341 for
 * the key path of Taproot, all with the hash type that covers everything. sim_sign_test.c
 * checks them with digests of its own that Core's vectors prove. */
#include "sim/sim_priv.h"

enum { TX_VERSION = 2, SIGHASH_ALL = 1, DER_SIZE_MAX = 72 };

/* What all inputs share. The double hashes of BIP143 are hashes of these. */
struct shared {
    struct hash256 prevouts, sequences, outs, values, scripts;
};

static void shared_make(struct shared *ret, const struct sim *sim, const struct sim_tx *tx)
{
    struct buf prevouts = buf_with_max(BLOCK_SIZE_MAX), sequences = prevouts, outs = prevouts;
    struct buf values = prevouts, scripts = prevouts;
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct sim_coin *coin = &sim->coins[tx->ins[i].coin];
        buf_add(&prevouts, bytes_of(coin->outpoint.txid.b, 32));
        buf_le32(&prevouts, coin->outpoint.vout);
        buf_le32(&sequences, tx->sequence);
        buf_le64(&values, (uint64_t)amount_minor(coin->value));
        buf_compact(&scripts, coin->script.size);
        buf_add(&scripts, coin->script);
    }
    sim_tx_outs(&outs, tx);
    sha256_of(&ret->prevouts, buf_bytes(&prevouts));
    sha256_of(&ret->sequences, buf_bytes(&sequences));
    sha256_of(&ret->outs, buf_bytes(&outs));
    sha256_of(&ret->values, buf_bytes(&values));
    sha256_of(&ret->scripts, buf_bytes(&scripts));
    buf_free(&prevouts);
    buf_free(&sequences);
    buf_free(&outs);
    buf_free(&values);
    buf_free(&scripts);
}

static void digest_legacy(struct hash256 *ret, const struct sim *sim, const struct sim_tx *tx,
                          size_t input, struct bytes script_code)
{
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    buf_le32(&buf, TX_VERSION);
    buf_compact(&buf, tx->in_count);
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct outpoint *prevout = &sim->coins[tx->ins[i].coin].outpoint;
        buf_add(&buf, bytes_of(prevout->txid.b, 32));
        buf_le32(&buf, prevout->vout);
        buf_compact(&buf, i == input ? script_code.size : 0);
        if (i == input)
            buf_add(&buf, script_code);
        buf_le32(&buf, tx->sequence);
    }
    buf_compact(&buf, tx->out_count);
    sim_tx_outs(&buf, tx);
    buf_le32(&buf, tx->lock_time);
    buf_le32(&buf, SIGHASH_ALL);
    sha256d_of(ret, buf_bytes(&buf));
    buf_free(&buf);
}

static void add_twice_hashed(struct buf *buf, const struct hash256 *once)
{
    struct hash256 twice;
    sha256_of(&twice, bytes_of(once->b, 32));
    buf_add(buf, bytes_of(twice.b, 32));
}

/* BIP143, "Specification". */
static void digest_v0(struct hash256 *ret, const struct sim_tx *tx, const struct shared *shared,
                      const struct sim_coin *coin, struct bytes script_code)
{
    struct buf buf = buf_with_max(SCRIPT_SIZE_MAX + 256);
    buf_le32(&buf, TX_VERSION);
    add_twice_hashed(&buf, &shared->prevouts);
    add_twice_hashed(&buf, &shared->sequences);
    buf_add(&buf, bytes_of(coin->outpoint.txid.b, 32));
    buf_le32(&buf, coin->outpoint.vout);
    buf_compact(&buf, script_code.size);
    buf_add(&buf, script_code);
    buf_le64(&buf, (uint64_t)amount_minor(coin->value));
    buf_le32(&buf, tx->sequence);
    add_twice_hashed(&buf, &shared->outs);
    buf_le32(&buf, tx->lock_time);
    buf_le32(&buf, SIGHASH_ALL);
    sha256d_of(ret, buf_bytes(&buf));
    buf_free(&buf);
}

/* BIP341, "Common signature message", hash type 0, key path, no annex. */
static void digest_v1(struct hash256 *ret, const struct sim_tx *tx, const struct shared *shared,
                      size_t input)
{
    struct buf buf = buf_with_max(256);
    buf_u8(&buf, 0); /* epoch */
    buf_u8(&buf, 0); /* SIGHASH_DEFAULT */
    buf_le32(&buf, TX_VERSION);
    buf_le32(&buf, tx->lock_time);
    buf_add(&buf, bytes_of(shared->prevouts.b, 32));
    buf_add(&buf, bytes_of(shared->values.b, 32));
    buf_add(&buf, bytes_of(shared->scripts.b, 32));
    buf_add(&buf, bytes_of(shared->sequences.b, 32));
    buf_add(&buf, bytes_of(shared->outs.b, 32));
    buf_u8(&buf, 0); /* spend type */
    buf_le32(&buf, (uint32_t)input);
    sha256_tagged(ret, "TapSighash", buf_bytes(&buf));
    buf_free(&buf);
}

/* ---- what satisfies a script -------------------------------------------------------------------
 */

static void push(struct buf *buf, struct bytes data)
{
    sanad_assert(data.size > 0 && data.size < 256);
    if (data.size >= 0x4c)
        buf_u8(buf, 0x4c); /* OP_PUSHDATA1 */
    buf_u8(buf, (uint8_t)data.size);
    buf_add(buf, data);
}

static void item(struct buf *buf, struct bytes data)
{
    buf_compact(buf, data.size);
    buf_add(buf, data);
}

/* DER signature and the hash type behind it. */
static struct bytes ecdsa(uint8_t room[DER_SIZE_MAX + 1], const uint8_t secret[32],
                          const struct hash256 *digest)
{
    size_t size = ec_sign_ecdsa(room, secret, digest);
    room[size] = SIGHASH_ALL;
    return bytes_of(room, size + 1);
}

static void satisfy_legacy(struct buf *sig, const struct sim_address *address, enum sim_kind kind,
                           size_t threshold, const struct hash256 *digest)
{
    uint8_t room[DER_SIZE_MAX + 1];
    if (kind == KIND_SH_MULTI) {
        buf_u8(sig, 0); /* CHECKMULTISIG takes one item too many; BIP147: it is empty */
        for (size_t i = 0; i < threshold; i++)
            push(sig, ecdsa(room, address->secrets[i], digest));
        push(sig, address->inner);
        return;
    }
    push(sig, ecdsa(room, address->secrets[0], digest));
    if (kind == KIND_PKH)
        push(sig, bytes_of(address->public_keys[0], 33));
}

static void satisfy_v0(struct buf *witness, const struct sim_address *address, enum sim_kind kind,
                       size_t threshold, const struct hash256 *digest)
{
    uint8_t room[DER_SIZE_MAX + 1];
    if (kind == KIND_WSH_MULTI) {
        buf_compact(witness, threshold + 2);
        buf_u8(witness, 0);
        for (size_t i = 0; i < threshold; i++)
            item(witness, ecdsa(room, address->secrets[i], digest));
        item(witness, address->inner);
        return;
    }
    buf_compact(witness, 2);
    item(witness, ecdsa(room, address->secrets[0], digest));
    item(witness, bytes_of(address->public_keys[0], 33));
}

static void satisfy_v1(struct buf *witness, const struct sim_address *address,
                       const struct hash256 *digest)
{
    uint8_t secret[32], signature[64];
    sim_taproot_secret(secret, address->secrets[0], address->public_keys[0]);
    ec_sign_schnorr(signature, secret, digest);
    buf_compact(witness, 1);
    item(witness, bytes_of(signature, sizeof signature));
}

/* BIP143: for a key hash the script code is the P2PKH script of that hash. */
static struct bytes key_script_code(uint8_t room[25], const uint8_t public_key[33])
{
    struct hash160 hash;
    hash160_of(&hash, bytes_of(public_key, 33));
    memcpy(room, "\x76\xa9\x14", 3);
    memcpy(room + 3, hash.b, 20);
    memcpy(room + 23, "\x88\xac", 2);
    return bytes_of(room, 25);
}

static void sign_input(struct buf *sig, struct buf *witness, struct sim *sim,
                       const struct sim_tx *tx, size_t input, const struct shared *shared)
{
    const struct sim_coin *coin = &sim->coins[tx->ins[input].coin];
    const struct sim_wallet_plan *plan = sim_plan(coin->wallet);
    struct sim_address address;
    struct hash256 digest;
    uint8_t room[25];
    sim_address_make(&address, sim, coin->wallet, coin->branch, coin->index);
    switch (plan->kind) {
    case KIND_PK:
    case KIND_PKH:
    case KIND_SH_MULTI:
        digest_legacy(&digest, sim, tx, input,
                      plan->kind == KIND_SH_MULTI ? address.inner : coin->script);
        satisfy_legacy(sig, &address, plan->kind, plan->threshold, &digest);
        return;
    case KIND_SH_WPKH:
    case KIND_WPKH:
    case KIND_WSH_MULTI:
        digest_v0(&digest, tx, shared, coin,
                  plan->kind == KIND_WSH_MULTI ? address.inner
                                               : key_script_code(room, address.public_keys[0]));
        if (plan->kind == KIND_SH_WPKH)
            push(sig, address.inner);
        satisfy_v0(witness, &address, plan->kind, plan->threshold, &digest);
        return;
    case KIND_TR:
        digest_v1(&digest, tx, shared, input);
        satisfy_v1(witness, &address, &digest);
        return;
    }
}

void sim_sign(struct sim *sim, struct sim_tx *tx)
{
    struct shared shared;
    struct buf sig = buf_with_max(SCRIPT_SIZE_MAX), witness = buf_with_max(SCRIPT_SIZE_MAX);
    shared_make(&shared, sim, tx);
    for (size_t i = 0; i < tx->in_count; i++) {
        buf_reset(&sig);
        buf_reset(&witness);
        sign_input(&sig, &witness, sim, tx, i, &shared);
        tx->ins[i].script_sig = arena_bytes(&sim->arena, buf_bytes(&sig));
        tx->ins[i].witness = arena_bytes(&sim->arena, buf_bytes(&witness));
    }
    buf_free(&sig);
    buf_free(&witness);
}
