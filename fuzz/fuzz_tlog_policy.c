/* Feeds bytes to the parser of policies; what it accepts is asked about a checkpoint that nobody of
 * it has signed. */
#include "tlog/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char unsigned_note[] =
    "example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 a AAAAAAAA\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tlog_policy *policy;
    struct tlog_policy_check check;
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct err err = {0};
    int code = tlog_policy_parse(&policy, "input", bytes_of(data, size), &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code)
        return 0;
    sanad_assert(tlog_policy_log_count(policy) <= TLOG_POLICY_LOG_MAX);
    sanad_assert(tlog_policy_witness_count(policy) <= TLOG_POLICY_WITNESS_MAX);
    sanad_assert(note_parse(&note, "note", bytes_of_text(unsigned_note), &arena, &err) == 0 &&
                 tlog_checkpoint_parse(&checkpoint, "note", note.text, &err) == 0);
    code = tlog_policy_verify(&check, policy, &note, &checkpoint, &err);
    sanad_assert(code != 0 || (tlog_policy_log_count(policy) == 0 && check.cosigned == 0));
    arena_free(&arena);
    tlog_policy_free(policy);
    return 0;
}
