/* Proves: headers are read, written and hashed as the real chain has them; every retarget and
 * every cumulative work of mainnet's epochs is recomputed; the checkpoints that three other
 * programs publish (Electrum, bitcoinj, NBitcoin) agree with the same arithmetic. */
#include "chain/chain_priv.h"
#include "support.h"

#include <stdlib.h>

enum { FILE_MAX = 8 << 20 };

/* ---- the epochs of mainnet: first and last header of each ------------------------------- */

struct epochs {
    struct csv csv;
    int height, hash, header, work;
};

struct epoch_header {
    uint32_t height;
    struct header header;
    struct hash256 hash;
    struct u256 work;
};

static void epochs_read(struct epochs *ret)
{
    char path[PATH_SIZE];
    struct err err = {0};
    const char *found = test_data_path(path, "headers/epoch-boundary-headers.csv");
    test_ok(csv_read_file(&ret->csv, found, FILE_MAX, &err), &err);
    assert_int_equal(ret->csv.row_count, 827);
    ret->height = csv_column(&ret->csv, "height");
    ret->hash = csv_column(&ret->csv, "hash");
    ret->header = csv_column(&ret->csv, "header_hex");
    ret->work = csv_column(&ret->csv, "chainwork_hex_be");
    assert_true(ret->height >= 0 && ret->hash >= 0 && ret->header >= 0 && ret->work >= 0);
}

/* One row, with hash and proof of work checked. */
static void epochs_row(struct epoch_header *ret, const struct epochs *epochs, size_t row)
{
    char *const *fields = epochs->csv.rows[row];
    uint64_t height;
    uint8_t raw[HEADER_SIZE];
    uint8_t back[HEADER_SIZE];
    char text[HEX256_SIZE];
    const char *height_text = fields[epochs->height];
    assert_true(number_parse(&height, height_text, strlen(height_text), UINT32_MAX));
    ret->height = (uint32_t)height;
    assert_int_equal(height, row / 2 * 2016 + (row % 2 ? 2015 : 0));
    assert_true(hex_decode(raw, HEADER_SIZE, fields[epochs->header], 2 * HEADER_SIZE));
    header_parse(&ret->header, raw);
    header_write(back, &ret->header);
    assert_memory_equal(back, raw, HEADER_SIZE);
    header_hash(&ret->hash, raw);
    hash256_display(text, &ret->hash);
    assert_string_equal(text, fields[epochs->hash]);
    assert_true(header_pow_ok(chain_params_get(CHAIN_MAIN), &ret->hash, ret->header.bits));
    assert_true(u256_from_hex(&ret->work, fields[epochs->work]));
}

static void add_work(struct u256 *sum, uint32_t bits, unsigned times)
{
    struct u256 work = work_of_bits(bits);
    while (times-- > 0)
        u256_add(sum, &work);
}

static void every_retarget_and_work_of_mainnet(void **state)
{
    (void)state;
    struct epochs epochs;
    struct u256 work = {{0}};
    struct epoch_header first;
    struct epoch_header last;
    epochs_read(&epochs);
    for (size_t row = 0; row + 1 < epochs.csv.row_count; row += 2) {
        epochs_row(&first, &epochs, row);
        epochs_row(&last, &epochs, row + 1);
        add_work(&work, first.header.bits, 1);
        assert_int_equal(u256_compare(&work, &first.work), 0);
        add_work(&work, first.header.bits, 2015);
        assert_int_equal(u256_compare(&work, &last.work), 0);
        assert_int_equal(first.header.bits, last.header.bits);
        uint32_t next = retarget_bits(chain_params_get(CHAIN_MAIN), last.header.bits,
                                      first.header.time, last.header.time);
        epochs_row(&first, &epochs, row + 2);
        assert_int_equal(next, first.header.bits);
        assert_true(hash256_equal(&first.header.prev, &last.hash));
    }
    csv_free(&epochs.csv);
}

/* ---- checkpoints of other programs --------------------------------------------------------- */

/* The next run of digits, as they print targets; NULL at the end. */
static const char *read_decimal(struct u256 *ret, const char *text)
{
    struct u256 value = {{0}};
    if (*text < '0' || *text > '9')
        return NULL;
    for (; *text >= '0' && *text <= '9'; text++) {
        struct u256 digit = {{(uint64_t)(*text - '0')}};
        value = u256_mul_div(&value, 10, 1);
        u256_add(&value, &digit);
    }
    *ret = value;
    return text;
}

/* [hash of the last header of a period, target of the next period]. */
static void electrum_checkpoints_agree(void **state)
{
    (void)state;
    struct epochs epochs;
    struct buf file = test_data("headers/electrum-checkpoints-mainnet.json");
    const char *at = buf_cstr(&file);
    size_t count = 0;
    epochs_read(&epochs);
    while ((at = strchr(at, '"')) != NULL) {
        struct epoch_header last;
        struct epoch_header next;
        struct u256 target;
        char hash[HEX256_SIZE] = {0};
        memcpy(hash, at + 1, 64);
        at = read_decimal(&target, at + 66 + strcspn(at + 66, "0123456789"));
        assert_non_null(at);
        if (2 * count + 2 < epochs.csv.row_count) {
            char text[HEX256_SIZE];
            epochs_row(&last, &epochs, 2 * count + 1);
            epochs_row(&next, &epochs, 2 * count + 2);
            hash256_display(text, &last.hash);
            assert_string_equal(hash, text);
            assert_int_equal(target_to_bits(&target), next.header.bits);
        }
        /* Whether compared or not: a target in its short form, and a hash with zeros. */
        struct u256 back;
        assert_true(target_from_bits(&back, target_to_bits(&target)));
        assert_int_equal(u256_compare(&back, &target), 0);
        assert_memory_equal(hash, "00000000", 8);
        count++;
    }
    assert_int_equal(count, 473);
    csv_free(&epochs.csv);
    buf_free(&file);
}

struct bitcoinj_checkpoint {
    struct u256 work;
    uint32_t height;
    struct header header;
};

/* Work 12 bytes, height 4, header 80, all behind base64. */
static void read_bitcoinj(struct bitcoinj_checkpoint *ret, const char *line, size_t size)
{
    struct buf raw = buf_with_max(96);
    char text[HEX256_SIZE];
    struct hash256 hash;
    assert_true(base64_decode(&raw, line, size));
    assert_int_equal(raw.size, 96);
    memset(text, '0', 40);
    hex_encode(text + 40, bytes_of(raw.data, 12));
    assert_true(u256_from_hex(&ret->work, text));
    ret->height = load_be32(raw.data + 12);
    header_parse(&ret->header, raw.data + 16);
    header_hash(&hash, raw.data + 16);
    assert_true(header_pow_ok(chain_params_get(CHAIN_MAIN), &hash, ret->header.bits));
    buf_free(&raw);
}

static const char *next_line(const char *at)
{
    at = strchr(at, '\n');
    return at && at[1] ? at + 1 : NULL;
}

/* One a period, at its first header: the work between two is known without the headers. */
static void bitcoinj_checkpoints_agree(void **state)
{
    (void)state;
    struct epochs epochs;
    struct buf file = test_data("headers/bitcoinj-checkpoints-mainnet.txt");
    const char *line = next_line(next_line(next_line(buf_cstr(&file))));
    uint32_t bits = 0x1d00ffff;
    struct u256 work = work_of_bits(bits);
    size_t count = 0;
    epochs_read(&epochs);
    for (; line; line = next_line(line)) {
        struct bitcoinj_checkpoint checkpoint;
        struct epoch_header first;
        count++;
        read_bitcoinj(&checkpoint, line, strcspn(line, "\r\n"));
        assert_int_equal(checkpoint.height, count * 2016);
        add_work(&work, bits, 2015);
        bits = checkpoint.header.bits;
        add_work(&work, bits, 1);
        assert_int_equal(u256_compare(&work, &checkpoint.work), 0);
        if (2 * count >= epochs.csv.row_count)
            continue;
        epochs_row(&first, &epochs, 2 * count);
        assert_int_equal(u256_compare(&first.work, &checkpoint.work), 0);
        assert_memory_equal(&first.header, &checkpoint.header, sizeof first.header);
    }
    assert_int_equal(count, 436);
    csv_free(&epochs.csv);
    buf_free(&file);
}

static void nbitcoin_targets_agree(void **state)
{
    (void)state;
    struct epochs epochs;
    struct buf file = test_data("headers/nbitcoin-targethistory.csv");
    size_t count = 0;
    epochs_read(&epochs);
    for (const char *line = buf_cstr(&file); line; line = next_line(line)) {
        struct epoch_header first;
        struct u256 target;
        uint64_t height;
        size_t digits = strcspn(line, ",");
        assert_true(number_parse(&height, line, digits, 832608));
        assert_non_null(read_decimal(&target, line + digits + 1));
        epochs_row(&first, &epochs, height / 2016 * 2);
        assert_int_equal(target_to_bits(&target), first.header.bits);
        count++;
    }
    assert_int_equal(count, 2114);
    csv_free(&epochs.csv);
    buf_free(&file);
}

/* ---- proof of work ----------------------------------------------------------------------------
 */

/* The hash may equal the target, not pass it; the target may equal the limit, not pass it. */
static void proof_of_work_at_its_borders(void **state)
{
    (void)state;
    const struct chain_params *main = chain_params_get(CHAIN_MAIN);
    struct hash256 hash = {{0}};
    hash.b[26] = 0xff;
    hash.b[27] = 0xff;
    assert_true(header_pow_ok(main, &hash, 0x1d00ffff));
    assert_false(header_pow_ok(main, &hash, 0x1c7fffff));
    hash.b[0] = 1;
    assert_false(header_pow_ok(main, &hash, 0x1d00ffff));
    memset(hash.b, 0, sizeof hash.b);
    assert_true(header_pow_ok(main, &hash, 0x1d00ffff));
    assert_false(header_pow_ok(main, &hash, 0x1d010000));
    assert_false(header_pow_ok(main, &hash, 0x1d80ffff));
    assert_false(header_pow_ok(main, &hash, 0x1e00ffff));
    assert_false(header_pow_ok(main, &hash, 0xff00ffff));
    assert_false(header_pow_ok(main, &hash, 0));
    assert_true(header_pow_ok(chain_params_get(CHAIN_REGTEST), &hash, 0x207fffff));
    assert_false(header_pow_ok(chain_params_get(CHAIN_REGTEST), &hash, 0x2100ffff));
    assert_true(header_pow_ok(chain_params_get(CHAIN_SIGNET), &hash, 0x1e0377ae));
    assert_false(header_pow_ok(chain_params_get(CHAIN_SIGNET), &hash, 0x1e0377af));
}

static void fields_stand_where_they_should(void **state)
{
    (void)state;
    uint8_t raw[HEADER_SIZE];
    uint8_t back[HEADER_SIZE];
    struct header header;
    for (size_t i = 0; i < HEADER_SIZE; i++)
        raw[i] = (uint8_t)(i + 0x80);
    header_parse(&header, raw);
    assert_int_equal(header.version, (int32_t)0x83828180);
    assert_int_equal(header.prev.b[0], 0x84);
    assert_int_equal(header.merkle_root.b[31], 0xc3);
    assert_int_equal(header.time, 0xc7c6c5c4);
    assert_int_equal(header.bits, 0xcbcac9c8);
    assert_int_equal(header.nonce, 0xcfcecdcc);
    header_write(back, &header);
    assert_memory_equal(back, raw, HEADER_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_retarget_and_work_of_mainnet),
        cmocka_unit_test(electrum_checkpoints_agree),
        cmocka_unit_test(bitcoinj_checkpoints_agree),
        cmocka_unit_test(nbitcoin_targets_agree),
        cmocka_unit_test(proof_of_work_at_its_borders),
        cmocka_unit_test(fields_stand_where_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
