/* Proves framing on bytes in memory: whatever is done to a file, every record that was left
 * alone is found, nothing else is, and a look that goes on where one ended finds what one
 * look finds. */
#include "source/source_priv.h"

#include "blkwriter.h"
#include "support.h"

#include <stdlib.h>

enum { CHAIN_LENGTH = 12, ROUNDS = 3000, FILE_MAX = 1 << 16 };

static uint64_t seed = 1;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % sides;
}

struct fixture {
    const struct chain_params *params;
    struct mined blocks[CHAIN_LENGTH];
    struct buf file;                /* in the clear; key 0 */
    size_t offsets[CHAIN_LENGTH];   /* of the records' heads */
    bool touched[CHAIN_LENGTH + 1]; /* the last: what stands behind all records */
};

static int group_begin(void **state)
{
    struct fixture *f = mem_zalloc(1, sizeof *f);
    f->params = chain_params_get(CHAIN_REGTEST);
    mined_chain(f->blocks, CHAIN_LENGTH, f->params);
    f->file = buf_with_max(FILE_MAX);
    *state = f;
    return 0;
}

static int group_end(void **state)
{
    struct fixture *f = *state;
    mined_free(f->blocks, CHAIN_LENGTH);
    buf_free(&f->file);
    free(f);
    return 0;
}

static void add_record(struct fixture *f, size_t block)
{
    f->offsets[block] = f->file.size;
    buf_add(&f->file, bytes_of(f->params->magic, 4));
    buf_le32(&f->file, (uint32_t)f->blocks[block].raw.size);
    buf_add(&f->file, buf_bytes(&f->blocks[block].raw));
}

static int scan(struct frame_result *ret, const struct fixture *f, size_t size, uint64_t from,
                bool last, struct err *err)
{
    struct frame_input input = {.fd = -1,
                                .memory = f->file.data,
                                .size = size,
                                .params = f->params,
                                .name = "blk00000.dat"};
    return frame_scan(ret, &input, from, last, err);
}

/* The block that a whole record is, or CHAIN_LENGTH. */
static size_t which(const struct fixture *f, const struct frame_record *record)
{
    for (size_t i = 0; i < CHAIN_LENGTH; i++)
        if (hash256_equal(&record->hash, &f->blocks[i].hash) &&
            record->size == f->blocks[i].raw.size)
            return i;
    return CHAIN_LENGTH;
}

/* Whether the merkle root is that of a block of ours: other header fields may be hit. */
static bool body_known(const struct fixture *f, const struct frame_record *record)
{
    for (size_t i = 0; i < CHAIN_LENGTH; i++)
        if (memcmp(record->raw + 36, f->blocks[i].raw.data + 36, 32) == 0)
            return true;
    return false;
}

static bool found(const struct fixture *f, const struct frame_result *result, size_t block)
{
    for (size_t i = 0; i < result->record_count; i++)
        if (!result->records[i].damage && which(f, &result->records[i]) == block)
            return true;
    return false;
}

/* A lie that ends to the byte where a record begins is believed here; the merkle root of the
 * scan will refuse it. Chance does it once in thousands of rounds. */
static bool swallowed(const struct fixture *f, const struct frame_result *result, size_t block)
{
    for (size_t i = 0; i < result->record_count; i++) {
        const struct frame_record *record = &result->records[i];
        if (!record->damage && !record->proved && which(f, record) == CHAIN_LENGTH &&
            record->offset < f->offsets[block] && f->offsets[block] < record->offset + record->size)
            return true;
    }
    return false;
}

/* ---- damage of every kind -----------------------------------------------------------------------
 */

static void write_bytes(struct fixture *f, size_t begin, size_t size, int how)
{
    for (size_t i = begin; i < begin + size && i < f->file.size; i++)
        f->file.data[i] = how == 0 ? 0 : (uint8_t)dice(256);
}

/* Bytes between two records: noise, zeros, or what looks like a record's head. */
static void add_between(struct fixture *f)
{
    uint32_t kind = dice(4);
    size_t size = 1 + dice(200);
    size_t begin = f->file.size;
    if (kind == 3) {
        buf_add(&f->file, bytes_of(f->params->magic, 4));
        buf_le32(&f->file, dice(2) ? dice(2000) : dice(UINT32_MAX));
        buf_add(&f->file, bytes_of(f->blocks[dice(CHAIN_LENGTH)].raw.data, 70 + dice(40)));
        return;
    }
    (void)buf_extend(&f->file, size);
    write_bytes(f, begin, size, (int)kind);
}

/* Overwrites a stretch of one record, its head included, or cuts it short. */
static void add_damaged(struct fixture *f, size_t block)
{
    size_t begin = f->file.size;
    add_record(f, block);
    size_t size = f->file.size - begin;
    f->touched[block] = true;
    if (dice(3) == 0)
        f->file.size = begin + 1 + dice((uint32_t)size - 1);
    else if (dice(3) == 0)
        write_bytes(f, begin + 4, 4, 1); /* the size lies */
    else
        write_bytes(f, begin + dice((uint32_t)size), 1 + dice(100), (int)dice(2));
}

static void make_file(struct fixture *f)
{
    buf_reset(&f->file);
    memset(f->touched, 0, sizeof f->touched);
    for (size_t i = 0; i < CHAIN_LENGTH; i++) {
        if (dice(6) == 0)
            add_between(f);
        if (dice(5) == 0)
            add_damaged(f, i);
        else
            add_record(f, i);
    }
    if (dice(2) == 0)
        add_between(f);
}

/* Zeros at the end are space taken in advance unless they are a record's own. */
static void test_untouched_found(void **state)
{
    struct fixture *f = *state;
    size_t refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct frame_result result;
        struct err err = {0};
        make_file(f);
        test_ok(scan(&result, f, f->file.size, 0, dice(2), &err), &err);
        if (result.bad < result.record_count) { /* a head was hit: the source refuses */
            size_t block = which(f, &result.records[result.bad]);
            assert_int_equal(block, CHAIN_LENGTH);
            refused++;
        }
        for (size_t i = 0; i < CHAIN_LENGTH; i++)
            if (!f->touched[i] && !found(f, &result, i) && !swallowed(f, &result, i))
                fail_msg("round %d: block %zu is not found", round, i);
        for (size_t i = 0; i < result.record_count; i++) {
            const struct frame_record *record = &result.records[i];
            assert_true(record->offset + (record->damage ? 0 : record->size) <= f->file.size);
            if (record->proved && !record->damage)
                assert_true(body_known(f, record));
        }
        assert_true(result.end <= f->file.size);
        assert_true(result.garbage + result.tail_garbage <= f->file.size);
        frame_result_free(&result);
    }
    assert_true(refused < ROUNDS / 4);
}

/* One look at a whole file, or one at a beginning of it and one from where that ended: the
 * same blocks, as long as nothing is damaged. */
static void test_in_two_looks(void **state)
{
    struct fixture *f = *state;
    buf_reset(&f->file);
    for (size_t i = 0; i < CHAIN_LENGTH; i++) {
        add_record(f, i);
        if (i == 4)
            (void)memset(buf_extend(&f->file, 40), 0, 40);
        if (i == 8)
            buf_text(&f->file, "a remains of what was here before");
    }
    for (size_t cut = 0; cut <= f->file.size; cut++) {
        struct frame_result first;
        struct frame_result second;
        struct err err = {0};
        test_ok(scan(&first, f, cut, 0, true, &err), &err);
        test_ok(scan(&second, f, f->file.size, first.end, false, &err), &err);
        for (size_t i = 0; i < CHAIN_LENGTH; i++)
            assert_true(found(f, &first, i) || found(f, &second, i));
        assert_int_equal(first.garbage, 0); /* may become a record: not settled yet */
        assert_int_equal(second.garbage, 40 + 33);
        assert_int_equal(second.end, f->file.size);
        assert_false(second.again);
        frame_result_free(&first);
        frame_result_free(&second);
    }
}

/* A magic that lies across two windows is found. */
static void test_window_edges(void **state)
{
    struct fixture *f = *state;
    struct buf big = buf_with_max(4 << 20);
    for (size_t shift = 0; shift < 100; shift++) {
        struct frame_result result;
        struct err err = {0};
        buf_reset(&big);
        memset(buf_extend(&big, FRAME_WINDOW_SIZE - 50 + shift), 0xf9,
               FRAME_WINDOW_SIZE - 50 + shift);
        buf_add(&big, bytes_of(f->params->magic, 4));
        buf_le32(&big, (uint32_t)f->blocks[3].raw.size);
        buf_add(&big, buf_bytes(&f->blocks[3].raw));
        struct frame_input input = {.fd = -1,
                                    .memory = big.data,
                                    .size = big.size,
                                    .params = f->params,
                                    .name = "blk00000.dat"};
        test_ok(frame_scan(&result, &input, 0, false, &err), &err);
        assert_true(found(f, &result, 3));
        assert_int_equal(result.garbage, FRAME_WINDOW_SIZE - 50 + shift);
        frame_result_free(&result);
    }
    buf_free(&big);
}

/* More records than one look takes: the looks together find each once, and a last record that
 * is no good is taken back though it begins a look. */
static void test_many(void **state)
{
    struct fixture *f = *state;
    struct frame_result result = {.more = true};
    struct err err = {0};
    size_t count = 2 * FRAME_RECORD_MAX + 77;
    struct buf kept = f->file;
    f->file = buf_with_max(8 << 20);
    for (size_t i = 0; i < count; i++)
        add_record(f, 4);
    f->file.data[f->file.size - 20] ^= 1; /* of the last record's body */
    buf_text(&f->file, "remains");
    size_t total = 0;
    int looks = 0;
    while (result.more) {
        uint64_t from = result.end;
        frame_result_free(&result);
        test_ok(scan(&result, f, f->file.size, from, false, &err), &err);
        for (size_t i = 0; i < result.record_count; i++)
            total += !result.records[i].damage;
        looks++;
    }
    assert_int_equal(looks, 3);
    assert_int_equal(total, count - 1);
    assert_true(result.record_count > 0 && result.records[result.record_count - 1].damage);
    frame_result_free(&result);
    buf_free(&f->file);
    f->file = kept;
}

static void test_nothing(void **state)
{
    struct fixture *f = *state;
    struct frame_result result;
    struct err err = {0};
    test_ok(scan(&result, f, 0, 0, true, &err), &err);
    assert_int_equal(result.record_count + result.end + result.garbage + result.tail_garbage, 0);
    assert_false(result.truncated || result.again);
    frame_result_free(&result);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untouched_found), cmocka_unit_test(test_in_two_looks),
        cmocka_unit_test(test_window_edges),    cmocka_unit_test(test_many),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
