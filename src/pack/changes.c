/* What is different from the last pack: wallets, balances, criteria. */
#include "pack/pack_priv.h"

#include <stdlib.h>

static const char *kept(struct pack *pack, const char *text)
{
    return arena_strdup(&pack->arena, text);
}

static const char *amount_kept(struct pack *pack, struct amount a, unsigned decimals)
{
    char text[AMOUNT_TEXT_SIZE] = "";
    if (amount_is_known(a))
        amount_format(text, a, decimals);
    return kept(pack, text);
}

static void change_add(struct pack *pack, const struct pack_change *change)
{
    if (pack->change_count == pack->change_capacity) {
        pack->change_capacity = pack->change_capacity ? pack->change_capacity * 2 : 64;
        pack->changes = mem_realloc(pack->changes, pack->change_capacity, sizeof *pack->changes);
    }
    pack->changes[pack->change_count++] = *change;
}

/* A figure that is another; unknown on a side: it was not there. */
static void figure_add(struct pack *pack, struct pack_change change, unsigned decimals,
                       struct amount before, struct amount now)
{
    if (amount_equal(before, now) || (!amount_is_known(before) && !amount_is_known(now)))
        return;
    change.before = amount_kept(pack, before, decimals);
    change.now = amount_kept(pack, now, decimals);
    change.change = amount_kept(pack, amount_sub(now, before), decimals);
    change_add(pack, &change);
}

static void word_add(struct pack *pack, const char *subject, const char *id, const char *member,
                     const char *before, const char *now)
{
    if (strcmp(before, now) == 0)
        return;
    struct pack_change change = {.subject = subject,
                                 .id = kept(pack, id),
                                 .member = member,
                                 .unit = "",
                                 .before = kept(pack, before),
                                 .now = kept(pack, now),
                                 .change = ""};
    change_add(pack, &change);
}

/* ---- balances ------------------------------------------------------------------------------ */

/* Columns of the last balances.csv. */
struct columns {
    int kind, wallet, balance;
};

/* A text as csv_write_foreign wrote it, without the apostrophe that disarms it. */
static const char *undisarmed(const char *text)
{
    return text[0] == '\'' && text[1] && strchr("=+-@", text[1]) ? text + 1 : text;
}

static struct amount row_balance(const struct pack *pack, const struct columns *columns, size_t row)
{
    struct amount a;
    const char *text = pack->in.previous->balances.rows[row][columns->balance];
    return amount_parse(&a, text, 8, NULL) == 0 ? a : amount_unknown();
}

/* Wallets by id, those of the last pack (rows) or of this one (places in the position). */
struct wallet_at {
    const char *id;
    size_t at;
};
struct wallet_index {
    struct wallet_at *list;
    size_t count;
};

static int wallet_compare(const void *a, const void *b)
{
    const struct wallet_at *x = a;
    const struct wallet_at *y = b;
    return strcmp(x->id, y->id);
}

static size_t wallet_find(const struct wallet_index *index, const char *id)
{
    struct wallet_at wanted = {.id = id};
    const struct wallet_at *found =
        index->count ? bsearch(&wanted, index->list, index->count, sizeof wanted, wallet_compare)
                     : NULL;
    return found ? found->at : SIZE_MAX;
}

static void index_sort(struct wallet_index *index)
{
    if (index->count > 0)
        qsort(index->list, index->count, sizeof *index->list, wallet_compare);
}

static struct wallet_index index_before(struct pack *pack, const struct columns *columns)
{
    const struct csv *csv = &pack->in.previous->balances;
    struct wallet_index index = {arena_alloc(&pack->arena, csv->row_count + 1, sizeof *index.list),
                                 0};
    for (size_t row = 0; row < csv->row_count; row++)
        if (strcmp(csv->rows[row][columns->kind], "wallet") == 0)
            index.list[index.count++] =
                (struct wallet_at){undisarmed(csv->rows[row][columns->wallet]), row};
    index_sort(&index);
    return index;
}

static struct wallet_index index_now(struct pack *pack)
{
    const struct position *position = &pack->position;
    struct wallet_index index = {
        arena_alloc(&pack->arena, position->wallet_count + 1, sizeof *index.list), 0};
    for (size_t i = 0; i < position->wallet_count; i++) {
        const struct wallet *wallet = &position->book->wallets[position->wallets[i].wallet];
        if (wallet->visibility == VISIBILITY_PUBLIC)
            index.list[index.count++] = (struct wallet_at){wallet->id, i};
    }
    index_sort(&index);
    return index;
}

static void wallet_changed(struct pack *pack, const char *id, bool was, bool is,
                           struct amount before, struct amount now)
{
    struct pack_change change = {.subject = "wallet", .member = "balance", .unit = "BTC"};
    change.id = kept(pack, id);
    word_add(pack, "wallet", id, "counts", was ? "yes" : "no", is ? "yes" : "no");
    figure_add(pack, change, 8, before, now);
}

/* In the order of the book, then those that are no longer there in that of the last pack. */
static void wallets_compare(struct pack *pack, const struct columns *columns)
{
    const struct csv *csv = &pack->in.previous->balances;
    const struct position *position = &pack->position;
    struct wallet_index before = index_before(pack, columns);
    struct wallet_index now = index_now(pack);
    for (size_t i = 0; i < position->wallet_count; i++) {
        const struct wallet *wallet = &position->book->wallets[position->wallets[i].wallet];
        if (wallet->visibility != VISIBILITY_PUBLIC)
            continue;
        size_t row = wallet_find(&before, wallet->id);
        bool was = row != SIZE_MAX;
        wallet_changed(pack, wallet->id, was, true,
                       was ? row_balance(pack, columns, row) : amount_zero(),
                       position->wallets[i].balance);
    }
    for (size_t row = 0; row < csv->row_count; row++) {
        const char *id = undisarmed(csv->rows[row][columns->wallet]);
        if (strcmp(csv->rows[row][columns->kind], "wallet") == 0 &&
            wallet_find(&now, id) == SIZE_MAX)
            wallet_changed(pack, id, true, false, row_balance(pack, columns, row), amount_zero());
    }
}

static void total_compare(struct pack *pack, const struct columns *columns, const char *kind,
                          struct amount now)
{
    const struct csv *csv = &pack->in.previous->balances;
    for (size_t row = 0; row < csv->row_count; row++)
        if (strcmp(csv->rows[row][columns->kind], kind) == 0)
            figure_add(pack, (struct pack_change){kind, "", "balance", "BTC", "", "", ""}, 8,
                       row_balance(pack, columns, row), now);
}

static int balances_compare(struct pack *pack, struct err *err)
{
    const struct csv *csv = &pack->in.previous->balances;
    struct columns columns = {csv_column(csv, "kind"), csv_column(csv, "wallet"),
                              csv_column(csv, "balance_btc")};
    if (columns.kind < 0 || columns.wallet < 0 || columns.balance < 0)
        return err_set(err, SANAD_REFUSED,
                       "last pack: balances.csv: lacks one of kind, wallet, balance_btc");
    total_compare(pack, &columns, "total", pack->position.total);
    total_compare(pack, &columns, "restricted", pack->position.restricted_part);
    wallets_compare(pack, &columns);
    return 0;
}

/* ---- criteria ------------------------------------------------------------------------------ */

static struct amount member(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return json_is_integer(value) ? amount_of(json_integer_value(value)) : amount_unknown();
}

static const char *word(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

/* Whether an entry of the last pack was of the version then in force, not of an earlier one. */
static bool was_in_force(const json_t *entry)
{
    return !json_object_get(entry, "version");
}

static const json_t *criterion_find(const struct pack *pack, const char *id)
{
    size_t i;
    json_t *entry;
    json_array_foreach (pack->in.previous->criteria, i, entry)
        if (was_in_force(entry) && strcmp(word(entry, "id"), id) == 0)
            return entry;
    return NULL;
}

static void criterion_compare(struct pack *pack, const struct criterion_result *result,
                              const json_t *before)
{
    const struct limits_unit *unit = &result->criterion->unit;
    struct pack_change change = {.subject = "criterion", .id = result->criterion->id};
    char day[11];
    word_add(pack, "criterion", change.id, "in the programme", before ? "yes" : "no", "yes");
    word_add(pack, "criterion", change.id, "verdict", word(before, "verdict"),
             limits_verdict_name(result->verdict));
    date_format(day, result->day);
    word_add(pack, "criterion", change.id, "date", word(before, "date"), day);
    if (!result->criterion->has_quantity)
        return;
    change.unit = unit->name;
    change.member = "value";
    figure_add(pack, change, unit->decimals, member(before, "value"), result->value);
    change.member = "limit";
    figure_add(pack, change, unit->decimals, member(before, "limit"), result->limit);
}

static void criteria_compare(struct pack *pack)
{
    const struct limits_result *result = pack->in.result;
    const json_t *list = pack->in.previous->criteria;
    size_t i;
    json_t *entry;
    word_add(pack, "programme", "", "version", word(pack->in.previous->report->json, "version"),
             result->version->id);
    if (!list)
        return; /* they are not at hand */
    for (size_t c = 0; c < result->criterion_count; c++)
        criterion_compare(pack, &result->criteria[c],
                          criterion_find(pack, result->criteria[c].criterion->id));
    json_array_foreach (list, i, entry) {
        bool found = !was_in_force(entry);
        for (size_t c = 0; c < result->criterion_count; c++)
            found = found || strcmp(result->criteria[c].criterion->id, word(entry, "id")) == 0;
        if (!found)
            word_add(pack, "criterion", word(entry, "id"), "in the programme", "yes", "no");
    }
}

static void book_compare(struct pack *pack)
{
    char hash[HEX256_SIZE];
    hash256_straight(hash, &pack->position.book->sha256);
    word_add(pack, "book", "", "sha256", word(pack->in.previous->report->json, "book_sha256"),
             hash);
}

int pack_changes_make(struct pack *pack, struct err *err)
{
    if (!pack->in.previous)
        return 0;
    int code = pack->in.previous->has_balances ? balances_compare(pack, err) : 0;
    if (code == 0) {
        book_compare(pack);
        criteria_compare(pack);
    }
    return code;
}
