/* The members of each kind of statement, as data (doc/formats/statement.md, "Kinds"), and the few
 * rules between members that a table can't state. */
#include "stmt/stmt_priv.h"

#define INTEGER_MAX INT64_C(9007199254740991) /* RFC 8785: what every reader holds exactly */

#define OPTIONAL .optional = true
#define INTEGER(key, low, high, ...)                                                               \
    {                                                                                              \
        .name = (key), .value = SCHEMA_INTEGER, .min = (low), .max = (high), __VA_ARGS__           \
    }
#define COUNT(key, ...) INTEGER(key, 0, INTEGER_MAX, __VA_ARGS__)
#define SATOSHI(key, ...) INTEGER(key, 0, AMOUNT_MONEY_MAX_SAT, __VA_ARGS__)
#define TEXT(key, low, high, ...)                                                                  \
    {                                                                                              \
        .name = (key), .value = SCHEMA_TEXT, .min = (low), .max = (high), __VA_ARGS__              \
    }
#define WORD(key, list, ...)                                                                       \
    {                                                                                              \
        .name = (key), .value = SCHEMA_WORD, .words = (list), __VA_ARGS__                          \
    }
#define PLAIN(key, sort, ...)                                                                      \
    {                                                                                              \
        .name = (key), .value = (sort), __VA_ARGS__                                                \
    }
#define OBJECT(key, members, ...)                                                                  \
    {                                                                                              \
        .name = (key), .value = SCHEMA_OBJECT, .of = (members), __VA_ARGS__                        \
    }
#define LIST(key, low, high, item, ...)                                                            \
    {                                                                                              \
        .name = (key), .value = SCHEMA_LIST, .min = (low), .max = (high), .of = (item),            \
        __VA_ARGS__                                                                                \
    }
#define MAP(key, low, high, item, ...)                                                             \
    {                                                                                              \
        .name = (key), .value = SCHEMA_MAP, .min = (low), .max = (high), .of = (item), __VA_ARGS__ \
    }
/* Of a list or map: what each item is; its name is never looked at. */
#define ITEM_OF(members)                                                                           \
    {                                                                                              \
        .name = "", .value = SCHEMA_OBJECT, .of = (members)                                        \
    }
#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

static const char *const chains[] = {"main", "testnet4", "signet", "regtest", NULL};
static const char *const grades[] = {"claimed", "snapshot", "filter", "parse",
                                     "merkle",  "prevout",  NULL};

/* ---- members of every kind ---------------------------------------------------------------- */

static const struct schema_member common[] = {TEXT("authority", 1, NOTE_NAME_MAX),
                                              PLAIN("log", SCHEMA_ORIGIN), COUNT("seq"),
                                              INTEGER("prev", -1, INTEGER_MAX), END};

/* ---- what is held -------------------------------------------------------------------------- */

static const struct schema_member block[] = {INTEGER("height", 0, UINT32_MAX),
                                             PLAIN("block_hash", SCHEMA_HASH),
                                             PLAIN("time", SCHEMA_TIME), END};
static const struct schema_member address_book[] = {
    WORD("chain", chains),
    TEXT("nation", 1, 64),
    PLAIN("simulated", SCHEMA_FLAG),
    PLAIN("book_sha256", SCHEMA_HASH),
    PLAIN("public_book_sha256", SCHEMA_HASH, OPTIONAL),
    COUNT("entity_count"),
    COUNT("wallet_count"),
    END};
static const struct schema_member class_balance[] = {PLAIN("class", SCHEMA_NAME),
                                                     SATOSHI("balance_sat"), END};
static const struct schema_member class_item = ITEM_OF(class_balance);
static const struct schema_member wallet[] = {
    TEXT("id", 1, 128),          TEXT("entity", 1, 128),
    PLAIN("class", SCHEMA_NAME), PLAIN("control", SCHEMA_NAME),
    SATOSHI("balance_sat"),      COUNT("coin_count"),
    COUNT("script_count"),       SATOSHI("largest_script_sat"),
    SATOSHI("exposed_key_sat"),  END};
static const struct schema_member wallet_item = ITEM_OF(wallet);
static const struct schema_member evidence[] = {PLAIN("source", SCHEMA_NAME), END};
static const struct schema_member reserve_position[] = {
    WORD("chain", chains),
    TEXT("nation", 1, 64),
    PLAIN("simulated", SCHEMA_FLAG),
    OBJECT("as_of", block),
    WORD("grade", grades),
    OBJECT("evidence", evidence),
    PLAIN("complete", SCHEMA_FLAG),
    PLAIN("book_sha256", SCHEMA_HASH),
    PLAIN("public_book_sha256", SCHEMA_HASH, OPTIONAL),
    SATOSHI("total_sat"),
    LIST("by_class", 0, 16, &class_item),
    SATOSHI("public_sat"),
    SATOSHI("restricted_sat"),
    COUNT("coin_count"),
    SATOSHI("immature_sat"),
    SATOSHI("exposed_key_sat"),
    LIST("wallets", 0, 64, &wallet_item, OPTIONAL),
    PLAIN("wallets_sha256", SCHEMA_HASH, OPTIONAL),
    COUNT("wallet_count", OPTIONAL),
    INTEGER("from_height", 1, UINT32_MAX, OPTIONAL),
    END};
static const struct schema_member flow_declaration[] = {
    TEXT("nation", 1, 64),
    PLAIN("simulated", SCHEMA_FLAG),
    PLAIN("txid", SCHEMA_HASH),
    PLAIN("meaning", SCHEMA_NAME),
    PLAIN("document_sha256", SCHEMA_HASH),
    PLAIN("trade_date", SCHEMA_DATE, OPTIONAL),
    PLAIN("settlement_date", SCHEMA_DATE, OPTIONAL),
    TEXT("note", 0, 4096, OPTIONAL),
    END};
static const struct schema_member claim[] = {TEXT("id", 1, 256),         TEXT("nation", 1, 64),
                                             TEXT("publisher", 0, 1024), PLAIN("date", SCHEMA_DATE),
                                             TEXT("quantity", 0, 256),   TEXT("printed", 0, 4096),
                                             TEXT("unit", 0, 64),        TEXT("source", 0, 4096),
                                             TEXT("note", 0, 8192),      END};
static const struct schema_member liabilities[] = {TEXT("nation", 1, 64),
                                                   PLAIN("simulated", SCHEMA_FLAG),
                                                   PLAIN("date", SCHEMA_DATE),
                                                   PLAIN("liabilities_sha256", SCHEMA_HASH),
                                                   COUNT("line_count"),
                                                   SATOSHI("total_sat"),
                                                   END};

/* ---- what was agreed ------------------------------------------------------------------------ */

static const struct schema_member report_block[] = {
    PLAIN("date", SCHEMA_DATE), INTEGER("height", 0, UINT32_MAX), PLAIN("block_hash", SCHEMA_HASH),
    PLAIN("time", SCHEMA_TIME), END};
static const char *const bounds[] = {"ceiling", "floor", "action", NULL};
static const char *const verdicts[] = {"met", "not-met", "undecided", NULL};
static const struct schema_member criterion[] = {
    PLAIN("id", SCHEMA_NAME),
    PLAIN("version", SCHEMA_NAME, OPTIONAL),
    PLAIN("kind", SCHEMA_NAME),
    PLAIN("continuity", SCHEMA_NAME),
    TEXT("unit", 1, 16),
    INTEGER("decimals", 0, 8),
    PLAIN("date", SCHEMA_DATE, OPTIONAL),
    WORD("bound", bounds),
    INTEGER("value", -INTEGER_MAX, INTEGER_MAX, OPTIONAL),
    INTEGER("limit", -INTEGER_MAX, INTEGER_MAX, OPTIONAL),
    INTEGER("headroom", -INTEGER_MAX, INTEGER_MAX, OPTIONAL),
    WORD("verdict", verdicts),
    PLAIN("since", SCHEMA_DATE, OPTIONAL),
    PLAIN("corrected", SCHEMA_DATE, OPTIONAL),
    TEXT("missing", 0, 4096, OPTIONAL),
    PLAIN("preliminary", SCHEMA_FLAG, OPTIONAL),
    PLAIN("possible_misreporting", SCHEMA_FLAG, OPTIONAL),
    END};
static const struct schema_member criterion_item = ITEM_OF(criterion);
static const struct schema_member file[] = {TEXT("name", 1, 255), PLAIN("sha256", SCHEMA_HASH),
                                            END};
static const struct schema_member file_item = ITEM_OF(file);
static const struct schema_member criteria_report[] = {
    WORD("chain", chains),
    TEXT("nation", 1, 64),
    PLAIN("simulated", SCHEMA_FLAG),
    OBJECT("as_of", report_block),
    WORD("grade", grades),
    PLAIN("complete", SCHEMA_FLAG),
    PLAIN("book_sha256", SCHEMA_HASH),
    PLAIN("programme", SCHEMA_NAME),
    PLAIN("version", SCHEMA_NAME),
    PLAIN("programme_sha256", SCHEMA_HASH),
    LIST("criteria", 0, 256, &criterion_item, OPTIONAL),
    PLAIN("criteria_sha256", SCHEMA_HASH, OPTIONAL),
    COUNT("criterion_count", OPTIONAL),
    LIST("files", 0, 64, &file_item),
    PLAIN("previous_sha256", SCHEMA_HASH, OPTIONAL),
    END};
static const struct schema_member programme[] = {TEXT("nation", 1, 64),
                                                 PLAIN("simulated", SCHEMA_FLAG),
                                                 PLAIN("date", SCHEMA_DATE),
                                                 PLAIN("programme", SCHEMA_NAME),
                                                 PLAIN("programme_sha256", SCHEMA_HASH),
                                                 COUNT("version_count"),
                                                 END};
static const struct schema_member party_item = TEXT("", 1, NOTE_NAME_MAX);
static const struct schema_member agreement[] = {PLAIN("date", SCHEMA_DATE),
                                                 LIST("parties", 2, 16, &party_item),
                                                 PLAIN("document_sha256", SCHEMA_HASH),
                                                 PLAIN("title", SCHEMA_TEXTS),
                                                 PLAIN("authoritative", SCHEMA_LANGUAGE),
                                                 PLAIN("from", SCHEMA_DATE, OPTIONAL),
                                                 PLAIN("until", SCHEMA_DATE, OPTIONAL),
                                                 COUNT("supersedes", OPTIONAL),
                                                 END};

/* ---- who speaks ----------------------------------------------------------------------------- */

static const struct schema_member vkey_item = PLAIN("", SCHEMA_VKEY);
static const struct schema_member name_item = PLAIN("", SCHEMA_ORIGIN);
static const struct schema_member role[] = {INTEGER("threshold", 1, STMT_ROLE_KEY_MAX),
                                            LIST("keys", 1, STMT_ROLE_KEY_MAX, &name_item), END};
static const struct schema_member role_item = ITEM_OF(role);
static const struct schema_member partner[] = {
    TEXT("authority", 1, NOTE_NAME_MAX), PLAIN("log", SCHEMA_ORIGIN),
    LIST("keys", 1, 8, &vkey_item), PLAIN("root_sha256", SCHEMA_HASH, OPTIONAL), END};
static const struct schema_member partner_item = ITEM_OF(partner);
static const struct schema_member root[] = {INTEGER("version", 1, INTEGER_MAX),
                                            PLAIN("date", SCHEMA_DATE),
                                            PLAIN("expires", SCHEMA_DATE),
                                            LIST("keys", 1, TRUST_KEY_MAX, &vkey_item),
                                            MAP("roles", 1, STMT_KIND_COUNT, &role_item),
                                            LIST("partners", 0, 16, &partner_item, OPTIONAL),
                                            END};
static const struct schema_member revoke[] = {PLAIN("date", SCHEMA_DATE),
                                              PLAIN("key", SCHEMA_ORIGIN),
                                              PLAIN("key_id", SCHEMA_KEY_ID),
                                              COUNT("effective_index"),
                                              PLAIN("reason", SCHEMA_TEXTS),
                                              PLAIN("authoritative", SCHEMA_LANGUAGE),
                                              END};

/* ---- knowledge ------------------------------------------------------------------------------ */

static const struct schema_member document[] = {
    PLAIN("date", SCHEMA_DATE),         PLAIN("sha256", SCHEMA_HASH),
    PLAIN("media_type", SCHEMA_MEDIA),  COUNT("size"),
    PLAIN("title", SCHEMA_TEXTS),       PLAIN("authoritative", SCHEMA_LANGUAGE),
    PLAIN("language", SCHEMA_LANGUAGE), COUNT("supersedes", OPTIONAL),
    COUNT("translation_of", OPTIONAL),  END};
static const struct schema_member recipient_item = TEXT("", 1, 128);
static const struct schema_member sealed[] = {TEXT("label", 1, 128),
                                              PLAIN("commitment", SCHEMA_HASH), END};
static const struct schema_member sealed_item = ITEM_OF(sealed);
static const struct schema_member annex[] = {PLAIN("date", SCHEMA_DATE),
                                             PLAIN("ciphertext_sha256", SCHEMA_HASH),
                                             COUNT("ciphertext_size"),
                                             PLAIN("commitment", SCHEMA_HASH),
                                             LIST("items", 1, 64, &sealed_item, OPTIONAL),
                                             LIST("recipients", 1, 32, &recipient_item),
                                             COUNT("annex_of", OPTIONAL),
                                             PLAIN("title", SCHEMA_TEXTS, OPTIONAL),
                                             PLAIN("authoritative", SCHEMA_LANGUAGE, OPTIONAL),
                                             END};
static const struct schema_member correction[] = {PLAIN("date", SCHEMA_DATE),
                                                  COUNT("corrects"),
                                                  PLAIN("kind", SCHEMA_KIND),
                                                  PLAIN("reason", SCHEMA_TEXTS),
                                                  PLAIN("authoritative", SCHEMA_LANGUAGE),
                                                  END};

/* ---- other logs, and the chain -------------------------------------------------------------- */

/* Three lines of a checkpoint, a blank one, signatures. */
static const struct schema_member line_item = TEXT("", 0, 4096);
static const struct schema_member partner_checkpoint[] = {
    PLAIN("date", SCHEMA_DATE),
    TEXT("partner", 1, NOTE_NAME_MAX),
    PLAIN("origin", SCHEMA_ORIGIN),
    COUNT("size"),
    PLAIN("root_hash", SCHEMA_HASH),
    LIST("checkpoint", 5, 4 + NOTE_SIGNATURE_MAX, &line_item),
    END};
static const struct schema_member anchor[] = {
    PLAIN("date", SCHEMA_DATE),
    COUNT("size"),
    PLAIN("root_hash", SCHEMA_HASH),
    PLAIN("checkpoint_sha256", SCHEMA_HASH),
    WORD("chain", chains),
    INTEGER("height", 0, UINT32_MAX),
    PLAIN("block_hash", SCHEMA_HASH),
    PLAIN("txid", SCHEMA_HASH, OPTIONAL),
    PLAIN("proof_sha256", SCHEMA_HASH),
    {.name = "proof", .value = SCHEMA_BASE64, .optional = true, .min = 4, .max = 12288},
    END};

static const struct schema_member *const schemas[STMT_KIND_COUNT] = {
    [STMT_ADDRESS_BOOK] = address_book,
    [STMT_CLAIM] = claim,
    [STMT_RESERVE_POSITION] = reserve_position,
    [STMT_FLOW_DECLARATION] = flow_declaration,
    [STMT_CRITERIA_REPORT] = criteria_report,
    [STMT_ROOT] = root,
    [STMT_REVOKE] = revoke,
    [STMT_DOCUMENT] = document,
    [STMT_ANNEX] = annex,
    [STMT_PARTNER_CHECKPOINT] = partner_checkpoint,
    [STMT_ANCHOR] = anchor,
    [STMT_CORRECTION] = correction,
    [STMT_LIABILITIES] = liabilities,
    [STMT_PROGRAMME] = programme,
    [STMT_AGREEMENT] = agreement,
};

/* ---- rules between members ------------------------------------------------------------------ */

/* A list stands there itself, or its hash and its length do. */
static int listed_or_hashed(const json_t *json, const char *list, const char *hash,
                            const char *count, struct err *err)
{
    bool is_listed = json_object_get(json, list) != NULL;
    bool has_hash = json_object_get(json, hash) != NULL;
    bool has_count = json_object_get(json, count) != NULL;
    if (has_hash == has_count && is_listed != has_hash)
        return 0;
    return err_set(err, SANAD_REFUSED, "\"%s\": must stand there, or \"%s\" and \"%s\"", list, hash,
                   count);
}

/* The binding language is one in which every text stands. */
static int binding_check(const json_t *json, struct err *err)
{
    static const char *const texts[] = {"title", "reason"};
    const char *language = json_string_value(json_object_get(json, "authoritative"));
    for (size_t i = 0; i < countof(texts); i++) {
        const json_t *text = json_object_get(json, texts[i]);
        if (text && !language)
            return err_set(err, SANAD_REFUSED, "\"authoritative\": is missing");
        if (text && !json_object_get(text, language))
            return err_set(err, SANAD_REFUSED, "\"%s\": not in the language that is authoritative",
                           texts[i]);
    }
    return 0;
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

/* Days in their one form compare as texts. */
static int days_check(const json_t *json, const char *first, const char *second, struct err *err)
{
    const char *before = text_of(json, first);
    const char *after = text_of(json, second);
    if (*before && *after && strcmp(before, after) >= 0)
        return err_set(err, SANAD_REFUSED, "\"%s\": not after \"%s\"", second, first);
    return 0;
}

static int correction_check(const json_t *json, struct err *err)
{
    const char *kind = text_of(json, "kind");
    if (strcmp(kind, "root") == 0 || strcmp(kind, "revoke") == 0)
        return err_set(err, SANAD_REFUSED,
                       "\"kind\": a %s is not corrected: the next root stands "
                       "in its place",
                       kind);
    if (strcmp(kind, "correction") == 0)
        return err_set(err, SANAD_REFUSED,
                       "\"kind\": correct the entry itself again, not its correction");
    return 0;
}

static int between_check(enum stmt_kind kind, const json_t *json, struct err *err)
{
    int code = binding_check(json, err);
    if (code == 0 && kind == STMT_RESERVE_POSITION)
        code = listed_or_hashed(json, "wallets", "wallets_sha256", "wallet_count", err);
    if (code == 0 && kind == STMT_CRITERIA_REPORT)
        code = listed_or_hashed(json, "criteria", "criteria_sha256", "criterion_count", err);
    if (code == 0 && kind == STMT_ROOT)
        code = days_check(json, "date", "expires", err);
    if (code == 0 && kind == STMT_AGREEMENT)
        code = days_check(json, "from", "until", err);
    if (code == 0 && kind == STMT_CORRECTION)
        code = correction_check(json, err);
    return code;
}

/* ---- checks ---------------------------------------------------------------------------------- */

enum { MEMBER_MAX = 40 };

int stmt_schema_json(enum stmt_kind kind, const json_t *json, struct err *err)
{
    struct schema_member members[MEMBER_MAX] = {{0}};
    size_t count = 0;
    sanad_assert(kind < STMT_KIND_COUNT && schemas[kind] && json_is_object(json));
    for (const struct schema_member *m = common; m->name; m++)
        members[count++] = *m;
    for (const struct schema_member *m = schemas[kind]; m->name; m++) {
        sanad_assert(count < MEMBER_MAX - 1);
        members[count++] = *m;
    }
    int code = schema_object(members, json, "", err);
    if (code == 0)
        code = between_check(kind, json, err);
    return code ? err_wrap(err, "%s", stmt_kind_name(kind)) : 0;
}

int stmt_schema_check(const struct stmt *stmt, struct err *err)
{
    return stmt_schema_json(stmt->kind, stmt->json, err);
}

enum stmt_kind stmt_role(const struct stmt *stmt)
{
    enum stmt_kind kind;
    if (stmt->kind == STMT_REVOKE)
        return STMT_ROOT;
    if (stmt->kind == STMT_CORRECTION && stmt_kind_find(&kind, text_of(stmt->json, "kind")))
        return kind;
    return stmt->kind;
}

int64_t stmt_time(const struct stmt *stmt)
{
    int64_t time;
    const char *text = text_of(json_object_get(stmt->json, "as_of"), "time");
    if (time_parse(&time, text, NULL) == 0)
        return time;
    if (date_parse(&time, text_of(stmt->json, "date"), NULL) == 0)
        return time;
    return INT64_MIN;
}
