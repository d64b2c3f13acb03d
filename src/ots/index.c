/* The list of numbers under which timestamps lie, so that a reader of static files knows what to
 * ask for. */
#include "ots/ots_priv.h"

#define NUMBER_MAX ((uint64_t)INT64_MAX)

/* The next line without its newline; false where there is none that ends. */
static bool line_take(const char **ret_line, size_t *ret_size, struct bytes *left)
{
    const uint8_t *end = left->size ? memchr(left->data, '\n', left->size) : NULL;
    if (!end)
        return false;
    *ret_line = (const char *)left->data;
    *ret_size = (size_t)(end - left->data);
    *left = bytes_of(end + 1, left->size - *ret_size - 1);
    return true;
}

static size_t lines_count(struct bytes raw)
{
    size_t count = 0;
    for (size_t i = 0; i < raw.size; i++)
        count += raw.data[i] == '\n';
    return count;
}

int ots_index_parse(struct ots_index *ret_index, const char *object, struct bytes raw,
                    struct arena *arena, struct err *err)
{
    struct ots_index index = {.count = 0};
    size_t count = lines_count(raw);
    uint64_t before = 0;
    if (count > OTS_INDEX_MAX)
        return err_set(err, SANAD_REFUSED, "%s: over %d lines", object, OTS_INDEX_MAX);
    index.numbers = arena_alloc(arena, count + 1, sizeof *index.numbers);
    while (raw.size > 0) {
        const char *line = NULL;
        size_t size = 0;
        uint64_t number = 0;
        if (!line_take(&line, &size, &raw) || !number_parse(&number, line, size, NUMBER_MAX) ||
            number <= before)
            return err_set(err, SANAD_REFUSED, "%s: line %zu: no number above the one before",
                           object, index.count + 1);
        index.numbers[index.count++] = before = number;
    }
    *ret_index = index;
    return 0;
}

void ots_index_write(struct buf *buf, const struct ots_index *index)
{
    for (size_t i = 0; i < index->count; i++) {
        sanad_assert(index->numbers[i] > (i ? index->numbers[i - 1] : 0));
        buf_format(buf, "%llu\n", (unsigned long long)index->numbers[i]);
    }
}
