/* Finds the block records of one file: magic, size, block. A node may leave behind zeros
 * (space taken in advance), records that are not whole, and remains of older records under
 * newer ones; the record that stands before such a place is proved whole by its merkle root,
 * and a record found behind it must prove itself too, so that bytes inside a block are never
 * taken for a record. Only headers are read otherwise. */
#include "source/source_priv.h"

#include <stdlib.h>

enum {
    VIEW_WISH = 4096, /* a page: the next header of small blocks often lies in it too */
    HEADER_VIEW = FRAME_HEAD_SIZE + HEADER_SIZE,
    RECORDS_AT_FIRST = 128,
    HASH_BATCH = 256
};

static const char RULE_NOT_WHOLE[] = "the record is not whole";
static const char RULE_SIZE[] = "the record's size is not 81 to 4,000,000";
static const char RULE_PAST_END[] = "the record ends past the end of the file";

struct frame {
    const struct frame_input *input;
    struct frame_result *result;
    struct frame_window window;
    struct buf body; /* of a record to be proved */
    struct arena arena;
    uint32_t trials;
    bool last;        /* the file may still be written to */
    bool unsettled;   /* a record before may be one that is still being written */
    uint64_t settled; /* where that one begins */
};

/* ---- one record ------------------------------------------------------------------------------ */

enum record_kind { AT_END, AT_RECORD, AT_BAD_SIZE, AT_PAST_END, AT_OTHER };

/* What stands at `at`. For AT_RECORD, and where a header can be read behind the magic, the
 * record is filled in. */
static enum record_kind look(struct frame *frame, struct frame_record *ret_record,
                             bool *ret_has_header, uint64_t at, size_t wish)
{
    *ret_has_header = false;
    if (at == frame->input->size)
        return AT_END;
    const uint8_t *head = frame_view(&frame->window, at, FRAME_HEAD_SIZE, wish);
    if (!head || memcmp(head, frame->input->params->magic, 4) != 0)
        return AT_OTHER;
    uint32_t size = load_le32(head + 4);
    *ret_record = (struct frame_record){.offset = at + FRAME_HEAD_SIZE, .size = size};
    head = frame_view(&frame->window, at, HEADER_VIEW, wish);
    if (head) {
        memcpy(ret_record->raw, head + FRAME_HEAD_SIZE, HEADER_SIZE);
        *ret_has_header = true;
    }
    if (size < FRAME_BLOCK_MIN || size > BLOCK_SIZE_MAX)
        return AT_BAD_SIZE;
    return size > frame->input->size - ret_record->offset ? AT_PAST_END : AT_RECORD;
}

static struct frame_record *record_push(struct frame *frame, const struct frame_record *record)
{
    struct frame_result *result = frame->result;
    if (result->record_count == result->record_capacity) {
        result->record_capacity =
            result->record_capacity ? 2 * result->record_capacity : RECORDS_AT_FIRST;
        result->records =
            mem_realloc(result->records, result->record_capacity, sizeof *result->records);
    }
    result->records[result->record_count] = *record;
    return &result->records[result->record_count++];
}

static bool pow_ok(const struct frame *frame, const struct frame_record *record)
{
    struct hash256 hash;
    struct header header;
    header_hash(&hash, record->raw);
    header_parse(&header, record->raw);
    return header_pow_ok(frame->input->params, &hash, header.bits);
}

/* A header whose body cannot be had still tells the heights of what follows. */
static void note_damage(struct frame *frame, struct frame_record record, const char *rule)
{
    if (!pow_ok(frame, &record))
        return;
    record.damage = rule;
    (void)record_push(frame, &record);
}

/* Whether the body is the one that the header commits to. */
static bool prove(struct frame *frame, const struct frame_record *record)
{
    struct block block;
    buf_reset(&frame->body);
    uint8_t *room = buf_extend(&frame->body, record->size);
    sanad_assert(room);
    if (!frame_read(&frame->window, room, record->size, record->offset))
        return false;
    struct err why = {0}; /* only that it fails is told */
    bool good = block_parse(&block, buf_bytes(&frame->body), &frame->arena, &why) == 0 &&
                block_check(&block, frame->input->params, NODE_NONE, &why) == 0;
    arena_reset(&frame->arena);
    return good;
}

/* ---- behind a place where no record stands ----------------------------------------------------
 */

/* Each trial may cost the hashing of a block: bounded, so that a hostile file cannot keep us. */
static bool trial(struct frame *frame)
{
    if (++frame->trials <= FRAME_TRIAL_MAX)
        return true;
    if (frame->window.code == 0)
        frame->window.code =
            err_set(frame->window.err, SANAD_REFUSED, "%s: more than %d damaged records",
                    frame->input->name, FRAME_TRIAL_MAX);
    return false;
}

/* A record that begins exactly at `at` and proves itself. One whose header has its proof of
 * work but whose body is no good is noted. */
static bool candidate(struct frame *frame, uint64_t at)
{
    struct frame_record record;
    bool has_header;
    enum record_kind kind = look(frame, &record, &has_header, at, HEADER_VIEW);
    if (!has_header || kind == AT_OTHER || kind == AT_END || !pow_ok(frame, &record) ||
        !trial(frame))
        return false;
    if (kind != AT_RECORD) {
        note_damage(frame, record, kind == AT_BAD_SIZE ? RULE_SIZE : RULE_PAST_END);
        return false;
    }
    if (prove(frame, &record)) {
        record.proved = true;
        (void)record_push(frame, &record);
        return true;
    }
    note_damage(frame, record, RULE_NOT_WHOLE);
    return false;
}

/* The next record from `at` on, pushed; false where there is none. */
static bool search(struct frame *frame, uint64_t at)
{
    uint64_t size = frame->input->size;
    while (frame->window.code == 0 && size - at >= HEADER_VIEW) {
        const uint8_t *data = frame_view(&frame->window, at, HEADER_VIEW, FRAME_WINDOW_SIZE);
        if (!data)
            return false;
        size_t have = frame->window.size - (size_t)(data - frame->window.data);
        const uint8_t *hit = memmem(data, have, frame->input->params->magic, 4);
        if (!hit) {
            at += have - 3; /* the magic may begin in the last three */
            continue;
        }
        at += (uint64_t)(hit - data);
        if (size - at >= HEADER_VIEW && candidate(frame, at))
            return true;
        at++;
    }
    return false;
}

/* Bytes from `at` up to the last that is no filler: raw zeros, or zeros that were obfuscated. */
static uint64_t measure_garbage(struct frame *frame, uint64_t at)
{
    uint64_t begin = at;
    uint64_t garbage = 0;
    uint64_t size = frame->input->size;
    while (at < size) {
        size_t wish = size - at < FRAME_WINDOW_SIZE ? (size_t)(size - at) : FRAME_WINDOW_SIZE;
        const uint8_t *data = frame_view(&frame->window, at, wish, wish);
        if (!data)
            break;
        for (size_t i = wish; i-- > 0;) {
            uint8_t key = (uint8_t)(frame->input->key >> (8 * ((at + i) % 8)));
            if (data[i] != 0 && data[i] != key) {
                garbage = at + i + 1 - begin;
                break;
            }
        }
        at += wish;
    }
    return garbage;
}

/* The file ends at `at` without another record. */
static void finish(struct frame *frame, uint64_t at)
{
    struct frame_result *result = frame->result;
    uint64_t left = frame->input->size - at;
    uint8_t head[8] = {0};
    size_t size = left < sizeof head ? (size_t)left : sizeof head;
    if (!frame_read(&frame->window, head, size, at))
        return;
    size_t magic = size < 4 ? size : 4;
    bool begun = magic > 0 && memcmp(head, frame->input->params->magic, magic) == 0;
    source_xor(head, size, frame->input->key, at);
    result->truncated = begun && frame->last;
    result->tail_head = load_le64(head);
    if (!result->truncated)
        result->tail_garbage += measure_garbage(frame, at);
    result->end = frame->unsettled ? frame->settled : at;
    result->again = frame->unsettled || result->truncated;
    if (!frame->unsettled)
        result->settled_count = result->record_count;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* The last record ended at *lost, where no record begins: it is proved, or taken back, and
 * then *lost is where it began. */
static bool settle_last(struct frame *frame, uint64_t *lost)
{
    struct frame_result *result = frame->result;
    if (result->record_count == 0)
        return true;
    struct frame_record last = result->records[result->record_count - 1];
    if (last.damage || last.proved || last.offset + last.size != *lost || !trial(frame))
        return true;
    bool whole = prove(frame, &last);
    if (whole || frame->window.code != 0) {
        result->records[result->record_count - 1].proved = whole;
        return true;
    }
    result->record_count--;
    note_damage(frame, last, RULE_NOT_WHOLE);
    *lost = last.offset - FRAME_HEAD_SIZE;
    return false;
}

/* What begins at `lost` may be a record that is still being written, and what was found
 * behind it a part of its inside: so the next look begins there again. */
static void unsettle(struct frame *frame, uint64_t lost)
{
    if (!frame->last || frame->unsettled)
        return;
    frame->unsettled = true;
    frame->settled = lost;
    frame->result->settled_count = frame->result->record_count - 1; /* the one just found */
}

/* No record begins at *at. Goes behind the next one; false where the file is done. */
static bool resync(struct frame *frame, uint64_t *at)
{
    struct frame_result *result = frame->result;
    uint64_t lost = *at;
    bool look_on = lost < frame->input->size || frame->last;
    /* The inside of a record that was no good may hold others that it lied over. */
    bool settled = !look_on || settle_last(frame, &lost);
    if (!look_on || !search(frame, settled ? lost : lost + FRAME_HEAD_SIZE)) {
        finish(frame, lost);
        return false;
    }
    const struct frame_record *found = &result->records[result->record_count - 1];
    uint64_t skipped = found->offset - FRAME_HEAD_SIZE - lost;
    *at = found->offset + found->size;
    unsettle(frame, lost);
    if (frame->unsettled)
        result->tail_garbage += skipped;
    else
        result->garbage += skipped;
    return true;
}

/* Enough for one look: the next begins with the last record again, which may need proof. */
static void stop_early(struct frame *frame)
{
    struct frame_result *result = frame->result;
    result->record_count--;
    result->end = result->records[result->record_count].offset - FRAME_HEAD_SIZE;
    result->settled_count = result->record_count;
    result->more = true;
}

static void walk(struct frame *frame, uint64_t from)
{
    uint64_t at = from;
    bool more = true;
    while (more && frame->window.code == 0) {
        struct frame_record record;
        bool has_header;
        if (look(frame, &record, &has_header, at, VIEW_WISH) == AT_RECORD) {
            if (frame->result->record_count >= FRAME_RECORD_MAX && !frame->unsettled) {
                stop_early(frame);
                return;
            }
            (void)record_push(frame, &record);
            at = record.offset + record.size;
        } else {
            more = resync(frame, &at);
        }
    }
}

/* All hashes at once, since the kernels work on several headers side by side. */
static void hash_all(struct frame_result *result)
{
    struct hash256 hashes[HASH_BATCH];
    for (size_t i = 0; i < result->record_count; i += HASH_BATCH) {
        size_t left = result->record_count - i;
        size_t count = left < HASH_BATCH ? left : HASH_BATCH;
        sha256d_80(hashes, result->records[i].raw, sizeof result->records[i], count);
        for (size_t n = 0; n < count; n++)
            result->records[i + n].hash = hashes[n];
    }
}

/* The first whole record whose header has no proof of work. */
static size_t find_bad(const struct frame_result *result, const struct chain_params *params)
{
    size_t i = 0;
    for (; i < result->record_count; i++) {
        const struct frame_record *record = &result->records[i];
        struct header header;
        header_parse(&header, record->raw);
        if (!record->damage && !header_pow_ok(params, &record->hash, header.bits))
            break;
    }
    return i;
}

int frame_scan(struct frame_result *ret_result, const struct frame_input *input, uint64_t from,
               bool last, struct err *err)
{
    sanad_assert(from <= input->size);
    struct frame_result result = {0};
    struct frame *frame = mem_alloc(sizeof *frame);
    frame->input = input;
    frame->result = &result;
    frame_window_init(&frame->window, input, err);
    frame->body = buf_with_max(BLOCK_SIZE_MAX);
    frame->arena = (struct arena){0};
    frame->trials = 0;
    frame->last = last;
    frame->unsettled = false;
    walk(frame, from);
    hash_all(&result);
    result.bad = find_bad(&result, input->params);
    int code = frame->window.code;
    buf_free(&frame->body);
    arena_free(&frame->arena);
    free(frame);
    if (code == 0)
        *ret_result = result;
    else
        frame_result_free(&result);
    return code;
}

void frame_result_free(struct frame_result *result)
{
    free(result->records);
    *result = (struct frame_result){0};
}
