/* base: what every module stands on. Errors, bytes from outside and the cursor that
 * reads them, growable buffers with a ceiling, arenas, money, hexadecimal, time, JSON,
 * CSV, files, progress and the log line. No I/O but in the sections that say so. */
#ifndef SANAD_BASE_H
#define SANAD_BASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- errors ---------------------------------------------------------------------- */

/* One list of what can go wrong in the world: name, value, exit code of the program
 * (the contract of doc/formats/cli.md). Our own mistakes are asserted instead. */
#define SANAD_ERRORS(X)                                                                            \
    X(REFUSED, -1, 4)     /* refused input */                                                      \
    X(IO, -2, 4)          /* input or output failed */                                             \
    X(ENVIRONMENT, -3, 4) /* the environment does not allow it */                                  \
    X(MISSING, -4, 3)     /* evidence is missing */                                                \
    X(FALSE, -5, 1)       /* it does not hold */                                                   \
    X(USAGE, -6, 2)

enum sanad_error {
#define X(name, value, exit_code) SANAD_##name = (value),
    SANAD_ERRORS(X)
#undef X
};

enum { ERR_TEXT_SIZE = 512 };

/* What broke: the code and one sentence, "<object>: <rule broken>". */
struct err {
    int code; /* 0 or one of enum sanad_error */
    char text[ERR_TEXT_SIZE];
};

/* Sets code and sentence, returns the code, so that `return err_set(...)` reads well.
 * What text_is_clean refuses is replaced by '?', so that a hostile name cannot steer the
 * reader's terminal. `err` may be NULL. */
int err_set(struct err *err, enum sanad_error code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "object: " before the sentence that is already there; returns its code (REFUSED where
 * err is NULL: such a caller only asks whether). */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Tells compilers and analysers, which see one file at a time, what both promise: a code
 * below 0. Without it each caller seems to go on with outputs that were not set. */
static inline int err_is_set(int code)
{
#ifdef __clang__
    __builtin_assume(code < 0); /* in one step: its analyser follows it at any depth */
#else
    if (code >= 0)
        __builtin_unreachable();
#endif
    return code;
}
#define err_set(...) err_is_set((err_set)(__VA_ARGS__))
#define err_wrap(...) err_is_set((err_wrap)(__VA_ARGS__))
/* The exit code of the program for a code; 0 for 0. */
int err_exit_code(int code);

/* Asserts in release too: our own mistake, never the world's. */
#define sanad_assert(condition)                                                                    \
    ((condition) ? (void)0 : sanad_assert_fail(#condition, __FILE__, __LINE__))
_Noreturn void sanad_assert_fail(const char *condition, const char *file, int line);

/* Memory: ends the program with one line where none is left; never returns NULL. */
void *mem_alloc(size_t size);                /* not zeroed */
void *mem_zalloc(size_t count, size_t size); /* zeroed, product checked */
void *mem_realloc(void *old, size_t count, size_t size);
char *mem_strdup(const char *text);

#define countof(array) (sizeof(array) / sizeof((array)[0]))

/* ---- bytes and the cursor ---------------------------------------------------------- */

struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}
static inline struct bytes bytes_of_text(const char *text)
{
    return bytes_of(text, strlen(text));
}
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline uint16_t load_le16(const uint8_t *p)
{
    uint16_t value;
    memcpy(&value, p, sizeof value);
    return value; /* all supported machines are little-endian: asserted in base.c */
}
static inline uint32_t load_le32(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}
static inline uint64_t load_le64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}
static inline uint32_t load_be32(const uint8_t *p)
{
    return __builtin_bswap32(load_le32(p));
}
static inline uint64_t load_be64(const uint8_t *p)
{
    return __builtin_bswap64(load_le64(p));
}

/* Reads outside bytes. Sticky: the first read past the end (or over a maximum) sets
 * `bad`; every later read gives zeros and empty bytes; callers check once at the end. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline struct cursor cursor_of(struct bytes bytes)
{
    /* No bytes may have no address, and nothing may be added to none. */
    const uint8_t *end = bytes.size ? bytes.data + bytes.size : bytes.data;
    return (struct cursor){.at = bytes.data, .end = end, .bad = false};
}
static inline size_t cursor_left(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}
static inline bool cursor_done(const struct cursor *cursor) /* all read, nothing bad */
{
    return !cursor->bad && cursor->at == cursor->end;
}
/* `size` bytes, or an empty view and bad. The view lives as long as the bytes. */
struct bytes cursor_take(struct cursor *cursor, uint64_t size);
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_le16(struct cursor *cursor);
uint32_t cursor_le32(struct cursor *cursor);
uint64_t cursor_le64(struct cursor *cursor);
uint32_t cursor_be32(struct cursor *cursor);
/* Bitcoin's CompactSize; bad where it is not the shortest form (consensus refuses it) or
 * is over `max`. */
uint64_t cursor_compact(struct cursor *cursor, uint64_t max);
/* CompactSize length, then so many bytes. */
struct bytes cursor_compact_bytes(struct cursor *cursor, uint64_t size_max);

/* ---- growable buffer --------------------------------------------------------------- */

/* Sticky as the cursor: what would pass `max` sets `bad` and is not added. */
struct buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t max;
    bool bad;
};

static inline struct buf buf_with_max(size_t max)
{
    return (struct buf){.max = max};
}
void buf_free(struct buf *buf);
void buf_reset(struct buf *buf); /* empty, memory kept */
/* Room for `size` more bytes, returned uninitialised and already counted; NULL if bad. */
uint8_t *buf_extend(struct buf *buf, size_t size);
void buf_add(struct buf *buf, struct bytes bytes);
void buf_text(struct buf *buf, const char *text);
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_u8(struct buf *buf, uint8_t value);
void buf_le16(struct buf *buf, uint16_t value);
void buf_le32(struct buf *buf, uint32_t value);
void buf_le64(struct buf *buf, uint64_t value);
void buf_be32(struct buf *buf, uint32_t value);
void buf_compact(struct buf *buf, uint64_t value); /* CompactSize, shortest form */
static inline struct bytes buf_bytes(const struct buf *buf)
{
    return bytes_of(buf->data, buf->size);
}
/* The content as a C string: a NUL behind it that is not counted. Valid until the next add. */
const char *buf_cstr(struct buf *buf);

/* ---- arena ------------------------------------------------------------------------- */

/* Memory that is given back whole. */
struct arena {
    struct arena_chunk *chunks;
};
void *arena_alloc(struct arena *arena, size_t count, size_t size); /* zeroed, aligned 16 */
char *arena_strdup(struct arena *arena, const char *text);
struct bytes arena_bytes(struct arena *arena, struct bytes bytes); /* a copy */
void arena_reset(struct arena *arena);                             /* keeps one chunk */
void arena_free(struct arena *arena);

/* ---- hashes and hexadecimal -------------------------------------------------------- */

/* 32 bytes in internal order (as hashed). */
struct hash256 {
    uint8_t b[32];
};
static inline bool hash256_equal(const struct hash256 *a, const struct hash256 *b)
{
    return memcmp(a->b, b->b, 32) == 0;
}
static inline int hash256_compare(const struct hash256 *a, const struct hash256 *b)
{
    return memcmp(a->b, b->b, 32);
}
bool hash256_is_zero(const struct hash256 *hash);

enum { HEX256_SIZE = 65 };

/* `ret_text` holds 2*size+1. Lower case. */
void hex_encode(char *ret_text, struct bytes bytes);
/* Straight order, upper or lower case; false unless exactly 2*size digits. */
bool hex_decode(uint8_t *ret_data, size_t size, const char *text, size_t text_size);
/* Block hashes and txids are shown byte-reversed ("usual display order"). */
void hash256_display(char ret_text[HEX256_SIZE], const struct hash256 *hash);
bool hash256_from_display(struct hash256 *ret_hash, const char *text);
/* SHA-256 of documents, books, scripts are shown straight. */
void hash256_straight(char ret_text[HEX256_SIZE], const struct hash256 *hash);
bool hash256_from_straight(struct hash256 *ret_hash, const char *text);

/* RFC 4648 section 4, padded, strict: no white space, canonical trailing bits. Where the
 * text is refused nothing is added. */
void base64_encode(struct buf *buf, struct bytes bytes);
bool base64_decode(struct buf *buf, const char *text, size_t text_size);

/* ---- money ------------------------------------------------------------------------- */

/* Satoshi or minor units of a currency. Summed only in amount.c: a test greps for the
 * field. Unknown is sticky: anything added to unknown is unknown, and an overflow is
 * unknown too, so that a total is never silently wrong. */
struct amount {
    int64_t raw_minor_units;
};

enum { SAT_PER_BTC = 100000000 };
#define AMOUNT_MONEY_MAX_SAT INT64_C(2100000000000000) /* 21 million BTC, consensus */

struct amount amount_of(int64_t minor_units);
struct amount amount_zero(void);
struct amount amount_unknown(void);
bool amount_is_known(struct amount a);
int64_t amount_minor(struct amount a); /* asserts that it is known */
struct amount amount_add(struct amount a, struct amount b);
struct amount amount_sub(struct amount a, struct amount b);
struct amount amount_neg(struct amount a);
/* -1, 0, 1; both must be known. */
int amount_compare(struct amount a, struct amount b);
bool amount_equal(struct amount a, struct amount b); /* two unknowns are not equal */
bool amount_is_money(struct amount a);               /* 0 .. 21 million BTC in satoshi */
struct amount amount_min(struct amount a, struct amount b);
struct amount amount_max(struct amount a, struct amount b);
/* a * numerator / denominator in 128 bits, half to even; unknown on overflow. */
struct amount amount_mul_div(struct amount a, int64_t numerator, int64_t denominator);
/* "1234.56780000" with `decimals` digits behind the point; "unknown" where unknown. */
enum { AMOUNT_TEXT_SIZE = 32 };
void amount_format(char ret_text[AMOUNT_TEXT_SIZE], struct amount a, unsigned decimals);
/* As above with thousands separators: "6,238.00000000". For tables. */
void amount_format_grouped(char ret_text[AMOUNT_TEXT_SIZE], struct amount a, unsigned decimals);
/* Decimal text to minor units, exact: refuses more decimals than `decimals`, signs other
 * than a leading '-', exponents, spaces. */
int amount_parse(struct amount *ret, const char *text, unsigned decimals, struct err *err);
json_t *amount_json(struct amount a); /* integer, or null where unknown */

/* ---- time -------------------------------------------------------------------------- */

enum { TIME_TEXT_SIZE = 21 };
/* The first and the last second that have a text: years 0000 and 9999. A time from
 * outside is compared with both before it is formatted. */
#define TIME_MIN INT64_C(-62167219200)
#define TIME_MAX INT64_C(253402300799)
/* "2025-07-16T00:00:00Z". Seconds since 1970; asserts that they have a text. */
void time_format(char ret_text[TIME_TEXT_SIZE], int64_t time);
/* RFC 3339 with seconds, "Z" or a numeric offset; no fractions. */
int time_parse(int64_t *ret_time, const char *text, struct err *err);
/* "2025-07-16" to midnight UTC. */
int date_parse(int64_t *ret_time, const char *text, struct err *err);
void date_format(char ret_text[11], int64_t time); /* the UTC day of a time */
int64_t time_now(void); /* wall clock; only for progress, journals and fresh records */
/* The monotonic clock, from some point on: for waiting and for telling how long a thing took. */
int64_t clock_ns(void);
int64_t clock_ms(void);

/* ---- numbers ----------------------------------------------------------------------- */

/* Decimal digits only, no sign, no leading zeros but "0", at most `max`. */
bool number_parse(uint64_t *ret_value, const char *text, size_t text_size, uint64_t max);

/* ---- JSON -------------------------------------------------------------------------- */

enum { JSON_DEPTH_MAX = 64 };
/* Whole input is one document, duplicate keys refused, at most `size_max` bytes.
 * The result is the caller's (json_decref). `object` names the input in errors. */
int json_read(json_t **ret_json, const char *object, struct bytes text, size_t size_max,
              struct err *err);
int json_read_file(json_t **ret_json, const char *path, size_t size_max, struct err *err);
/* RFC 8785 form, added to buf. Refuses reals and integers beyond 2^53-1: REFUSED. */
int json_canonical(struct buf *buf, const json_t *json, struct err *err);
/* Members of an object, with type and bounds checked: REFUSED names `object` and key.
 * The strings are borrowed from the object. */
int json_get_string(const char **ret, const char *object, const json_t *json, const char *key,
                    struct err *err);
int json_get_integer(int64_t *ret, const char *object, const json_t *json, const char *key,
                     int64_t min, int64_t max, struct err *err);
/* New strings: a hash in display order, a hash straight, a time as RFC 3339. */
json_t *json_hash_display(const struct hash256 *hash);
json_t *json_hash_straight(const struct hash256 *hash);
json_t *json_time(int64_t time);
/* Refuses members that are not in the NULL-ended list. */
int json_only_keys(const char *object, const json_t *json, const char *const *keys,
                   struct err *err);
/* Valid UTF-8, NFC not checked; C0, C1, BOM, noncharacters, bidi overrides and isolates
 * refused (formats-log: text that stands in signed bytes). */
bool text_is_clean(const char *text);

/* ---- CSV --------------------------------------------------------------------------- */

/* RFC 4180, comma, first line is the header, LF or CRLF, a byte order mark is skipped.
 * Refused: what is no UTF-8, NUL bytes, a column named twice, rows of another length. */
struct csv {
    char **columns;
    size_t column_count;
    char ***rows; /* rows[r][c] */
    size_t row_count;
    size_t *lines; /* the line of the file where row r begins, from 1 */
    struct arena arena;
};
enum { CSV_COLUMN_MAX = 64, CSV_FIELD_MAX = 65536 };
int csv_read(struct csv *ret_csv, const char *object, struct bytes text, struct err *err);
int csv_read_file(struct csv *ret_csv, const char *path, size_t size_max, struct err *err);
void csv_free(struct csv *csv);
/* Index of a column, or -1. */
int csv_column(const struct csv *csv, const char *name);
/* One field, quoted where needed; no separator. */
void csv_write_field(struct buf *buf, const char *text);
/* A text from outside: characters that are not clean become '?', and an apostrophe stands before
 * what a spreadsheet would take for a formula (a first '=', '+', '-', '@', tab or line end). */
void csv_write_foreign(struct buf *buf, const char *text);

/* ---- files (I/O) ------------------------------------------------------------------- */

enum { PATH_SIZE = 4096 };
/* The whole file, into a fresh buf that the caller frees; over `size_max`: REFUSED. */
int file_read(struct buf *ret_buf, const char *path, size_t size_max, struct err *err);
/* Written beside, synced, renamed: the old content or the new, never half. */
int file_write(const char *path, struct bytes content, struct err *err);
/* As above, readable by the owner alone. */
int file_write_private(const char *path, struct bytes content, struct err *err);
int path_join(char ret_path[PATH_SIZE], const char *folder, const char *name, struct err *err);
int folder_make(const char *path, struct err *err); /* with parents; exists: fine */
bool file_exists(const char *path);

/* ---- threads --------------------------------------------------------------------------- */

enum { THREAD_MAX = 256 };
/* `asked` (0: as many as the machine has), at most one an item and THREAD_MAX. */
unsigned threads_choose(unsigned asked, size_t items);
/* Runs main(context) in so many threads, of which the caller is one, and waits for all. */
void threads_do(unsigned count, void *(*main)(void *), void *context);

/* ---- progress and log line (stderr) --------------------------------------------------- */

/* A bar on a terminal, nothing elsewhere. Thread-safe counters; draws at most 10/s. */
struct progress;
struct progress *progress_new(const char *what, uint64_t total_bytes, uint64_t total_items,
                              const char *item_name);
void progress_add(struct progress *progress, uint64_t bytes, uint64_t items);
void progress_free(struct progress *progress); /* clears the line; NULL is fine */

/* One logfmt line on stderr: log_line("scan", "height", "840000", NULL). Values are
 * quoted where needed; pairs of strings, ended by NULL. */
void log_line(const char *event, ...) __attribute__((sentinel));

#endif
