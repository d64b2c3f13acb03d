/* What most verbs open first: the store with its facts and registers, the nation's book as it
 * was known on the day that is asked for, and what it holds. */
#include "cmd/cmd.h"

#include <stdlib.h>

int cmd_context_open(struct cmd_context *ret_context, const struct cmd_args *args, struct err *err)
{
    const char *spec;
    struct cmd_context context = {0};
    int code = cmd_required(&spec, args, "--store", err);
    if (code == 0)
        code = store_open(&context.store, spec, STORE_READ, err);
    if (code == 0)
        code = facts_chain(&context.params, context.store, err);
    const char *chain = cmd_value(args, "--chain");
    if (code == 0 && chain && strcmp(chain, context.params->name) != 0)
        code = err_set(err, SANAD_USAGE, "%s: the store holds %s, not %s", spec,
                       context.params->name, chain);
    if (code == 0)
        code = facts_open(&context.facts, context.store, context.params, err);
    if (code == 0)
        code = register_open(&context.registry, context.store, err);
    if (code == 0) /* one snapshot: a scan may write meanwhile */
        code = store_begin(context.store, err);
    if (code == 0)
        code = facts_state_get(&context.state, context.facts, err);
    if (code == 0 && !context.state.any)
        code = err_set(err, SANAD_MISSING, "%s: nothing was scanned yet", spec);
    if (code)
        cmd_context_close(&context);
    else
        *ret_context = context;
    return code;
}

void cmd_context_close(struct cmd_context *context)
{
    book_free(context->book);
    register_close(context->registry);
    facts_close(context->facts);
    store_close(context->store);
    *context = (struct cmd_context){0};
}

/* The only nation of the store, where --nation is left out. */
static int only_nation(const char **ret_nation, struct cmd_context *context, struct arena *arena,
                       struct err *err)
{
    struct register_book *books;
    size_t count;
    int code = register_books(context->registry, &books, &count, NULL, arena, err);
    if (code)
        return code;
    if (count == 0)
        return err_set(err, SANAD_MISSING, "%s: no address book is declared",
                       store_name(context->store));
    for (size_t i = 1; i < count; i++)
        if (strcmp(books[i].nation, books[0].nation) != 0)
            return err_set(err, SANAD_USAGE, "%s: holds several nations; --nation is needed",
                           store_name(context->store));
    *ret_nation = books[0].nation;
    return 0;
}

static int declared_book(struct cmd_context *context, const struct cmd_args *args,
                         struct arena *arena, struct err *err)
{
    struct register_book entry;
    struct bytes text;
    int64_t known;
    const char *nation = cmd_value(args, "--nation");
    int code = cmd_as_known(&known, args, err);
    if (code == 0 && !nation)
        code = only_nation(&nation, context, arena, err);
    if (code == 0)
        code = register_book_as_known(context->registry, &entry, &text, nation, known, arena, err);
    if (code == 0)
        code = book_read(&context->book, store_name(context->store), text, context->params, err);
    if (code == 0)
        context->book_approved = entry.state == RECORD_APPROVED;
    return code;
}

/* A candidate book adds its wallets to what is declared, for this answer only. */
static int candidate_add(struct cmd_context *context, const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--with-book");
    struct book *candidate;
    if (!path)
        return 0;
    int code = book_read_file(&candidate, path, context->params, err);
    if (code)
        return code;
    if (strcmp(candidate->nation, context->book->nation) != 0) {
        code = err_set(err, SANAD_REFUSED, "%s: is of %s, the position is of %s", path,
                       candidate->nation, context->book->nation);
        book_free(candidate);
        return code;
    }
    json_t *merged = json_deep_copy(context->book->json);
    const char *const lists[] = {"entities", "wallets"};
    for (size_t i = 0; i < countof(lists); i++) {
        size_t at;
        json_t *entry;
        json_array_foreach (json_object_get(candidate->json, lists[i]), at, entry) {
            size_t other;
            json_t *known;
            bool there = false;
            json_array_foreach (json_object_get(merged, lists[i]), other, known)
                there = there || json_equal(known, entry);
            if (!there)
                json_array_append(json_object_get(merged, lists[i]), entry);
        }
    }
    struct buf text = buf_with_max(BOOK_SIZE_MAX);
    struct book *both;
    code = json_canonical(&text, merged, err);
    if (code == 0)
        code = book_read(&both, path, buf_bytes(&text), context->params, err);
    if (code == 0) {
        book_free(context->book);
        context->book = both;
    }
    buf_free(&text);
    json_decref(merged);
    book_free(candidate);
    return code;
}

int cmd_context_book(struct cmd_context *context, const struct cmd_args *args, struct err *err)
{
    struct arena arena = {0};
    int code = declared_book(context, args, &arena, err);
    arena_free(&arena);
    if (code == 0 && cmd_takes(args, "--with-book"))
        code = candidate_add(context, args, err);
    return code;
}

int cmd_height(uint32_t *ret_height, struct cmd_context *context, const struct cmd_when *when,
               struct err *err)
{
    struct fact_block block;
    if (!when->given) {
        *ret_height = context->state.tip_height;
        return 0;
    }
    if (!when->is_date) {
        *ret_height = when->height;
        return facts_block_at(&block, context->facts, when->height, err);
    }
    int code = facts_block_by_time(&block, context->facts, when->time, err);
    if (code == 0)
        *ret_height = block.height;
    return code;
}

int cmd_holding_open(struct cmd_holding *ret_held, const struct cmd_args *args, struct err *err)
{
    struct cmd_holding held = {0};
    struct cmd_when at;
    uint32_t height = 0;
    int code = cmd_when(&at, args, "--at", err);
    if (code == 0)
        code = cmd_context_open(&held.context, args, err);
    if (code == 0)
        code = cmd_context_book(&held.context, args, err);
    if (code == 0)
        code = cmd_height(&height, &held.context, &at, err);
    if (code == 0)
        code = ledger_new(&held.ledger, held.context.facts, held.context.book, height, err);
    if (code == 0)
        code = position_make(&held.position, held.ledger, height, err);
    if (code)
        cmd_holding_close(&held);
    else
        *ret_held = held;
    return code;
}

void cmd_holding_close(struct cmd_holding *held)
{
    position_free(&held->position);
    ledger_free(held->ledger);
    cmd_context_close(&held->context);
    *held = (struct cmd_holding){0};
}

int cmd_prices(struct price_table *ret_table, struct cmd_context *context,
               const struct cmd_args *args, const char *currency, struct err *err)
{
    const char *path = cmd_value(args, "--prices");
    int64_t known;
    if (path)
        return prices_read_file(ret_table, path, currency, err);
    int code = cmd_as_known(&known, args, err);
    if (code)
        return code;
    return prices_from_register(ret_table, context->registry, currency, known, err);
}

int cmd_passphrase(struct buf *ret_passphrase, const struct cmd_args *args, struct err *err)
{
    enum { PASSPHRASE_MAX = 4096 };
    const char *path = cmd_value(args, "--passphrase-file");
    const char *text = getenv("SANAD_PASSPHRASE");
    struct buf passphrase = buf_with_max(PASSPHRASE_MAX);
    if (!path && !text)
        return err_set(err, SANAD_USAGE, "passphrase: give --passphrase-file or SANAD_PASSPHRASE");
    if (!path) {
        buf_text(&passphrase, text);
    } else {
        int code = file_read(&passphrase, path, PASSPHRASE_MAX, err);
        if (code)
            return code;
        const uint8_t *end =
            passphrase.size ? memchr(passphrase.data, '\n', passphrase.size) : NULL;
        passphrase.size = end ? (size_t)(end - passphrase.data) : passphrase.size;
    }
    if (passphrase.size == 0 || passphrase.bad || memchr(passphrase.data, 0, passphrase.size)) {
        buf_free(&passphrase);
        return err_set(err, SANAD_USAGE, "passphrase: empty, too long, or with a NUL");
    }
    *ret_passphrase = passphrase;
    return 0;
}
