/* Finds the records of one rev file: magic, size, CBlockUndo, checksum. What is no record
 * does no harm here, since the checksum decides later; so a place that does not fit is
 * searched again from inside the record before it. */
#include "source/source_priv.h"

#include <stdlib.h>

enum {
    CHECKSUM_SIZE = 32,
    COUNT_VIEW = FRAME_HEAD_SIZE + 9, /* the longest CompactSize */
    VIEW_WISH = 4096,
    RECORDS_AT_FIRST = 128
};

static void undo_push(struct frame_undos *undos, struct frame_undo record)
{
    if (undos->count == undos->capacity) {
        undos->capacity = undos->capacity ? 2 * undos->capacity : RECORDS_AT_FIRST;
        undos->records = mem_realloc(undos->records, undos->capacity, sizeof *undos->records);
    }
    undos->records[undos->count++] = record;
}

/* Whether a record may begin at `at`. */
static bool undo_look(struct frame_window *window, struct frame_undo *ret_record, uint64_t at)
{
    uint64_t left = window->input->size - at;
    if (left < COUNT_VIEW) /* even the least record, of one byte, has its checksum behind */
        return false;
    const uint8_t *head = frame_view(window, at, COUNT_VIEW, VIEW_WISH);
    if (!head || memcmp(head, window->input->params->magic, 4) != 0)
        return false;
    uint32_t size = load_le32(head + 4);
    if (size == 0 || size > FRAME_UNDO_MAX || left - FRAME_HEAD_SIZE < CHECKSUM_SIZE ||
        size > left - FRAME_HEAD_SIZE - CHECKSUM_SIZE)
        return false;
    struct cursor cursor =
        cursor_of(bytes_of(head + FRAME_HEAD_SIZE, COUNT_VIEW - FRAME_HEAD_SIZE));
    uint64_t count = cursor_compact(&cursor, BLOCK_TX_MAX);
    if (cursor.bad || count > size)
        return false;
    *ret_record =
        (struct frame_undo){.offset = at + FRAME_HEAD_SIZE, .size = size, .count = (uint32_t)count};
    return true;
}

/* The next place from *at on where a record may begin. */
static bool undo_search(struct frame_window *window, uint64_t *at)
{
    uint64_t size = window->input->size;
    while (window->code == 0 && size - *at >= COUNT_VIEW) {
        struct frame_undo record;
        const uint8_t *data = frame_view(window, *at, COUNT_VIEW, FRAME_WINDOW_SIZE);
        if (!data)
            return false;
        size_t have = window->size - (size_t)(data - window->data);
        const uint8_t *hit = memmem(data, have, window->input->params->magic, 4);
        *at += hit ? (uint64_t)(hit - data) : have - 3; /* it may begin in the last three */
        if (hit && undo_look(window, &record, *at))
            return true;
        *at += hit != NULL;
    }
    return false;
}

static int compare_undos(const void *a, const void *b)
{
    const struct frame_undo *x = a;
    const struct frame_undo *y = b;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int frame_scan_undo(struct frame_undos *ret_undos, const struct frame_input *input, struct err *err)
{
    struct frame_undos undos = {0};
    struct frame_window *window = mem_alloc(sizeof *window);
    frame_window_init(window, input, err);
    uint64_t at = 0;
    uint64_t inside = 0; /* where a search begins: in the last record, once */
    bool more = true;
    while (more && window->code == 0) {
        struct frame_undo record;
        if (undo_look(window, &record, at)) {
            undo_push(&undos, record);
            inside = record.offset;
            at = record.offset + record.size + CHECKSUM_SIZE;
        } else {
            at = inside;
            more = undo_search(window, &at);
        }
    }
    int code = window->code;
    free(window);
    if (code != 0) {
        frame_undos_free(&undos);
        return code;
    }
    if (undos.count > 0)
        qsort(undos.records, undos.count, sizeof *undos.records, compare_undos);
    *ret_undos = undos;
    return 0;
}

void frame_undos_free(struct frame_undos *undos)
{
    free(undos->records);
    *undos = (struct frame_undos){0};
}
