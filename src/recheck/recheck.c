/* The checks that need no chain: signatures, arithmetic, the book; and the list of checks. */
#include "recheck/recheck.h"

#include <stdarg.h>
#include <stdlib.h>

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {[VERDICT_HOLDS] = "holds",
                                        [VERDICT_UNDECIDED] = "undecided",
                                        [VERDICT_CONTRADICTED] = "contradicted"};
    return names[verdict];
}

void recheck_add(struct recheck *recheck, const char *name, const char *subject,
                 enum verdict verdict, const char *format, ...)
{
    if (verdict > recheck->verdict)
        recheck->verdict = verdict; /* ordered: holds, undecided, contradicted */
    if (recheck->count == RECHECK_MAX)
        return; /* the verdict counts even where the list is full */
    struct check *check = &recheck->checks[recheck->count++];
    *check = (struct check){.name = name, .verdict = verdict};
    (void)snprintf(check->subject, sizeof check->subject, "%s", subject);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(check->detail, sizeof check->detail, format, args);
    va_end(args);
}

void recheck_schema(struct recheck *recheck, const struct stmt *stmt)
{
    struct err err = {0};
    bool holds = stmt_schema_check(stmt, &err) == 0;
    recheck_add(recheck, "schema", stmt_kind_name(stmt->kind),
                holds ? VERDICT_HOLDS : VERDICT_CONTRADICTED, "%s",
                holds ? "the members of its kind" : err.text);
}

void recheck_signatures(struct recheck *recheck, const struct stmt *stmt, const struct trust *trust)
{
    struct stmt_check check;
    struct err err = {0};
    if (!trust) {
        recheck_add(recheck, "signatures", stmt_kind_name(stmt->kind), VERDICT_UNDECIDED,
                    "no trust file says whose signatures count (--trust)");
        return;
    }
    int code = stmt_verify(&check, stmt, trust, stmt_time(stmt), &err);
    if (code == 0)
        recheck_add(recheck, "signatures", stmt_kind_name(stmt->kind), VERDICT_HOLDS,
                    "%zu of at least %zu needed signatures verify", check.valid, check.threshold);
    else
        recheck_add(recheck, "signatures", stmt_kind_name(stmt->kind),
                    code == SANAD_FALSE ? VERDICT_CONTRADICTED : VERDICT_UNDECIDED, "%s", err.text);
}

/* A member in satoshi; unknown where it is none. */
static struct amount member_sat(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return json_is_integer(value) ? amount_of(json_integer_value(value)) : amount_unknown();
}

static struct amount list_sum(const json_t *list, const char *key)
{
    struct amount sum = amount_zero();
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry)
        sum = amount_add(sum, member_sat(entry, key));
    return sum;
}

static void arithmetic_check(struct recheck *recheck, const char *subject, struct amount sum,
                             struct amount stated)
{
    char sum_text[AMOUNT_TEXT_SIZE];
    char stated_text[AMOUNT_TEXT_SIZE];
    amount_format(sum_text, sum, 8);
    amount_format(stated_text, stated, 8);
    if (amount_equal(sum, stated))
        recheck_add(recheck, "arithmetic", subject, VERDICT_HOLDS, "%s", sum_text);
    else
        recheck_add(recheck, "arithmetic", subject, VERDICT_CONTRADICTED, "sums to %s, stated %s",
                    sum_text, stated_text);
}

void recheck_arithmetic(struct recheck *recheck, const struct stmt *stmt)
{
    if (stmt->kind == STMT_CRITERIA_REPORT)
        recheck_report(recheck, stmt);
    if (stmt->kind != STMT_RESERVE_POSITION)
        return;
    const json_t *json = stmt->json;
    const json_t *wallets = json_object_get(json, "wallets");
    arithmetic_check(recheck, "by_class and total_sat",
                     list_sum(json_object_get(json, "by_class"), "balance_sat"),
                     member_sat(json, "total_sat"));
    arithmetic_check(recheck, "public_sat, restricted_sat and total_sat",
                     amount_add(member_sat(json, "public_sat"), member_sat(json, "restricted_sat")),
                     member_sat(json, "total_sat"));
    if (wallets)
        arithmetic_check(recheck, "wallets and public_sat", list_sum(wallets, "balance_sat"),
                         member_sat(json, "public_sat"));
}

static bool hash_is(const json_t *json, const char *key, const struct hash256 *hash)
{
    struct hash256 stated;
    const char *text = json_string_value(json_object_get(json, key));
    return text && hash256_from_straight(&stated, text) && hash256_equal(&stated, hash);
}

/* What an address-book statement says of its book, held against the book at hand. */
static void book_members(struct recheck *recheck, const struct stmt *stmt, const struct book *book)
{
    json_t *found = json_object();
    const char *key;
    json_t *value;
    json_object_set_new(found, "chain", json_string(book->params->name));
    json_object_set_new(found, "nation", json_string(book->nation));
    json_object_set_new(found, "simulated", json_boolean(book->simulated));
    json_object_set_new(found, "entity_count", json_integer((json_int_t)book->entity_count));
    json_object_set_new(found, "wallet_count", json_integer((json_int_t)book->wallet_count));
    json_object_foreach (found, key, value) {
        const json_t *stated = json_object_get(stmt->json, key);
        bool same = stated && json_equal(stated, value);
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        recheck_add(recheck, "book", key, same ? VERDICT_HOLDS : VERDICT_CONTRADICTED,
                    same ? "%s" : "the book has %s", text ? text : "");
        free(text);
    }
    json_decref(found);
}

void recheck_book(struct recheck *recheck, const struct stmt *stmt, const struct book *book,
                  bool *ret_public)
{
    char hash[HEX256_SIZE];
    *ret_public = false;
    if (!book) {
        recheck_add(recheck, "book", "book_sha256", VERDICT_UNDECIDED,
                    "the address book is not at hand (--book)");
        return;
    }
    hash256_straight(hash, &book->sha256);
    if (hash_is(stmt->json, "book_sha256", &book->sha256)) {
        recheck_add(recheck, "book", "book_sha256", VERDICT_HOLDS, "%s", hash);
    } else if (hash_is(stmt->json, "public_book_sha256", &book->sha256)) {
        *ret_public = true;
        recheck_add(recheck, "book", "public_book_sha256", VERDICT_HOLDS, "%s", hash);
        recheck_add(recheck, "book", "restricted wallets", VERDICT_UNDECIDED,
                    "sealed: only a holder of the whole book can check them");
    } else {
        recheck_add(recheck, "book", "book_sha256", VERDICT_UNDECIDED,
                    "the book at hand is another: %s", hash);
        return;
    }
    if (stmt->kind == STMT_ADDRESS_BOOK)
        book_members(recheck, stmt, book);
}

json_t *recheck_json(const struct recheck *recheck)
{
    json_t *list = json_array();
    for (size_t i = 0; i < recheck->count; i++) {
        const struct check *check = &recheck->checks[i];
        json_t *entry = json_object();
        json_object_set_new(entry, "name", json_string(check->name));
        json_object_set_new(entry, "subject", json_string(check->subject));
        json_object_set_new(entry, "verdict", json_string(verdict_name(check->verdict)));
        json_object_set_new(entry, "detail", json_string(check->detail));
        json_array_append_new(list, entry);
    }
    json_t *json = json_object();
    json_object_set_new(json, "verdict", json_string(verdict_name(recheck->verdict)));
    json_object_set_new(json, "checks", list);
    return json;
}
