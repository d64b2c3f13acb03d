/* Proves: a file built from a transaction and its block leads from the digest to the block's merkle
 * root, for every place in blocks of many sizes, with and without witness, and for real blocks; no
 * bit of it can be flipped and no byte cut without its being refused or another claim; a
 * transaction that does not carry the digest in an OP_RETURN output, or is too long, is refused;
 * digests that are joined each lead to the same root. */
#include "ots/ots.h"
#include "support.h"

#include <stdlib.h>

enum { HEIGHT = 4321 };

/* ---- blocks of the test's own -----------------------------------------------------------------
 */

/* A transaction of one input; `number` makes it unlike others. */
static void tx_write(struct buf *buf, uint32_t number, struct bytes script, bool witness)
{
    static const uint8_t zeros[32];
    buf_le32(buf, 2);
    if (witness)
        buf_le16(buf, 0x0100);
    buf_u8(buf, 1);
    buf_add(buf, bytes_of(zeros, 28));
    buf_le32(buf, number);
    buf_le32(buf, number == 0 ? UINT32_MAX : 0);
    buf_u8(buf, 2);
    buf_text(buf, "ab");
    buf_le32(buf, 0);
    buf_u8(buf, 2);
    buf_le64(buf, 0);
    buf_compact(buf, script.size);
    buf_add(buf, script);
    buf_le64(buf, number);
    buf_u8(buf, 1);
    buf_u8(buf, 0x51);
    if (witness) {
        buf_u8(buf, 1);
        buf_u8(buf, 1);
        buf_u8(buf, 0xee);
    }
    buf_le32(buf, 0);
}

/* A block of `count` transactions, the one at `index` with this script; its header's root holds. */
static void block_make(struct block *ret_block, struct buf *raw, size_t count, size_t index,
                       struct bytes script, struct arena *arena)
{
    struct err err = {0};
    struct header header = {.version = 1};
    bool mutated;
    memset(buf_extend(raw, HEADER_SIZE), 0, HEADER_SIZE);
    buf_compact(raw, count);
    for (size_t i = 0; i < count; i++)
        tx_write(raw, (uint32_t)i, i == index ? script : bytes_of_text("\x6a\x01z"), i % 3 == 2);
    assert_false(raw->bad);
    test_ok(block_parse(ret_block, buf_bytes(raw), arena, &err), &err);
    struct hash256 *txids = arena_alloc(arena, count, sizeof *txids);
    block_txids(txids, ret_block);
    merkle_root(&header.merkle_root, &mutated, txids, count);
    assert_false(mutated);
    ret_block->header.merkle_root = header.merkle_root;
}

static void script_of(uint8_t ret_script[OTS_SCRIPT_SIZE], struct hash256 *ret_digest)
{
    sha256_of(ret_digest, bytes_of_text("a checkpoint\n"));
    ots_script(ret_script, ret_digest);
}

/* Reads what was built: one attestation, which leads to the block's root. */
static void leads_to_root(const struct buf *file, const struct ots_making *making)
{
    struct arena arena = {0};
    struct ots ots;
    struct err err = {0};
    test_ok(ots_parse(&ots, "made", buf_bytes(file), &arena, &err), &err);
    assert_true(bytes_equal(ots.digest, bytes_of(making->digest->b, 32)));
    assert_int_equal(ots.attestation_count, 1);
    assert_int_equal(ots.attestations[0].notary, OTS_BITCOIN);
    assert_int_equal(ots.attestations[0].height, making->height);
    test_ok(ots_check(&ots.attestations[0], &making->block->header.merkle_root, &err), &err);
    arena_free(&arena);
}

static void every_place_leads_to_the_root(void **state)
{
    (void)state;
    uint8_t script[OTS_SCRIPT_SIZE];
    struct hash256 digest;
    script_of(script, &digest);
    for (size_t count = 1; count <= 18; count++) {
        for (size_t index = 0; index < count; index++) {
            struct arena arena = {0};
            struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
            struct buf file = buf_with_max(OTS_FILE_MAX);
            struct block block;
            struct err err = {0};
            block_make(&block, &raw, count, index, bytes_of(script, sizeof script), &arena);
            struct ots_making making = {
                .digest = &digest, .block = &block, .tx_index = index, .height = HEIGHT};
            test_ok(ots_make(&file, &making, &err), &err);
            leads_to_root(&file, &making);
            buf_free(&file);
            buf_free(&raw);
            arena_free(&arena);
        }
    }
}

/* ---- what is not taken --------------------------------------------------------------------------
 */

static void not_made(struct bytes script, const struct hash256 *digest, const char *part)
{
    struct arena arena = {0};
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct buf file = buf_with_max(OTS_FILE_MAX);
    struct block block;
    struct err err = {0};
    block_make(&block, &raw, 3, 1, script, &arena);
    struct ots_making making = {.digest = digest, .block = &block, .tx_index = 1, .height = 1};
    test_refused(ots_make(&file, &making, &err), SANAD_REFUSED, &err, part);
    assert_int_equal(file.size, 0);
    buf_free(&file);
    buf_free(&raw);
    arena_free(&arena);
}

static void transactions_that_do_not_carry_it(void **state)
{
    (void)state;
    uint8_t script[OTS_SCRIPT_SIZE];
    struct hash256 digest;
    struct hash256 other;
    script_of(script, &digest);
    sha256_of(&other, bytes_of_text("another checkpoint\n"));
    not_made(bytes_of(script, sizeof script), &other, "carries another digest");
    not_made(bytes_of(script, sizeof script - 1), &digest, "carries another digest");
    script[0] = 0x51; /* the same bytes where money lies */
    not_made(bytes_of(script, sizeof script), &digest, "carries another digest");
    struct buf large = buf_with_max(OTS_MESSAGE_MAX + 64);
    script[0] = 0x6a;
    buf_add(&large, bytes_of(script, sizeof script));
    memset(buf_extend(&large, OTS_MESSAGE_MAX), 0, OTS_MESSAGE_MAX);
    not_made(buf_bytes(&large), &digest, "over 4096 bytes without witness");
    buf_free(&large);
}

/* Other protocols put letters before what they carry. */
static void a_prefix_is_allowed(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct hash256 digest;
    uint8_t plain[OTS_SCRIPT_SIZE];
    struct buf script = buf_with_max(64);
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct buf file = buf_with_max(OTS_FILE_MAX);
    struct block block;
    struct err err = {0};
    script_of(plain, &digest);
    buf_text(&script, "\x6a\x26sanad:");
    buf_add(&script, bytes_of(digest.b, sizeof digest.b));
    block_make(&block, &raw, 5, 4, buf_bytes(&script), &arena);
    struct ots_making making = {
        .digest = &digest, .block = &block, .tx_index = 4, .height = HEIGHT};
    test_ok(ots_make(&file, &making, &err), &err);
    leads_to_root(&file, &making);
    buf_free(&script);
    buf_free(&file);
    buf_free(&raw);
    arena_free(&arena);
}

/* ---- damage
 * ---------------------------------------------------------------------------------------- */

/* Whether a file says what the good one says: the same digest, and a true attestation. */
static bool still_holds(struct bytes file, const struct hash256 *digest, const struct hash256 *root)
{
    struct arena arena = {0};
    struct ots ots;
    bool holds = false;
    if (ots_parse(&ots, "damaged", file, &arena, NULL) == 0 && ots.hash == OTS_SHA256 &&
        memcmp(ots.digest.data, digest->b, sizeof digest->b) == 0)
        for (size_t i = 0; i < ots.attestation_count; i++)
            holds |= ots.attestations[i].notary == OTS_BITCOIN &&
                     ots.attestations[i].height == HEIGHT &&
                     ots_check(&ots.attestations[i], root, NULL) == 0;
    arena_free(&arena);
    return holds;
}

static void no_damage_goes_unseen(void **state)
{
    (void)state;
    struct arena arena = {0};
    uint8_t script[OTS_SCRIPT_SIZE];
    struct hash256 digest;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct buf file = buf_with_max(OTS_FILE_MAX);
    struct block block;
    struct err err = {0};
    script_of(script, &digest);
    block_make(&block, &raw, 11, 7, bytes_of(script, sizeof script), &arena);
    struct ots_making making = {
        .digest = &digest, .block = &block, .tx_index = 7, .height = HEIGHT};
    test_ok(ots_make(&file, &making, &err), &err);
    const struct hash256 *root = &block.header.merkle_root;
    assert_true(still_holds(buf_bytes(&file), &digest, root));
    for (size_t bit = 0; bit < 8 * file.size; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(still_holds(buf_bytes(&file), &digest, root));
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < file.size; size++) {
        struct ots ots;
        test_refused(ots_parse(&ots, "cut", bytes_of(file.data, size), &arena, &err), SANAD_REFUSED,
                     &err, "");
    }
    buf_free(&file);
    buf_free(&raw);
    arena_free(&arena);
}

/* ---- real blocks
 * ------------------------------------------------------------------------------------ */

/* Each transaction of a real block that carries 32 bytes or more in an OP_RETURN output, as if they
 * were a digest. Returns how many. */
static size_t real_block(const char *name)
{
    struct arena arena = {0};
    struct buf raw = test_data(name);
    struct block block;
    struct err err = {0};
    size_t made = 0;
    test_ok(block_parse(&block, buf_bytes(&raw), &arena, &err), &err);
    for (size_t i = 0; i < block.tx_count; i++) {
        const struct tx *tx = &block.txs[i];
        for (size_t out = 0; out < tx->out_count; out++) {
            struct bytes script = tx->outs[out].script;
            struct hash256 digest;
            struct buf file = buf_with_max(OTS_FILE_MAX);
            if (script.size < OTS_SCRIPT_SIZE || script.data[0] != 0x6a ||
                tx_stripped_size(tx) > OTS_MESSAGE_MAX)
                continue;
            memcpy(digest.b, script.data + 2, sizeof digest.b);
            struct ots_making making = {
                .digest = &digest, .block = &block, .tx_index = i, .height = HEIGHT};
            test_ok(ots_make(&file, &making, &err), &err);
            leads_to_root(&file, &making);
            buf_free(&file);
            made++;
        }
    }
    buf_free(&raw);
    arena_free(&arena);
    return made;
}

static void real_blocks_lead_to_their_roots(void **state)
{
    (void)state;
    assert_true(real_block("blocks/block-0574200.raw") > 0);
    assert_true(real_block("blocks/block-0831330.raw") > 0);
}

/* ---- several digests
 * --------------------------------------------------------------------------------- */

static void joined_digests_share_a_transaction(void **state)
{
    (void)state;
    enum { MAX = 9 };
    for (size_t count = 1; count <= MAX; count++) {
        struct hash256 digests[MAX];
        struct hash256 roots[MAX];
        for (size_t i = 0; i < count; i++)
            sha256_of(&digests[i], bytes_of(&i, sizeof i));
        for (size_t i = 0; i < count; i++) {
            struct arena arena = {0};
            struct hash256 order[MAX + 1];
            struct ots_path path;
            struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
            struct buf file = buf_with_max(OTS_FILE_MAX);
            struct block block;
            struct err err = {0};
            uint8_t script[OTS_SCRIPT_SIZE];
            for (size_t j = 0; j < count; j++) /* any order, one of them twice */
                order[j] = digests[(i + j) % count];
            order[count] = digests[0];
            ots_join(&roots[i], &path, &digests[i], order, count + 1);
            assert_memory_equal(roots[i].b, roots[0].b, 32);
            ots_script(script, &roots[i]);
            block_make(&block, &raw, 4, 2, bytes_of(script, sizeof script), &arena);
            struct ots_making making = {.digest = &digests[i],
                                        .path = &path,
                                        .block = &block,
                                        .tx_index = 2,
                                        .height = HEIGHT};
            test_ok(ots_make(&file, &making, &err), &err);
            leads_to_root(&file, &making);
            buf_free(&file);
            buf_free(&raw);
            arena_free(&arena);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_leads_to_the_root),
        cmocka_unit_test(transactions_that_do_not_carry_it),
        cmocka_unit_test(a_prefix_is_allowed),
        cmocka_unit_test(no_damage_goes_unseen),
        cmocka_unit_test(real_blocks_lead_to_their_roots),
        cmocka_unit_test(joined_digests_share_a_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
