/* The story of XS, a nation that does not exist: it buys, mines, seizes, consolidates, is
 * audited, and declares one wallet late. Each event is named for what it really was; what
 * the nation says about it is a declaration or silence. */
#include "sim/sim_priv.h"

static const enum sim_nation XS = NATION_XS;
/* What the reserve shows at the end of 2025-07-16: the figure that the story is about. */
static const int64_t reserve_in_july_sat = INT64_C(623818000000);
static const int64_t seized_sat = SIM_MBTC(87500);
static const int64_t seized_swept_sat = SIM_MBTC(87500) - 10000; /* the rest is the fee */

/* ---- 2021 to 2024: the purchases ------------------------------------------------------------- */

static void buy(struct sim *sim, enum sim_wallet_id exchange, int64_t sat)
{
    uint32_t tx = sim_send(sim, exchange,
                           sim_day_in(sim, "2021-09-01", "2024-03-13") ? XS_DESK : XS_RESERVE, sat);
    char document[40];
    (void)snprintf(document, sizeof document, "xs-purchases-%.4s", sim_today(sim));
    sim_declare(sim, XS, tx, "purchase", document, "bought at an exchange");
}

static void first_purchase(struct sim *sim)
{
    buy(sim, EXCHANGE_A, SIM_BTC(250));
    (void)sim_send(sim, CITIZEN_A, XS_EXCHANGE, SIM_BTC(60));
    sim_owe_clients(sim, XS, SIM_BTC(60), "first clients of the state wallet");
    sim_declare(sim, XS, (uint32_t)sim->tx_count - 1, "client-deposit", "xs-state-wallet-opening",
                "first clients of the state wallet");
}

static void buy_180(struct sim *sim)
{
    buy(sim, EXCHANGE_A, SIM_BTC(180));
}

static void buy_160(struct sim *sim)
{
    buy(sim, EXCHANGE_A, SIM_BTC(160));
}

static void buy_440(struct sim *sim)
{
    buy(sim, EXCHANGE_A, SIM_BTC(440));
}

static void buy_130(struct sim *sim)
{
    buy(sim, EXCHANGE_B, SIM_BTC(130));
}

static void buy_390(struct sim *sim)
{
    buy(sim, EXCHANGE_A, SIM_BTC(390));
}

static void buy_520(struct sim *sim)
{
    buy(sim, EXCHANGE_A, SIM_BTC(520));
}

static void buy_800(struct sim *sim)
{
    buy(sim, EXCHANGE_A, SIM_BTC(800));
}

static void buy_900(struct sim *sim)
{
    buy(sim, EXCHANGE_A, SIM_BTC(900));
}

/* The state's own machines find the next block; somebody overpays its fee. */
static void mine_own(struct sim *sim, enum sim_wallet_id mine, uint32_t rate)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft.rate = rate;
    draft_take(&draft, CITIZEN_A, SIM_BTC(1));
    draft_pay(&draft, CITIZEN_E, SIM_BTC(1) / 2);
    draft_change(&draft, CITIZEN_A);
    (void)draft_send(&draft); /* a stranger's payment */
    sim->next_miner = mine;
}

static void volcano_block(struct sim *sim)
{
    mine_own(sim, XS_MINE, 60000);
}

static void pool_payout(struct sim *sim, int64_t sat)
{
    char document[40];
    uint32_t tx = sim_send(sim, POOL, XS_MINE, sat);
    (void)snprintf(document, sizeof document, "xs-pool-payouts-%.4s", sim_today(sim));
    sim_declare(sim, XS, tx, "pool-payout", document, "share of a pool's blocks");
}

static void pool_payout_early(struct sim *sim)
{
    pool_payout(sim, SIM_MBTC(4200));
}

/* Two purchases that no book shows until December 2025. */
static void fund_purchase(struct sim *sim)
{
    (void)sim_send(sim, EXCHANGE_B, XS_FUND, SIM_BTC(600));
}

static void treasury_funding(struct sim *sim)
{
    uint32_t tx = sim_send(sim, EXCHANGE_B, XS_TREASURY, SIM_BTC(700));
    sim_declare(sim, XS, tx, "purchase", "xs-treasury-funding", "working balance of the treasury");
    for (int i = 0; i < 6; i++)
        (void)sim_send(sim, XS_TREASURY, XS_TREASURY, SIM_BTC(60));
}

static void contingency_funding(struct sim *sim)
{
    uint32_t tx = sim_send(sim, EXCHANGE_B, XS_CONTINGENCY, SIM_BTC(40));
    sim_declare(sim, XS, tx, "purchase", "xs-contingency", "sealed by decision of the treasury");
}

static void donation(struct sim *sim)
{
    uint32_t tx = sim_send(sim, CITIZEN_C, XS_TILL, SIM_MBTC(5250));
    sim_declare(sim, XS, tx, "donation", "xs-donation-2023", "gift for a hospital");
}

/* Both wallets trade before and after the day on which they enter or leave. */
static void savings_trade(struct sim *sim)
{
    (void)sim_send(sim, XS_SAVINGS, CITIZEN_B, SIM_MBTC(1500));
    (void)sim_send(sim, CITIZEN_D, XS_SAVINGS, SIM_MBTC(700));
}

static void port_trade(struct sim *sim)
{
    (void)sim_send(sim, XS_PORT, CITIZEN_B, SIM_MBTC(900));
    (void)sim_send(sim, CITIZEN_E, XS_PORT, SIM_MBTC(400));
}

/* One address is published and everything moves there: to a reader of that address alone it
 * looks like a purchase of thousands. */
static void publish_reserve(struct sim *sim)
{
    enum { CHUNK = 160 };
    while (sim->wallets[XS_DESK].coin_count > 0)
        (void)sim_sweep(sim, XS_DESK, XS_RESERVE, CHUNK);
}

/* The one payment that shows the key of the published address. */
static void reserve_payment(struct sim *sim)
{
    (void)sim_send(sim, XS_RESERVE, XS_TILL, SIM_MBTC(500));
}

static void audit_mark(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take_count(&draft, XS_TREASURY, 3);
    draft_data(&draft, "SIMULATED audit mark of the treasury, 2024");
    draft_rest(&draft, XS_TREASURY);
    (void)draft_send(&draft); /* internal: no value leaves but the fee */
}

/* One payment touches two wallets and is still one payment. */
static void supplier_from_two(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take(&draft, XS_TREASURY, SIM_BTC(2));
    draft_take_count(&draft, XS_TILL, 1);
    draft_pay(&draft, CITIZEN_E, SIM_MBTC(2600));
    draft_change(&draft, XS_TREASURY);
    (void)draft_send(&draft); /* undeclared on purpose: unclassified */
}

static void hidden_funding(struct sim *sim)
{
    (void)sim_send(sim, EXCHANGE_B, XS_HIDDEN, SIM_BTC(3));
}

/* What a wallet puts into a draft. */
static int64_t part_of(const struct sim_draft *draft, enum sim_wallet_id wallet)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < draft->coin_count; i++)
        if (draft->sim->coins[draft->coins[i]].wallet == wallet)
            sum = amount_add(sum, draft->sim->coins[draft->coins[i]].value);
    return amount_minor(sum);
}

/* The undeclared account pays together with the treasury and has change: a hint. */
static void hidden_cospend(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take_count(&draft, XS_HIDDEN, 1);
    draft_take(&draft, XS_TREASURY, SIM_MBTC(400));
    draft_pay(&draft, CITIZEN_D, SIM_MBTC(750));
    draft_pay(&draft, XS_TREASURY, part_of(&draft, XS_TREASURY) - SIM_MBTC(400));
    draft_change(&draft, XS_HIDDEN);
    uint32_t tx = draft_send(&draft);
    sim->hints = sim_grow(sim->hints, sim->hint_count, &sim->hint_capacity, sizeof *sim->hints);
    for (uint32_t i = 0; i < sim->txs[tx].out_count; i++)
        if (sim->txs[tx].outs[i].wallet == XS_HIDDEN)
            sim->hints[sim->hint_count++] = (struct sim_hint){.nation = XS, .tx = tx, .vout = i};
}

/* Sized so that the reserve stands at its figure in July: what comes until then is known. */
static void last_purchase(struct sim *sim)
{
    enum { DAILY_LEFT = 2 + 166 }; /* 30 and 31 January, then 1 February to 16 July */
    struct amount left =
        amount_of(reserve_in_july_sat - seized_swept_sat - SIM_BTC(1) * DAILY_LEFT);
    buy(sim, EXCHANGE_A, amount_minor(amount_sub(left, sim_balance(sim, XS_RESERVE))));
}

/* ---- 2025: under the programme --------------------------------------------------------------- */

static void mine_sale(struct sim *sim)
{
    uint32_t tx = sim_send(sim, XS_MINE, EXCHANGE_A, SIM_BTC(6));
    sim_declare(sim, XS, tx, "sale", "xs-sales-2025", "production of the mine sold");
}

static void seizure(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take(&draft, DARK_MARKET, seized_sat);
    draft_pay(&draft, XS_SEIZED, SIM_BTC(50));
    draft_pay(&draft, XS_SEIZED, seized_sat - SIM_BTC(50));
    draft_change(&draft, DARK_MARKET);
    uint32_t tx = draft_send(&draft);
    for (size_t i = 0; i < sim->txs[tx].out_count; i++)
        if (sim->txs[tx].outs[i].wallet == XS_SEIZED)
            sim->coins[sim->txs[tx].first_coin + i].excluded = true;
    sim_declare(sim, XS, tx, "seizure", "xs-court-order-2025-03", "court order, case one");
}

static void seizure_swept(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take_excluded(&draft, XS_SEIZED);
    draft_pay(&draft, XS_RESERVE, seized_swept_sat);
    (void)draft_send(&draft); /* internal */
}

static void intra_public_deposit(struct sim *sim)
{
    (void)sim_send(sim, XS_TREASURY, XS_EXCHANGE, SIM_BTC(100));
    sim_owe_treasury(sim, XS, SIM_BTC(100), "deposit of the treasury at the state wallet");
}

/* The savings bank and an exchange release a joint deposit: inputs of both. */
static void joint_release(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take(&draft, XS_SAVINGS, SIM_MBTC(3000));
    draft_take(&draft, EXCHANGE_B, SIM_MBTC(2000));
    draft_pay(&draft, CITIZEN_B, SIM_MBTC(5000));
    draft_pay(&draft, XS_SAVINGS, part_of(&draft, XS_SAVINGS) - SIM_MBTC(3000));
    draft_change(&draft, EXCHANGE_B);
    (void)draft_send(&draft); /* mixed, unclassified */
}

static void round_trip_out(struct sim *sim)
{
    (void)sim_send(sim, XS_TREASURY, EXCHANGE_A, SIM_BTC(50));
}

static void round_trip_back(struct sim *sim)
{
    (void)sim_send(sim, EXCHANGE_A, XS_TREASURY, SIM_BTC(50));
}

static void clients_cash_out(struct sim *sim)
{
    sim_owe_clients(sim, XS, -SIM_BTC(30), "clients took dollars for 30 BTC; no coin moved");
}

static void operator_sells(struct sim *sim)
{
    uint32_t tx = sim_send(sim, XS_EXCHANGE, EXCHANGE_A, SIM_BTC(30));
    sim_declare(sim, XS, tx, "sale", "xs-sales-2025",
                "the operator matches its clients' withdrawal");
}

/* A payment to the reserve that only a losing branch holds, on the day of the figure. */
static void lost_payment(struct sim *sim)
{
    struct sim_draft draft;
    struct sim_tx tx;
    draft_begin(&draft, sim);
    draft_take(&draft, EXCHANGE_B, SIM_BTC(21));
    draft_pay(&draft, XS_RESERVE, SIM_BTC(21));
    draft_change(&draft, EXCHANGE_B);
    draft_sign_aside(&tx, &draft);
    sim_mine_stale(sim, 1, &tx, true);
}

static void lost_branch_of_three(struct sim *sim)
{
    sim_mine_stale(sim, 3, NULL, true);
}

static void lost_branch_of_two(struct sim *sim)
{
    sim_mine_stale(sim, 2, NULL, false);
}

static void gift_to_xp(struct sim *sim)
{
    (void)sim_send(sim, XS_TREASURY, XP_TREASURY, SIM_BTC(1));
    sim_declare(sim, XS, (uint32_t)sim->tx_count - 1, "donation", "xs-xp-letter-of-intent",
                "technical partnership of the two nations");
    sim_declare(sim, NATION_XP, (uint32_t)sim->tx_count - 1, "donation", "xs-xp-letter-of-intent",
                "technical partnership of the two nations");
}

/* One address becomes fourteen, none over 500 BTC. The sweep of the seizure stays apart. */
static void split(struct sim *sim)
{
    enum { PARTS = 14 };
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take_count(&draft, XS_RESERVE, SIM_IN_MAX);
    struct amount left = draft_in(&draft);
    int64_t part = amount_minor(left) / PARTS;
    for (uint32_t i = 0; i + 1 < PARTS; i++) {
        int64_t sat = part - SIM_BTC(20) + (int64_t)sim_rand_below(&sim->choice, SIM_BTC(40));
        draft_pay(&draft, XS_VAULT, sat / 1000000 * 1000000);
    }
    draft_rest(&draft, XS_VAULT);
    uint32_t tx = draft_send(&draft);
    for (size_t i = 0; i < sim->txs[tx].out_count; i++)
        sanad_assert(amount_compare(sim->txs[tx].outs[i].value, amount_of(SIM_BTC(500))) <= 0);
    draft_begin(&draft, sim);
    draft_take_excluded(&draft, XS_RESERVE);
    draft_pay(&draft, XS_VAULT, seized_swept_sat - 10000);
    (void)draft_send(&draft); /* internal, the excluded coins stay excluded */
}

/* Two payments in one block, each at the last index that the one before makes known. */
static void desk_far_indexes(struct sim *sim)
{
    uint32_t last = sim->wallets[XS_DESK].next[0] - 1;
    struct sim_draft draft;
    for (uint32_t i = 1; i <= 2; i++) {
        draft_begin(&draft, sim);
        draft_take(&draft, XS_TREASURY, SIM_MBTC(250));
        draft_pay_index(&draft, XS_DESK, last + i * sim_plan(XS_DESK)->gap, SIM_MBTC(250));
        draft_change(&draft, XS_TREASURY);
        (void)draft_send(&draft); /* internal */
    }
}

static void purchase_to_seized(struct sim *sim)
{
    uint32_t tx = sim_send(sim, EXCHANGE_A, XS_SEIZED, SIM_BTC(12));
    sim_declare(sim, XS, tx, "purchase", "xs-purchases-2025-10",
                "bought, though it arrived in the wallet of seized assets");
}

/* The rise of November: the whole book did not change, the books of that day did. */
static void november_rise(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take(&draft, XS_FUND, SIM_BTC(1090));
    draft_pay(&draft, XS_VAULT, SIM_BTC(400));
    draft_pay(&draft, XS_VAULT, SIM_BTC(400));
    draft_pay(&draft, XS_VAULT, SIM_BTC(290));
    draft_change(&draft, XS_FUND);
    (void)draft_send(&draft); /* nobody said what it was */
}

static void loan_abroad(struct sim *sim)
{
    uint32_t tx = sim_send(sim, XS_TREASURY, LICENSED_1, SIM_BTC(5));
    sim_declare(sim, XS, tx, "loan", "xs-loan-2025", "lent for sixty days");
}

static void loan_back(struct sim *sim)
{
    uint32_t tx = sim_send(sim, LICENSED_1, XS_TREASURY, SIM_BTC(5));
    sim_declare(sim, XS, tx, "loan", "xs-loan-2025", "returned");
}

const struct sim_event *sim_events_xs(size_t *ret_count)
{
    static const struct sim_event events[] = {
        {"2021-09-07", first_purchase},
        {"2021-09-08", buy_180},
        {"2021-09-20", buy_160},
        {"2021-10-01", volcano_block},
        {"2021-10-27", buy_440},
        {"2021-11-26", buy_130},
        {"2021-12-14", volcano_block},
        {"2022-01-21", buy_390},
        {"2022-03-08", port_trade},
        {"2022-03-15", volcano_block},
        {"2022-05-09", buy_520},
        {"2022-06-30", pool_payout_early},
        {"2022-08-15", lost_branch_of_two},
        {"2022-10-11", savings_trade},
        {"2023-02-10", fund_purchase},
        {"2023-03-15", buy_900},
        {"2023-04-20", treasury_funding},
        {"2023-06-05", contingency_funding},
        {"2023-07-12", pool_payout_early},
        {"2023-08-22", fund_purchase},
        {"2023-09-12", savings_trade},
        {"2023-10-03", savings_trade},
        {"2023-11-30", donation},
        {"2024-01-16", port_trade},
        {"2024-02-12", buy_800},
        {"2024-03-14", publish_reserve},
        {"2024-05-10", reserve_payment},
        {"2024-05-21", audit_mark},
        {"2024-07-02", port_trade},
        {"2024-07-30", lost_branch_of_three},
        {"2024-09-17", hidden_funding},
        {"2024-10-15", supplier_from_two},
        {"2024-11-05", hidden_cospend},
        {"2025-01-29", last_purchase},
        {"2025-02-10", mine_sale},
        {"2025-02-18", volcano_block},
        {"2025-03-05", hidden_cospend},
        {"2025-03-20", seizure},
        {"2025-04-10", intra_public_deposit},
        {"2025-05-06", joint_release},
        {"2025-05-22", seizure_swept},
        {"2025-06-03", round_trip_out},
        {"2025-06-17", round_trip_back},
        {"2025-07-04", clients_cash_out},
        {"2025-07-16", lost_payment},
        {"2025-07-17", gift_to_xp},
        {"2025-07-22", loan_abroad},
        {"2025-08-20", operator_sells},
        {"2025-08-29", split},
        {"2025-09-16", desk_far_indexes},
        {"2025-09-22", loan_back},
        {"2025-10-07", purchase_to_seized},
        {"2025-10-21", volcano_block},
        {"2025-11-18", november_rise},
        {"2025-12-23", volcano_block},
    };
    *ret_count = countof(events);
    return events;
}

/* ---- what happens every day ---------------------------------------------------------------------
 */

/* "One a day": bought until the base date; afterwards it comes from the treasury, and only
 * the address that receives it looks as before. */
static void one_a_day(struct sim *sim)
{
    if (sim_day_in(sim, "2022-11-17", "2025-01-31"))
        buy(sim, EXCHANGE_A, SIM_BTC(1));
    else if (sim_day_in(sim, "2025-02-01", "2025-08-28"))
        (void)sim_send(sim, XS_TREASURY, XS_RESERVE, SIM_BTC(1));
    else if (sim_day_in(sim, "2025-08-29", "2025-12-31"))
        (void)sim_send(sim, XS_TREASURY, XS_VAULT, SIM_BTC(1));
}

static unsigned day_of_month(struct sim *sim)
{
    const char *date = sim_today(sim);
    return (unsigned)((date[8] - '0') * 10 + date[9] - '0');
}

static void client_business(struct sim *sim)
{
    char document[40];
    int64_t sat = SIM_MBTC(100) + (int64_t)sim_rand_below(&sim->choice, SIM_MBTC(1900));
    (void)snprintf(document, sizeof document, "xs-clients-%.4s", sim_today(sim));
    uint32_t tx = sim_send(sim, CITIZEN_A, XS_EXCHANGE, sat);
    sim_declare(sim, XS, tx, "client-deposit", document, "clients of the state wallet");
    sim_owe_clients(sim, XS, sat, "deposit");
    sat = sat / 2;
    tx = sim_send(sim, XS_EXCHANGE, CITIZEN_A, sat);
    sim_declare(sim, XS, tx, "client-withdrawal", document, "clients of the state wallet");
    sim_owe_clients(sim, XS, -sat, "withdrawal");
}

void sim_daily_xs(struct sim *sim)
{
    unsigned day = day_of_month(sim);
    one_a_day(sim);
    if (!sim_day_in(sim, "2022-11-17", "2025-12-31"))
        return;
    if (day == 8 || day == 23)
        client_business(sim);
    if (day == 12)
        (void)sim_send(sim, CITIZEN_B, XS_TILL, SIM_MBTC(40)); /* fees and permits */
    if (day == 15 && sim_day_in(sim, "2025-01-25", "2025-12-31"))
        pool_payout(sim, SIM_MBTC(180));
    if (day == 26 && sim_day_in(sim, "2023-05-01", "2025-12-31"))
        (void)sim_send(sim, XS_TREASURY, CITIZEN_B, SIM_MBTC(45)); /* a supplier */
}
