/* Fraud proofs (doc/formats/tlog.md): two checkpoints that one log has signed and that cannot both
 * be of an append-only log. */
#include "verify/verify_priv.h"

static const char first_line[] = "sanad/tlog-fraud/v1";
enum { NUMBER_DIGITS_MAX = 19 };

struct fraud {
    uint8_t hashes[SANAD_PROOF_MAX][32];
    size_t count;
    struct verify_note first, second;
};

static bool number_take(uint64_t *ret_number, struct sanad_bytes line)
{
    return line.size <= NUMBER_DIGITS_MAX && verify_number(ret_number, line, SANAD_TREE_MAX);
}

static enum sanad_verdict path_take(struct fraud *fraud, struct sanad_result *result,
                                    const char *object, struct sanad_bytes *text)
{
    struct sanad_bytes line = {.size = 0};
    uint64_t count;
    if (!verify_line_take(&line, text) || !verify_word_take(&line, "path ") ||
        !number_take(&count, line) || count > SANAD_PROOF_MAX)
        return verify_refuse(result, "%s: fraud proof: no line \"path\" with 0 to %u", object,
                             (uint64_t)SANAD_PROOF_MAX);
    while (fraud->count < count)
        if (!verify_line_take(&line, text) ||
            !verify_hash_line(fraud->hashes[fraud->count++], line))
            return verify_refuse(result, "%s: fraud proof: hash %u is not 32 bytes of base64",
                                 object, (uint64_t)fraud->count);
    if (!verify_line_take(&line, text) || line.size != 0)
        return verify_refuse(result, "%s: fraud proof: no empty line behind the path", object);
    return SANAD_VERDICT_HOLDS;
}

/* The two notes are not parsed yet. */
static enum sanad_verdict fraud_parse(struct fraud *fraud, struct sanad_bytes ret_notes[2],
                                      struct sanad_result *result, const struct sanad_input *input)
{
    struct sanad_bytes text = verify_bytes(input->data, input->size);
    struct sanad_bytes line = {.size = 0};
    uint64_t size;
    if (!verify_line_take(&line, &text) || !verify_is(line, first_line))
        return verify_refuse(result, "%s: fraud proof: its first line is not %s", input->name,
                             first_line);
    enum sanad_verdict verdict = path_take(fraud, result, input->name, &text);
    if (verdict)
        return verdict;
    if (!verify_line_take(&line, &text) || !number_take(&size, line) || size == 0 ||
        size >= text.size)
        return verify_refuse(result, "%s: fraud proof: the first checkpoint has no size",
                             input->name);
    ret_notes[0] = verify_bytes(text.data, (size_t)size);
    ret_notes[1] = verify_bytes(text.data + size, text.size - (size_t)size);
    return SANAD_VERDICT_HOLDS;
}

/* A checkpoint that the log signed. */
static enum sanad_verdict signed_take(struct verify_run *run,
                                      struct sanad_checkpoint *ret_checkpoint, const char *which,
                                      struct sanad_bytes raw, const struct verify_key *log)
{
    struct verify_note note = {.count = 0};
    struct verify_signed by = {.valid = false};
    enum sanad_verdict verdict = verify_note_parse(run, &note, which, raw);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_note_by(run, &by, &note, log);
    if (verdict == SANAD_VERDICT_HOLDS && !by.valid)
        verdict = verify_say(run->result, SANAD_VERDICT_UNDECIDED, "%s: no signature of %b", which,
                             &log->name);
    return verdict ? verdict
                   : verify_checkpoint_parse(ret_checkpoint, run->result, which, note.text);
}

static enum sanad_verdict unshown(struct sanad_result *result, const char *why)
{
    return verify_say(result, SANAD_VERDICT_UNDECIDED, "fraud proof: %s", why);
}

static enum sanad_verdict contradiction(struct sanad_result *result, const struct fraud *fraud,
                                        const struct sanad_checkpoint *first,
                                        const struct sanad_checkpoint *second)
{
    const struct sanad_proof path = {.hashes = (const uint8_t(*)[32])fraud->hashes,
                                     .count = fraud->count};
    struct verify_climb roots;
    if (!verify_equal(first->origin, second->origin))
        return unshown(result, "checkpoints of two origins");
    if (first->size > second->size)
        return verify_refuse(result, "fraud proof: the smaller checkpoint comes first");
    if (first->size == second->size)
        return memcmp(first->root, second->root, 32) == 0
                   ? unshown(result, "both have the same root")
                   : SANAD_VERDICT_HOLDS;
    if (first->size == 0)
        return unshown(result, "any log begins empty");
    if (verify_climb(&roots, result, first->size, second->size, &path) != SANAD_VERDICT_HOLDS)
        return unshown(result, "the path does not fit the sizes");
    if (memcmp(roots.after, second->root, 32) != 0)
        return unshown(result, "the path does not lead to the root");
    if (memcmp(roots.before, first->root, 32) == 0)
        return unshown(result, "one checkpoint continues the other");
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict fraud_by(struct verify_run run, const struct fraud *fraud,
                                   const struct sanad_bytes notes[2], const struct verify_key *log)
{
    struct sanad_checkpoint first;
    struct sanad_checkpoint second;
    enum sanad_verdict verdict = signed_take(&run, &first, "first checkpoint", notes[0], log);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = signed_take(&run, &second, "second checkpoint", notes[1], log);
    return verdict ? verdict : contradiction(run.result, fraud, &first, &second);
}

enum sanad_verdict sanad_verify_fraud(const struct sanad_verifier *verifier,
                                      struct sanad_result *ret_result,
                                      const struct sanad_input *fraud,
                                      const struct sanad_input *policy)
{
    struct verify_run run = verify_run_begin(verifier, ret_result);
    struct verify_policy *parsed;
    struct sanad_bytes notes[2] = {{0}};
    struct fraud read = {.count = 0};
    sanad_assert(fraud->name && policy->name);
    enum sanad_verdict verdict = fraud_parse(&read, notes, ret_result, fraud);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_policy_parse(&run, &parsed, policy);
    if (verdict)
        return verdict;
    verdict = unshown(ret_result, "the policy names no log");
    for (size_t i = 0; i < parsed->log_count && verdict != SANAD_VERDICT_HOLDS; i++)
        verdict = fraud_by(run, &read, notes, &parsed->logs[i]); /* each with the same memory */
    if (verdict)
        return verdict;
    return verify_say(ret_result, SANAD_VERDICT_HOLDS,
                      "one log has signed both, and they contradict each other");
}
