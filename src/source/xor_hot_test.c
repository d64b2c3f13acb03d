/* Proves that each kernel gives byte i the key's byte (offset + i) mod 8, for every offset
 * and for sizes around every step, and leaves its neighbours alone. */
#include "source/source_priv.h"

#include "support.h"

enum { SIZE_MAX_TRIED = 300, ROOM = 512 };

static const uint8_t KEY[8] = {0x01, 0xff, 0x80, 0x7c, 0x00, 0x5a, 0xc3, 0x99};

static void fill(uint8_t data[ROOM])
{
    for (size_t i = 0; i < ROOM; i++)
        data[i] = (uint8_t)(i * 37 + 11);
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
        for (uint64_t offset = 0; offset < 17; offset++) {
            uint8_t data[ROOM];
            uint8_t expected[ROOM];
            fill(data);
            fill(expected);
            for (size_t i = 0; i < size; i++)
                expected[3 + i] ^= KEY[(offset + i) % 8];
            source_xor(data + 3, size, load_le64(KEY), offset);
            assert_memory_equal(data, expected, ROOM);
        }
    }
}

static void check_kernel(void (*kernel)(uint8_t *data, size_t size, uint64_t turned_key))
{
    for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
        uint8_t data[ROOM];
        uint8_t expected[ROOM];
        fill(data);
        fill(expected);
        for (size_t i = 0; i < size; i++)
            expected[5 + i] ^= KEY[i % 8];
        kernel(data + 5, size, load_le64(KEY));
        assert_memory_equal(data, expected, ROOM);
    }
}

static void test_kernels(void **state)
{
    (void)state;
    check_kernel(source_xor_portable);
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        check_kernel(source_xor_avx2);
#endif
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
