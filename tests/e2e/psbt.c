/* Makes PSBTs for the scripts, and lists the coins that they may spend.
 *
 *   e2e_psbt coins STORE NATION       of the newest book: WALLET TXID:VOUT SAT SCRIPT
 * held|spent|left e2e_psbt make FILE CHAIN VERSION PART...
 *
 * A PART is one of
 *   in=TXID:VOUT                      an input of which the PSBT says nothing,
 *   in=TXID:VOUT:FILE                 … with the whole funding transaction (hexadecimal, in FILE),
 *   in=TXID:VOUT:SAT:SCRIPT[:FILE]    … with a claim, and the transaction too,
 *   new=SAT:SCRIPT                    an input with a funding transaction made up on the spot,
 *   out=SCRIPT:SAT                    an output.
 * A SCRIPT is an address of CHAIN or hexadecimal. FILE.base64 gets base64, else bytes. */
#include "psbtmaker.h"
#include "support.h"
#include "reserve/reserve.h"

#include <stdlib.h>

enum { PART_MAX = 1000, FIELD_MAX = 5, RAW_MAX = 8 << 20 };

/* ---- coins ---------------------------------------------------------------------------------- */

static void coins_print(const struct ledger *ledger, const struct fact_coin *coins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ledger_coin coin;
        char txid[HEX256_SIZE];
        char script[2 * 520 + 1];
        if (!ledger_coin_find(&coin, ledger, &coins[i].outpoint) || coin.script.size > 520)
            continue;
        hash256_display(txid, &coins[i].outpoint.txid);
        hex_encode(script, coin.script);
        printf("%s %s:%u %lld %s %s\n", ledger_book(ledger)->wallets[coin.wallet].id, txid,
               coins[i].outpoint.vout, (long long)amount_minor(coin.value), script,
               coin.held    ? "held"
               : coin.spent ? "spent"
                            : "left"); /* its wallet ceased to count */
    }
}

static int coins_main(const char *path, const char *nation)
{
    struct store *store;
    struct facts *facts;
    struct registry *registry;
    const struct chain_params *params;
    struct facts_state state;
    struct register_book entry;
    struct bytes text;
    struct book *book;
    struct ledger *ledger;
    struct fact_coin *coins;
    size_t count;
    struct arena arena = {0};
    struct err err = {0};
    test_ok(store_open(&store, path, STORE_READ, &err), &err);
    test_ok(facts_chain(&params, store, &err), &err);
    test_ok(facts_open(&facts, store, params, &err), &err);
    test_ok(register_open(&registry, store, &err), &err);
    test_ok(facts_state_get(&state, facts, &err), &err);
    test_ok(register_book_as_known(registry, &entry, &text, nation, INT64_MAX, &arena, &err), &err);
    test_ok(book_read(&book, "book", text, params, &err), &err);
    test_ok(ledger_new(&ledger, facts, book, state.tip_height, &err), &err);
    test_ok(facts_coins(facts, &coins, &count, state.tip_height, &arena, &err), &err);
    coins_print(ledger, coins, count);
    ledger_free(ledger);
    book_free(book);
    register_close(registry);
    facts_close(facts);
    store_close(store);
    arena_free(&arena);
    return 0;
}

/* ---- making --------------------------------------------------------------------------------- */

struct plan {
    const struct chain_params *params;
    struct maker_in ins[PART_MAX];
    struct maker_out outs[PART_MAX];
    struct maker maker;
    struct arena arena;
};

/* Cuts a text at its colons; how many pieces. */
static size_t fields_cut(char *fields[FIELD_MAX], char *text)
{
    size_t count = 0;
    while (count < FIELD_MAX) {
        char *colon = strchr(text, ':');
        fields[count++] = text;
        if (!colon)
            break;
        *colon = 0;
        text = colon + 1;
    }
    return count;
}

static int64_t sat_of(const char *text)
{
    bool negative = text[0] == '-';
    uint64_t value;
    text += negative;
    assert_true(number_parse(&value, text, strlen(text), INT64_MAX));
    return negative ? -(int64_t)value : (int64_t)value;
}

static struct bytes script_of(struct plan *plan, const char *text)
{
    struct buf script = buf_with_max(RAW_MAX);
    struct err err = {0};
    size_t size = strlen(text) / 2;
    if (!hex_decode(buf_extend(&script, size), size, text, strlen(text))) {
        buf_reset(&script);
        test_ok(address_to_script(&script, plan->params, text, &err), &err);
    }
    struct bytes kept = arena_bytes(&plan->arena, buf_bytes(&script));
    buf_free(&script);
    return kept;
}

static struct bytes funding_of(struct plan *plan, const char *path)
{
    struct buf file = {0};
    struct err err = {0};
    test_ok(file_read(&file, path, RAW_MAX, &err), &err);
    char *hex = arena_strdup(&plan->arena, buf_cstr(&file));
    hex[strcspn(hex, " \r\n")] = 0;
    struct buf raw = test_hex(hex);
    struct bytes kept = arena_bytes(&plan->arena, buf_bytes(&raw));
    buf_free(&raw);
    buf_free(&file);
    return kept;
}

static void in_add(struct plan *plan, char *text)
{
    char *fields[FIELD_MAX];
    size_t count = fields_cut(fields, text);
    struct maker_in *in = &plan->ins[plan->maker.in_count++];
    assert_true(count >= 2 && hash256_from_display(&in->prevout.txid, fields[0]));
    in->prevout.vout = (uint32_t)sat_of(fields[1]);
    if (count >= 4) {
        in->claimed = true;
        in->sat = sat_of(fields[2]);
        in->script = script_of(plan, fields[3]);
    }
    if (count == 3 || count == 5)
        in->funding = funding_of(plan, fields[count - 1]);
}

static void new_add(struct plan *plan, char *text)
{
    char *fields[FIELD_MAX];
    struct buf raw = buf_with_max(RAW_MAX);
    assert_int_equal(fields_cut(fields, text), 2);
    struct maker_out out = {.sat = sat_of(fields[0]), .script = script_of(plan, fields[1])};
    struct maker_in *in = &plan->ins[plan->maker.in_count++];
    maker_funding(&raw, &in->prevout.txid, (uint32_t)plan->maker.in_count, &out, 1);
    in->funding = arena_bytes(&plan->arena, buf_bytes(&raw));
    buf_free(&raw);
}

static void out_add(struct plan *plan, char *text)
{
    char *fields[FIELD_MAX];
    assert_int_equal(fields_cut(fields, text), 2);
    plan->outs[plan->maker.out_count++] =
        (struct maker_out){.sat = sat_of(fields[1]), .script = script_of(plan, fields[0])};
}

static void part_add(struct plan *plan, char *part)
{
    if (strncmp(part, "in=", 3) == 0)
        in_add(plan, part + 3);
    else if (strncmp(part, "new=", 4) == 0)
        new_add(plan, part + 4);
    else if (strncmp(part, "out=", 4) == 0)
        out_add(plan, part + 4);
    else
        fail_msg("%s: no part of a PSBT", part);
}

static int make_main(const char *path, char **parts, int part_count)
{
    static struct plan plan;
    struct buf raw = buf_with_max(RAW_MAX);
    struct buf text = buf_with_max(2 * RAW_MAX);
    struct err err = {0};
    plan.params = chain_params_find(parts[0]);
    assert_non_null(plan.params);
    assert_true(part_count <= PART_MAX);
    for (int i = 2; i < part_count; i++)
        part_add(&plan, parts[i]);
    plan.maker.version = (uint32_t)sat_of(parts[1]);
    plan.maker.ins = plan.ins;
    plan.maker.outs = plan.outs;
    maker_psbt(&raw, &plan.maker);
    base64_encode(&text, buf_bytes(&raw));
    buf_u8(&text, '\n');
    assert_false(raw.bad || text.bad);
    const char *ending = strrchr(path, '.');
    bool as_text = ending && strcmp(ending, ".base64") == 0;
    test_ok(file_write(path, buf_bytes(as_text ? &text : &raw), &err), &err);
    buf_free(&raw);
    buf_free(&text);
    arena_free(&plan.arena);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "coins") == 0)
        return coins_main(argv[2], argv[3]);
    if (argc >= 5 && strcmp(argv[1], "make") == 0)
        return make_main(argv[2], argv + 3, argc - 3);
    fprintf(stderr, "usage: e2e_psbt coins STORE NATION\n"
                    "       e2e_psbt make FILE CHAIN VERSION PART...\n");
    return 2;
}
