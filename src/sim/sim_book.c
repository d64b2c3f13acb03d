/* The address books: what each nation declares, in every version that it published. */
#include "sim/sim_priv.h"

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static void set(json_t *object, const char *key, json_t *value)
{
    sanad_assert(json_object_set_new(object, key, value) == 0);
}

static json_t *entities_json(enum sim_nation nation, const char *day)
{
    size_t count;
    const struct sim_office *offices = sim_offices(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        bool used = false;
        for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++)
            used = used || (sim_in_book(id, nation, day) &&
                            strcmp(sim_plan(id)->entity, offices[i].id) == 0);
        if (!used || offices[i].nation != nation)
            continue;
        json_t *entity = json_object(), *name = json_object();
        set(entity, "id", json_string(offices[i].id));
        set(name, "en", json_string(offices[i].name));
        set(entity, "name", name);
        set(entity, "sector", json_string(offices[i].sector));
        sanad_assert(json_array_append_new(list, entity) == 0);
    }
    return list;
}

static json_t *wallet_json(struct sim *sim, enum sim_wallet_id id)
{
    const struct sim_wallet_plan *plan = sim_plan(id);
    json_t *wallet = json_object(), *descriptors = json_array();
    char note[160];
    (void)snprintf(note, sizeof note, "SIMULATED: %s", plan->note);
    set(wallet, "id", json_string(plan->id));
    set(wallet, "entity", json_string(plan->entity));
    set(wallet, "class", json_string(plan->class_));
    set(wallet, "temperature", json_string(plan->temperature));
    set(wallet, "control", json_string(plan->control));
    set(wallet, "visibility", json_string(plan->visibility));
    sanad_assert(json_array_append_new(descriptors, json_string(sim_descriptor(sim, id))) == 0);
    set(wallet, "descriptors", descriptors);
    if (!plan->single) {
        set(wallet, "range", json_integer(plan->range));
        set(wallet, "gap", json_integer(plan->gap));
    }
    set(wallet, "since", text_or_null(plan->since));
    set(wallet, "until", text_or_null(plan->until));
    set(wallet, "note", json_string(note));
    return wallet;
}

/* The book of a day; `timeless`: only wallets that count always. */
static json_t *book_json(struct sim *sim, enum sim_nation nation, const char *day, bool timeless)
{
    json_t *book = json_object(), *wallets = json_array();
    set(book, "nation", json_string(sim_nation_code(nation)));
    set(book, "currency", json_string("USD"));
    set(book, "simulated", json_true());
    set(book, "entities", entities_json(nation, day));
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++)
        if (sim_in_book(id, nation, day) && (!timeless || sim_in_bulk_book(id)))
            sanad_assert(json_array_append_new(wallets, wallet_json(sim, id)) == 0);
    set(book, "wallets", wallets);
    return book;
}

static const char *lower_code(enum sim_nation nation)
{
    return nation == NATION_XS ? "xs" : "xp";
}

/* Every version under declarations/, the last one as book-<cc>.json as well. */
int sim_write_books(struct sim *sim, const char *out, struct err *err)
{
    int code = 0;
    for (enum sim_nation nation = NATION_XS; nation < NATION_COUNT; nation++) {
        size_t count;
        const char *const *days = sim_book_days(nation, &count);
        for (size_t i = 0; i < count && code == 0; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "declarations/book-%s-%s.json", lower_code(nation),
                           days[i]);
            code = sim_write_json(out, name, book_json(sim, nation, days[i], false), err);
            (void)snprintf(name, sizeof name, "book-%s.json", lower_code(nation));
            if (code == 0 && i + 1 == count)
                code = sim_write_json(out, name, book_json(sim, nation, days[i], false), err);
        }
    }
    return code;
}

bool sim_in_bulk_book(enum sim_wallet_id id)
{
    const struct sim_wallet_plan *plan = sim_plan(id);
    return sim_nation_of(id) == NATION_XS && plan->declared && !plan->since && !plan->until;
}

int sim_write_bulk_book(struct sim *sim, const char *out, struct err *err)
{
    size_t count;
    const char *const *days = sim_book_days(NATION_XS, &count);
    return sim_write_json(out, "book-bulk.json", book_json(sim, NATION_XS, days[count - 1], true),
                          err);
}
