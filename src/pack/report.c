/* The criteria-report: what a pack claims of a programme, as the members of a statement. */
#include "pack/pack_priv.h"

#include "crypto/crypto.h"

const struct breach *criterion_breach(const struct criterion_result *result)
{
    return result->breach_count ? &result->breaches[result->breach_count - 1] : NULL;
}

const char *criterion_bound(const struct criterion_result *result)
{
    if (!result->criterion->has_quantity)
        return "action";
    return result->criterion->is_floor ? "floor" : "ceiling";
}

/* ---- the net position behind a change ------------------------------------------------------ */

static struct amount term_value_of(const struct criterion_result *result, size_t term, bool base)
{
    for (size_t i = 0; i < result->term_count; i++)
        if (result->terms[i].term == term)
            return base ? result->terms[i].base.value : result->terms[i].at.value;
    return amount_unknown();
}

/* Sums, differences and terms: what a net position is made of. Anything else is not told here,
 * the criterion's own value stands for it. */
static struct amount expr_value(const struct criterion_result *result, const struct expr *expr,
                                bool base)
{
    struct amount sum = amount_zero();
    if (expr->op == EXPR_TERM)
        return term_value_of(result, expr->term, base);
    if (expr->op == EXPR_CONSTANT)
        return expr->constant;
    if (expr->op == EXPR_DIFFERENCE)
        return amount_sub(expr_value(result, &expr->children[0], base),
                          expr_value(result, &expr->children[1], base));
    if (expr->op != EXPR_SUM)
        return amount_unknown();
    for (size_t i = 0; i < expr->child_count; i++)
        sum = amount_add(sum, expr_value(result, &expr->children[i], base));
    return sum;
}

bool criterion_has_balance(const struct criterion_result *result, const struct programme *programme)
{
    for (size_t i = 0; i < result->term_count; i++)
        if (programme->terms[result->terms[i].term].kind == TERM_BALANCE)
            return true;
    return false;
}

void criterion_net(struct amount *ret_now, struct amount *ret_base,
                   const struct criterion_result *result)
{
    const struct expr *expr = &result->criterion->quantity;
    bool is_change = result->criterion->has_quantity && expr->op == EXPR_CHANGE;
    *ret_now = is_change ? expr_value(result, &expr->children[0], false) : amount_unknown();
    *ret_base = is_change ? expr_value(result, &expr->children[0], true) : amount_unknown();
}

/* ---- members ------------------------------------------------------------------------------- */

static void set_amount(json_t *json, const char *key, struct amount a)
{
    if (amount_is_known(a))
        json_object_set_new(json, key, amount_json(a));
}

static void set_day(json_t *json, const char *key, int64_t day)
{
    char text[11];
    if (day == LIMITS_NO_DAY)
        return;
    date_format(text, day);
    json_object_set_new(json, key, json_string(text));
}

/* `version` stands only where it is not that of the report. */
static json_t *criterion_json(const struct criterion_result *result,
                              const struct programme_version *in_force)
{
    const struct criterion *criterion = result->criterion;
    const struct breach *breach = criterion_breach(result);
    json_t *json = json_object();
    json_object_set_new(json, "id", json_string(criterion->id));
    if (result->version != in_force)
        json_object_set_new(json, "version", json_string(result->version->id));
    json_object_set_new(json, "kind", json_string(criterion_kind_name(criterion->kind)));
    json_object_set_new(json, "continuity", json_string(continuity_name(criterion->continuity)));
    json_object_set_new(json, "unit", json_string(criterion->unit.name));
    json_object_set_new(json, "decimals", json_integer(criterion->unit.decimals));
    set_day(json, "date", result->day);
    json_object_set_new(json, "bound", json_string(criterion_bound(result)));
    if (criterion->has_quantity) {
        set_amount(json, "value", result->value);
        set_amount(json, "limit", result->limit);
        set_amount(json, "headroom", result->headroom);
    }
    json_object_set_new(json, "verdict", json_string(limits_verdict_name(result->verdict)));
    if (breach) {
        set_day(json, "since", breach->from);
        set_day(json, "corrected", breach->corrected);
    }
    if (result->verdict == LIMITS_UNDECIDED)
        json_object_set_new(json, "missing", json_string(result->why ? result->why : "not known"));
    if (result->preliminary)
        json_object_set_new(json, "preliminary", json_true());
    if (result->misreporting)
        json_object_set_new(json, "possible_misreporting", json_true());
    return json;
}

static json_t *as_of_json(const struct limits_result *result)
{
    json_t *json = json_object();
    set_day(json, "date", result->as_of.day);
    json_object_set_new(json, "height", json_integer(result->block.height));
    json_object_set_new(json, "block_hash", json_hash_display(&result->block.hash));
    json_object_set_new(json, "time", json_time(result->block.time));
    return json;
}

static json_t *files_json(const struct pack_files *files)
{
    json_t *list = json_array();
    for (size_t i = 0; i < files->count; i++) {
        json_t *entry = json_object();
        json_object_set_new(entry, "name", json_string(files->list[i].name));
        json_object_set_new(entry, "sha256", json_hash_straight(&files->list[i].sha256));
        json_array_append_new(list, entry);
    }
    return list;
}

/* Those in force, then those of earlier versions that were broken. */
static json_t *criteria_json(const struct limits_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->criterion_count; i++)
        json_array_append_new(list, criterion_json(&result->criteria[i], result->version));
    for (size_t i = 0; i < result->earlier_count; i++)
        json_array_append_new(list, criterion_json(&result->earlier[i], result->version));
    return list;
}

bool report_criteria(struct buf *buf, const struct pack *pack)
{
    json_t *list = criteria_json(pack->in.result);
    size_t before = buf->size;
    struct err err = {0};
    int code = json_canonical(buf, list, &err);
    json_decref(list);
    /* Figures beyond 2^53 have no canonical form; stmt_build refuses them by name. */
    return code == 0 && buf->size - before > PACK_CRITERIA_SIZE_MAX;
}

/* The list, or in place of a long one the hash of criteria.json. */
static void criteria_set(json_t *json, const struct pack *pack)
{
    struct buf text = buf_with_max(PACK_FILE_SIZE_MAX);
    struct hash256 hash;
    if (report_criteria(&text, pack)) {
        sha256_of(&hash, buf_bytes(&text));
        json_object_set_new(json, "criteria_sha256", json_hash_straight(&hash));
        size_t count = pack->in.result->criterion_count + pack->in.result->earlier_count;
        json_object_set_new(json, "criterion_count", json_integer((json_int_t)count));
    } else {
        json_object_set_new(json, "criteria", criteria_json(pack->in.result));
    }
    buf_free(&text);
}

json_t *pack_report(const struct pack *pack, const struct pack_files *files)
{
    const struct limits_result *result = pack->in.result;
    const struct position *position = &pack->position;
    json_t *json = json_object();
    json_object_set_new(json, "chain", json_string(position->params->name));
    json_object_set_new(json, "nation", json_string(position->book->nation));
    json_object_set_new(json, "simulated", json_boolean(position->book->simulated));
    json_object_set_new(json, "as_of", as_of_json(result));
    json_object_set_new(json, "grade", json_string(grade_name(result->grade)));
    json_object_set_new(json, "complete", json_boolean(result->complete && position->complete));
    json_object_set_new(json, "book_sha256", json_hash_straight(&position->book->sha256));
    json_object_set_new(json, "programme", json_string(result->programme->id));
    json_object_set_new(json, "version", json_string(result->version->id));
    json_object_set_new(json, "programme_sha256", json_hash_straight(&result->programme->sha256));
    criteria_set(json, pack);
    json_object_set_new(json, "files", files_json(files));
    if (pack->in.previous)
        json_object_set_new(json, "previous_sha256",
                            json_hash_straight(&pack->in.previous->text_sha256));
    return json;
}
