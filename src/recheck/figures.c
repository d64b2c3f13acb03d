/* The check that needs the chain: scans it into a private store up to the statement's block
 * and compares every figure with what follows from it. */
#include "recheck/recheck.h"

#include "facts/facts.h"
#include "reserve/reserve.h"
#include "scan/scan.h"
#include "source/source.h"
#include "store/store.h"

#include <stdlib.h>

/* All that one recomputation holds. */
struct figures_run {
    struct source *source;
    struct store *store;
    struct facts *facts;
    struct ledger *ledger;
    struct position position;
    bool has_position;
};

static void run_close(struct figures_run *run)
{
    if (run->has_position)
        position_free(&run->position);
    ledger_free(run->ledger);
    facts_close(run->facts);
    store_close(run->store);
    source_close(run->source);
}

/* The block that the statement speaks of. */
struct stated_block {
    uint32_t height;
    struct hash256 hash;
};

static int stated_block_read(struct stated_block *ret, const struct stmt *stmt, struct err *err)
{
    const json_t *as_of = json_object_get(stmt->json, "as_of");
    int64_t height;
    const char *hash;
    int code = json_get_integer(&height, "as_of", as_of, "height", 0, INT32_MAX, err);
    if (code == 0)
        code = json_get_string(&hash, "as_of", as_of, "block_hash", err);
    if (code == 0 && !hash256_from_display(&ret->hash, hash))
        code = err_set(err, SANAD_REFUSED, "as_of: \"block_hash\" is none");
    if (code == 0)
        ret->height = (uint32_t)height;
    return code;
}

static int run_scan(struct figures_run *run, struct book *book, uint32_t height,
                    const struct recheck_source *source, struct err *err)
{
    struct source_options options = source->options;
    struct scan_result result;
    options.params = book->params;
    int code = source_open(&run->source, source->spec, &options, err);
    if (code == 0 &&
        (source_tip(run->source) == NODE_NONE || source_active(run->source, height) == NODE_NONE))
        code = err_set(err, SANAD_MISSING, "%s: it does not hold block %u",
                       source_name(run->source), height);
    if (code == 0)
        code = store_open(&run->store, "", STORE_MEMORY, err);
    if (code == 0)
        code = facts_open(&run->facts, run->store, book->params, err);
    if (code)
        return code;
    struct scan_options scan = {.source = run->source,
                                .facts = run->facts,
                                .store = run->store,
                                .books = &book,
                                .book_count = 1,
                                .threads = source->threads,
                                .to_height = height};
    return scan_run(&result, &scan, err);
}

static int run_position(struct figures_run *run, const struct book *book, uint32_t height,
                        struct err *err)
{
    int code = ledger_new(&run->ledger, run->facts, book, height, err);
    if (code == 0)
        code = position_make(&run->position, run->ledger, height, err);
    run->has_position = code == 0;
    return code;
}

/* Members that may differ between sources, or that the statement's maker alone knows. */
static bool is_compared(const char *key, bool public_only)
{
    static const char *const never[] = {"grade", "evidence",      "authority",
                                        "log",   "seq",           "prev",
                                        "text",  "authoritative", "public_book_sha256"};
    static const char *const whole[] = {"total_sat",   "restricted_sat", "by_class",
                                        "coin_count",  "immature_sat",   "exposed_key_sat",
                                        "book_sha256", "complete"};
    for (size_t i = 0; i < countof(never); i++)
        if (strcmp(never[i], key) == 0)
            return false;
    for (size_t i = 0; public_only && i < countof(whole); i++)
        if (strcmp(whole[i], key) == 0)
            return false;
    return true;
}

static void short_text(char *ret_text, size_t size, const json_t *json)
{
    char *text = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    (void)snprintf(ret_text, size, "%.90s", text ? text : "nothing");
    free(text);
}

static void member_compare(struct recheck *recheck, const char *subject, const json_t *stated,
                           const json_t *computed)
{
    char left[96];
    char right[96];
    short_text(left, sizeof left, stated);
    short_text(right, sizeof right, computed);
    bool plain = !json_is_object(computed) && !json_is_array(computed);
    if (stated && computed && json_equal(stated, computed))
        recheck_add(recheck, "figures", subject, VERDICT_HOLDS, "%s", plain ? right : "as stated");
    else
        recheck_add(recheck, "figures", subject, VERDICT_CONTRADICTED,
                    "stated %s, the chain gives %s", left, right);
}

static const json_t *wallet_find(const json_t *list, const char *id)
{
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry) {
        const char *other = json_string_value(json_object_get(entry, "id"));
        if (other && strcmp(other, id) == 0)
            return entry;
    }
    return NULL;
}

/* One wallet, figure by figure; what is stated and does not follow from the chain too. */
static void wallet_compare(struct recheck *recheck, const char *id, const json_t *stated,
                           const json_t *computed)
{
    char subject[96];
    const char *key;
    json_t *value;
    size_t different = 0;
    json_object_foreach ((json_t *)computed, key, value) {
        const json_t *said = json_object_get(stated, key);
        if (said && json_equal(said, value))
            continue;
        (void)snprintf(subject, sizeof subject, "wallet %.50s %.30s", id, key);
        member_compare(recheck, subject, said, value);
        different++;
    }
    json_object_foreach ((json_t *)stated, key, value) {
        if (json_object_get(computed, key))
            continue;
        (void)snprintf(subject, sizeof subject, "wallet %.50s %.30s", id, key);
        member_compare(recheck, subject, value, NULL);
        different++;
    }
    (void)snprintf(subject, sizeof subject, "wallet %.80s", id);
    if (different == 0)
        member_compare(recheck, subject, json_object_get(stated, "balance_sat"),
                       json_object_get(computed, "balance_sat"));
}

/* Wallet by wallet, so that the reader learns which one differs. */
static void wallets_compare(struct recheck *recheck, const json_t *stated, const json_t *computed)
{
    size_t i;
    json_t *entry;
    json_array_foreach (computed, i, entry) {
        const char *id = json_string_value(json_object_get(entry, "id"));
        wallet_compare(recheck, id, wallet_find(stated, id), entry);
    }
    if (json_array_size(stated) != json_array_size(computed))
        recheck_add(recheck, "figures", "wallets", VERDICT_CONTRADICTED,
                    "%zu wallets stated, the book has %zu", json_array_size(stated),
                    json_array_size(computed));
}

/* What the statement says and the chain does not give is a difference too. */
static void extra_members(struct recheck *recheck, const json_t *stated, const json_t *computed,
                          bool public_only)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)stated, key, value) {
        if (is_compared(key, public_only) && !json_object_get(computed, key))
            member_compare(recheck, key, value, NULL);
    }
}

static void figures_compare(struct recheck *recheck, const json_t *stated, const json_t *computed,
                            bool public_only)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)computed, key, value) {
        if (!is_compared(key, public_only))
            continue;
        if (strcmp(key, "wallets") == 0 && json_object_get(stated, key))
            wallets_compare(recheck, json_object_get(stated, key), value);
        else
            member_compare(recheck, key, json_object_get(stated, key), value);
    }
    extra_members(recheck, stated, computed, public_only);
    if (public_only)
        recheck_add(recheck, "figures", "total_sat", VERDICT_UNDECIDED,
                    "it holds restricted wallets, which are sealed");
}

int recheck_figures(struct recheck *recheck, const struct stmt *stmt, struct book *book,
                    bool public_only, const struct recheck_source *source, struct err *err)
{
    struct figures_run run = {0};
    struct stated_block block;
    struct fact_block found;
    sanad_assert(stmt->kind == STMT_RESERVE_POSITION);
    int code = stated_block_read(&block, stmt, err);
    if (code == 0)
        code = run_scan(&run, book, block.height, source, err);
    if (code == 0)
        code = facts_block_at(&found, run.facts, block.height, err);
    if (code == 0 && !hash256_equal(&found.hash, &block.hash)) {
        char hash[HEX256_SIZE];
        hash256_display(hash, &found.hash);
        recheck_add(recheck, "figures", "as_of block_hash", VERDICT_CONTRADICTED,
                    "the most-work chain of the source has %s at height %u", hash, block.height);
    } else if (code == 0) {
        code = run_position(&run, book, block.height, err);
        if (code == 0) {
            json_t *computed = position_statement(&run.position, NULL);
            figures_compare(recheck, stmt->json, computed, public_only);
            json_decref(computed);
        }
    }
    run_close(&run);
    return code;
}
