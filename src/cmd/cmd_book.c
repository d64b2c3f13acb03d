/* `sanad book`: an address book is checked, shown, hashed, made from a list, made public. */
#include "book/book.h"
#include "cmd/cmd.h"

#include <stdlib.h>

enum { ADDRESSES_SHOWN = 3, SECRET_SIZE_MAX = 4096 };

/* ---- facts of a book ---- */

/* What follows from a wallet's descriptors. */
struct wallet_facts {
    size_t scripts;    /* below the ranges */
    json_t *addresses; /* the first few: what a person compares with another program */
};

static void branch_facts(struct wallet_facts *facts, const struct book *book,
                         const struct book_branch *branch, struct arena *arena)
{
    struct bytes *scripts;
    size_t count;
    char text[ADDRESS_TEXT_SIZE];
    if (!book_branch_scripts(&scripts, &count, book, branch, 0, arena))
        return;
    facts->scripts += count * branch->first_count;
    if (json_array_size(facts->addresses) < ADDRESSES_SHOWN &&
        address_from_script(text, book->params, scripts[0]))
        (void)json_array_append_new(facts->addresses, json_string(text));
}

/* One for each wallet; the caller hands it to facts_free. */
static struct wallet_facts *facts_make(const struct book *book)
{
    struct arena arena = {0};
    size_t count;
    const struct book_branch *branches = book_branches(book, &count);
    struct wallet_facts *facts = mem_zalloc(book->wallet_count, sizeof *facts);
    for (size_t i = 0; i < book->wallet_count; i++)
        facts[i].addresses = json_array();
    for (size_t i = 0; i < count; i++) {
        branch_facts(&facts[branches[i].wallet], book, &branches[i], &arena);
        arena_reset(&arena);
    }
    arena_free(&arena);
    return facts;
}

static void facts_free(struct wallet_facts *facts, const struct book *book)
{
    for (size_t i = 0; i < book->wallet_count; i++)
        json_decref(facts[i].addresses);
    free(facts);
}

static json_t *summary_json(const struct book *book, const struct wallet_facts *facts)
{
    char sha256[HEX256_SIZE];
    size_t scripts = 0;
    for (size_t i = 0; i < book->wallet_count; i++)
        scripts += facts[i].scripts;
    hash256_straight(sha256, &book->sha256);
    json_t *json = json_object();
    (void)json_object_set_new(json, "valid", json_true());
    (void)json_object_set_new(json, "chain", json_string(book->params->name));
    (void)json_object_set_new(json, "nation", json_string(book->nation));
    (void)json_object_set_new(json, "currency", json_string(book->currency));
    (void)json_object_set_new(json, "simulated", json_boolean(book->simulated));
    (void)json_object_set_new(json, "book_sha256", json_string(sha256));
    (void)json_object_set_new(json, "entity_count", json_integer((json_int_t)book->entity_count));
    (void)json_object_set_new(json, "wallet_count", json_integer((json_int_t)book->wallet_count));
    (void)json_object_set_new(json, "script_count", json_integer((json_int_t)scripts));
    return json;
}

/* ---- check ---- */

static int check(const struct cmd_args *args, const struct book *book, struct err *err)
{
    struct wallet_facts *facts = facts_make(book);
    json_t *json = summary_json(book, facts);
    facts_free(facts, book);
    if (cmd_flag(args, "--json"))
        return cmd_print_json(json, err);
    struct screen screen = screen_stdout(book->simulated);
    screen_line(&screen, STYLE_GOOD, "valid: nation %s, %zu entities, %zu wallets, %lld scripts",
                book->nation, book->entity_count, book->wallet_count,
                (long long)json_integer_value(json_object_get(json, "script_count")));
    screen_line(&screen, STYLE_PLAIN, "book_sha256 %s",
                json_string_value(json_object_get(json, "book_sha256")));
    json_decref(json);
    return 0;
}

/* ---- show ---- */

/* The document itself, with what follows from it. */
static int show_json(const struct book *book, const struct wallet_facts *facts, struct err *err)
{
    json_t *json = summary_json(book, facts);
    json_t *wallets = json_array();
    (void)json_object_set(json, "entities", json_object_get(book->json, "entities"));
    for (size_t i = 0; i < book->wallet_count; i++) {
        json_t *wallet = json_copy(json_array_get(json_object_get(book->json, "wallets"), i));
        (void)json_object_set_new(wallet, "script_count",
                                  json_integer((json_int_t)facts[i].scripts));
        (void)json_object_set(wallet, "first_addresses", facts[i].addresses);
        (void)json_array_append_new(wallets, wallet);
    }
    (void)json_object_set_new(json, "wallets", wallets);
    return cmd_print_json(json, err);
}

/* When the wallet counts, in the words of the book. */
static void days_cell(struct table *table, const struct wallet *wallet)
{
    char since[11];
    char until[11];
    if (wallet->since != INT64_MIN)
        date_format(since, wallet->since);
    if (wallet->until != BOOK_NEVER)
        date_format(until, wallet->until);
    if (wallet->since != INT64_MIN && wallet->until != BOOK_NEVER)
        table_cell(table, "since %s, until %s", since, until);
    else if (wallet->since != INT64_MIN)
        table_cell(table, "since %s", since);
    else if (wallet->until != BOOK_NEVER)
        table_cell(table, "until %s", until);
    else
        table_cell(table, "always");
}

static void wallets_table(const struct book *book, const struct screen *screen)
{
    static const char *const titles[] = {"wallet",  "entity",     "class",
                                         "control", "visibility", "counts"};
    struct table *table = table_new();
    for (size_t i = 0; i < countof(titles); i++)
        table_column(table, titles[i], ALIGN_LEFT);
    for (size_t i = 0; i < book->wallet_count; i++) {
        const struct wallet *wallet = &book->wallets[i];
        table_cell(table, "%s", wallet->id);
        table_cell(table, "%s", book->entities[wallet->entity].id);
        table_cell(table, "%s", wallet_class_name(wallet->class_));
        table_cell(table, "%s", screen_control(wallet->control));
        table_cell(table, "%s", wallet_visibility_name(wallet->visibility));
        days_cell(table, wallet);
    }
    table_print(table, screen);
    table_free(table);
}

/* Addresses are as wide as all the rest. */
static void addresses_table(const struct book *book, const struct wallet_facts *facts,
                            const struct screen *screen)
{
    struct table *table = table_new();
    table_column(table, "wallet", ALIGN_LEFT);
    table_column(table, "scripts", ALIGN_RIGHT);
    table_column(table, "first address", ALIGN_LEFT);
    for (size_t i = 0; i < book->wallet_count; i++) {
        const char *first = json_string_value(json_array_get(facts[i].addresses, 0));
        table_cell(table, "%s", book->wallets[i].id);
        table_cell(table, "%zu", facts[i].scripts);
        table_cell(table, "%s", book->wallets[i].commitment ? "(sealed)" : first ? first : "-");
    }
    table_print(table, screen);
    table_free(table);
}

static void show_table(const struct book *book, const struct wallet_facts *facts)
{
    char sha256[HEX256_SIZE];
    struct screen screen = screen_stdout(book->simulated);
    hash256_straight(sha256, &book->sha256);
    screen_line(&screen, STYLE_HEAD, "nation %s, currency %s", book->nation, book->currency);
    screen_line(&screen, STYLE_PLAIN, "book_sha256 %s", sha256);
    for (size_t i = 0; i < book->entity_count; i++) {
        const char *name = json_string_value(json_object_get(book->entities[i].name, "en"));
        screen_line(&screen, STYLE_PLAIN, "entity %s: %s (%s)", book->entities[i].id,
                    name ? name : "-", book->entities[i].sector);
    }
    screen_line(&screen, STYLE_PLAIN, "%s", "");
    wallets_table(book, &screen);
    screen_line(&screen, STYLE_PLAIN, "%s", "");
    addresses_table(book, facts, &screen);
    for (size_t i = 0; i < book->wallet_count; i++)
        if (book->wallets[i].note)
            screen_line(&screen, STYLE_FAINT, "%s: %s", book->wallets[i].id, book->wallets[i].note);
}

static int show(const struct cmd_args *args, const struct book *book, struct err *err)
{
    int code = 0;
    struct wallet_facts *facts = facts_make(book);
    if (cmd_flag(args, "--json"))
        code = show_json(book, facts, err);
    else
        show_table(book, facts);
    facts_free(facts, book);
    return code;
}

/* ---- hash ---- */

static int hash(const struct cmd_args *args, const struct book *book, struct err *err)
{
    char sha256[HEX256_SIZE];
    hash256_straight(sha256, &book->sha256);
    if (cmd_flag(args, "--json"))
        return cmd_print_json(json_pack("{s:s}", "book_sha256", sha256), err);
    (void)puts(sha256);
    return 0;
}

/* ---- public ---- */

static int make_public(const struct cmd_args *args, const struct book *book, struct err *err)
{
    const char *path;
    struct buf secret = {0};
    json_t *json;
    int code = cmd_required(&path, args, "--salt-secret", err);
    if (code == 0)
        code = file_read(&secret, path, SECRET_SIZE_MAX, err);
    if (code)
        return code;
    code = book_public_json(&json, book, buf_bytes(&secret), err);
    secret_wipe(secret.data, secret.size);
    buf_free(&secret);
    return code ? code : cmd_print_json(json, err);
}

/* ---- import ---- */

/* What nobody said got a code for "not known": a person has to look through it. */
static void warn_unknown(const json_t *json)
{
    const char *nation = json_string_value(json_object_get(json, "nation"));
    const char *currency = json_string_value(json_object_get(json, "currency"));
    if (nation && strcmp(nation, "ZZ") == 0)
        log_line("book", "nation", "ZZ", "note", "not known: give --nation", NULL);
    if (currency && strcmp(currency, "XXX") == 0)
        log_line("book", "currency", "XXX", "note", "not known: give --currency", NULL);
}

static int import(const struct cmd_args *args, const struct chain_params *params, struct err *err)
{
    const char *path;
    json_t *json;
    int code = cmd_required(&path, args, "--csv", err);
    if (code)
        return code;
    struct book_defaults defaults = {.nation = cmd_value(args, "--nation"),
                                     .currency = cmd_value(args, "--currency"),
                                     .entity = cmd_value(args, "--entity"),
                                     .wallet = cmd_value(args, "--wallet"),
                                     .class_ = cmd_value(args, "--class"),
                                     .simulated = cmd_flag(args, "--simulated")};
    code = book_from_csv(&json, path, &defaults, params, err);
    if (code)
        return code;
    warn_unknown(json);
    return cmd_print_json(json, err);
}

/* ---- the verb ---- */

static const struct {
    const char *name;
    int (*run)(const struct cmd_args *args, const struct book *book, struct err *err);
} jobs[] = {{"check", check}, {"show", show}, {"hash", hash}, {"public", make_public}};

static int book_job(const struct cmd_args *args, size_t job, const char *path,
                    const struct chain_params *params, struct err *err)
{
    struct book *book;
    int code = book_read_file(&book, path, params, err);
    if (code)
        return code;
    code = jobs[job].run(args, book, err);
    book_free(book);
    return code;
}

static int book_verb(const struct cmd_args *args, struct err *err)
{
    size_t count;
    const struct chain_params *params;
    const char *const *words = cmd_words(args, &count);
    int code = cmd_chain(&params, args, err);
    if (code)
        return code;
    if (count == 1 && strcmp(words[0], "import") == 0)
        return import(args, params, err);
    for (size_t i = 0; count == 2 && i < countof(jobs); i++)
        if (strcmp(words[0], jobs[i].name) == 0)
            return book_job(args, i, words[1], params, err);
    return err_set(
        err, SANAD_USAGE,
        "sanad book: say `book check|show|hash|public FILE` or `book import --csv FILE`");
}

static const struct cmd_option options[] = {
    {"--csv", "FILE", "import: addresses as CSV, or the answer of listdescriptors"},
    {"--currency", "CUR", "import: the book's currency (ISO 4217)"},
    {"--entity", "ID", "import: the holder, where the file does not say"},
    {"--wallet", "ID", "import: the wallet, where the file does not say"},
    {"--class", "CLASS", "import: reserve, operating, client, mining, seized, till, other"},
    {"--simulated", NULL, "import: the nation is invented"},
    {"--salt-secret", "FILE", "public: at least 32 bytes, kept secret"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_book = {
    .name = "book",
    .summary = "an address book: checked, shown, hashed, made of a list, made public",
    .usage = "check|show|hash FILE | import --csv FILE | public FILE --salt-secret FILE",
    .options = options,
    .run = book_verb,
};
