/* A pack is made: the figures gathered from ledger and evaluation, then the files. */
#include "pack/pack_priv.h"

#include "crypto/crypto.h"

#include <stdlib.h>

/* ---- what was said before ------------------------------------------------------------------ */

static bool says(const json_t *json, const char *key, const char *expected)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text && strcmp(text, expected) == 0;
}

/* The last pack must tell of the same thing, earlier on the same chain. */
static int previous_check(const struct pack_input *in, struct err *err)
{
    const struct limits_result *result = in->result;
    const struct pack_previous *previous = in->previous;
    struct fact_block block;
    if (!previous)
        return 0;
    if (!says(previous->report->json, "nation", result->book->nation))
        return err_set(err, SANAD_REFUSED, "last pack: it is of another nation");
    if (!says(previous->report->json, "chain", result->book->params->name))
        return err_set(err, SANAD_REFUSED, "last pack: it is of another chain");
    if (json_is_true(json_object_get(previous->report->json, "simulated")) !=
        result->book->simulated)
        return err_set(err, SANAD_REFUSED, "last pack: simulated and real ones do not mix");
    if (!says(previous->report->json, "programme", result->programme->id))
        return err_set(err, SANAD_REFUSED, "last pack: it is of another programme");
    if (previous->height > result->block.height)
        return err_set(err, SANAD_REFUSED, "last pack: its block %u is after block %u",
                       previous->height, result->block.height);
    int code = facts_block_at(&block, ledger_facts(in->ledger), previous->height, err);
    if (code == 0 && !hash256_equal(&block.hash, &previous->block_hash))
        code = err_set(err, SANAD_REFUSED, "last pack: its block %u is not on this chain",
                       previous->height);
    return code;
}

/* ---- figures ------------------------------------------------------------------------------- */

/* What flows were declared to be, for flows.csv: the word where one says it all. */
static int flows_gather(struct pack *pack, struct err *err)
{
    struct flows_options options = {.from = pack->in.from, .to = pack->position.as_of.height};
    if (options.from > options.to) { /* nothing has happened since */
        options.from = options.to;
        int code = flows_make(&pack->flows, pack->in.ledger, &options, err);
        pack->flows.count = 0;
        pack->flows.conservation.opening = pack->flows.conservation.closing;
        return code;
    }
    return flows_make(&pack->flows, pack->in.ledger, &options, err);
}

static void flow_declare(struct pack *pack, struct flow *flow)
{
    const char *kind = pack_flow_meaning(pack, flow);
    if (!kind)
        return;
    struct flow_declared *declared = arena_alloc(&pack->arena, 1, sizeof *declared);
    *declared = (struct flow_declared){.txid = flow->txid, .kind = kind};
    flow->declared = declared;
}

static bool is_shown(const struct pack *pack, const struct flow *flow)
{
    for (size_t i = 0; i < flow->wallet_count; i++)
        if (pack->position.book->wallets[flow->wallets[i].wallet].visibility != VISIBILITY_PUBLIC)
            return false;
    return true;
}

static void flows_show(struct pack *pack)
{
    pack->shown = pack->flows;
    pack->shown.count = 0;
    pack->shown.list = arena_alloc(&pack->arena, pack->flows.count + 1, sizeof *pack->shown.list);
    pack->hidden_net = amount_zero();
    for (size_t i = 0; i < pack->flows.count; i++) {
        struct flow *flow = &pack->flows.list[i];
        flow_declare(pack, flow);
        if (is_shown(pack, flow)) {
            pack->shown.list[pack->shown.count++] = *flow;
        } else {
            pack->hidden_count++;
            pack->hidden_net = amount_add(pack->hidden_net, flow->net);
        }
    }
}

static void scripts_gather(struct pack *pack)
{
    const struct book *book = pack->position.book;
    bool *wanted = arena_alloc(&pack->arena, book->wallet_count + 1, sizeof *wanted);
    for (size_t i = 0; i < book->wallet_count; i++)
        wanted[i] = book->wallets[i].visibility == VISIBILITY_PUBLIC;
    ledger_scripts(&pack->scripts, &pack->script_count, pack->in.ledger,
                   pack->position.as_of.height, wanted, &pack->arena);
}

static int gather(struct pack *pack, struct err *err)
{
    int code = previous_check(&pack->in, err);
    if (code == 0)
        code = position_make(&pack->position, pack->in.ledger, pack->in.result->block.height, err);
    if (code == 0 && pack->in.from > 0) {
        struct err ignored = {0};
        pack->has_opening = facts_block_at(&pack->opening, ledger_facts(pack->in.ledger),
                                           pack->in.from - 1, &ignored) == 0;
    }
    if (code == 0)
        code = flows_gather(pack, err);
    if (code)
        return code;
    flows_show(pack);
    scripts_gather(pack);
    code = pack_accounts_make(pack, err);
    return code ? code : pack_changes_make(pack, err);
}

int pack_make(struct pack **ret_pack, const struct pack_input *input, struct err *err)
{
    struct pack *pack = mem_zalloc(1, sizeof *pack);
    pack->in = *input;
    int code = gather(pack, err);
    if (code)
        pack_free(pack);
    else
        *ret_pack = pack;
    return code;
}

void pack_free(struct pack *pack)
{
    if (!pack)
        return;
    position_free(&pack->position);
    flows_free(&pack->flows);
    free(pack->scripts);
    for (size_t i = 0; i < SIDE_COUNT; i++)
        if (pack->has_table[i])
            account_table_free(&pack->tables[i]);
    free(pack->changes);
    arena_free(&pack->arena);
    free(pack);
}

const struct position *pack_position(const struct pack *pack)
{
    return &pack->position;
}

/* ---- files --------------------------------------------------------------------------------- */

/* An empty file of that name; the caller writes its content and closes it. */
static struct pack_file *file_open(struct pack_files *files, const char *name)
{
    sanad_assert(files->count < PACK_FILE_MAX && strlen(name) < PACK_NAME_SIZE);
    struct pack_file *file = &files->list[files->count++];
    *file = (struct pack_file){.content = buf_with_max(PACK_FILE_SIZE_MAX)};
    (void)snprintf(file->name, sizeof file->name, "%s", name);
    return file;
}

static int file_close(struct pack_file *file, struct err *err)
{
    if (file->content.bad)
        return err_set(err, SANAD_REFUSED, "%s: over %d bytes", file->name, PACK_FILE_SIZE_MAX);
    sha256_of(&file->sha256, buf_bytes(&file->content));
    return 0;
}

/* criteria.json, where the report has no room for the list. */
static int criteria_make(struct pack_files *files, const struct pack *pack, struct err *err)
{
    struct buf text = buf_with_max(PACK_FILE_SIZE_MAX);
    int code = 0;
    if (report_criteria(&text, pack)) {
        struct pack_file *file = file_open(files, "criteria.json");
        buf_add(&file->content, buf_bytes(&text));
        code = file_close(file, err);
    }
    buf_free(&text);
    return code;
}

static int tables_make(struct pack_files *files, const struct pack *pack, struct err *err)
{
    static const struct {
        const char *name;
        void (*write)(struct buf *buf, const struct pack *pack);
    } kinds[] = {{"accounts.csv", csv_accounts},        {"addresses.csv", csv_addresses},
                 {"balances.csv", csv_balances},        {"changes.csv", csv_changes},
                 {"criteria.csv", csv_criteria},        {"flows.csv", csv_flows},
                 {"net-position.csv", csv_net_position}};
    for (size_t i = 0; i < countof(kinds); i++) {
        struct pack_file *file = file_open(files, kinds[i].name);
        kinds[i].write(&file->content, pack);
        int code = file_close(file, err);
        if (code == 0 && strcmp(kinds[i].name, "criteria.csv") == 0)
            code = criteria_make(files, pack, err);
        if (code)
            return code;
    }
    return 0;
}

static int pages_make(struct pack_files *files, const struct pack *pack, struct err *err)
{
    const struct pack_files tables = *files; /* a page names only what was made before */
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        char name[PACK_NAME_SIZE];
        enum limits_language language = (enum limits_language)i;
        (void)snprintf(name, sizeof name, "pack-%s.html", pack_text(TEXT_LANGUAGE_CODE, language));
        struct pack_file *file = file_open(files, name);
        page_make(&file->content, pack, language, &tables);
        int code = file_close(file, err);
        if (code)
            return code;
    }
    return 0;
}

int pack_files_make(struct pack_files *ret_files, const struct pack *pack, struct err *err)
{
    struct pack_files files = {0};
    int code = tables_make(&files, pack, err);
    if (code == 0)
        code = pages_make(&files, pack, err);
    if (code)
        pack_files_free(&files);
    else
        *ret_files = files;
    return code;
}

void pack_files_add(struct pack_files *files, const char *name, struct bytes content)
{
    struct pack_file *file = file_open(files, name);
    buf_add(&file->content, content);
    sanad_assert(!file->content.bad);
    sha256_of(&file->sha256, content);
}

void pack_files_free(struct pack_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        buf_free(&files->list[i].content);
    files->count = 0;
}
