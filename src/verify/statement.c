/* Statements (doc/formats/statement.md): the note, the kind, the line of JSON in its one form; and
 * whether enough keys have signed. */
#include "verify/verify_priv.h"

static const char first_line[] = "sanad/statement/v1 ";
enum { KIND_SIZE_MAX = 32 };

static const char *const kind_names[] = {
#define X(name, text) [SANAD_KIND_##name] = (text),
    SANAD_KINDS(X)
#undef X
};

const char *sanad_kind_name(enum sanad_kind kind)
{
    sanad_assert(kind < SANAD_KIND_COUNT);
    return kind_names[kind];
}

bool verify_kind_find(enum sanad_kind *ret_kind, struct sanad_bytes name)
{
    for (size_t i = 0; i < SANAD_KIND_COUNT; i++)
        if (verify_is(name, kind_names[i])) {
            *ret_kind = (enum sanad_kind)i;
            return true;
        }
    return false;
}

/* The two lines of a statement's text. */
static enum sanad_verdict lines_split(struct sanad_statement *statement,
                                      struct sanad_result *result, const char *object)
{
    struct sanad_bytes text = statement->text;
    struct sanad_bytes line;
    struct sanad_bytes kind;
    if (!verify_line_take(&kind, &text) || !verify_word_take(&kind, first_line) || kind.size == 0)
        return verify_refuse(result, "%s: not a sanad/statement/v1", object);
    if (!verify_kind_find(&statement->kind, kind)) {
        kind.size = kind.size < KIND_SIZE_MAX ? kind.size : KIND_SIZE_MAX;
        return verify_refuse(result, "%s: unknown kind of statement \"%b\"", object, &kind);
    }
    if (!verify_line_take(&line, &text) || line.size == 0 || text.size > 0)
        return verify_refuse(result, "%s: the statement is not one line of JSON", object);
    if (line.size > SANAD_STATEMENT_MAX)
        return verify_refuse(result, "%s: over %u bytes", object, (uint64_t)SANAD_STATEMENT_MAX);
    statement->json = line;
    return verify_json_check(result, object, line, false);
}

enum sanad_verdict verify_statement_parse(struct verify_run *run,
                                          struct sanad_statement *ret_statement,
                                          struct verify_note *ret_note,
                                          const struct sanad_input *input)
{
    struct sanad_statement statement = {.signature_count = 0};
    struct verify_note note;
    sanad_assert(input->name);
    enum sanad_verdict verdict =
        verify_note_parse(run, &note, input->name, verify_bytes(input->data, input->size));
    if (verdict)
        return verdict;
    statement.text = note.text;
    statement.signature_count = note.count;
    verdict = lines_split(&statement, run->result, input->name);
    if (verdict)
        return verdict;
    *ret_statement = statement;
    *ret_note = note;
    return verify_say(run->result, SANAD_VERDICT_HOLDS, "%s: a statement in its form", input->name);
}

enum sanad_verdict sanad_statement_read(const struct sanad_verifier *verifier,
                                        struct sanad_statement *ret_statement,
                                        struct sanad_result *ret_result,
                                        const struct sanad_input *statement)
{
    struct verify_run run = verify_run_begin(verifier, ret_result);
    struct verify_note note;
    return verify_statement_parse(&run, ret_statement, &note, statement);
}

/* ---- keys by themselves ------------------------------------------------------------------------
 */

/* One key under two names would count as two signers. */
static enum sanad_verdict key_add(struct verify_run *run, struct verify_key *keys, size_t count,
                                  const char *vkey)
{
    enum sanad_verdict verdict = verify_vkey(&keys[count], run->result, verify_bytes_of(vkey));
    if (verdict)
        return verdict;
    if (keys[count].type != VERIFY_KEY_ED25519)
        return verify_refuse(run->result, "key %b: a cosigner's key signs no statements",
                             &keys[count].name);
    for (size_t i = 0; i < count; i++)
        if (memcmp(keys[i].public_key, keys[count].public_key, sizeof keys[i].public_key) == 0 ||
            verify_equal(keys[i].name, keys[count].name))
            return verify_refuse(run->result, "key %b: stands there already", &keys[count].name);
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict count_say(struct verify_run *run, const struct sanad_statement *statement,
                                    size_t valid, size_t threshold)
{
    if (valid >= threshold)
        return verify_say(run->result, SANAD_VERDICT_HOLDS,
                          "%s: %u of at least %u needed signatures verify",
                          sanad_kind_name(statement->kind), (uint64_t)valid, (uint64_t)threshold);
    return verify_say(run->result, SANAD_VERDICT_UNDECIDED, "%s: %u of %u signatures of known keys",
                      sanad_kind_name(statement->kind), (uint64_t)valid, (uint64_t)threshold);
}

enum sanad_verdict sanad_verify_statement(const struct sanad_verifier *verifier,
                                          struct sanad_result *ret_result,
                                          const struct sanad_input *statement,
                                          const struct sanad_keys *keys)
{
    struct verify_run run = verify_run_begin(verifier, ret_result);
    struct sanad_statement read;
    struct verify_note note;
    size_t valid = 0;
    if (keys->count > SANAD_KEY_MAX || keys->threshold == 0 || keys->threshold > keys->count)
        return verify_refuse(ret_result, "keys: over %u, or a threshold that they cannot reach",
                             (uint64_t)SANAD_KEY_MAX);
    enum sanad_verdict verdict = verify_statement_parse(&run, &read, &note, statement);
    struct verify_key *taken = verdict ? NULL : verify_take(&run, keys->count, sizeof *taken);
    if (!taken)
        return SANAD_VERDICT_REFUSED;
    for (size_t i = 0; i < keys->count; i++) {
        struct verify_signed by;
        verdict = key_add(&run, taken, i, keys->vkeys[i]);
        if (verdict == SANAD_VERDICT_HOLDS)
            verdict = verify_note_by(&run, &by, &note, &taken[i]);
        if (verdict)
            return verdict;
        valid += by.valid;
    }
    return count_say(&run, &read, valid, keys->threshold);
}
