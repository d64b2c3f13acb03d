/* Proves that the fingerprint is SipHash-2-4-128, that the watch set finds every watched
 * script and nothing else, also among scripts made to look like them, for sets of every size
 * of bitmap, and that unspendable scripts are left out. */
#include "scan/scan_priv.h"

#include "support.h"

#include <stdlib.h>

/* SipHash-2-4 with 16 bytes of result, key 00..0f, messages 00 01 02 …: as the reference
 * code (and OpenSSL's SIPHASH with size:16) gives them. */
static void test_siphash(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *mac;
    } known[] = {
        {0, "a3817f04ba25a8e66df67214c7550293"},
        {1, "da87c1d86b99af44347659119b22fc45"},
        {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
    };
    uint8_t bytes[16];
    for (uint8_t i = 0; i < 16; i++)
        bytes[i] = i;
    uint64_t key[2] = {load_le64(bytes), load_le64(bytes + 8)};
    for (size_t i = 0; i < countof(known); i++) {
        struct fingerprint got = fingerprint_of(key, bytes, known[i].size);
        char text[33];
        hex_encode(text, bytes_of(&got, sizeof got));
        assert_string_equal(text, known[i].mac);
    }
}

/* Scripts of all sizes that matter, numbered: the number stands where the match looks, or
 * only behind it. */
static size_t script_make(uint8_t data[128], uint32_t number, bool far)
{
    static const size_t sizes[] = {25, 22, 23, 34, 35, 67, 11, 12, 24, 26, 90};
    size_t size = sizes[number % countof(sizes)];
    memset(data, 0x51, size);
    if (far && size >= 22)
        memcpy(data + size - 5, &number, sizeof number);
    else
        memcpy(data + 5, &number, sizeof number);
    return size;
}

static void check_set(size_t count, bool far)
{
    struct watch_script *scripts = mem_zalloc(count, sizeof *scripts);
    uint8_t(*room)[128] = mem_zalloc(count, sizeof *room);
    for (uint32_t i = 0; i < count; i++)
        scripts[i] = (struct watch_script){
            .script = bytes_of(room[i], script_make(room[i], i, far)), .id = 1000 + i};
    struct watch *watch = watch_new(scripts, count);
    for (uint32_t i = 0; i < count; i++) {
        struct bytes script = scripts[i].script;
        assert_int_equal(watch_find(watch, script), i);
        /* One bit away, one byte longer, one byte shorter: no match. */
        uint8_t other[129];
        memcpy(other, script.data, script.size);
        other[script.size] = 0x51;
        assert_int_equal(watch_find(watch, bytes_of(other, script.size + 1)), WATCH_EMPTY);
        assert_int_equal(watch_find(watch, bytes_of(other, script.size - 1)), WATCH_EMPTY);
        other[i % script.size] ^= 0x80;
        assert_int_equal(watch_find(watch, bytes_of(other, script.size)), WATCH_EMPTY);
    }
    assert_int_equal(watch->count, count);
    watch_free(watch);
    free(room);
    free(scripts);
}

static void test_finds_all_and_only(void **state)
{
    (void)state;
    check_set(1, false);
    check_set(1000, false);
    check_set(1000, true);
    check_set(20000, false);
}

static void test_short_scripts(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x51, 0x02, 0x4e, 0x73, 0, 0, 0, 0, 0, 0, 0};
    struct watch_script scripts[countof(bytes)];
    for (size_t i = 0; i < countof(bytes); i++) /* every prefix, the empty one too */
        scripts[i] = (struct watch_script){.script = bytes_of(bytes, i), .id = (int64_t)i + 1};
    struct watch *watch = watch_new(scripts, countof(scripts));
    for (size_t i = 0; i < countof(bytes); i++)
        assert_int_equal(watch_find(watch, scripts[i].script), i);
    assert_int_equal(watch_find(watch, bytes_of(bytes, sizeof bytes)), WATCH_EMPTY);
    watch_free(watch);
}

static void test_unspendable_and_repeated(void **state)
{
    (void)state;
    static uint8_t large[SCRIPT_SIZE_MAX + 1];
    static const uint8_t op_return[] = {0x6a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t plain[] = {0x51, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const struct watch_script scripts[] = {
        {.script = bytes_of(op_return, sizeof op_return), .id = 1},
        {.script = bytes_of(large, sizeof large), .id = 2},
        {.script = bytes_of(plain, sizeof plain), .id = 3},
        {.script = bytes_of(plain, sizeof plain), .id = 4},
    };
    struct watch *watch = watch_new(scripts, countof(scripts));
    assert_int_equal(watch->count, 1);
    assert_int_equal(watch_find(watch, scripts[0].script), WATCH_EMPTY);
    assert_int_equal(watch_find(watch, scripts[1].script), WATCH_EMPTY);
    assert_int_equal(watch_find(watch, scripts[2].script), 2);
    watch_free(watch);
    watch_free(NULL);
    watch = watch_new(NULL, 0);
    assert_int_equal(watch_find(watch, scripts[2].script), WATCH_EMPTY);
    watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_siphash),
        cmocka_unit_test(test_finds_all_and_only),
        cmocka_unit_test(test_short_scripts),
        cmocka_unit_test(test_unspendable_and_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
