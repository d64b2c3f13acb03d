/* The story of XP, a nation that does not exist: a first reserve, two thousand megawatts for
 * mining, an exchange of its own beside licensed ones, and a desk that is declared late. */
#include "sim/sim_priv.h"

static const enum sim_nation XP = NATION_XP;

static void exchange_opens(struct sim *sim)
{
    uint32_t tx = sim_send(sim, CITIZEN_E, XP_EXCHANGE, SIM_BTC(25));
    sim_declare(sim, XP, tx, "client-deposit", "xp-clients-2025", "first clients");
    sim_owe_clients(sim, XP, SIM_BTC(25), "first clients");
}

static void customs_seizure(struct sim *sim)
{
    uint32_t tx = sim_send(sim, DARK_MARKET, XP_CUSTOMS, SIM_BTC(38));
    for (size_t i = 0; i < sim->txs[tx].out_count; i++)
        if (sim->txs[tx].outs[i].wallet == XP_CUSTOMS)
            sim->coins[sim->txs[tx].first_coin + i].excluded = true;
    sim_declare(sim, XP, tx, "seizure", "xp-court-order-2025-06", "court order, case seven");
}

static void reserve_begins(struct sim *sim)
{
    uint32_t tx = sim_send(sim, EXCHANGE_B, XP_RESERVE, SIM_BTC(60));
    sim_declare(sim, XP, tx, "purchase", "xp-reserve-opening", "first coins of the reserve");
}

static void treasury_begins(struct sim *sim)
{
    uint32_t tx = sim_send(sim, LICENSED_1, XP_TREASURY, SIM_BTC(8));
    sim_declare(sim, XP, tx, "purchase", "xp-treasury-opening", "working balance");
}

/* Undeclared until November: under the book of that day the desk does not exist. */
static void bank_desk_buys(struct sim *sim)
{
    (void)sim_send(sim, LICENSED_2, XP_BANK, SIM_BTC(60));
}

static void seizure_swept(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take_excluded(&draft, XP_CUSTOMS);
    draft_rest(&draft, XP_RESERVE);
    (void)draft_send(&draft); /* internal */
}

static void licensed_payment(struct sim *sim)
{
    (void)sim_send(sim, XP_TREASURY, LICENSED_2, SIM_MBTC(1200));
}

static void thanks_to_xs(struct sim *sim)
{
    uint32_t tx = sim_send(sim, XP_TREASURY, XS_TREASURY, SIM_MBTC(500));
    sim_declare(sim, XP, tx, "donation", "xp-xs-training", "training of the two offices");
    sim_declare(sim, NATION_XS, tx, "donation", "xp-xs-training", "training of the two offices");
}

static void mine_to_reserve(struct sim *sim)
{
    (void)sim_sweep(sim, XP_MINE, XP_RESERVE, 200);
}

/* Machines of the state find a block; a payment with a high fee makes it worth telling. */
static void own_block(struct sim *sim)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft.rate = 40000;
    draft_take(&draft, CITIZEN_E, SIM_BTC(1));
    draft_pay(&draft, CITIZEN_C, SIM_BTC(1) / 4);
    draft_change(&draft, CITIZEN_E);
    (void)draft_send(&draft); /* a stranger's payment */
    sim->next_miner = XP_MINE;
}

const struct sim_event *sim_events_xp(size_t *ret_count)
{
    static const struct sim_event events[] = {
        {"2025-06-02", exchange_opens},   {"2025-06-10", customs_seizure},
        {"2025-06-20", reserve_begins},   {"2025-06-24", treasury_begins},
        {"2025-08-12", bank_desk_buys},   {"2025-09-03", seizure_swept},
        {"2025-10-02", licensed_payment}, {"2025-10-15", thanks_to_xs},
        {"2025-11-05", mine_to_reserve},  {"2025-12-29", own_block},
    };
    *ret_count = countof(events);
    return events;
}

void sim_daily_xp(struct sim *sim)
{
    unsigned weekday = (unsigned)(sim->day / 86400 % 7);
    if (!sim_day_in(sim, "2025-07-01", "2025-12-31"))
        return;
    if (weekday == 4) {
        uint32_t tx = sim_send(sim, POOL, XP_MINE, SIM_MBTC(1500));
        sim_declare(sim, XP, tx, "pool-payout", "xp-pool-payouts-2025", "share of a pool's blocks");
    }
    if (weekday == 2 && sim->day / 86400 / 7 % 2 == 0)
        own_block(sim);
    if (weekday == 6) {
        uint32_t tx = sim_send(sim, LICENSED_1, XP_EXCHANGE, SIM_MBTC(800));
        sim_declare(sim, XP, tx, "client-deposit", "xp-clients-2025", "clients");
        sim_owe_clients(sim, XP, SIM_MBTC(800), "deposit");
    }
}
