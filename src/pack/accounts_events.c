/* From flows, wallets that begin or cease to count, and declared liabilities to the events of
 * the two tables of accounts. */
#include "pack/pack_priv.h"

#include <stdlib.h>

/* The events of one side while they are gathered; in the order of the chain. */
struct gathering {
    struct pack *pack;
    struct account_event *list;
    size_t count, capacity;
};

static void event_add(struct gathering *gathering, int64_t time, enum account_flow flow,
                      struct amount delta)
{
    if (amount_equal(delta, amount_zero()))
        return;
    sanad_assert(gathering->count < ACCOUNT_EVENT_MAX);
    if (gathering->count == gathering->capacity) {
        gathering->capacity = gathering->capacity ? gathering->capacity * 2 : 256;
        gathering->list =
            mem_realloc(gathering->list, gathering->capacity, sizeof *gathering->list);
    }
    gathering->list[gathering->count++] =
        (struct account_event){.time = time, .flow = flow, .delta = delta};
}

/* ---- what a flow meant --------------------------------------------------------------------- */

/* The declarations of a transaction: they are sorted by txid. */
static const struct register_declaration *meanings_of(size_t *ret_count, const struct pack *pack,
                                                      const struct hash256 *txid)
{
    size_t low = 0;
    size_t high = pack->in.meaning_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hash256_compare(&pack->in.meanings[middle].txid, txid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < pack->in.meaning_count && hash256_equal(&pack->in.meanings[end].txid, txid))
        end++;
    *ret_count = end - low;
    return low < end ? &pack->in.meanings[low] : NULL;
}

/* For a wallet: its own declaration, else that of the whole transaction. */
static const struct register_declaration *meaning_of(const struct register_declaration *list,
                                                     size_t count, const char *wallet)
{
    const struct register_declaration *whole = NULL;
    for (size_t i = 0; i < count; i++) {
        if (list[i].wallet && strcmp(list[i].wallet, wallet) == 0)
            return &list[i];
        if (!list[i].wallet)
            whole = &list[i];
    }
    return whole;
}

const char *pack_flow_meaning(const struct pack *pack, const struct flow *flow)
{
    size_t count;
    const struct register_declaration *list = meanings_of(&count, pack, &flow->txid);
    const char *found = NULL;
    for (size_t i = 0; i < flow->wallet_count && count > 0; i++) {
        const char *id = pack->position.book->wallets[flow->wallets[i].wallet].id;
        const struct register_declaration *one = meaning_of(list, count, id);
        const char *name = one ? flow_meaning_name(one->meaning) : NULL;
        if (!name || (found && strcmp(found, name) != 0))
            return NULL;
        found = name;
    }
    return found;
}

/* The meanings of the register stand first and in the same order. */
static enum account_flow flow_of_meaning(enum flow_meaning meaning)
{
    enum account_flow flow = (enum account_flow)meaning;
    sanad_assert(strcmp(account_flow_name(flow), flow_meaning_name(meaning)) == 0);
    return flow;
}

static enum account_flow flow_of(const struct register_declaration *declared, struct amount delta)
{
    if (declared)
        return flow_of_meaning(declared->meaning);
    bool in = !amount_is_known(delta) || amount_compare(delta, amount_zero()) > 0;
    return in ? ACCOUNT_UNCLASSIFIED_IN : ACCOUNT_UNCLASSIFIED_OUT;
}

/* The fee of a payment is its own event, and is given back to the wallet that paid most. */
static size_t fee_payer(const struct flow *flow)
{
    size_t most = 0;
    for (size_t i = 1; i < flow->wallet_count; i++)
        if (amount_is_known(flow->wallets[i].in) && amount_is_known(flow->wallets[most].in) &&
            amount_compare(flow->wallets[i].in, flow->wallets[most].in) > 0)
            most = i;
    return most;
}

/* Wallets that share one meaning are one event: a sweep on the way out is no second flow. */
static void payment_add(struct gathering *gathering, const struct flow *flow, struct amount fee)
{
    size_t count;
    const struct register_declaration *list = meanings_of(&count, gathering->pack, &flow->txid);
    const struct book *book = gathering->pack->position.book;
    size_t payer = fee_payer(flow);
    struct amount rest = amount_zero();
    struct amount by_meaning[FLOW_MEANING_COUNT];
    const struct register_declaration *declared[FLOW_MEANING_COUNT] = {NULL};
    for (size_t i = 0; i < FLOW_MEANING_COUNT; i++)
        by_meaning[i] = amount_zero();
    for (size_t i = 0; i < flow->wallet_count; i++) {
        const struct flow_wallet *wallet = &flow->wallets[i];
        const struct register_declaration *one =
            meaning_of(list, count, book->wallets[wallet->wallet].id);
        struct amount delta = amount_sub(wallet->out, wallet->in);
        struct amount *sum = one ? &by_meaning[one->meaning] : &rest;
        if (i == payer)
            delta = amount_add(delta, fee);
        *sum = amount_add(*sum, delta);
        if (one)
            declared[one->meaning] = one;
    }
    event_add(gathering, flow->time, ACCOUNT_FEES, amount_neg(fee));
    for (size_t i = 0; i < FLOW_MEANING_COUNT; i++)
        event_add(gathering, flow->time, flow_of(declared[i], by_meaning[i]), by_meaning[i]);
    event_add(gathering, flow->time, flow_of(NULL, rest), rest);
}

static void flow_add(struct gathering *gathering, const struct flow *flow)
{
    event_add(gathering, flow->time, ACCOUNT_ENTERED, flow->older_in);
    if (flow->class_ == FLOW_CLASS_MINED)
        event_add(gathering, flow->time, ACCOUNT_MINED, flow->net);
    else if (flow->class_ == FLOW_CLASS_INTERNAL)
        event_add(gathering, flow->time, ACCOUNT_FEES, flow->net);
    else
        payment_add(gathering, flow,
                    flow->class_ == FLOW_CLASS_EXTERNAL_OUT && amount_is_known(flow->fee)
                        ? flow->fee
                        : amount_zero());
}

static int member_add(struct gathering *gathering, const struct wallet_change *change,
                      struct err *err)
{
    struct fact_block block;
    int code =
        facts_block_at(&block, ledger_facts(gathering->pack->in.ledger), change->height, err);
    if (code)
        return code;
    bool in = amount_compare(change->value, amount_zero()) > 0;
    event_add(gathering, block.time, in ? ACCOUNT_ENTERED : ACCOUNT_LEFT, change->value);
    return 0;
}

/* Flows and wallets' beginnings and ends, merged in the order of the chain. */
static int assets_gather(struct gathering *gathering, struct err *err)
{
    const struct pack *pack = gathering->pack;
    size_t count;
    size_t at = 0;
    const struct wallet_change *changes = ledger_changes(pack->in.ledger, &count);
    int code = 0;
    while (at < count && changes[at].height < pack->in.from)
        at++;
    for (size_t i = 0; i <= pack->flows.count && code == 0; i++) {
        uint32_t height =
            i < pack->flows.count ? pack->flows.list[i].height : pack->position.as_of.height + 1;
        for (; at < count && changes[at].height < height && code == 0; at++)
            if (changes[at].membership)
                code = member_add(gathering, &changes[at], err);
        if (code == 0 && i < pack->flows.count)
            flow_add(gathering, &pack->flows.list[i]);
    }
    return code;
}

/* ---- liabilities --------------------------------------------------------------------------- */

/* Of two lines for one key and time: the one approved last, else the one entered last. */
static bool stands_before(const struct limits_record *a, const struct limits_record *b,
                          int64_t known)
{
    bool a_decided = a->decided <= known;
    bool b_decided = b->decided <= known;
    if (a_decided != b_decided)
        return a_decided;
    if (a_decided && a->decided != b->decided)
        return a->decided > b->decided;
    return a->number > b->number;
}

static bool same_key(const struct limits_record *a, const struct limits_record *b)
{
    return strcmp(a->entity, b->entity) == 0 && strcmp(a->holder, b->holder) == 0;
}

/* The perimeter of the programme's first term on liabilities; NULL where it has none. */
static const struct perimeter *debtors(const struct pack *pack)
{
    const struct programme *programme = pack->in.result->programme;
    for (size_t i = 0; i < programme->term_count; i++)
        if (programme->terms[i].kind == TERM_LIABILITIES &&
            programme->terms[i].perimeter < programme->perimeter_count)
            return &programme->perimeters[programme->terms[i].perimeter];
    return NULL;
}

static const struct entity *entity_find(const struct book *book, const char *id)
{
    for (size_t i = 0; i < book->entity_count; i++)
        if (strcmp(book->entities[i].id, id) == 0)
            return &book->entities[i];
    return NULL;
}

/* Owed by an entity inside to a holder outside: claims between those inside are no liability of
 * the whole. Where the programme says nothing the whole book is inside. */
static bool is_outside(const struct pack *pack, const struct limits_record *record)
{
    const struct book *book = pack->position.book;
    const struct perimeter *perimeter = debtors(pack);
    const struct entity *debtor = entity_find(book, record->entity);
    if (!debtor || (perimeter && !perimeter_has_entity(perimeter, debtor)))
        return false;
    return perimeter ? !perimeter_has_holder(perimeter, book, record->holder, record->holder_sector)
                     : !entity_find(book, record->holder);
}

/* One debtor and holder: what it was before the period into `opening`, then the changes. */
static void key_gather(struct gathering *gathering, struct amount *opening,
                       const struct limits_record *list, size_t count)
{
    const struct pack *pack = gathering->pack;
    struct amount owed = amount_zero();
    for (size_t i = 0; i < count;) {
        const struct limits_record *stands = NULL;
        size_t first = i;
        for (; i < count && list[i].time == list[first].time; i++)
            if (list[i].known <= pack->in.known &&
                (!stands || stands_before(&list[i], stands, pack->in.known)))
                stands = &list[i];
        if (!stands || stands->time > pack->in.to_time)
            continue;
        struct amount delta = amount_sub(stands->value, owed);
        if (stands->time <= pack->in.from_time)
            *opening = amount_add(*opening, delta);
        else
            event_add(gathering, stands->time, ACCOUNT_LIABILITIES, delta);
        owed = stands->value;
    }
}

static int event_compare(const void *a, const void *b)
{
    const struct account_event *x = a;
    const struct account_event *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (amount_equal(x->delta, y->delta))
        return 0;
    return amount_compare(x->delta, y->delta);
}

static struct amount liabilities_gather(struct gathering *gathering)
{
    const struct limits_records *records = gathering->pack->in.liabilities;
    struct amount opening = amount_zero();
    for (size_t i = 0; i < records->count;) {
        size_t end = i;
        while (end < records->count && same_key(&records->list[i], &records->list[end]))
            end++;
        if (is_outside(gathering->pack, &records->list[i]))
            key_gather(gathering, &opening, &records->list[i], end - i);
        i = end;
    }
    if (gathering->count > 0)
        qsort(gathering->list, gathering->count, sizeof *gathering->list, event_compare);
    return opening;
}

/* ---- prices, and the tables ---------------------------------------------------------------- */

static int64_t price_at(const struct pack *pack, int64_t time)
{
    struct valuation value;
    if (!pack->in.prices || pack->in.prices->count == 0)
        return 0;
    valuation_make(&value, pack->in.prices, time, amount_zero());
    return value.any ? value.price_minor_per_btc : 0;
}

static void prices_fill(struct gathering *gathering)
{
    for (size_t i = 0; i < gathering->count; i++)
        gathering->list[i].price_minor_per_btc =
            i > 0 && gathering->list[i - 1].time == gathering->list[i].time
                ? gathering->list[i - 1].price_minor_per_btc
                : price_at(gathering->pack, gathering->list[i].time);
}

static void table_fill(struct gathering *gathering, enum account_side side, struct amount opening,
                       const char *why)
{
    struct pack *pack = gathering->pack;
    struct account_period period = {
        .from = pack->opening.time, .to = pack->position.as_of.time, .opening = opening};
    period.opening_price = pack->has_opening ? price_at(pack, period.from) : 0;
    period.closing_price = price_at(pack, period.to);
    prices_fill(gathering);
    account_table_make(&pack->tables[side], pack->in.accounts, side, &period, gathering->list,
                       gathering->count, why);
    pack->has_table[side] = true;
    free(gathering->list);
}

static bool has_clients(const struct pack *pack)
{
    for (size_t i = 0; i < pack->position.wallet_count; i++) {
        uint32_t wallet = pack->position.wallets[i].wallet;
        if (pack->position.book->wallets[wallet].class_ == WALLET_CLIENT)
            return true;
    }
    return false;
}

int pack_accounts_make(struct pack *pack, struct err *err)
{
    struct gathering assets = {.pack = pack};
    struct gathering owed = {.pack = pack};
    const struct position *position = &pack->position;
    int code = assets_gather(&assets, err);
    if (code) {
        free(assets.list);
        return code;
    }
    table_fill(&assets, SIDE_ASSETS, pack->flows.conservation.opening,
               position->complete ? NULL : position->missing[0]);
    /* What the table sums up and what the coins say are two ways to one figure. */
    sanad_assert(!position->complete ||
                 amount_equal(pack->tables[SIDE_ASSETS].closing.sat, position->total));
    bool any = pack->in.liabilities && pack->in.liabilities->count > 0;
    if (any) {
        struct amount opening = liabilities_gather(&owed);
        table_fill(&owed, SIDE_LIABILITIES, opening, NULL);
    } else if (has_clients(pack)) {
        table_fill(&owed, SIDE_LIABILITIES, amount_unknown(),
                   "there are wallets of clients, but nobody declared what is owed");
    }
    return 0;
}
