/* Liabilities, series and meanings from the register: every record that was ever declared, with
 * both its times, so that any day of knowledge can be asked of one table in memory. */
#include "limits/limits_priv.h"

#include <stdlib.h>

/* ---- one record ------------------------------------------------------------------------------ */

static int damaged(const struct record *record, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "register: record %lld: what it says was changed",
                   (long long)record->number);
}

static struct two_times times_of(const struct record *record)
{
    bool approved = record->state == RECORD_APPROVED;
    return (struct two_times){.known = record->known,
                              .decided = approved ? record->decided : INT64_MAX,
                              .rejected = record->state == RECORD_REJECTED ? record->decided : 0,
                              .decision = record->decision,
                              .number = record->number};
}

/* The next part of a key, copied and unescaped: '/' and '%' inside are %2F and %25. */
static const char *key_part(const char **at, struct arena *arena)
{
    size_t size = strcspn(*at, "/");
    char *part = arena_alloc(arena, size + 1, 1);
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        bool escaped = (*at)[i] == '%' && i + 2 < size;
        if (escaped) {
            part[count++] = (*at)[i + 1] == '2' && (*at)[i + 2] == 'F' ? '/' : '%';
            i += 2;
        } else {
            part[count++] = (*at)[i];
        }
    }
    *at += size + ((*at)[size] == '/');
    return part;
}

static int body_read(json_t **ret_body, const struct record *record, struct err *err)
{
    int code =
        json_read(ret_body, record->kind, bytes_of_text(record->body), REGISTER_BODY_MAX, err);
    return code ? err_wrap(err, "register: record %lld", (long long)record->number) : 0;
}

static const char *source_text(struct arena *arena, int64_t number)
{
    char text[64];
    (void)snprintf(text, sizeof text, "register entry %lld", (long long)number);
    return arena_strdup(arena, text);
}

static int history(struct record **ret_records, size_t *ret_count, struct registry *registry,
                   const char *kind, const char *nation, struct arena *arena, struct err *err)
{
    struct register_query query = {.kind = kind, .nation = nation, .known = INT64_MAX};
    return register_history(registry, ret_records, ret_count, &query, arena, err);
}

static struct limits_record record_start(const struct record *record, struct arena *arena)
{
    struct two_times times = times_of(record);
    return (struct limits_record){.known = times.known,
                                  .decided = times.decided,
                                  .rejected = times.rejected,
                                  .decision = times.decision,
                                  .number = times.number,
                                  .withdrawn = record->body == NULL,
                                  .value = amount_unknown(),
                                  .document = record->document,
                                  .source = source_text(arena, record->number)};
}

/* ---- liabilities ----------------------------------------------------------------------------- */

/* What only the body says: a withdrawal has none. */
static int liability_body(struct limits_record *line, const struct record *record,
                          struct arena *arena, struct err *err)
{
    json_t *body;
    int code = body_read(&body, record, err);
    if (code)
        return code;
    const char *sector = json_string_value(json_object_get(body, "holder_sector"));
    const json_t *sat = json_object_get(body, "amount_sat");
    struct amount value = amount_of(json_integer_value(sat));
    if (!sector || !json_is_integer(sat) || !amount_is_money(value)) {
        code = damaged(record, err);
    } else {
        line->holder_sector = arena_strdup(arena, sector);
        line->value = value;
    }
    json_decref(body);
    return code;
}

static int liability_from(struct limits_record *ret_line, const struct record *record,
                          struct arena *arena, struct err *err)
{
    struct limits_record line = record_start(record, arena);
    const char *key = record->key;
    if (time_parse(&line.time, key_part(&key, arena), NULL) != 0)
        return damaged(record, err);
    line.entity = key_part(&key, arena);
    line.holder = key_part(&key, arena);
    line.holder_sector = "";
    int code = record->body ? liability_body(&line, record, arena, err) : 0;
    if (code == 0)
        *ret_line = line;
    return code;
}

int liabilities_from_register(struct limits_records *ret, struct registry *registry,
                              const char *nation, struct err *err)
{
    struct limits_records found = {0};
    struct arena scratch = {0};
    struct record *records;
    size_t count;
    int code = history(&records, &count, registry, "liability", nation, &scratch, err);
    if (code == 0)
        found.list = arena_alloc(&found.arena, count + 1, sizeof *found.list);
    for (size_t i = 0; code == 0 && i < count; i++) {
        code = liability_from(&found.list[i], &records[i], &found.arena, err);
        found.count += code == 0;
    }
    arena_free(&scratch);
    if (code) {
        limits_records_free(&found);
        return code;
    }
    if (found.count > 1)
        qsort(found.list, found.count, sizeof *found.list, record_compare);
    *ret = found;
    return 0;
}

/* ---- series ---------------------------------------------------------------------------------- */

/* A record of a series, with its own unit until all are held against each other. */
struct series_line {
    struct limits_record record; /* first: record_compare sorts by it */
    struct limits_unit unit;
};

static int series_body(struct series_line *line, const struct record *record, struct err *err)
{
    json_t *body;
    int code = body_read(&body, record, err);
    if (code)
        return code;
    const char *unit = json_string_value(json_object_get(body, "unit"));
    const json_t *value = json_object_get(body, "value");
    line->record.value = amount_of(json_integer_value(value));
    bool has_unit =
        unit && limits_unit_find(&line->unit, unit) && strcmp(line->unit.name, "none") != 0;
    bool sound = unit && json_is_integer(value) && amount_is_known(line->record.value) &&
                 (!has_unit || series_value_fits(line->record.value, &line->unit));
    if (!sound)
        code = damaged(record, err);
    else if (!has_unit)
        line->unit = (struct limits_unit){0}; /* no figure, and refused where it still stands */
    json_decref(body);
    return code;
}

/* False where it is of another series. */
static int series_from(struct series_line *ret_line, bool *ret_is, const struct record *record,
                       struct limits_records *found, struct err *err)
{
    struct arena scratch = {0};
    const char *key = record->key;
    struct series_line line = {.record.entity = found->name};
    *ret_is = strcmp(key_part(&key, &scratch), found->name) == 0;
    int code = 0;
    if (*ret_is) {
        line.record = record_start(record, &found->arena);
        line.record.entity = found->name;
        if (time_parse(&line.record.time, key_part(&key, &scratch), NULL) != 0)
            code = damaged(record, err);
        if (code == 0 && record->body)
            code = series_body(&line, record, err);
    }
    arena_free(&scratch);
    if (code == 0)
        *ret_line = line;
    return code;
}

/* The unit is that of what stands as known now. What stood earlier in another one was a mistake
 * that has been put right; on days when it stood the series has no value. */
static int series_unit(struct limits_records *found, const struct series_line *lines,
                       struct err *err)
{
    const struct limits_record **standing =
        arena_alloc(&found->arena, found->count + 1, sizeof(const struct limits_record *));
    size_t count = records_standing(standing, found, INT64_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct limits_unit *unit = &lines[standing[i] - found->list].unit;
        if (!*unit->name)
            return err_set(err, SANAD_REFUSED,
                           "series %.64s: %s: its unit is not BTC, a currency, percent or count",
                           found->name, standing[i]->source);
        if (i == 0)
            found->unit = *unit;
        else if (!limits_unit_equal(unit, &found->unit))
            return err_set(err, SANAD_REFUSED, "series %.64s: %s is in %s, %s in %s", found->name,
                           standing[0]->source, found->unit.name, standing[i]->source, unit->name);
    }
    for (size_t i = 0; i < found->count; i++)
        if (!*lines[i].unit.name || !limits_unit_equal(&lines[i].unit, &found->unit))
            found->list[i].value = amount_unknown();
    return 0;
}

static int series_settle(struct limits_records *found, struct series_line *lines, struct err *err)
{
    if (found->count > 1)
        qsort(lines, found->count, sizeof *lines, record_compare);
    found->list = arena_alloc(&found->arena, found->count + 1, sizeof *found->list);
    for (size_t i = 0; i < found->count; i++)
        found->list[i] = lines[i].record;
    return series_unit(found, lines, err);
}

int series_from_register(struct limits_records *ret, struct registry *registry, const char *nation,
                         const char *name, struct err *err)
{
    struct limits_records found = {0};
    struct arena scratch = {0};
    struct series_line *lines = NULL;
    struct record *records;
    size_t count;
    found.name = arena_strdup(&found.arena, name);
    int code = history(&records, &count, registry, "series", nation, &scratch, err);
    if (code == 0)
        lines = arena_alloc(&scratch, count + 1, sizeof *lines);
    for (size_t i = 0; code == 0 && i < count; i++) {
        bool is = false;
        code = series_from(&lines[found.count], &is, &records[i], &found, err);
        found.count += code == 0 && is;
    }
    if (code == 0)
        code = series_settle(&found, lines, err);
    arena_free(&scratch);
    if (code)
        limits_records_free(&found);
    else
        *ret = found;
    return code;
}

/* ---- meanings -------------------------------------------------------------------------------- */

static bool meaning_named(enum flow_meaning *ret_meaning, const char *text)
{
    for (size_t i = 0; text && i < FLOW_MEANING_COUNT; i++)
        if (strcmp(flow_meaning_name((enum flow_meaning)i), text) == 0) {
            *ret_meaning = (enum flow_meaning)i;
            return true;
        }
    return false;
}

static int meaning_body(struct limits_meaning *meaning, const struct record *record,
                        struct arena *arena, struct err *err)
{
    json_t *body;
    int code = body_read(&body, record, err);
    if (code)
        return code;
    const char *note = json_string_value(json_object_get(body, "note"));
    if (!meaning_named(&meaning->meaning, json_string_value(json_object_get(body, "meaning"))))
        code = damaged(record, err);
    else
        meaning->note = note ? arena_strdup(arena, note) : NULL;
    json_decref(body);
    return code;
}

static int meaning_from(struct limits_meaning *ret_meaning, const struct record *record,
                        struct arena *arena, struct err *err)
{
    struct two_times times = times_of(record);
    struct limits_meaning meaning = {.meaning = FLOW_OTHER,
                                     .known = times.known,
                                     .decided = times.decided,
                                     .rejected = times.rejected,
                                     .decision = times.decision,
                                     .number = times.number,
                                     .withdrawn = record->body == NULL,
                                     .document = record->document};
    const char *key = record->key;
    if (!hash256_from_display(&meaning.txid, key_part(&key, arena)))
        return damaged(record, err);
    const char *wallet = key_part(&key, arena);
    meaning.wallet = *wallet ? wallet : NULL;
    meaning.document_name =
        record->document_name ? arena_strdup(arena, record->document_name) : NULL;
    int code = record->body ? meaning_body(&meaning, record, arena, err) : 0;
    if (code == 0)
        *ret_meaning = meaning;
    return code;
}

static int meaning_compare(const void *a, const void *b)
{
    const struct limits_meaning *x = a;
    const struct limits_meaning *y = b;
    int order = hash256_compare(&x->txid, &y->txid);
    if (order == 0)
        order = strcmp(x->wallet ? x->wallet : "", y->wallet ? y->wallet : "");
    if (order)
        return order;
    return x->number < y->number ? -1 : x->number > y->number;
}

int limits_meanings_read(struct limits_meanings *ret, struct registry *registry, const char *nation,
                         struct err *err)
{
    struct limits_meanings found = {0};
    struct arena scratch = {0};
    struct record *records;
    size_t count;
    int code = history(&records, &count, registry, "declaration", nation, &scratch, err);
    if (code == 0)
        found.list = arena_alloc(&found.arena, count + 1, sizeof *found.list);
    for (size_t i = 0; code == 0 && i < count; i++) {
        code = meaning_from(&found.list[i], &records[i], &found.arena, err);
        found.count += code == 0;
    }
    arena_free(&scratch);
    if (code) {
        limits_meanings_free(&found);
        return code;
    }
    if (found.count > 1)
        qsort(found.list, found.count, sizeof *found.list, meaning_compare);
    *ret = found;
    return 0;
}

void limits_meanings_free(struct limits_meanings *meanings)
{
    arena_free(&meanings->arena);
    *meanings = (struct limits_meanings){0};
}

static struct two_times meaning_times(const struct limits_meaning *meaning)
{
    return (struct two_times){.known = meaning->known,
                              .decided = meaning->decided,
                              .rejected = meaning->rejected,
                              .decision = meaning->decision,
                              .number = meaning->number};
}

static bool same_wallet(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct meaning_range range_from(const struct limits_meanings *meanings, size_t first,
                                       const struct hash256 *txid)
{
    size_t end = first;
    while (end < meanings->count && hash256_equal(&meanings->list[end].txid, txid))
        end++;
    return (struct meaning_range){.list = meanings->list + first, .count = end - first};
}

struct meaning_index meaning_index_make(const struct limits_meanings *meanings, struct arena *arena)
{
    static const struct limits_meanings none;
    struct meaning_index index = {.meanings = meanings ? meanings : &none};
    uint64_t *leads = arena_alloc(arena, index.meanings->count + 1, sizeof *leads);
    for (size_t i = 0; i < index.meanings->count; i++)
        leads[i] = load_be64(index.meanings->list[i].txid.b);
    index.leads = leads;
    return index;
}

struct meaning_range meaning_index_find(const struct meaning_index *index,
                                        const struct hash256 *txid)
{
    uint64_t lead = load_be64(txid->b);
    size_t low = 0;
    size_t high = index->meanings->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->leads[middle] < lead)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < index->meanings->count && index->leads[low] == lead &&
           hash256_compare(&index->meanings->list[low].txid, txid) < 0)
        low++;
    if (low == index->meanings->count || index->leads[low] != lead)
        return (struct meaning_range){0};
    return range_from(index->meanings, low, txid);
}

bool meaning_in(enum flow_meaning *ret, struct meaning_range range, const char *wallet,
                int64_t known)
{
    const struct limits_meaning *best = NULL;
    struct two_times times;
    for (size_t i = 0; i < range.count; i++) {
        const struct limits_meaning *meaning = &range.list[i];
        struct two_times next = meaning_times(meaning);
        if (!same_wallet(meaning->wallet, wallet) ||
            !two_times_stands(&next, best ? &times : NULL, known))
            continue;
        best = meaning;
        times = next;
    }
    if (!best || best->withdrawn)
        return false;
    *ret = best->meaning;
    return true;
}
