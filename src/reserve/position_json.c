/* The position as the command line prints it, and as a statement claims it. */
#include "reserve/reserve_priv.h"

/* A statement holds at most 16 KiB; beyond so many wallets, or so many bytes of them, their
 * list goes by its hash. */
enum { STATEMENT_WALLET_MAX = 64, STATEMENT_WALLETS_SIZE_MAX = 12288 };

static json_t *as_of_json(const struct fact_block *block)
{
    json_t *json = json_object();
    json_object_set_new(json, "height", json_integer(block->height));
    json_object_set_new(json, "block_hash", json_hash_display(&block->hash));
    json_object_set_new(json, "time", json_time(block->time));
    return json;
}

static json_t *by_class_json(const struct position *position)
{
    json_t *list = json_array();
    for (size_t i = 0; i < WALLET_CLASS_COUNT; i++) {
        if (!position->has_class[i])
            continue;
        json_t *entry = json_object();
        json_object_set_new(entry, "class", json_string(wallet_class_name((enum wallet_class)i)));
        json_object_set_new(entry, "balance_sat", amount_json(position->by_class[i]));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *wallet_json(const struct position *position, const struct wallet_position *held)
{
    const struct wallet *wallet = &position->book->wallets[held->wallet];
    json_t *json = json_object();
    json_object_set_new(json, "id", json_string(wallet->id));
    json_object_set_new(json, "entity", json_string(position->book->entities[wallet->entity].id));
    json_object_set_new(json, "class", json_string(wallet_class_name(wallet->class_)));
    json_object_set_new(json, "control", json_string(wallet_control_name(wallet->control)));
    json_object_set_new(json, "balance_sat", amount_json(held->balance));
    json_object_set_new(json, "coin_count", json_integer((json_int_t)held->coin_count));
    json_object_set_new(json, "script_count", json_integer((json_int_t)held->script_count));
    json_object_set_new(json, "largest_script_sat", amount_json(held->largest_script));
    json_object_set_new(json, "exposed_key_sat", amount_json(held->exposed_key));
    return json;
}

static bool is_public(const struct position *position, const struct wallet_position *held)
{
    return position->book->wallets[held->wallet].visibility == VISIBILITY_PUBLIC;
}

static json_t *wallets_json(const struct position *position, bool only_public)
{
    json_t *list = json_array();
    for (size_t i = 0; i < position->wallet_count; i++)
        if (!only_public || is_public(position, &position->wallets[i]))
            json_array_append_new(list, wallet_json(position, &position->wallets[i]));
    return list;
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

static json_t *valuation_json(const struct valuation *value)
{
    if (!value->any)
        return json_null();
    json_t *json = json_object();
    json_object_set_new(json, "currency", json_string(value->currency));
    json_object_set_new(json, "amount_minor", amount_json(value->amount));
    json_object_set_new(json, "price_minor_per_btc",
                        json_integer((json_int_t)value->price_minor_per_btc));
    json_object_set_new(json, "sources", texts_json(value->sources, value->source_count));
    json_object_set_new(json, "dropped", texts_json(value->dropped, value->dropped_count));
    json_object_set_new(json, "price_time", json_time(value->price_time));
    return json;
}

static json_t *missing_json(const struct position *position)
{
    json_t *list = json_array();
    for (size_t i = 0; i < position->missing_count; i++)
        json_array_append_new(list, json_string(position->missing[i]));
    return list;
}

static json_t *head_json(const struct position *position)
{
    json_t *json = json_object();
    json_object_set_new(json, "chain", json_string(position->params->name));
    json_object_set_new(json, "nation", json_string(position->book->nation));
    json_object_set_new(json, "simulated", json_boolean(position->book->simulated));
    json_object_set_new(json, "as_of", as_of_json(&position->as_of));
    json_object_set_new(json, "grade", json_string(grade_name(position->grade)));
    json_object_set_new(json, "complete", json_boolean(position->complete));
    json_object_set_new(json, "book_sha256", json_hash_straight(&position->book->sha256));
    return json;
}

json_t *position_json(const struct position *position)
{
    json_t *json = head_json(position);
    json_object_set_new(json_object_get(json, "as_of"), "median_time_past",
                        position->median_unknown ? json_null()
                                                 : json_time(position->as_of.median_time));
    json_object_set_new(json, "total_sat", amount_json(position->total));
    json_object_set_new(json, "by_class", by_class_json(position));
    json_object_set_new(json, "public_sat", amount_json(position->public_part));
    json_object_set_new(json, "restricted_sat", amount_json(position->restricted_part));
    json_object_set_new(json, "coin_count", json_integer((json_int_t)position->coin_count));
    json_object_set_new(json, "immature_sat", amount_json(position->immature));
    json_object_set_new(json, "exposed_key_sat", amount_json(position->exposed_key));
    json_object_set_new(json, "wallets", wallets_json(position, false));
    json_object_set_new(json, "value", valuation_json(&position->value));
    if (position->from_height > 0)
        json_object_set_new(json, "from_height", json_integer(position->from_height));
    if (!position->complete)
        json_object_set_new(json, "missing", missing_json(position));
    return json;
}

static void wallets_claim(json_t *json, const struct position *position)
{
    json_t *list = wallets_json(position, true);
    struct buf text = buf_with_max(BOOK_SIZE_MAX);
    struct hash256 hash;
    struct err err = {0};
    int code = json_canonical(&text, list, &err);
    sanad_assert(code == 0); /* we made it: integers and checked strings */
    if (json_array_size(list) <= STATEMENT_WALLET_MAX && text.size <= STATEMENT_WALLETS_SIZE_MAX) {
        json_object_set(json, "wallets", list);
    } else {
        sha256_of(&hash, buf_bytes(&text));
        json_object_set_new(json, "wallets_sha256", json_hash_straight(&hash));
        json_object_set_new(json, "wallet_count", json_integer((json_int_t)json_array_size(list)));
    }
    buf_free(&text);
    json_decref(list);
}

/* What kind of source a grade is had from. */
static const char *source_word(enum grade grade)
{
    if (grade == GRADE_FILTER)
        return "p2p";
    return grade == GRADE_SNAPSHOT ? "snapshot" : "blocks";
}

json_t *position_statement(const struct position *position, const struct hash256 *public_book)
{
    json_t *json = head_json(position);
    json_object_set_new(json, "total_sat", amount_json(position->total));
    json_object_set_new(json, "by_class", by_class_json(position));
    json_object_set_new(json, "public_sat", amount_json(position->public_part));
    json_object_set_new(json, "restricted_sat", amount_json(position->restricted_part));
    json_object_set_new(json, "coin_count", json_integer((json_int_t)position->coin_count));
    json_object_set_new(json, "immature_sat", amount_json(position->immature));
    json_object_set_new(json, "exposed_key_sat", amount_json(position->exposed_key));
    if (public_book)
        json_object_set_new(json, "public_book_sha256", json_hash_straight(public_book));
    if (position->from_height > 0)
        json_object_set_new(json, "from_height", json_integer(position->from_height));
    json_t *evidence = json_object();
    json_object_set_new(evidence, "source", json_string(source_word(position->grade)));
    json_object_set_new(json, "evidence", evidence);
    wallets_claim(json, position);
    return json;
}
