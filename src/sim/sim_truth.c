/* The truth: positions, flows and verdicts from the generator's own ledger, in which the
 * owner of every coin is known because its script was made for that owner. Nothing here
 * parses a block, derives a script or matches one: that is what makes it a truth to test by. */
#include "sim/sim_priv.h"

/* One nation's books as one version of the address book shows them. */
struct view {
    struct sim *sim;
    enum sim_nation nation;
    const char *book_day;
    bool counts[SIM_WALLET_COUNT + 1]; /* data outputs are nobody's */
    struct amount balances[SIM_WALLET_COUNT + 1];
    struct amount excluded;
    struct amount gross; /* bought and mined so far */
    struct amount entered, received, sent, fees, left;
    struct amount *totals, *excluded_at, *gross_at; /* by height */
    json_t *flows, *positions;
};

static void set(json_t *object, const char *key, json_t *value)
{
    sanad_assert(json_object_set_new(object, key, value) == 0);
}

static void set_amount(json_t *object, const char *key, struct amount amount)
{
    set(object, key, json_integer(amount_minor(amount)));
}

static void append(json_t *list, json_t *value)
{
    sanad_assert(json_array_append_new(list, value) == 0);
}

static json_t *nation_object(enum sim_nation nation)
{
    json_t *object = json_object();
    set(object, "nation", json_string(sim_nation_code(nation)));
    return object;
}

static void set_txid(json_t *object, const char *key, const struct sim_tx *tx)
{
    char text[HEX256_SIZE];
    hash256_display(text, &tx->txid);
    set(object, key, json_string(text));
}

/* ---- wallets that begin or cease to count ------------------------------------------------- */

static bool counts_at(const struct view *view, enum sim_wallet_id id, int64_t time)
{
    const struct sim_wallet_plan *plan = sim_plan(id);
    int64_t since = INT64_MIN, until = INT64_MAX;
    if (!sim_in_book(id, view->nation, view->book_day))
        return false;
    sanad_assert(!plan->since || date_parse(&since, plan->since, NULL) == 0);
    sanad_assert(!plan->until || date_parse(&until, plan->until, NULL) == 0);
    return since <= time && time < until;
}

static void members_update(struct view *view, int64_t median_time)
{
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++) {
        bool counts = counts_at(view, id, median_time);
        if (counts == view->counts[id])
            continue;
        struct amount *sum = counts ? &view->entered : &view->left;
        *sum = amount_add(*sum, view->balances[id]);
        view->counts[id] = counts;
    }
}

/* ---- flows ---------------------------------------------------------------------------------- */

struct sums {
    struct amount own_in, own_out, foreign_in, foreign_out, net;
    bool any_own, any_foreign_in, value_leaves;
};

static struct sums sums_of(const struct view *view, const struct sim_tx *tx)
{
    struct sums sums = {.own_in = amount_zero(),
                        .own_out = amount_zero(),
                        .foreign_in = amount_zero(),
                        .foreign_out = amount_zero()};
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct sim_coin *coin = &view->sim->coins[tx->ins[i].coin];
        bool own = view->counts[coin->wallet];
        struct amount *sum = own ? &sums.own_in : &sums.foreign_in;
        *sum = amount_add(*sum, coin->value);
        sums.any_own = sums.any_own || own;
        sums.any_foreign_in = sums.any_foreign_in || !own;
    }
    for (size_t i = 0; i < tx->out_count; i++) {
        bool own = view->counts[tx->outs[i].wallet];
        struct amount *sum = own ? &sums.own_out : &sums.foreign_out;
        *sum = amount_add(*sum, tx->outs[i].value);
        sums.any_own = sums.any_own || own;
    }
    sums.value_leaves = amount_compare(sums.foreign_out, amount_zero()) > 0;
    sums.net = amount_sub(sums.own_out, sums.own_in);
    return sums;
}

static const char *class_of(const struct sums *sums, const struct sim_tx *tx)
{
    if (tx->in_count == 0)
        return "mined";
    if (amount_compare(sums->own_in, amount_zero()) == 0)
        return "external-in";
    if (sums->any_foreign_in)
        return "mixed";
    return sums->value_leaves ? "external-out" : "internal";
}

static const char *meaning_of(const struct view *view, const struct sim_tx *tx)
{
    const struct sim *sim = view->sim;
    for (size_t i = 0; i < sim->declaration_count; i++)
        if (sim->declarations[i].nation == view->nation && &sim->txs[sim->declarations[i].tx] == tx)
            return sim->declarations[i].meaning;
    return NULL;
}

static void conserve(struct view *view, const struct sums *sums, const struct sim_tx *tx)
{
    if (!sums->any_foreign_in && tx->in_count > 0) {
        view->sent = amount_add(view->sent, sums->foreign_out);
        view->fees = amount_add(view->fees, tx->fee);
    } else if (amount_compare(sums->net, amount_zero()) > 0)
        view->received = amount_add(view->received, sums->net);
    else
        view->sent = amount_sub(view->sent, sums->net);
}

static void flow_add(struct view *view, const struct sim_tx *tx)
{
    struct sums sums = sums_of(view, tx);
    if (!sums.any_own)
        return;
    const char *meaning = meaning_of(view, tx), *class_ = class_of(&sums, tx);
    conserve(view, &sums, tx);
    if (tx->in_count == 0 ||
        (meaning && (strcmp(meaning, "purchase") == 0 || strcmp(meaning, "pool-payout") == 0)))
        view->gross = amount_add(view->gross, sums.net);
    json_t *flow = nation_object(view->nation);
    set_txid(flow, "txid", tx);
    set(flow, "height", json_integer(tx->height));
    set(flow, "class", json_string(class_));
    set_amount(flow, "own_in_sat", sums.own_in);
    set_amount(flow, "own_out_sat", sums.own_out);
    set_amount(flow, "foreign_in_sat", sums.foreign_in);
    set_amount(flow, "foreign_out_sat", sums.foreign_out);
    set_amount(flow, "fee_sat", tx->fee);
    set_amount(flow, "net_sat", sums.net);
    set(flow, "meaning", meaning ? json_string(meaning) : json_null());
    append(view->flows, flow);
}

/* ---- balances ------------------------------------------------------------------------------- */

static void coin_moves(struct view *view, const struct sim_coin *coin, bool arrives)
{
    struct amount change = arrives ? coin->value : amount_neg(coin->value);
    view->balances[coin->wallet] = amount_add(view->balances[coin->wallet], change);
    if (coin->excluded && view->counts[coin->wallet])
        view->excluded = amount_add(view->excluded, change);
}

static void tx_apply(struct view *view, const struct sim_tx *tx)
{
    flow_add(view, tx);
    for (size_t i = 0; i < tx->in_count; i++)
        coin_moves(view, &view->sim->coins[tx->ins[i].coin], false);
    for (size_t i = 0; i < tx->out_count; i++)
        coin_moves(view, &view->sim->coins[tx->first_coin + i], true);
}

static struct amount total_of(const struct view *view, const char *class_, const char *visibility)
{
    struct amount sum = amount_zero();
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++)
        if (view->counts[id] && (!class_ || strcmp(sim_plan(id)->class_, class_) == 0) &&
            (!visibility || strcmp(sim_plan(id)->visibility, visibility) == 0))
            sum = amount_add(sum, view->balances[id]);
    return sum;
}

static json_t *wallets_json(const struct view *view)
{
    json_t *list = json_array();
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++) {
        if (!view->counts[id])
            continue;
        json_t *wallet = json_object();
        set(wallet, "id", json_string(sim_plan(id)->id));
        set_amount(wallet, "balance_sat", view->balances[id]);
        append(list, wallet);
    }
    return list;
}

/* Every height where the total changed, every hundredth, and the tip. */
static void position_add(struct view *view, uint32_t height, bool with_wallets)
{
    struct amount total = view->totals[height];
    if (height % 100 != 0 && !with_wallets && amount_equal(total, view->totals[height - 1]))
        return;
    struct amount public_part = total_of(view, NULL, "public");
    json_t *position = nation_object(view->nation);
    set(position, "height", json_integer(height));
    set_amount(position, "total_sat", total);
    set_amount(position, "reserve_sat", total_of(view, "reserve", NULL));
    set_amount(position, "public_sat", public_part);
    set_amount(position, "restricted_sat", amount_sub(total, public_part));
    if (with_wallets)
        set(position, "wallets", wallets_json(view));
    append(view->positions, position);
}

static void view_walk(struct view *view)
{
    struct sim *sim = view->sim;
    for (uint32_t height = 0; height <= sim_height(sim); height++) {
        const struct sim_block *block = sim_block_at(sim, height);
        members_update(view, block->median_time);
        if (height > 0) /* in the order of the block: the ledger has the coinbase last */
            tx_apply(view, &sim->txs[block->first_tx + block->tx_count]);
        for (uint32_t i = 0; i < block->tx_count; i++)
            tx_apply(view, &sim->txs[block->first_tx + i]);
        view->totals[height] = total_of(view, NULL, NULL);
        view->excluded_at[height] = view->excluded;
        view->gross_at[height] = view->gross;
        position_add(view, height, height == sim_height(sim));
    }
}

static void view_init(struct view *view, struct sim *sim, enum sim_nation nation,
                      const char *book_day)
{
    *view = (struct view){.sim = sim, .nation = nation, .book_day = book_day};
    view->excluded = view->gross = amount_zero();
    view->entered = view->received = view->sent = view->fees = view->left = amount_zero();
    for (size_t i = 0; i <= SIM_WALLET_COUNT; i++)
        view->balances[i] = amount_zero();
    view->totals = mem_zalloc(sim->active_count, sizeof *view->totals);
    view->excluded_at = mem_zalloc(sim->active_count, sizeof *view->excluded_at);
    view->gross_at = mem_zalloc(sim->active_count, sizeof *view->gross_at);
    view->flows = json_array();
    view->positions = json_array();
}

static void view_free(struct view *view)
{
    free(view->totals);
    free(view->excluded_at);
    free(view->gross_at);
    json_decref(view->flows);
    json_decref(view->positions);
}

static json_t *conservation_json(const struct view *view)
{
    json_t *json = nation_object(view->nation);
    struct amount in = amount_add(view->entered, view->received);
    struct amount out = amount_add(view->sent, amount_add(view->fees, view->left));
    struct amount closing = view->totals[sim_height(view->sim)];
    sanad_assert(amount_equal(amount_sub(in, out), closing));
    set_amount(json, "opening_sat", amount_zero());
    set_amount(json, "entered_sat", view->entered);
    set_amount(json, "received_sat", view->received);
    set_amount(json, "sent_sat", view->sent);
    set_amount(json, "fees_sat", view->fees);
    set_amount(json, "left_sat", view->left);
    set_amount(json, "closing_sat", closing);
    return json;
}

/* ---- criteria ----------------------------------------------------------------------------------
 */

/* What is owed to holders outside the public sector, per entity and holder the last line. */
static struct amount owed_outside(const struct view *view, int64_t time)
{
    const struct sim *sim = view->sim;
    struct amount owed = amount_zero();
    for (size_t i = 0; i < sim->liability_count; i++) {
        const struct sim_liability *liability = &sim->liabilities[i];
        if (liability->nation == view->nation && liability->time <= time &&
            strcmp(liability->holder, "clients") == 0)
            owed = liability->outstanding; /* one such line of accounts a nation */
    }
    return owed;
}

static struct amount net_stock(const struct view *view, int64_t time)
{
    uint32_t height = sim_height_at(view->sim, time);
    struct amount less = amount_add(owed_outside(view, time), view->excluded_at[height]);
    return amount_sub(view->totals[height], less);
}

static struct amount gross(const struct view *view, int64_t time)
{
    return view->gross_at[sim_height_at(view->sim, time)];
}

static struct amount measure(const struct view *view, const struct sim_criterion *criterion,
                             int64_t day)
{
    bool stock = strcmp(criterion->measure, "net-stock") == 0;
    int64_t base = 0;
    sanad_assert(date_parse(&base, criterion->base_date, NULL) == 0);
    int64_t then = sim_day_end(view->nation, base), now = sim_day_end(view->nation, day);
    return stock ? amount_sub(net_stock(view, now), net_stock(view, then))
                 : amount_sub(gross(view, now), gross(view, then));
}

static void criterion_add(json_t *list, const struct view *view,
                          const struct sim_criterion *criterion, int64_t day)
{
    char date[11];
    struct amount value = measure(view, criterion, day);
    bool met = amount_compare(value, amount_of(criterion->limit_sat)) <= 0;
    json_t *json = nation_object(view->nation);
    date_format(date, day);
    set(json, "programme", json_string(sim_programme(view->nation)));
    set(json, "version", json_string(criterion->version));
    set(json, "book", json_string(view->book_day));
    set(json, "criterion", json_string(criterion->id));
    set(json, "date", json_string(date));
    set(json, "verdict", json_string(met ? "met" : "not-met"));
    set_amount(json, "value", value);
    append(list, json);
}

/* A continuous criterion on every day after its base, an end-period one on its test dates. */
static void criteria_add(json_t *list, const struct view *view)
{
    size_t count, date_count;
    const struct sim_criterion *criteria = sim_criteria(&count);
    const char *const *dates = sim_test_dates(view->nation, &date_count);
    for (size_t i = 0; i < count; i++) {
        int64_t day = 0, last = 0;
        if (criteria[i].nation != view->nation)
            continue;
        if (strcmp(criteria[i].continuity, "continuous") != 0) {
            for (size_t n = 0; n < date_count; n++) {
                sanad_assert(date_parse(&day, dates[n], NULL) == 0);
                criterion_add(list, view, &criteria[i], day);
            }
            continue;
        }
        sanad_assert(date_parse(&day, criteria[i].base_date, NULL) == 0);
        sanad_assert(date_parse(&last, dates[date_count - 1], NULL) == 0);
        while ((day += 86400) <= last)
            criterion_add(list, view, &criteria[i], day);
    }
}

/* ---- the file
 * ------------------------------------------------------------------------------------- */

static json_t *tip_json(const struct sim *sim)
{
    const struct sim_block *tip = sim_block_at(sim, sim_height(sim));
    char hash[HEX256_SIZE], time[TIME_TEXT_SIZE];
    json_t *json = json_object();
    hash256_display(hash, &tip->hash);
    time_format(time, tip->time);
    set(json, "height", json_integer(tip->height));
    set(json, "hash", json_string(hash));
    set(json, "time", json_string(time));
    return json;
}

static json_t *stale_json(const struct sim *sim)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sim->block_count; i++) {
        char hash[HEX256_SIZE];
        if (!sim->blocks[i].stale)
            continue;
        json_t *json = json_object();
        hash256_display(hash, &sim->blocks[i].hash);
        set(json, "height", json_integer(sim->blocks[i].height));
        set(json, "hash", json_string(hash));
        append(list, json);
    }
    return list;
}

static json_t *hints_json(const struct sim *sim)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sim->hint_count; i++) {
        const struct sim_tx *tx = &sim->txs[sim->hints[i].tx];
        const struct sim_out *out = &tx->outs[sim->hints[i].vout];
        char script[2 * 64 + 1];
        sanad_assert(out->script.size <= 64);
        json_t *json = nation_object(sim->hints[i].nation);
        set_txid(json, "txid", tx);
        set(json, "vout", json_integer(sim->hints[i].vout));
        hex_encode(script, out->script);
        set(json, "script", json_string(script));
        set_amount(json, "value_sat", out->value);
        append(list, json);
    }
    return list;
}

/* Moves the view's lists into the document; older books give the reported ones. */
static void view_into(json_t *truth, struct view *view, bool current)
{
    json_t *target = current ? truth : json_object_get(truth, "as_reported");
    if (!current)
        for (size_t i = 0; i < json_array_size(view->positions); i++)
            set(json_array_get(view->positions, i), "book", json_string(view->book_day));
    sanad_assert(json_array_extend(json_object_get(target, "positions"), view->positions) == 0);
    if (current) {
        sanad_assert(json_array_extend(json_object_get(target, "flows"), view->flows) == 0);
        append(json_object_get(target, "conservation"), conservation_json(view));
    }
    criteria_add(json_object_get(target, "criteria"), view);
}

static void nation_into(json_t *truth, struct sim *sim, enum sim_nation nation)
{
    size_t count;
    const char *const *days = sim_book_days(nation, &count);
    for (size_t i = 0; i < count; i++) {
        struct view view;
        view_init(&view, sim, nation, days[i]);
        view_walk(&view);
        view_into(truth, &view, i + 1 == count);
        view_free(&view);
    }
}

int sim_write_truth(struct sim *sim, const char *out, struct err *err)
{
    json_t *truth = json_object(), *reported = json_object();
    set(truth, "simulated", json_true());
    set(truth, "seed", json_integer((json_int_t)sim->seed));
    set(truth, "chain", json_string(sim->params->name));
    set(truth, "tip", tip_json(sim));
    set(truth, "positions", json_array());
    set(truth, "flows", json_array());
    set(truth, "criteria", json_array());
    set(truth, "conservation", json_array());
    set(truth, "possible_own", hints_json(sim));
    set(truth, "stale_blocks", stale_json(sim));
    set(reported, "positions", json_array());
    set(reported, "criteria", json_array());
    set(truth, "as_reported", reported);
    for (enum sim_nation nation = NATION_XS; nation < NATION_COUNT; nation++)
        nation_into(truth, sim, nation);
    return sim_write_json(out, "truth.json", truth, err);
}
