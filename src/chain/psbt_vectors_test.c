/* Proves: every PSBT that BIP174, 370 and 371, Bitcoin Core and libwally call valid is read, as
 * bytes and as base64, and spends and pays what its makers say; every one that they call invalid
 * is refused. Those where we differ on purpose are counted and named here. */
#include "chain/chain.h"
#include "support.h"

#include <stdlib.h>

enum { FILE_MAX = 8 << 20 };

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- one PSBT ------------------------------------------------------------------------------ */

struct tally {
    size_t valid, invalid; /* judged as their source does */
    size_t empty;          /* valid to the source, but without inputs or outputs: no payment */
};

static struct buf bytes_of_base64(const char *text)
{
    struct buf raw = buf_with_max(PSBT_SIZE_MAX);
    assert_true(base64_decode(&raw, text, strlen(text)));
    return raw;
}

static void same_psbt(const struct psbt *a, const struct psbt *b)
{
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->in_count, b->in_count);
    assert_int_equal(a->out_count, b->out_count);
    for (size_t i = 0; i < a->in_count; i++) {
        assert_memory_equal(&a->ins[i].prevout, &b->ins[i].prevout, sizeof a->ins[i].prevout);
        assert_int_equal(a->ins[i].utxo, b->ins[i].utxo);
        assert_true(bytes_equal(a->ins[i].script, b->ins[i].script));
    }
    for (size_t i = 0; i < a->out_count; i++)
        assert_true(amount_equal(a->outs[i].value, b->outs[i].value) &&
                    bytes_equal(a->outs[i].script, b->outs[i].script));
}

/* As base64, as base64 with white space around, and as bytes. */
static void must_parse(struct tally *tally, const char *name, const char *text)
{
    struct arena arena = {0};
    struct psbt psbt;
    struct psbt same;
    struct err err = {0};
    struct buf raw = bytes_of_base64(text);
    struct buf spaced = buf_with_max(2 * PSBT_SIZE_MAX);
    if (psbt_parse(&psbt, bytes_of_text(text), &arena, &err) != 0) {
        if (!strstr(err.text, "no inputs") && !strstr(err.text, "no outputs"))
            fail_msg("%s: %s", name, err.text);
        assert_int_not_equal(psbt_parse(&psbt, buf_bytes(&raw), &arena, NULL), 0);
        tally->empty++;
    } else {
        buf_format(&spaced, " \r\n%s\t\n", text);
        test_ok(psbt_parse(&same, buf_bytes(&spaced), &arena, &err), &err);
        same_psbt(&psbt, &same);
        test_ok(psbt_parse(&same, buf_bytes(&raw), &arena, &err), &err);
        same_psbt(&psbt, &same);
        tally->valid++;
    }
    buf_free(&spaced);
    buf_free(&raw);
    arena_free(&arena);
}

static void must_refuse(struct tally *tally, const char *name, struct bytes bytes)
{
    struct arena arena = {0};
    struct psbt psbt;
    struct err err = {0};
    if (psbt_parse(&psbt, bytes, &arena, &err) == 0)
        fail_msg("%s: read, but it is invalid", name);
    test_refused(err.code, SANAD_REFUSED, &err, "PSBT: ");
    tally->invalid++;
    arena_free(&arena);
}

/* ---- the BIPs ------------------------------------------------------------------------------ */

enum section { SECTION_TEXT, SECTION_INVALID, SECTION_VALID };

static void pre_judge(struct tally *tally, enum section section, const char *line, char *text)
{
    text[strcspn(text, "<\r\n")] = 0;
    bool is_hex = strstr(line, "Bytes in Hex") != NULL;
    if (section == SECTION_INVALID) {
        struct buf raw = is_hex ? test_hex(text) : buf_with_max(FILE_MAX);
        must_refuse(tally, text, is_hex ? buf_bytes(&raw) : bytes_of_text(text));
        buf_free(&raw);
    } else if (section == SECTION_VALID && begins(text, "70736274ff")) {
        struct buf raw = test_hex(text);
        struct buf base64 = buf_with_max(FILE_MAX);
        base64_encode(&base64, buf_bytes(&raw));
        must_parse(tally, text, buf_cstr(&base64));
        buf_free(&base64);
        buf_free(&raw);
    } else if (section == SECTION_VALID && begins(text, "cHNidP")) {
        must_parse(tally, text, text);
    }
}

static struct tally bip_judge(const char *name)
{
    struct buf file = test_data(name);
    enum section section = SECTION_TEXT;
    struct tally tally = {0};
    (void)buf_cstr(&file);
    for (char *line = (char *)file.data, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (strstr(line, "following are invalid PSBTs"))
            section = SECTION_INVALID;
        if (strstr(line, "following are valid PSBTs"))
            section = SECTION_VALID;
        char *pre = strstr(line, "<pre>");
        if (pre) {
            *pre = 0; /* so that `line` is what stands before it */
            pre_judge(&tally, section, line, pre + strlen("<pre>"));
        }
    }
    buf_free(&file);
    return tally;
}

/* All vectors twice: in hexadecimal and in base64. One of the 20 invalid ones is no PSBT at all.
 * The valid ones without inputs are refused: nothing is spent there. */
static void test_bip174(void **state)
{
    struct tally tally = bip_judge("vectors/bips/text/bip-0174.mediawiki");
    (void)state;
    assert_int_equal(tally.invalid, 2 * 20);
    assert_int_equal(tally.empty, 2 * 2);
    assert_int_equal(tally.valid, 2 * 22);
}

static void test_bip370(void **state)
{
    struct tally tally = bip_judge("vectors/bips/text/bip-0370.mediawiki");
    (void)state;
    assert_int_equal(tally.invalid, 2 * 24);
    assert_int_equal(tally.empty, 0);
    assert_int_equal(tally.valid, 2 * 24);
}

static void test_bip371(void **state)
{
    struct tally tally = bip_judge("vectors/bips/text/bip-0371.mediawiki");
    (void)state;
    assert_int_equal(tally.invalid, 2 * 11);
    assert_int_equal(tally.empty, 0);
    assert_int_equal(tally.valid, 2 * 6);
}

/* ---- what a PSBT spends and pays ----------------------------------------------------------- */

static json_t *json_open(const char *name)
{
    char path[PATH_SIZE];
    json_t *json;
    struct err err = {0};
    test_ok(json_read_file(&json, test_data_path(path, name), FILE_MAX, &err), &err);
    return json;
}

static const char *text_at(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

static void output_is(const struct tx_out *out, const char *address, int64_t sat)
{
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    struct err err = {0};
    test_ok(address_to_script(&script, chain_params_get(CHAIN_REGTEST), address, &err), &err);
    assert_true(bytes_equal(buf_bytes(&script), out->script));
    assert_int_equal(amount_minor(out->value), sat);
    buf_free(&script);
}

/* The satoshi of a JSON number of BTC; the file has no exact ones. */
static int64_t sat_of(const json_t *btc)
{
    struct amount amount;
    struct err err = {0};
    char text[64];
    (void)snprintf(text, sizeof text, "%.8f", json_number_value(btc));
    test_ok(amount_parse(&amount, text, 8, &err), &err);
    return amount_minor(amount);
}

static void outputs_are(const struct psbt *psbt, const json_t *outputs)
{
    size_t i;
    const json_t *output;
    assert_int_equal(psbt->out_count, json_array_size(outputs));
    json_array_foreach (outputs, i, output) {
        const char *address = text_at(output, "address");
        const json_t *sat = json_object_get(output, "satoshi");
        if (sat) { /* libwally */
            output_is(&psbt->outs[i], address, json_integer_value(sat));
        } else { /* Core: {address: BTC} */
            void *only = json_object_iter((json_t *)(uintptr_t)output);
            output_is(&psbt->outs[i], json_object_iter_key(only),
                      sat_of(json_object_iter_value(only)));
        }
    }
}

static void creator_check(struct tally *tally, const json_t *vector)
{
    const char *text = text_at(vector, "result");
    struct arena arena = {0};
    struct psbt psbt;
    struct err err = {0};
    const json_t *inputs = json_object_get(vector, "inputs");
    const json_t *input;
    size_t i;
    test_ok(psbt_parse(&psbt, bytes_of_text(text), &arena, &err), &err);
    assert_int_equal(psbt.version, json_integer_value(json_object_get(vector, "version")));
    assert_int_equal(psbt.in_count, json_array_size(inputs));
    json_array_foreach (inputs, i, input) {
        struct hash256 txid;
        assert_true(hash256_from_display(&txid, text_at(input, "txid")));
        assert_true(hash256_equal(&txid, &psbt.ins[i].prevout.txid));
        assert_int_equal(psbt.ins[i].prevout.vout,
                         json_integer_value(json_object_get(input, "vout")));
        assert_int_equal(psbt.ins[i].utxo, PSBT_UTXO_NONE);
    }
    outputs_are(&psbt, json_object_get(vector, "outputs"));
    tally->valid++;
    arena_free(&arena);
}

/* The transaction that another program took out of it. */
static void extractor_check(struct tally *tally, const json_t *vector, const char *key)
{
    const char *text = text_at(vector, key);
    struct buf raw = test_hex(text_at(vector, "result"));
    struct cursor cursor = cursor_of(buf_bytes(&raw));
    struct arena arena = {0};
    struct psbt psbt;
    struct tx tx;
    struct err err = {0};
    test_ok(psbt_parse(&psbt, bytes_of_text(text), &arena, &err), &err);
    test_ok(tx_parse(&tx, &cursor, &arena, &err), &err);
    assert_int_equal(psbt.in_count, tx.in_count);
    assert_int_equal(psbt.out_count, tx.out_count);
    for (size_t i = 0; i < tx.in_count; i++)
        assert_memory_equal(&psbt.ins[i].prevout, &tx.ins[i].prevout, sizeof tx.ins[i].prevout);
    for (size_t i = 0; i < tx.out_count; i++)
        assert_true(amount_equal(psbt.outs[i].value, tx.outs[i].value) &&
                    bytes_equal(psbt.outs[i].script, tx.outs[i].script));
    tally->valid++;
    buf_free(&raw);
    arena_free(&arena);
}

/* ---- Bitcoin Core -------------------------------------------------------------------------- */

static void all_valid(struct tally *tally, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach (list, i, item)
        must_parse(tally, json_string_value(item), json_string_value(item));
}

/* The PSBTs that other roles take and give. */
static void roles_valid(struct tally *tally, const json_t *list, const char *const *keys)
{
    size_t i;
    const json_t *vector;
    json_array_foreach (list, i, vector) {
        for (size_t k = 0; keys[k]; k++) {
            const json_t *value = json_object_get(vector, keys[k]);
            if (json_is_array(value))
                all_valid(tally, value);
            else if (begins(text_at(vector, keys[k]), "cHNidP"))
                must_parse(tally, text_at(vector, keys[k]), text_at(vector, keys[k]));
        }
    }
}

static void test_core(void **state)
{
    static const char *const keys[] = {"psbt", "combine", "finalize", "extract", "result", NULL};
    json_t *json = json_open("vectors/core/test/functional/data/rpc_psbt.json");
    struct tally tally = {0};
    size_t i;
    const json_t *item;
    (void)state;
    json_array_foreach (json_object_get(json, "invalid"), i, item)
        must_refuse(&tally, "invalid", bytes_of_text(json_string_value(item)));
    json_array_foreach (json_object_get(json, "invalid_with_msg"), i, item)
        must_refuse(&tally, json_string_value(json_array_get(item, 1)),
                    bytes_of_text(json_string_value(json_array_get(item, 0))));
    assert_int_equal(tally.invalid, 63 + 23);
    all_valid(&tally, json_object_get(json, "valid"));
    assert_int_equal(tally.empty, 1); /* an unsigned transaction without inputs */
    assert_int_equal(tally.valid, 47);
    tally.valid = 0;
    roles_valid(&tally, json_object_get(json, "signer"), keys);
    roles_valid(&tally, json_object_get(json, "combiner"), keys);
    roles_valid(&tally, json_object_get(json, "finalizer"), keys);
    assert_int_equal(tally.valid, 12 + 3 + 2);
    json_array_foreach (json_object_get(json, "creator"), i, item)
        creator_check(&tally, item);
    json_array_foreach (json_object_get(json, "extractor"), i, item)
        extractor_check(&tally, item, "extract");
    assert_int_equal(tally.valid, 17 + 2);
    json_decref(json);
}

/* ---- libwally ------------------------------------------------------------------------------ */

/* What libwally refuses and we read: the type of a signature's hash is no matter of ours. */
static bool read_on_purpose(const char *comment)
{
    return strcmp(comment, "PSBT v0 with a sighash type that doesn't match its signature") == 0;
}

static void wally_judge(struct tally *tally, const json_t *list, bool valid)
{
    size_t i;
    const json_t *vector;
    json_array_foreach (list, i, vector) {
        const char *comment = text_at(vector, "comment");
        const char *text = text_at(vector, "psbt");
        bool is_pset = json_object_get(vector, "is_pset") != NULL;
        if ((valid && !is_pset) || read_on_purpose(comment))
            must_parse(tally, comment, text);
        else /* a PSET is of Elements, another chain with another magic */
            must_refuse(tally, comment, bytes_of_text(text));
    }
}

static void test_wally(void **state)
{
    static const char *const keys[] = {"psbt", "psbts", "result", NULL};
    json_t *json = json_open("vectors/libwally/psbt.json");
    struct tally tally = {0};
    size_t i;
    const json_t *item;
    (void)state;
    wally_judge(&tally, json_object_get(json, "invalid"), false);
    assert_int_equal(tally.invalid, 173);
    assert_int_equal(tally.valid, 1);
    wally_judge(&tally, json_object_get(json, "valid"), true);
    assert_int_equal(tally.invalid, 173 + 10);
    assert_int_equal(tally.empty, 12);
    assert_int_equal(tally.valid, 1 + 28);
    roles_valid(&tally, json_object_get(json, "signer"), keys);
    roles_valid(&tally, json_object_get(json, "combiner"), keys);
    roles_valid(&tally, json_object_get(json, "finalizer"), keys);
    json_array_foreach (json_object_get(json, "creator"), i, item)
        creator_check(&tally, item);
    json_array_foreach (json_object_get(json, "extractor"), i, item)
        if (!json_object_get(item, "is_pset"))
            extractor_check(&tally, item, "psbt");
    assert_int_equal(tally.valid, 29 + 81 + 2 + 2);
    json_decref(json);
}

/* ---- silent payments ----------------------------------------------------------------------- */

/* BIP375 adds fields that we don't know and pass over, but for one rule: an output whose script
 * is not made yet is refused, since nobody can say whom it pays. */
static void test_bip375(void **state)
{
    json_t *json = json_open("vectors/bips/bip-0375/bip375_test_vectors.json");
    struct tally tally = {0};
    size_t i;
    const json_t *vector;
    (void)state;
    json_array_foreach (json_object_get(json, "valid"), i, vector) {
        const char *name = text_at(vector, "description");
        const char *text = text_at(vector, "psbt");
        if (strstr(name, "PSBT_OUT_SCRIPT field is not set"))
            must_refuse(&tally, name, bytes_of_text(text));
        else
            must_parse(&tally, name, text);
    }
    assert_int_equal(tally.invalid, 3);
    assert_int_equal(tally.empty, 0);
    assert_int_equal(tally.valid, 17);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bip174), cmocka_unit_test(test_bip370), cmocka_unit_test(test_bip371),
        cmocka_unit_test(test_core),   cmocka_unit_test(test_wally),  cmocka_unit_test(test_bip375),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
