/* Proves: targets, work, retargets and their bounds are the program's, for random numbers and at
 * the edges; and the bounds are a quarter and four times. */
#include "chain/chain.h"
#include "verify_test.h"

#include "verify/verify_priv.h"

static struct verify_u256 ours_of(const struct u256 *theirs)
{
    struct verify_u256 ours;
    for (size_t i = 0; i < 4; i++) {
        ours.w[2 * i] = (uint32_t)theirs->w[i];
        ours.w[2 * i + 1] = (uint32_t)(theirs->w[i] >> 32);
    }
    return ours;
}

static void is_same(const struct verify_u256 *ours, const struct u256 *theirs)
{
    struct verify_u256 wanted = ours_of(theirs);
    assert_memory_equal(ours, &wanted, sizeof wanted);
}

static struct u256 any(uint64_t *random)
{
    struct u256 a;
    for (size_t i = 0; i < 4; i++)
        a.w[i] = random_next(random);
    size_t bits = random_below(random, 257); /* of any length */
    for (size_t i = bits; i < 256; i++)
        a.w[i / 64] &= ~(UINT64_C(1) << i % 64);
    return a;
}

/* a * multiplier / divisor by halves of 64 bits, or all ones. */
static struct u256 mul_div(const struct u256 *a, uint32_t multiplier, uint32_t divisor)
{
    uint64_t product[5] = {0};
    struct u256 quotient = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    unsigned __int128 carry = 0;
    for (size_t i = 0; i < 4; i++) {
        carry += (unsigned __int128)a->w[i] * multiplier;
        product[i] = (uint64_t)carry;
        carry >>= 64;
    }
    product[4] = (uint64_t)carry;
    if (product[4] >= divisor)
        return quotient;
    unsigned __int128 rest = product[4];
    for (size_t i = 4; i > 0; i--) {
        rest = rest << 64 | product[i - 1];
        quotient.w[i - 1] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return quotient;
}

static void numbers(void **state)
{
    (void)state;
    uint64_t random = 71;
    for (size_t i = 0; i < 4000; i++) {
        struct u256 a = any(&random);
        struct u256 b = any(&random);
        struct verify_u256 x = ours_of(&a);
        struct verify_u256 y = ours_of(&b);
        uint32_t multiplier = (uint32_t)random_next(&random) >> random_below(&random, 32);
        uint32_t divisor = ((uint32_t)random_next(&random) >> random_below(&random, 32)) | 1;
        assert_int_equal(verify_u256_compare(&x, &y), u256_compare(&a, &b));
        struct u256 quotient = mul_div(&a, multiplier, divisor);
        struct verify_u256 ours = verify_u256_mul_div(&x, multiplier, divisor);
        is_same(&ours, &quotient);
        assert_int_equal(verify_target_bits(&x), target_to_bits(&a));
        verify_u256_add(&x, &y);
        u256_add(&a, &b);
        is_same(&x, &a);
    }
}

static void targets(void **state)
{
    (void)state;
    uint64_t random = 72;
    for (size_t i = 0; i < 20000; i++) {
        uint32_t bits = (uint32_t)random_next(&random);
        if (i % 2)
            bits = (bits & 0x00ffffff) | (uint32_t)random_below(&random, 36) << 24;
        struct u256 theirs;
        struct verify_u256 ours;
        bool good = target_from_bits(&theirs, bits);
        assert_int_equal(verify_target_of(&ours, bits), good);
        if (!good)
            continue;
        is_same(&ours, &theirs);
        struct u256 work = work_of_bits(bits);
        struct verify_u256 our_work = verify_work_of(&ours);
        is_same(&our_work, &work);
    }
}

enum { TWO_WEEKS_S = 1209600 };
static const uint32_t limit = 0x1d00ffff;

/* Every retarget of the main network that the epochs' first and last headers show. */
static void real_retargets(void **state)
{
    (void)state;
    struct csv csv;
    struct err err = {0};
    char path[PATH_SIZE];
    uint32_t first_time = 0, wanted = 0, before = 0;
    size_t seen = 0;
    test_ok(csv_read_file(&csv, test_data_path(path, "headers/epoch-boundary-headers.csv"), 1 << 20,
                          &err),
            &err);
    int height_at = csv_column(&csv, "height");
    int header_at = csv_column(&csv, "header_hex");
    assert_true(height_at >= 0 && header_at >= 0);
    for (size_t row = 0; row < csv.row_count; row++) {
        uint64_t height;
        const char *text = csv.rows[row][height_at];
        struct buf raw = test_hex(csv.rows[row][header_at]);
        assert_int_equal(raw.size, HEADER_SIZE);
        assert_true(number_parse(&height, text, strlen(text), 1 << 30));
        uint32_t time = load_le32(raw.data + 68);
        uint32_t bits = load_le32(raw.data + 72);
        if (height % 2016 == 0) {
            if (wanted) {
                assert_int_equal(bits, wanted);
                assert_true(verify_retarget_in_bounds(before, bits, limit));
                seen++;
            }
            first_time = time;
        } else {
            before = bits;
            wanted = verify_retarget(bits, (int64_t)time - first_time, TWO_WEEKS_S, limit);
        }
        buf_free(&raw);
    }
    assert_true(seen > 400);
    csv_free(&csv);
}

static void spans_are_clamped(void **state)
{
    (void)state;
    const uint32_t quarter = verify_retarget(0x1b040000, TWO_WEEKS_S / 4, TWO_WEEKS_S, limit);
    const uint32_t four = verify_retarget(0x1b040000, TWO_WEEKS_S * INT64_C(4), TWO_WEEKS_S, limit);
    assert_int_equal(quarter, 0x1b010000);
    assert_int_equal(four, 0x1b100000);
    for (int64_t span = -TWO_WEEKS_S; span < TWO_WEEKS_S / 4; span += 40000)
        assert_int_equal(verify_retarget(0x1b040000, span, TWO_WEEKS_S, limit), quarter);
    for (int64_t span = TWO_WEEKS_S * INT64_C(4); span < UINT32_MAX; span += 99999999)
        assert_int_equal(verify_retarget(0x1b040000, span, TWO_WEEKS_S, limit), four);
    assert_int_equal(verify_retarget(0x1b040000, TWO_WEEKS_S, TWO_WEEKS_S, limit), 0x1b040000);
    assert_int_equal(verify_retarget(0x1c7fffff, TWO_WEEKS_S * INT64_C(4), TWO_WEEKS_S, limit),
                     limit);
}

static void bounds(void **state)
{
    (void)state;
    static const struct {
        uint32_t from, to;
        bool in;
    } rows[] = {
        {0x1b040000, 0x1b040000, true},  {0x1b040000, 0x1b100000, true},
        {0x1b040000, 0x1b100001, false}, {0x1b040000, 0x1b010000, true},
        {0x1b040000, 0x1b00ffff, false}, {0x1d00ffff, 0x1d00ffff, true},
        {0x1c7fffff, 0x1d00ffff, true},  {0x1d00ffff, 0x1c3fffc0, true},
        {0x1d00ffff, 0x1c3fffbf, false}, {0x1c7fffff, 0x1d010000, false},
    };
    for (size_t i = 0; i < countof(rows); i++)
        assert_int_equal(verify_retarget_in_bounds(rows[i].from, rows[i].to, limit), rows[i].in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers), cmocka_unit_test(targets), cmocka_unit_test(real_retargets),
        cmocka_unit_test(spans_are_clamped), cmocka_unit_test(bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
