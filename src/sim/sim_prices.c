/* Prices of three invented sources, a close a day: they agree but for one absurd day of one,
 * and one falls silent for three weeks. The night at 1:1 stands in a file of its own, since a
 * file with such a line is refused whole. */
#include "sim/sim_priv.h"

enum { DAY = 86400, CLOSE = 20 * 3600, CENTS = 100 };

/* Where the invented price passes, in dollars; between, a straight line with some noise. */
static const struct {
    const char *date;
    int64_t dollars;
} path[] = {
    {"2021-09-01", 48000},  {"2021-11-10", 66500},  {"2022-01-22", 35500},  {"2022-03-28", 47300},
    {"2022-06-18", 19200},  {"2022-11-21", 15900},  {"2023-04-14", 30400},  {"2023-09-11", 25300},
    {"2024-03-13", 72800},  {"2024-09-06", 53900},  {"2024-12-17", 105800}, {"2025-04-08", 76500},
    {"2025-07-16", 119430}, {"2025-10-06", 124500}, {"2025-11-21", 84600},  {"2025-12-31", 88200}};

static int64_t day_of(const char *date)
{
    int64_t day = 0;
    sanad_assert(date_parse(&day, date, NULL) == 0);
    return day;
}

static int64_t path_cents(int64_t day)
{
    size_t i = 1;
    while (i + 1 < countof(path) && day_of(path[i].date) < day)
        i++;
    int64_t from = day_of(path[i - 1].date), to = day_of(path[i].date);
    int64_t rise = path[i].dollars - path[i - 1].dollars;
    return path[i - 1].dollars * CENTS + rise * CENTS * ((day - from) / DAY) / ((to - from) / DAY);
}

/* Up to half a percent to either side. */
static int64_t with_noise(struct sim_rand *dice, int64_t cents)
{
    return cents + cents * ((int64_t)sim_rand_below(dice, 1001) - 500) / 100000;
}

static const char *const sources[] = {"SIMULATED Alpha", "SIMULATED Beta", "SIMULATED Gamma"};
enum { ALPHA, BETA, GAMMA };

static bool silent(size_t source, int64_t day)
{
    return source == GAMMA && day >= day_of("2025-10-01") && day < day_of("2025-10-22");
}

static void price_line(struct buf *buf, struct sim *sim, size_t source, int64_t time, int64_t cents)
{
    char text[TIME_TEXT_SIZE], hash[HEX256_SIZE], document[48];
    time_format(text, time);
    (void)snprintf(document, sizeof document, "prices-%s-%.4s", sources[source] + 10, text);
    hash256_straight(hash, sim_document_hash(sim, document, "closing prices of a year"));
    buf_format(buf, "%s,%s,USD,%lld,%s\n", text, sources[source], (long long)cents, hash);
}

int sim_write_prices(struct sim *sim, const char *out, struct err *err)
{
    static const char head[] = "time,source,currency,price_minor_per_btc,document_sha256\n";
    struct buf buf = buf_with_max(SIZE_MAX);
    struct sim_rand dice;
    sim_rand_init(&dice, sim->seed, "prices");
    buf_text(&buf, head);
    for (int64_t day = day_of("2021-09-01"); day <= day_of("2025-12-31"); day += DAY)
        for (size_t source = 0; source < countof(sources); source++) {
            int64_t cents = with_noise(&dice, path_cents(day));
            if (source == BETA && day == day_of("2025-03-12"))
                cents *= 10; /* the absurd day: a decimal point slipped */
            if (!silent(source, day))
                price_line(&buf, sim, source, day + CLOSE + (int64_t)source, cents);
        }
    int code = sim_write_file(out, "prices.csv", buf_bytes(&buf), err);
    buf_reset(&buf);
    buf_text(&buf, head);
    price_line(&buf, sim, GAMMA, day_of("2024-04-24") + CLOSE + GAMMA, CENTS);
    if (code == 0)
        code = sim_write_file(out, "declarations/prices-one-to-one.csv", buf_bytes(&buf), err);
    buf_free(&buf);
    return code;
}
