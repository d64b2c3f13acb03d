/* Checkpoints (c2sp.org/tlog-checkpoint), and one held against a policy. */
#include "verify/verify_priv.h"

enum { SIZE_DIGITS_MAX = 19 };

_Static_assert(SANAD_TREE_MAX == INT64_MAX, "a size of 19 digits at most");

enum sanad_verdict verify_checkpoint_parse(struct sanad_checkpoint *ret_checkpoint,
                                           struct sanad_result *result, const char *object,
                                           struct sanad_bytes text)
{
    struct sanad_checkpoint checkpoint = {.size = 0};
    struct sanad_bytes size;
    struct sanad_bytes root;
    uint8_t empty[32];
    if (!verify_line_take(&checkpoint.origin, &text) || !verify_line_take(&size, &text) ||
        !verify_line_take(&root, &text))
        return verify_refuse(result, "%s: checkpoint: fewer than three lines", object);
    if (checkpoint.origin.size == 0 || checkpoint.origin.size > SANAD_NAME_MAX ||
        verify_find(checkpoint.origin, 0))
        return verify_refuse(result, "%s: checkpoint: the origin must have 1 to %u bytes", object,
                             (uint64_t)SANAD_NAME_MAX);
    if (size.size > SIZE_DIGITS_MAX || !verify_number(&checkpoint.size, size, SANAD_TREE_MAX))
        return verify_refuse(result, "%s: checkpoint: the size is no decimal number", object);
    if (!verify_hash_line(checkpoint.root, root))
        return verify_refuse(result, "%s: checkpoint: the root is not 32 bytes of base64", object);
    verify_empty_root(empty);
    if (checkpoint.size == 0 && memcmp(checkpoint.root, empty, sizeof empty) != 0)
        return verify_refuse(result, "%s: checkpoint: the empty tree has another root", object);
    if (text.size > 0 && text.data[text.size - 1] != '\n')
        return verify_refuse(result, "%s: checkpoint: the last line does not end", object);
    *ret_checkpoint = checkpoint;
    return SANAD_VERDICT_HOLDS;
}

enum sanad_verdict sanad_verify_checkpoint(const struct sanad_verifier *verifier,
                                           struct sanad_checkpoint *ret_checkpoint,
                                           struct sanad_result *ret_result,
                                           const struct sanad_input *checkpoint,
                                           const struct sanad_input *policy)
{
    struct verify_run run = verify_run_begin(verifier, ret_result);
    struct verify_policy *parsed;
    struct verify_note note;
    struct sanad_checkpoint read;
    sanad_assert(checkpoint->name && policy->name);
    enum sanad_verdict verdict = verify_note_parse(
        &run, &note, checkpoint->name, verify_bytes(checkpoint->data, checkpoint->size));
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_checkpoint_parse(&read, ret_result, checkpoint->name, note.text);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_policy_parse(&run, &parsed, policy);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_policy_check(&run, &read, parsed, &note);
    if (verdict == SANAD_VERDICT_REFUSED)
        return verdict;
    *ret_checkpoint = read;
    return verdict;
}
