/* The calendar: how many blocks a day has, what happens in them, and the traffic of everybody
 * else. A day on which something happens has seven blocks and it happens in the sixth, whose
 * median-time-past already lies on that day. */
#include "sim/sim_priv.h"

enum {
    DAY = 86400,
    SUPPLY_HEIGHT = 749, /* mined in five days: 14,500 of the 15,000 BTC of this network */
    SUPPLY_SPACING = 575,
    EVENT_BLOCKS = 7,
    EVENT_BLOCK = 5,        /* the sixth */
    FIRST_HOUR = 12 * 3600, /* noon to half past six in UTC lies on one day in both nations */
    BLOCK_SPACING = 55 * 60,
    SPACING_SPREAD = 600
};

static int64_t day_of(const char *date)
{
    int64_t day = 0;
    sanad_assert(date_parse(&day, date, NULL) == 0);
    return day;
}

bool sim_day_in(const struct sim *sim, const char *first, const char *last)
{
    return sim->day >= day_of(first) && sim->day <= day_of(last);
}

const char *sim_today(struct sim *sim)
{
    char date[11];
    date_format(date, sim->day);
    return arena_strdup(&sim->arena, date);
}

/* ---- what is written down beside the chain ------------------------------------------------- */

const struct hash256 *sim_document_hash(struct sim *sim, const char *name, const char *subject)
{
    for (size_t i = 0; i < sim->document_count; i++)
        if (strcmp(sim->documents[i].name, name) == 0)
            return &sim->documents[i].sha256;
    struct buf buf = buf_with_max(4096);
    buf_format(&buf,
               "SIMULATED. This paper stands in for a document of an invented nation.\n"
               "Document: %s\nSubject: %s\nSeed: %llu\n",
               name, subject, (unsigned long long)sim->seed);
    struct sim_document document = {.name = arena_strdup(&sim->arena, name),
                                    .text = arena_strdup(&sim->arena, buf_cstr(&buf))};
    sha256_of(&document.sha256, buf_bytes(&buf));
    buf_free(&buf);
    sim->documents =
        sim_grow(sim->documents, sim->document_count, &sim->document_capacity, sizeof document);
    sim->documents[sim->document_count++] = document;
    return &sim->documents[sim->document_count - 1].sha256;
}

void sim_declare(struct sim *sim, enum sim_nation nation, uint32_t tx, const char *meaning,
                 const char *document, const char *note)
{
    sim->declarations = sim_grow(sim->declarations, sim->declaration_count,
                                 &sim->declaration_capacity, sizeof *sim->declarations);
    sim->declarations[sim->declaration_count++] =
        (struct sim_declaration){.nation = nation,
                                 .tx = tx,
                                 .meaning = meaning,
                                 .trade_date = sim_today(sim),
                                 .settlement_date = sim_today(sim),
                                 .note = note,
                                 .document = *sim_document_hash(sim, document, note)};
}

/* A line is what is owed from its time on, so two of one instant would contradict each other:
 * what happens in the same block stands a second later. */
static int64_t owe_time(const struct sim *sim, const struct sim_liability *liability)
{
    for (size_t i = sim->liability_count; i-- > 0;) {
        const struct sim_liability *before = &sim->liabilities[i];
        if (before->nation == liability->nation && strcmp(before->entity, liability->entity) == 0 &&
            strcmp(before->holder, liability->holder) == 0)
            return before->time < sim->now ? sim->now : before->time + 1;
    }
    return sim->now;
}

/* A statement a year; its lines are the changes. */
static void owe(struct sim *sim, struct sim_liability *liability)
{
    char name[64], date[11];
    date_format(date, sim->day);
    (void)snprintf(name, sizeof name, "statement-%s-%.4s", liability->entity, date);
    liability->time = owe_time(sim, liability);
    liability->document = *sim_document_hash(sim, name, "statement of balances owed in BTC");
    sim->liabilities = sim_grow(sim->liabilities, sim->liability_count, &sim->liability_capacity,
                                sizeof *liability);
    sim->liabilities[sim->liability_count++] = *liability;
}

void sim_owe_clients(struct sim *sim, enum sim_nation nation, int64_t sat, const char *note)
{
    struct amount *owed = &sim->client_owed[nation];
    *owed = amount_add(*owed, amount_of(sat));
    sanad_assert(amount_is_money(*owed));
    owe(sim, &(struct sim_liability){.nation = nation,
                                     .entity = nation == NATION_XS ? "state-wallet-operator"
                                                                   : "public-exchange",
                                     .holder = "clients",
                                     .holder_sector = "S14",
                                     .outstanding = *owed,
                                     .note = note});
}

void sim_owe_treasury(struct sim *sim, enum sim_nation nation, int64_t sat, const char *note)
{
    struct amount *owed = &sim->public_owed[nation];
    *owed = amount_add(*owed, amount_of(sat));
    sanad_assert(amount_is_money(*owed));
    owe(sim, &(struct sim_liability){
                 .nation = nation,
                 .entity = nation == NATION_XS ? "state-wallet-operator" : "public-exchange",
                 .holder = nation == NATION_XS ? "treasury" : "finance-division",
                 .holder_sector = "S1311",
                 .outstanding = *owed,
                 .note = note});
}

/* ---- everybody else ----------------------------------------------------------------------------
 */

static enum sim_wallet_id somebody(struct sim *sim)
{
    static const enum sim_wallet_id crowd[] = {CITIZEN_A, CITIZEN_B, CITIZEN_C,  CITIZEN_D,
                                               CITIZEN_E, CITIZEN_A, LICENSED_1, LICENSED_2};
    return crowd[sim_rand_below(&sim->traffic, countof(crowd))];
}

static bool can_pay(const struct sim *sim, enum sim_wallet_id from)
{
    return amount_compare(sim_balance(sim, from), amount_of(SIM_BTC(1))) > 0;
}

/* One to three payees, up to 0.3 BTC each; sometimes one person tidies up small coins. */
static void traffic_payment(struct sim *sim)
{
    struct sim_draft draft;
    enum sim_wallet_id from = somebody(sim);
    size_t payees = 1 + (size_t)sim_rand_below(&sim->traffic, 3);
    int64_t total = 0, most = SIM_MBTC(300);
    if (!can_pay(sim, from))
        return;
    draft_begin(&draft, sim);
    for (size_t i = 0; i < payees; i++) {
        int64_t sat = 20000 + (int64_t)sim_rand_below(&sim->traffic, (uint64_t)most);
        draft_pay(&draft, somebody(sim), sat);
        total += sat;
    }
    draft_take(&draft, from, total);
    draft_change(&draft, from);
    (void)draft_send(&draft); /* nobody writes a stranger's payment down */
}

static void traffic_tidy(struct sim *sim)
{
    enum { PIECES = 12 };
    enum sim_wallet_id from = somebody(sim);
    if (sim->wallets[from].coin_count > (size_t)4 * PIECES)
        (void)sim_sweep(sim, from, from, PIECES);
}

static void traffic(struct sim *sim, uint64_t most)
{
    uint64_t count = sim_rand_below(&sim->traffic, most + 1);
    for (uint64_t i = 0; i < count; i++)
        if (sim_rand_below(&sim->traffic, 16) == 0)
            traffic_tidy(sim);
        else
            traffic_payment(sim);
}

/* ---- the early supply --------------------------------------------------------------------------
 */

static void supply(struct sim *sim)
{
    static const enum sim_wallet_id miners[] = {MINER_A, MINER_B, MINER_C, POOL};
    sim->now = day_of("2021-09-01");
    for (uint32_t height = 1; height <= SUPPLY_HEIGHT; height++) {
        sim->now += SUPPLY_SPACING - 5 + (int64_t)sim_rand_below(&sim->clock, 11);
        sim->next_miner = miners[height % countof(miners)];
        if (height == 400) /* two losing branches before anybody pays anybody */
            sim_mine_stale(sim, 1, NULL, true);
        if (height == 600)
            sim_mine_stale(sim, 2, NULL, false);
        sim_mine(sim);
    }
}

/* Miners sell to the exchanges; the pool pays the people who will make the traffic. */
static void distribute(struct sim *sim)
{
    static const struct {
        enum sim_wallet_id to;
        int64_t sat;
    } shares[] = {{CITIZEN_A, SIM_BTC(400)},  {CITIZEN_B, SIM_BTC(150)},
                  {CITIZEN_C, SIM_BTC(150)},  {CITIZEN_D, SIM_BTC(100)},
                  {CITIZEN_E, SIM_BTC(200)},  {LICENSED_1, SIM_BTC(250)},
                  {LICENSED_2, SIM_BTC(250)}, {DARK_MARKET, SIM_BTC(140)},
                  {XS_PORT, SIM_BTC(18)},     {XS_SAVINGS, SIM_BTC(30)}};
    enum { CHUNK = 60 };
    for (size_t i = 0; i < countof(shares); i++)
        (void)sim_send(sim, POOL, shares[i].to, shares[i].sat);
    for (int i = 0; i < 3; i++) {
        (void)sim_sweep(sim, MINER_A, EXCHANGE_A, CHUNK);
        (void)sim_sweep(sim, MINER_B, EXCHANGE_A, CHUNK);
        (void)sim_sweep(sim, MINER_C, EXCHANGE_B, CHUNK);
    }
}

/* ---- days
 * ---------------------------------------------------------------------------------------- */

static bool events_today(struct sim *sim, const struct sim_event *events, size_t count, bool play)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        if (day_of(events[i].date) == sim->day) {
            any = true;
            if (play)
                events[i].play(sim);
        }
    return any;
}

static bool events(struct sim *sim, bool play)
{
    size_t count_xs, count_xp;
    const struct sim_event *xs = sim_events_xs(&count_xs), *xp = sim_events_xp(&count_xp);
    bool any = events_today(sim, xs, count_xs, play);
    return events_today(sim, xp, count_xp, play) || any;
}

/* From the base date of the programmes on every day has enough blocks to be told apart. */
static unsigned blocks_today(struct sim *sim, bool eventful)
{
    if (eventful || sim_day_in(sim, "2025-01-25", "2025-12-31"))
        return EVENT_BLOCKS;
    if (sim_day_in(sim, "2022-11-17", "2025-12-31"))
        return 1;
    return (sim->day / DAY) % 7 == 0 ? 1 : 0;
}

static void play_day(struct sim *sim)
{
    bool eventful = events(sim, false);
    unsigned count = blocks_today(sim, eventful);
    for (unsigned i = 0; i < count; i++) {
        sim->now = sim->day + FIRST_HOUR + (int64_t)i * BLOCK_SPACING +
                   (int64_t)sim_rand_below(&sim->clock, SPACING_SPREAD);
        if (i == EVENT_BLOCK || count == 1) {
            sim_daily_xs(sim);
            sim_daily_xp(sim);
            (void)events(sim, true); /* whether there were any was asked above */
        }
        traffic(sim, count == 1 ? 3 : 2);
        sim_mine(sim);
    }
}

void sim_play(struct sim *sim)
{
    sim_genesis(sim);
    supply(sim);
    sim->day = day_of("2021-09-06");
    sim->now = sim->day + 3600;
    distribute(sim);
    sim_mine(sim);
    for (; sim->day <= day_of("2025-12-31"); sim->day += DAY)
        play_day(sim);
}
