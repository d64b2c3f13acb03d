/* Proves: the examples of the reference client (data/tlog/ots) are read, attest what that client
 * says they attest and are written again byte for byte; its invalid ones are refused by the rule
 * that they break. */
#include "ots/ots.h"
#include "support.h"

struct vector {
    const char *name;
    size_t bitcoin, pending, unknown;
    uint32_t height;
    const char *root; /* as data/tlog/README.md tells, by python3-opentimestamps; or NULL */
};
static const struct vector vectors[] = {
    {"hello-world.txt", 1, 0, 0, 358391,
     "8a1b66ecb7cbd07d8139a7e7d7f2c41aab1f5009b8364aaf61d03ad245e47e00"},
    {"empty", 1, 0, 0, 129405, "db29fdc2c27a1531ae08a9dff2d9e4dfedd9c902d16de542d8666a27367e5b71"},
    {"different-blockchains.txt", 1, 2, 1, 455605,
     "2a19192cf00fb1baeea516b69b3a62195849589b4caafeb6ad6ebba58b9ae69a"},
    {"bad-stamp.txt", 1, 0, 0, 358391, NULL},
    {"incomplete.txt", 0, 1, 0, 0, NULL},
    {"two-calendars.txt", 0, 2, 0, 0, NULL},
    {"merkle1.txt", 0, 2, 0, 0, NULL},
    {"merkle2.txt", 0, 2, 0, 0, NULL},
    {"merkle3.txt", 0, 2, 0, 0, NULL},
    {"unknown-notary.txt", 0, 0, 1, 0, NULL},
    {"known-and-unknown-notary.txt", 0, 1, 1, 0, NULL},
};

static struct buf file_of(const char *name, const char *suffix)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "tlog/ots/%s%s", name, suffix);
    return test_data(path);
}

static void counts_fit(const struct vector *vector, const struct ots *ots)
{
    size_t counts[3] = {0};
    for (size_t i = 0; i < ots->attestation_count; i++)
        counts[ots->attestations[i].notary]++;
    assert_int_equal(counts[OTS_BITCOIN], vector->bitcoin);
    assert_int_equal(counts[OTS_PENDING], vector->pending);
    assert_int_equal(counts[OTS_UNKNOWN], vector->unknown);
}

static void bitcoin_fits(const struct vector *vector, const struct ots *ots)
{
    struct hash256 root = {{0}};
    struct err err = {0};
    for (size_t i = 0; i < ots->attestation_count; i++) {
        const struct ots_attestation *found = &ots->attestations[i];
        if (found->notary != OTS_BITCOIN)
            continue;
        assert_int_equal(found->height, vector->height);
        if (vector->root) {
            assert_true(hash256_from_display(&root, vector->root));
            test_ok(ots_check(found, &root, &err), &err);
            root.b[31] ^= 1;
        }
        assert_int_equal(ots_check(found, &root, &err), SANAD_FALSE);
    }
}

static void vector_fits(const struct vector *vector)
{
    struct arena arena = {0};
    struct ots ots;
    struct err err = {0};
    struct buf raw = file_of(vector->name, ".ots");
    struct buf content = file_of(vector->name, "");
    struct buf again = buf_with_max(OTS_FILE_MAX);
    uint8_t digest[32];
    assert_true(ots_is(buf_bytes(&raw)));
    test_ok(ots_parse(&ots, vector->name, buf_bytes(&raw), &arena, &err), &err);
    size_t size = ots_hash(digest, ots.hash, buf_bytes(&content));
    assert_true(bytes_equal(bytes_of(digest, size), ots.digest));
    counts_fit(vector, &ots);
    bitcoin_fits(vector, &ots);
    ots_write(&again, &ots);
    assert_true(bytes_equal(buf_bytes(&again), buf_bytes(&raw)));
    buf_free(&again);
    buf_free(&content);
    buf_free(&raw);
    arena_free(&arena);
}

static void examples_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(vectors); i++)
        vector_fits(&vectors[i]);
}

/* It names block 358391 as hello-world.txt.ots does, and leads to another root. */
static void bad_stamp_contradicts_its_block(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct ots good, bad;
    struct err err = {0};
    struct hash256 root;
    struct buf good_raw = file_of("hello-world.txt", ".ots");
    struct buf bad_raw = file_of("bad-stamp.txt", ".ots");
    test_ok(ots_parse(&good, "good", buf_bytes(&good_raw), &arena, &err), &err);
    test_ok(ots_parse(&bad, "bad", buf_bytes(&bad_raw), &arena, &err), &err);
    memcpy(root.b, good.attestations[0].message.data, sizeof root.b);
    assert_int_equal(good.attestations[0].height, bad.attestations[0].height);
    test_ok(ots_check(&good.attestations[0], &root, &err), &err);
    test_refused(ots_check(&bad.attestations[0], &root, &err), SANAD_FALSE, &err,
                 "block 358391: its merkle root is another");
    buf_free(&good_raw);
    buf_free(&bad_raw);
    arena_free(&arena);
}

static void invalid_ones_are_refused(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"invalid/bad-major-version", "another version than 1"},
        {"invalid/invalid-file-digest-type", "neither SHA-256 nor SHA-1 nor RIPEMD-160"},
        {"invalid/exceeds-max-msg-length", "over 4096 bytes"},
    };
    for (size_t i = 0; i < countof(names); i++) {
        struct arena arena = {0};
        struct ots ots;
        struct err err = {0};
        struct buf raw = file_of(names[i][0], ".ots");
        test_refused(ots_parse(&ots, names[i][0], buf_bytes(&raw), &arena, &err), SANAD_REFUSED,
                     &err, names[i][1]);
        buf_free(&raw);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_read),
        cmocka_unit_test(bad_stamp_contradicts_its_block),
        cmocka_unit_test(invalid_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
