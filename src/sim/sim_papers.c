/* Papers beside the chain: what flows meant, what is owed to clients, and the documents that
 * both name by their hash. */
#include "sim/sim_priv.h"

static void field(struct buf *buf, const char *text, char after)
{
    csv_write_field(buf, text);
    buf_u8(buf, (uint8_t)after);
}

static void hash_field(struct buf *buf, const struct hash256 *hash, char after)
{
    char text[HEX256_SIZE];
    hash256_straight(text, hash);
    field(buf, text, after);
}

/* What happened on a day is declared on the evening after. */
static int64_t evening_after(int64_t time)
{
    enum { DAY = 24 * 3600, NEXT_EVENING = DAY + 20 * 3600 };
    return time - time % DAY + NEXT_EVENING;
}

/* A flow counts from the day on which it is settled. */
static int64_t declared_at(const struct sim_declaration *declaration)
{
    int64_t settled = 0;
    sanad_assert(date_parse(&settled, declaration->settlement_date, NULL) == 0);
    return evening_after(settled);
}

/* In the order in which they were declared, as a register takes them. */
static int write_flows(struct sim *sim, enum sim_nation nation, const char *out, struct err *err)
{
    struct buf buf = buf_with_max(SIZE_MAX);
    char name[64], txid[HEX256_SIZE], known[TIME_TEXT_SIZE];
    int64_t last = 0;
    buf_text(&buf, "txid,meaning,trade_date,settlement_date,document_sha256,known,note\n");
    for (size_t i = 0; i < sim->declaration_count; i++) {
        const struct sim_declaration *declaration = &sim->declarations[i];
        char note[160];
        if (declaration->nation != nation)
            continue;
        sanad_assert(declared_at(declaration) >= last); /* the story goes from day to day */
        last = declared_at(declaration);
        time_format(known, last);
        (void)snprintf(note, sizeof note, "SIMULATED: %s", declaration->note);
        hash256_display(txid, &sim->txs[declaration->tx].txid);
        field(&buf, txid, ',');
        field(&buf, declaration->meaning, ',');
        field(&buf, declaration->trade_date, ',');
        field(&buf, declaration->settlement_date, ',');
        hash_field(&buf, &declaration->document, ',');
        field(&buf, known, ',');
        field(&buf, note, '\n');
    }
    (void)snprintf(name, sizeof name, "declarations/flows-%s.csv",
                   nation == NATION_XS ? "xs" : "xp");
    int code = sim_write_file(out, name, buf_bytes(&buf), err);
    buf_free(&buf);
    return code;
}

/* Each line is the whole amount that stands from its time on, until the next line of the same
 * entity and holder. */
static int write_liabilities(struct sim *sim, enum sim_nation nation, const char *out,
                             struct err *err)
{
    struct buf buf = buf_with_max(SIZE_MAX);
    char name[64], time[TIME_TEXT_SIZE], known[TIME_TEXT_SIZE];
    buf_text(&buf, "time,entity,holder,holder_sector,amount_sat,document_sha256,note,known\n");
    for (size_t i = 0; i < sim->liability_count; i++) {
        const struct sim_liability *liability = &sim->liabilities[i];
        char note[160];
        if (liability->nation != nation)
            continue;
        (void)snprintf(note, sizeof note, "SIMULATED: %s", liability->note);
        time_format(time, liability->time);
        field(&buf, time, ',');
        field(&buf, liability->entity, ',');
        field(&buf, liability->holder, ',');
        field(&buf, liability->holder_sector, ',');
        buf_format(&buf, "%lld,", (long long)amount_minor(liability->outstanding));
        time_format(known, evening_after(liability->time));
        hash_field(&buf, &liability->document, ',');
        field(&buf, note, ',');
        field(&buf, known, '\n');
    }
    (void)snprintf(name, sizeof name, "liabilities-%s.csv", nation == NATION_XS ? "xs" : "xp");
    int code = sim_write_file(out, name, buf_bytes(&buf), err);
    buf_free(&buf);
    return code;
}

static int write_documents(struct sim *sim, const char *out, struct err *err)
{
    int code = 0;
    for (size_t i = 0; i < sim->document_count && code == 0; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "declarations/documents/%s.txt", sim->documents[i].name);
        code = sim_write_file(out, name, bytes_of_text(sim->documents[i].text), err);
    }
    return code;
}

/* When the last flow of a nation was declared. */
static int64_t last_declared_at(const struct sim *sim, enum sim_nation nation)
{
    int64_t last = 0;
    for (size_t i = 0; i < sim->declaration_count; i++)
        if (sim->declarations[i].nation == nation)
            last = declared_at(&sim->declarations[i]);
    return last;
}

/* What was known when: the days on which the versions of the books were published; of flows the
 * day when the file was whole, since each line has its own. */
static int write_index(const struct sim *sim, const char *out, struct err *err)
{
    char known[TIME_TEXT_SIZE];
    struct buf buf = buf_with_max(SIZE_MAX);
    buf_text(&buf, "file,kind,nation,known,note\n");
    for (enum sim_nation nation = NATION_XS; nation < NATION_COUNT; nation++) {
        size_t count;
        const char *const *days = sim_book_days(nation, &count);
        const char *cc = nation == NATION_XS ? "xs" : "xp";
        for (size_t i = 0; i < count; i++)
            buf_format(&buf, "book-%s-%s.json,book,%s,%sT20:00:00Z,SIMULATED\n", cc, days[i],
                       sim_nation_code(nation), days[i]);
        time_format(known, last_declared_at(sim, nation));
        buf_format(&buf, "flows-%s.csv,declaration,%s,%s,SIMULATED: the last line's\n", cc,
                   sim_nation_code(nation), known);
    }
    int code = sim_write_file(out, "declarations/index.csv", buf_bytes(&buf), err);
    buf_free(&buf);
    return code;
}

int sim_write_papers(struct sim *sim, const char *out, struct err *err)
{
    int code = 0;
    for (enum sim_nation nation = NATION_XS; nation < NATION_COUNT && code == 0; nation++) {
        code = write_flows(sim, nation, out, err);
        if (code == 0)
            code = write_liabilities(sim, nation, out, err);
    }
    if (code == 0)
        code = write_index(sim, out, err);
    return code != 0 ? code : write_documents(sim, out, err);
}
