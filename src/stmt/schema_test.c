/* Proves: each kind takes its members and nothing else: a member that is missing, unknown, of
 * another type or out of its bounds is refused by name; rules between members hold; a root gives
 * the trust that it names and no other. */
#include "stmt/stmt.h"
#include "support.h"

#define HASH "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""
#define PLACE "\"authority\":\"xs\",\"log\":\"xs.example/log\",\"seq\":0,\"prev\":-1,"
#define REASON "\"reason\":{\"en\":\"lost\"},\"authoritative\":\"en\""
#define VKEY1 "k1+83f75063+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"

/* One statement of each kind that is as it should be. */
static const struct {
    enum stmt_kind kind;
    const char *json;
} valid[] = {
    {STMT_ADDRESS_BOOK, "{" PLACE "\"chain\":\"main\",\"nation\":\"XS\",\"simulated\":false,"
                        "\"book_sha256\":" HASH ",\"public_book_sha256\":" HASH
                        ",\"entity_count\":1,\"wallet_count\":2}"},
    {STMT_CLAIM, "{" PLACE "\"id\":\"c\",\"nation\":\"XS\",\"publisher\":\"p\",\"date\":"
                 "\"2025-07-16\",\"quantity\":\"reserve\",\"printed\":\"1\",\"unit\":\"BTC\","
                 "\"source\":\"s\",\"note\":\"\"}"},
    {STMT_RESERVE_POSITION,
     "{" PLACE "\"chain\":\"main\",\"nation\":\"XS\",\"simulated\":false,\"as_of\":{\"height\":9,"
     "\"block_hash\":" HASH ",\"time\":\"2025-07-16T00:00:00Z\"},\"grade\":\"merkle\","
     "\"evidence\":{\"source\":\"blocks\"},\"complete\":true,\"book_sha256\":" HASH
     ",\"total_sat\":5,\"by_class\":[{\"class\":\"reserve\",\"balance_sat\":5}],\"public_sat\":5,"
     "\"restricted_sat\":0,\"coin_count\":1,\"immature_sat\":0,\"exposed_key_sat\":0,"
     "\"wallets\":[{\"id\":\"w\",\"entity\":\"e\",\"class\":\"reserve\",\"control\":\"signed\","
     "\"balance_sat\":5,\"coin_count\":1,\"script_count\":1,\"largest_script_sat\":5,"
     "\"exposed_key_sat\":0}],\"from_height\":4}"},
    {STMT_FLOW_DECLARATION, "{" PLACE "\"nation\":\"XS\",\"simulated\":true,\"txid\":" HASH
                            ",\"meaning\":\"pool-payout\",\"document_sha256\":" HASH
                            ",\"trade_date\":\"2025-07-16\",\"note\":\"n\"}"},
    {STMT_CRITERIA_REPORT,
     "{" PLACE "\"chain\":\"regtest\",\"nation\":\"XS\",\"simulated\":true,\"as_of\":{\"date\":"
     "\"2025-07-16\",\"height\":9,\"block_hash\":" HASH ",\"time\":\"2025-07-16T00:00:00Z\"},"
     "\"grade\":\"prevout\",\"complete\":true,\"book_sha256\":" HASH ",\"programme\":\"p-1\","
     "\"version\":\"2025-02-26\",\"programme_sha256\":" HASH ",\"criteria\":[{\"id\":\"a\","
     "\"kind\":\"performance-criterion\",\"continuity\":\"continuous\",\"unit\":\"BTC\","
     "\"decimals\":8,\"bound\":\"ceiling\",\"verdict\":\"met\",\"value\":-5}],\"files\":[{"
     "\"name\":\"a.csv\",\"sha256\":" HASH "}]}"},
    {STMT_ROOT, "{" PLACE "\"version\":1,\"date\":\"2025-07-16\",\"expires\":\"2026-07-16\","
                "\"keys\":[\"" VKEY1 "\"],\"roles\":{\"root\":{\"threshold\":1,\"keys\":[\"k1\"]}},"
                "\"partners\":[{\"authority\":\"xp\",\"log\":\"xp.example/log\",\"keys\":"
                "[\"" VKEY1 "\"],\"root_sha256\":" HASH "}]}"},
    {STMT_REVOKE, "{" PLACE "\"date\":\"2025-07-16\",\"key\":\"k1\",\"key_id\":\"0011aaff\","
                  "\"effective_index\":7," REASON "}"},
    {STMT_DOCUMENT, "{" PLACE "\"date\":\"2025-07-16\",\"sha256\":" HASH
                    ",\"media_type\":\"application/pdf\",\"size\":3,\"title\":{\"en\":\"t\",\"ur\":"
                    "\"\\u06a9\"},\"authoritative\":\"ur\",\"language\":\"pt-BR\",\"supersedes\":1,"
                    "\"translation_of\":2}"},
    {STMT_ANNEX, "{" PLACE "\"date\":\"2025-07-16\",\"ciphertext_sha256\":" HASH
                 ",\"ciphertext_size\":9,\"commitment\":" HASH ",\"items\":[{\"label\":\"a\","
                 "\"commitment\":" HASH "}],\"recipients\":[\"age1x\"],\"annex_of\":3,\"title\":"
                 "{\"en\":\"t\"},\"authoritative\":\"en\"}"},
    {STMT_PARTNER_CHECKPOINT, "{" PLACE "\"date\":\"2025-07-16\",\"partner\":\"xp\",\"origin\":"
                              "\"xp.example/log\",\"size\":4,\"root_hash\":" HASH
                              ",\"checkpoint\":[\"xp.example/log\",\"4\",\"x\",\"\",\"- a b\"]}"},
    {STMT_ANCHOR,
     "{" PLACE "\"date\":\"2025-07-16\",\"size\":4,\"root_hash\":" HASH
     ",\"checkpoint_sha256\":" HASH ",\"chain\":\"main\",\"height\":5,"
     "\"block_hash\":" HASH ",\"txid\":" HASH ",\"proof_sha256\":" HASH ",\"proof\":\"AAAA\"}"},
    {STMT_CORRECTION,
     "{" PLACE "\"date\":\"2025-07-16\",\"corrects\":3,\"kind\":\"reserve-position\"," REASON "}"},
    {STMT_LIABILITIES, "{" PLACE "\"nation\":\"XS\",\"simulated\":false,\"date\":\"2025-07-16\","
                       "\"liabilities_sha256\":" HASH ",\"line_count\":4,\"total_sat\":100}"},
    {STMT_PROGRAMME, "{" PLACE "\"nation\":\"XS\",\"simulated\":false,\"date\":\"2025-07-16\","
                     "\"programme\":\"p\",\"programme_sha256\":" HASH ",\"version_count\":1}"},
    {STMT_AGREEMENT, "{" PLACE "\"date\":\"2025-07-16\",\"parties\":[\"xs\",\"xp\"],"
                     "\"document_sha256\":" HASH ",\"title\":{\"es\":\"t\"},\"authoritative\":"
                     "\"es\",\"from\":\"2025-07-16\",\"until\":\"2026-07-16\",\"supersedes\":3}"},
};

static json_t *json_of(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return json;
}

static json_t *valid_json(enum stmt_kind kind)
{
    for (size_t i = 0; i < countof(valid); i++)
        if (valid[i].kind == kind)
            return json_of(valid[i].json);
    fail_msg("no valid statement of kind %s", stmt_kind_name(kind));
    return NULL;
}

static void each_kind_takes_its_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < STMT_KIND_COUNT; i++) {
        struct err err = {0};
        json_t *json = valid_json((enum stmt_kind)i);
        test_ok(stmt_schema_json((enum stmt_kind)i, json, &err), &err);
        json_decref(json);
    }
}

/* Whether a kind does without a member: told once more, so that no schema loses a rule unseen. */
static bool may_be_missing(enum stmt_kind kind, const char *key)
{
    static const struct {
        enum stmt_kind kind;
        const char *key;
    } optional[] = {{STMT_ADDRESS_BOOK, "public_book_sha256"},
                    {STMT_RESERVE_POSITION, "from_height"},
                    {STMT_FLOW_DECLARATION, "trade_date"},
                    {STMT_FLOW_DECLARATION, "note"},
                    {STMT_ROOT, "partners"},
                    {STMT_DOCUMENT, "supersedes"},
                    {STMT_DOCUMENT, "translation_of"},
                    {STMT_ANNEX, "items"},
                    {STMT_ANNEX, "annex_of"},
                    {STMT_ANNEX, "title"},
                    {STMT_ANCHOR, "txid"},
                    {STMT_ANCHOR, "proof"},
                    {STMT_AGREEMENT, "from"},
                    {STMT_AGREEMENT, "until"},
                    {STMT_AGREEMENT, "supersedes"}};
    for (size_t i = 0; i < countof(optional); i++)
        if (optional[i].kind == kind && strcmp(optional[i].key, key) == 0)
            return true;
    return false;
}

/* Every member in turn is left out, then replaced by values of types that it has not. */
static void members_are_needed_and_typed(void **state)
{
    (void)state;
    static const char *const others[] = {"-7", "[]", "{}", "\"\\u0001\"", "true", "[[1]]"};
    for (size_t i = 0; i < STMT_KIND_COUNT; i++) {
        enum stmt_kind kind = (enum stmt_kind)i;
        json_t *whole = valid_json(kind);
        const char *key;
        json_t *value;
        json_object_foreach (whole, key, value) {
            struct err err = {0};
            json_t *less = json_copy(whole);
            json_object_del(less, key);
            int code = stmt_schema_json(kind, less, &err);
            if (may_be_missing(kind, key))
                test_ok(code, &err);
            else
                test_refused(code, SANAD_REFUSED, &err, key);
            size_t taken = 0;
            for (size_t o = 0; o < countof(others); o++) {
                json_object_set_new(less, key, json_of(others[o]));
                err = (struct err){0};
                code = stmt_schema_json(kind, less, &err);
                taken += code == 0;
                if (code)
                    test_refused(code, SANAD_REFUSED, &err, key);
            }
            /* An empty list, or a flag, is of the right type for some. */
            assert_true(taken <= 1);
            json_decref(less);
        }
        json_decref(whole);
    }
}

static void unknown_members_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < STMT_KIND_COUNT; i++) {
        struct err err = {0};
        json_t *json = valid_json((enum stmt_kind)i);
        json_object_set_new(json, "surplus", json_integer(1));
        test_refused(stmt_schema_json((enum stmt_kind)i, json, &err), SANAD_REFUSED, &err,
                     "\"surplus\": no member");
        assert_non_null(strstr(err.text, stmt_kind_name((enum stmt_kind)i)));
        json_decref(json);
    }
}

static void refused_with(enum stmt_kind kind, const char *key, const char *value, const char *part)
{
    struct err err = {0};
    json_t *json = valid_json(kind);
    if (value)
        json_object_set_new(json, key, json_of(value));
    else
        json_object_del(json, key);
    test_refused(stmt_schema_json(kind, json, &err), SANAD_REFUSED, &err, part);
    json_decref(json);
}

static const struct {
    enum stmt_kind kind;
    const char *key, *value, *part;
} cases[] = {
    {STMT_CLAIM, "seq", "-1", "\"seq\""},
    {STMT_CLAIM, "seq", "9007199254740992", "\"seq\""},
    {STMT_CLAIM, "prev", "-2", "\"prev\""},
    {STMT_CLAIM, "log", "\"a b\"", "\"log\""},
    {STMT_CLAIM, "log", "\"a+b\"", "\"log\""},
    {STMT_CLAIM, "log", "\"\"", "\"log\""},
    {STMT_CLAIM, "authority", "\"\"", "\"authority\""},
    {STMT_CLAIM, "authority", "\"x\\u202ey\"", "\"authority\""},
    {STMT_CLAIM, "date", "\"2025-02-30\"", "\"date\""},
    {STMT_CLAIM, "date", "\"2025-7-16\"", "\"date\""},
    {STMT_RESERVE_POSITION, "total_sat", "2100000000000001", "\"total_sat\""},
    {STMT_RESERVE_POSITION, "total_sat", "\"5\"", "\"total_sat\""},
    {STMT_RESERVE_POSITION, "grade", "\"sure\"", "\"grade\""},
    {STMT_RESERVE_POSITION, "chain", "\"testnet3\"", "\"chain\""},
    {STMT_RESERVE_POSITION, "book_sha256",
     "\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\"", "book_sha256"},
    {STMT_RESERVE_POSITION, "as_of", "{\"height\":1}", "\"as_of."},
    {STMT_RESERVE_POSITION, "by_class", "[{\"class\":\"x\",\"balance_sat\":1,\"y\":2}]",
     "\"by_class[0].y\""},
    {STMT_RESERVE_POSITION, "wallet_count", "3", "\"wallets\""},
    {STMT_RESERVE_POSITION, "wallets_sha256", HASH, "\"wallets\""},
    {STMT_RESERVE_POSITION, "wallets", NULL, "\"wallets\""},
    {STMT_CRITERIA_REPORT, "criterion_count", "1", "\"criteria\""},
    {STMT_ROOT, "version", "0", "\"version\""},
    {STMT_ROOT, "expires", "\"2025-07-16\"", "\"expires\": not after"},
    {STMT_ROOT, "keys", "[]", "\"keys\""},
    {STMT_ROOT, "keys", "[\"k1+00000000+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\"]",
     "\"keys[0]\""},
    {STMT_ROOT, "roles", "{\"root\":{\"threshold\":0,\"keys\":[\"k1\"]}}",
     "\"roles.root.threshold\""},
    {STMT_ROOT, "roles", "{\"root\":{\"threshold\":1,\"keys\":[]}}", "\"roles.root.keys\""},
    {STMT_ROOT, "partners", "[{\"authority\":\"xp\",\"log\":\"l\",\"keys\":[]}]",
     "\"partners[0].keys\""},
    {STMT_REVOKE, "key_id", "\"0011AAFF\"", "\"key_id\""},
    {STMT_REVOKE, "effective_index", "-1", "\"effective_index\""},
    {STMT_REVOKE, "reason", "{\"fr\":\"perdu\"}", "\"reason.fr\""},
    {STMT_REVOKE, "reason", "{\"es\":\"perdida\"}", "authoritative"},
    {STMT_REVOKE, "authoritative", "\"ur\"", "\"reason\""},
    {STMT_DOCUMENT, "title", "{}", "\"title\""},
    {STMT_DOCUMENT, "title", "{\"ur\":\"\"}", "\"title.ur\""},
    {STMT_DOCUMENT, "media_type", "\"pdf\"", "\"media_type\""},
    {STMT_DOCUMENT, "media_type", "\"a/b/c\"", "\"media_type\""},
    {STMT_DOCUMENT, "media_type", "\"text/html; charset=utf-8\"", "\"media_type\""},
    {STMT_DOCUMENT, "language", "\"English\"", "\"language\""},
    {STMT_DOCUMENT, "language", "\"en_GB\"", "\"language\""},
    {STMT_DOCUMENT, "supersedes", "-1", "\"supersedes\""},
    {STMT_ANNEX, "recipients", "[]", "\"recipients\""},
    {STMT_ANNEX, "recipients", "[\"\"]", "\"recipients[0]\""},
    {STMT_ANNEX, "items", "[]", "\"items\""},
    {STMT_ANNEX, "authoritative", NULL, "\"authoritative\": is missing"},
    {STMT_PARTNER_CHECKPOINT, "checkpoint", "[\"a\",\"1\",\"x\",\"\"]", "\"checkpoint\""},
    {STMT_PARTNER_CHECKPOINT, "checkpoint", "\"a\"", "\"checkpoint\""},
    {STMT_ANCHOR, "proof", "\"AAA\"", "\"proof\""},
    {STMT_ANCHOR, "proof", "\"AAB=\"", "\"proof\""},
    {STMT_CORRECTION, "kind", "\"gossip\"", "\"kind\""},
    {STMT_CORRECTION, "kind", "\"root\"", "not corrected"},
    {STMT_CORRECTION, "kind", "\"revoke\"", "not corrected"},
    {STMT_CORRECTION, "kind", "\"correction\"", "the entry itself"},
    {STMT_AGREEMENT, "parties", "[\"xs\"]", "\"parties\""},
    {STMT_AGREEMENT, "until", "\"2025-07-16\"", "\"until\""},
};

static void values_out_of_bounds_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(cases); i++)
        refused_with(cases[i].kind, cases[i].key, cases[i].value, cases[i].part);
}

/* A text with a NUL in it is never taken for the text before it. */
static void a_nul_ends_no_text(void **state)
{
    (void)state;
    struct err err = {0};
    json_t *json = valid_json(STMT_CLAIM);
    json_object_set_new(json, "date", json_stringn("2025-07-16\0x", 12));
    test_refused(stmt_schema_json(STMT_CLAIM, json, &err), SANAD_REFUSED, &err, "\"date\"");
    json_decref(json);
}

/* ---- roots ------------------------------------------------------------------------------------
 */

static struct role_key key_of(const char *name, uint8_t number)
{
    struct role_key key;
    struct err err = {0};
    uint8_t seed[32] = {number};
    test_ok(role_key_new(&key, name, seed, &err), &err);
    return key;
}

/* A statement of a kind with these members, signed by keys. */
static struct stmt *stmt_of(enum stmt_kind kind, const char *json, const struct role_key *keys,
                            size_t count)
{
    static const struct stmt_place place = {.authority = "xs", .log = "xs.example/log", .prev = -1};
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    struct err err = {0};
    struct stmt *stmt;
    json_t *body = json_of(json);
    test_ok(stmt_build(&note, kind, &place, body, &err), &err);
    for (size_t i = 0; i < count; i++) {
        struct buf next = buf_with_max(NOTE_SIZE_MAX);
        test_ok(stmt_sign(&next, buf_bytes(&note), &keys[i], &err), &err);
        buf_free(&note);
        note = next;
    }
    test_ok(stmt_read(&stmt, "x.note", buf_bytes(&note), &err), &err);
    json_decref(body);
    buf_free(&note);
    return stmt;
}

static struct stmt *root_of(const struct role_key *keys, size_t count, const char *roles)
{
    struct buf text = buf_with_max(65536);
    buf_text(&text, "{\"version\":1,\"date\":\"2025-01-01\",\"expires\":\"2026-01-01\",\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        buf_text(&text, i ? ",\"" : "\"");
        note_vkey_write(&text, &keys[i].key);
        buf_text(&text, "\"");
    }
    buf_format(&text, "],\"roles\":%s}", roles);
    struct stmt *stmt = stmt_of(STMT_ROOT, buf_cstr(&text), keys, 1);
    buf_free(&text);
    return stmt;
}

static void root_refused(const struct role_key *keys, size_t count, const char *roles,
                         const char *part)
{
    struct trust *trust;
    struct err err = {0};
    struct stmt *root = root_of(keys, count, roles);
    test_refused(trust_from_root(&trust, root, &err), SANAD_REFUSED, &err, part);
    stmt_free(root);
}

static void bad_roots_give_no_trust(void **state)
{
    (void)state;
    struct role_key keys[3] = {key_of("k1", 1), key_of("k2", 2), key_of("k3", 2)};
#define ROLE_ROOT "\"root\":{\"threshold\":1,\"keys\":[\"k1\"]}"
    root_refused(keys, 3, "{" ROLE_ROOT "}", "\"k3\" stands there under another name");
    root_refused(keys, 2, "{\"claim\":{\"threshold\":1,\"keys\":[\"k1\"]}}", "role root");
    root_refused(keys, 2, "{" ROLE_ROOT ",\"revoke\":{\"threshold\":1,\"keys\":[\"k1\"]}}",
                 "role revoke");
    root_refused(keys, 2, "{" ROLE_ROOT ",\"correction\":{\"threshold\":1,\"keys\":[\"k1\"]}}",
                 "role correction");
    root_refused(keys, 2, "{" ROLE_ROOT ",\"gossip\":{\"threshold\":1,\"keys\":[\"k1\"]}}",
                 "no kind");
    root_refused(keys, 2, "{\"root\":{\"threshold\":2,\"keys\":[\"k1\"]}}", "threshold");
    root_refused(keys, 2, "{\"root\":{\"threshold\":2,\"keys\":[\"k1\",\"k1\"]}}", "stands twice");
    root_refused(keys, 2, "{\"root\":{\"threshold\":1,\"keys\":[\"k9\"]}}", "k9");
}

static int judged(struct stmt_check *ret_check, const char *json, enum stmt_kind kind,
                  const struct trust *trust, const struct role_key *keys, size_t count)
{
    struct err err = {0};
    struct stmt *stmt = stmt_of(kind, json, keys, count);
    int code = stmt_verify(ret_check, stmt, trust, stmt_time(stmt), &err);
    stmt_free(stmt);
    return code;
}

static void a_root_is_a_trust(void **state)
{
    (void)state;
    struct role_key keys[3] = {key_of("k1", 1), key_of("k2", 2), key_of("k3", 3)};
    struct stmt_check check;
    struct trust *trust;
    struct err err = {0};
    struct stmt *root = root_of(keys, 3,
                                "{\"root\":{\"threshold\":2,\"keys\":[\"k1\",\"k2\"]},"
                                "\"document\":{\"threshold\":1,\"keys\":[\"k3\"]}}");
    test_ok(trust_from_root(&trust, root, &err), &err);
    assert_int_equal(trust_key_count(trust), 3);
    assert_string_equal(trust_key(trust, 2)->name, "k3");
    assert_int_equal(judged(&check, "{\"date\":\"2025-06-01\"}", STMT_DOCUMENT, trust, &keys[2], 1),
                     0);
    assert_int_equal(judged(&check, "{\"date\":\"2025-06-01\"}", STMT_DOCUMENT, trust, keys, 2),
                     SANAD_MISSING);
    /* The last day and the first on which the root is void. */
    assert_int_equal(judged(&check, "{\"date\":\"2025-12-31\"}", STMT_DOCUMENT, trust, &keys[2], 1),
                     0);
    assert_int_equal(judged(&check, "{\"date\":\"2026-01-01\"}", STMT_DOCUMENT, trust, &keys[2], 1),
                     SANAD_FALSE);
    /* A revocation is the root's; a correction is of those who may say what it corrects. */
    assert_int_equal(judged(&check, "{\"date\":\"2025-06-01\"}", STMT_REVOKE, trust, keys, 2), 0);
    assert_int_equal(judged(&check, "{\"date\":\"2025-06-01\"}", STMT_REVOKE, trust, &keys[1], 2),
                     SANAD_MISSING);
    assert_int_equal(judged(&check, "{\"kind\":\"document\"}", STMT_CORRECTION, trust, &keys[2], 1),
                     0);
    assert_int_equal(judged(&check, "{\"kind\":\"claim\"}", STMT_CORRECTION, trust, keys, 3),
                     SANAD_MISSING);
    trust_free(trust);
    stmt_free(root);
}

/* In place of a trust file: where its own threshold has signed it, and not before. */
static void a_root_file_is_a_trust_file(void **state)
{
    (void)state;
    struct role_key keys[2] = {key_of("k1", 1), key_of("k2", 2)};
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct trust *trust;
    struct err err = {0};
    struct stmt *one = root_of(keys, 2, "{\"root\":{\"threshold\":1,\"keys\":[\"k1\"]}}");
    struct stmt *two = root_of(keys, 2, "{\"root\":{\"threshold\":2,\"keys\":[\"k1\",\"k2\"]}}");
    struct stmt *claim = stmt_of(STMT_CLAIM, "{\"a\":1}", keys, 1);
    test_folder_make(folder);
    test_ok(path_join(path, folder, "root.note", &err), &err);
    test_ok(file_write(path, buf_bytes(&one->raw), &err), &err);
    test_ok(trust_read_file(&trust, path, &err), &err);
    trust_free(trust);
    test_ok(file_write(path, buf_bytes(&two->raw), &err), &err);
    test_refused(trust_read_file(&trust, path, &err), SANAD_MISSING, &err, "1 of 2");
    test_ok(file_write(path, buf_bytes(&claim->raw), &err), &err);
    test_refused(trust_read_file(&trust, path, &err), SANAD_REFUSED, &err, "no root");
    test_folder_remove(folder);
    stmt_free(one);
    stmt_free(two);
    stmt_free(claim);
}

static void void_keys_do_not_count(void **state)
{
    (void)state;
    struct role_key keys[2] = {key_of("k1", 1), key_of("k2", 2)};
    const bool is_void[2] = {false, true};
    struct trust_question question = {.role = STMT_CLAIM, .as_of = 0, .is_void = is_void};
    struct stmt_check check;
    struct trust *trust;
    struct err err = {0};
    struct stmt *root = root_of(keys, 2,
                                "{\"root\":{\"threshold\":1,\"keys\":[\"k1\"]},"
                                "\"claim\":{\"threshold\":2,\"keys\":[\"k1\",\"k2\"]}}");
    test_ok(trust_from_root(&trust, root, &err), &err);
    struct stmt *claim = stmt_of(STMT_CLAIM, "{\"a\":1}", keys, 2);
    test_refused(trust_verify(&check, claim, trust, &question, &err), SANAD_FALSE, &err, "revoked");
    assert_int_equal(check.valid, 1);
    assert_int_equal(trust_role(trust, &question).keys, 1);
    assert_int_equal(trust_role(trust, &question).threshold, 2);
    question.is_void = NULL;
    test_ok(trust_verify(&check, claim, trust, &question, &err), &err);
    assert_int_equal(trust_role(trust, &question).keys, 2);
    stmt_free(claim);
    stmt_free(root);
    trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_takes_its_members),
        cmocka_unit_test(members_are_needed_and_typed),
        cmocka_unit_test(unknown_members_are_refused),
        cmocka_unit_test(values_out_of_bounds_are_refused),
        cmocka_unit_test(a_nul_ends_no_text),
        cmocka_unit_test(bad_roots_give_no_trust),
        cmocka_unit_test(a_root_is_a_trust),
        cmocka_unit_test(a_root_file_is_a_trust_file),
        cmocka_unit_test(void_keys_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
