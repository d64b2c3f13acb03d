/* Bytes, UTF-8, strict base64 and numbers; and the sentences that verdicts come with. */
#include "verify/verify_priv.h"

#include <stdarg.h>

enum { NUMBER_DIGITS_MAX = 20, MEMORY_ALIGNMENT = 16 };

_Static_assert(sizeof(size_t) >= 4, "notes of a megabyte are counted in it");

/* ---- one call --------------------------------------------------------------------------- */

struct verify_run verify_run_begin(const struct sanad_verifier *verifier,
                                   struct sanad_result *result)
{
    uintptr_t odd = (uintptr_t)verifier->memory % MEMORY_ALIGNMENT;
    size_t skip = odd ? MEMORY_ALIGNMENT - (size_t)odd : 0;
    struct verify_run run = {.verifier = verifier, .result = result};
    sanad_assert(verifier->ed25519 && verifier->memory);
    if (skip < verifier->memory_size) {
        run.memory = (uint8_t *)verifier->memory + skip;
        run.memory_left = verifier->memory_size - skip;
    }
    return run;
}

void *verify_take(struct verify_run *run, size_t count, size_t size)
{
    sanad_assert(size > 0 && count <= SIZE_MAX / 2 / size);
    size_t wanted = count * size;
    wanted += (MEMORY_ALIGNMENT - wanted % MEMORY_ALIGNMENT) % MEMORY_ALIGNMENT;
    if (wanted > run->memory_left) {
        (void)verify_refuse(run->result, "memory: the caller lent too little");
        return NULL;
    }
    void *memory = run->memory;
    run->memory += wanted;
    run->memory_left -= wanted;
    memset(memory, 0, wanted);
    return memory;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

bool verify_equal(struct sanad_bytes a, struct sanad_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool verify_is(struct sanad_bytes bytes, const char *text)
{
    return verify_equal(bytes, verify_bytes_of(text));
}

const uint8_t *verify_find(struct sanad_bytes bytes, uint8_t byte)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] == byte)
            return bytes.data + i;
    return NULL;
}

bool verify_line_take(struct sanad_bytes *ret_line, struct sanad_bytes *text)
{
    const uint8_t *end = verify_find(*text, '\n');
    if (!end)
        return false;
    *ret_line = verify_bytes(text->data, (size_t)(end - text->data));
    *text = verify_bytes(end + 1, text->size - ret_line->size - 1);
    return true;
}

bool verify_word_take(struct sanad_bytes *text, const char *word)
{
    size_t size = strlen(word);
    if (text->size < size || (size > 0 && memcmp(text->data, word, size) != 0))
        return false;
    *text = verify_bytes(text->data + size, text->size - size);
    return true;
}

bool verify_number(uint64_t *ret_number, struct sanad_bytes digits, uint64_t max)
{
    uint64_t number = 0;
    if (digits.size == 0 || digits.size > NUMBER_DIGITS_MAX ||
        (digits.data[0] == '0' && digits.size > 1))
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        uint64_t digit = (uint64_t)digits.data[i] - '0';
        if (digit > 9 || number > UINT64_MAX / 10 || number * 10 > UINT64_MAX - digit)
            return false;
        number = number * 10 + digit;
    }
    if (number > max)
        return false;
    *ret_number = number;
    return true;
}

/* ---- UTF-8 ------------------------------------------------------------------------------------
 */

size_t verify_utf8(uint32_t *ret_point, struct sanad_bytes text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (text.size == 0)
        return 0;
    uint8_t first = text.data[0];
    size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (size == 0 || size > text.size || first > 0xf4)
        return 0;
    uint32_t point = size == 1 ? first : first & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text.data[i] & 0x3fu);
    }
    if (point < least[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return size;
}

bool verify_is_unclean(uint32_t point)
{
    bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    bool bidi = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
    bool noncharacter = (point & 0xfffe) == 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
    return control || bidi || noncharacter || point == 0xfeff;
}

/* ---- base64 and hexadecimal
 * ----------------------------------------------------------------------- */

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four digits, of which `pad` are padding; false where they are not canonical. */
static bool base64_group(uint32_t *ret_group, const uint8_t *text, size_t pad)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i >= 4 - pad ? 0 : base64_digit(text[i]);
        if (digit < 0)
            return false;
        group = group << 6 | (uint32_t)digit;
    }
    *ret_group = group;
    return !(pad == 1 && (group & 0xff)) && !(pad == 2 && (group & 0xffff));
}

bool verify_base64(uint8_t *ret_data, size_t *ret_size, size_t room, struct sanad_bytes text)
{
    size_t size = 0;
    if (text.size % 4 != 0)
        return false;
    for (size_t at = 0; at < text.size; at += 4) {
        uint32_t group;
        const uint8_t *digits = text.data + at;
        bool is_last = at + 4 == text.size;
        size_t pad = is_last && digits[3] == '=' ? (digits[2] == '=' ? 2 : 1) : 0;
        if (!base64_group(&group, digits, pad))
            return false;
        for (size_t i = 0; i < 3 - pad; i++, size++)
            if (size < room)
                ret_data[size] = (uint8_t)(group >> (16 - 8 * i));
    }
    *ret_size = size;
    return true;
}

bool verify_hash_line(uint8_t ret_hash[32], struct sanad_bytes line)
{
    uint8_t hash[33]; /* 44 digits may stand for 33 bytes */
    size_t size;
    if (line.size != 44 || !verify_base64(hash, &size, sizeof hash, line) || size != 32)
        return false;
    memcpy(ret_hash, hash, 32);
    return true;
}

/* 16: none. */
static unsigned hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - (unsigned)'0';
    if (c >= 'a' && c <= 'f')
        return c - (unsigned)'a' + 10;
    return c >= 'A' && c <= 'F' ? c - (unsigned)'A' + 10 : 16;
}

bool verify_hex(uint8_t *ret_data, size_t size, struct sanad_bytes text)
{
    if (size > SIZE_MAX / 2 || text.size != 2 * size)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (hex_digit(text.data[i]) > 15)
            return false;
    for (size_t i = 0; i < size; i++)
        ret_data[i] = (uint8_t)(hex_digit(text.data[2 * i]) << 4 | hex_digit(text.data[2 * i + 1]));
    return true;
}

void verify_hash_show(char ret_text[65], const uint8_t hash[32])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        ret_text[2 * i] = digits[hash[31 - i] >> 4];
        ret_text[2 * i + 1] = digits[hash[31 - i] & 15];
    }
    ret_text[64] = 0;
}

/* ---- sentences
 * --------------------------------------------------------------------------------------- */

/* The text while it grows: cut where it is full. */
struct sentence {
    char *text;
    size_t size;
};

static void sentence_add(struct sentence *sentence, struct sanad_bytes bytes)
{
    for (size_t i = 0; i < bytes.size && sentence->size < SANAD_TEXT_SIZE - 1; i++)
        sentence->text[sentence->size++] = (char)bytes.data[i];
}

static void sentence_number(struct sentence *sentence, uint64_t number)
{
    uint8_t digits[NUMBER_DIGITS_MAX];
    size_t at = sizeof digits;
    do
        digits[--at] = (uint8_t)('0' + number % 10);
    while (number /= 10);
    sentence_add(sentence, verify_bytes(digits + at, sizeof digits - at));
}

/* What is unclean or no UTF-8 (also what was cut) becomes '?', so that a hostile name cannot steer
 * the reader's terminal. */
static void sentence_end(struct sentence *sentence)
{
    uint8_t *text = (uint8_t *)sentence->text;
    for (size_t at = 0; at < sentence->size;) {
        uint32_t point;
        size_t size = verify_utf8(&point, verify_bytes(text + at, sentence->size - at));
        if (size == 0 || verify_is_unclean(point)) {
            size = size ? size : 1;
            memset(text + at, '?', size);
        }
        at += size;
    }
    text[sentence->size] = 0;
}

/* clang-analyzer 14 forgets at the first call of another function that the list was begun. */
/* NOLINTBEGIN(clang-analyzer-valist.Uninitialized) */
static void sentence_format(struct sentence *sentence, const char *format, va_list args)
{
    for (const char *p = format; *p; p++) {
        if (*p != '%') {
            sentence_add(sentence, verify_bytes(p, 1));
            continue;
        }
        p++;
        sanad_assert(*p == 's' || *p == 'b' || *p == 'u');
        if (*p == 's')
            sentence_add(sentence, verify_bytes_of(va_arg(args, const char *)));
        else if (*p == 'b')
            sentence_add(sentence, *va_arg(args, const struct sanad_bytes *));
        else
            sentence_number(sentence, va_arg(args, uint64_t));
    }
}
/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

enum sanad_verdict verify_say(struct sanad_result *result, enum sanad_verdict verdict,
                              const char *format, ...)
{
    /* cppcheck-suppress ctuuninitvar ; where the text begins, not what is in it */
    struct sentence sentence = {.text = result->text};
    va_list args;
    va_start(args, format);
    sentence_format(&sentence, format, args);
    va_end(args);
    sentence_end(&sentence);
    result->verdict = verdict;
    return verdict;
}
