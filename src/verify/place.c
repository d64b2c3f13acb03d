/* An entry's place in a log, by a .tlog-proof file (c2sp.org/tlog-proof): its index, its inclusion
 * proof and the signed checkpoint in one text. */
#include "verify/verify_priv.h"

static const char first_line[] = "c2sp.org/tlog-proof@v1";
enum { INDEX_DIGITS_MAX = 19, EXTRA_MAX = 1 << 20 };

struct proof_file {
    uint64_t index;
    uint8_t hashes[SANAD_PROOF_MAX][32];
    size_t count;
    struct sanad_bytes checkpoint;
};

/* The next line, or an empty one where none ends. */
static struct sanad_bytes line_or_none(struct sanad_bytes *text)
{
    struct sanad_bytes line;
    return verify_line_take(&line, text) ? line : verify_bytes(NULL, 0);
}

/* Hashes up to the empty line. */
static enum sanad_verdict hashes_take(struct proof_file *file, struct sanad_result *result,
                                      const char *object, struct sanad_bytes *text)
{
    struct sanad_bytes line;
    while (verify_line_take(&line, text)) {
        if (line.size == 0)
            return SANAD_VERDICT_HOLDS;
        if (file->count == SANAD_PROOF_MAX)
            return verify_refuse(result, "%s: proof: over %u hashes", object,
                                 (uint64_t)SANAD_PROOF_MAX);
        if (!verify_hash_line(file->hashes[file->count++], line))
            return verify_refuse(result, "%s: proof: hash %u is not 32 bytes of base64", object,
                                 (uint64_t)file->count);
    }
    return verify_refuse(result, "%s: proof: no checkpoint behind an empty line", object);
}

static enum sanad_verdict file_parse(struct proof_file *file, struct sanad_result *result,
                                     const struct sanad_input *input)
{
    struct sanad_bytes text = verify_bytes(input->data, input->size);
    struct sanad_bytes line;
    size_t extra_size;
    if (!verify_line_take(&line, &text) || !verify_is(line, first_line))
        return verify_refuse(result, "%s: proof: its first line is not %s", input->name,
                             first_line);
    line = line_or_none(&text);
    if (verify_word_take(&line, "extra ")) {
        if (!verify_base64(NULL, &extra_size, 0, line) || extra_size > EXTRA_MAX)
            return verify_refuse(result, "%s: proof: the extra data is no base64", input->name);
        line = line_or_none(&text);
    }
    if (!verify_word_take(&line, "index ") || line.size > INDEX_DIGITS_MAX ||
        !verify_number(&file->index, line, SANAD_TREE_MAX))
        return verify_refuse(result, "%s: proof: no line \"index\" with a number", input->name);
    enum sanad_verdict verdict = hashes_take(file, result, input->name, &text);
    if (verdict)
        return verdict;
    if (text.size == 0)
        return verify_refuse(result, "%s: proof: no checkpoint", input->name);
    file->checkpoint = text;
    return SANAD_VERDICT_HOLDS;
}

/* CONTRADICTED before UNDECIDED before HOLDS. An index behind the tree's end contradicts the file,
 * not only its form. */
static enum sanad_verdict worse(const struct sanad_result **ret_deciding,
                                const struct sanad_place *place)
{
    bool by_signatures = place->signatures.verdict == SANAD_VERDICT_CONTRADICTED ||
                         (place->signatures.verdict == SANAD_VERDICT_UNDECIDED &&
                          place->inclusion.verdict == SANAD_VERDICT_HOLDS);
    *ret_deciding = by_signatures ? &place->signatures : &place->inclusion;
    return (*ret_deciding)->verdict;
}

/* The checkpoint in the file, against the policy, and the entry against the checkpoint. */
static enum sanad_verdict place_check(struct verify_run *run, struct sanad_place *place,
                                      const struct proof_file *file, struct verify_note *note,
                                      struct verify_policy *policy, struct sanad_bytes entry)
{
    const struct sanad_proof proof = {.hashes = (const uint8_t(*)[32])file->hashes,
                                      .count = file->count};
    const struct sanad_result *deciding;
    struct sanad_tree tree = {.size = place->checkpoint.size};
    uint8_t leaf[32];
    place->index = file->index;
    if (verify_policy_check(run, &place->checkpoint, policy, note) == SANAD_VERDICT_REFUSED)
        return SANAD_VERDICT_REFUSED;
    place->signatures = *run->result;
    memcpy(tree.root, place->checkpoint.root, sizeof tree.root);
    sanad_leaf_hash(leaf, entry);
    if (sanad_verify_inclusion(&place->inclusion, leaf, file->index, &tree, &proof) ==
        SANAD_VERDICT_REFUSED)
        place->inclusion.verdict = SANAD_VERDICT_CONTRADICTED;
    enum sanad_verdict verdict = worse(&deciding, place);
    *run->result = *deciding;
    return verdict;
}

enum sanad_verdict
sanad_verify_place(const struct sanad_verifier *verifier, struct sanad_place *ret_place,
                   struct sanad_result *ret_result, const struct sanad_input *entry,
                   const struct sanad_input *proof, const struct sanad_input *policy)
{
    struct verify_run run = verify_run_begin(verifier, ret_result);
    struct proof_file file = {.index = 0};
    struct sanad_place place = {.index = 0};
    struct verify_policy *parsed;
    struct verify_note note;
    sanad_assert(entry->name && proof->name && policy->name);
    if (entry->size > SANAD_ENTRY_MAX)
        return verify_refuse(ret_result, "%s: over %u bytes", entry->name,
                             (uint64_t)SANAD_ENTRY_MAX);
    enum sanad_verdict verdict = file_parse(&file, ret_result, proof);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_note_parse(&run, &note, proof->name, file.checkpoint);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_checkpoint_parse(&place.checkpoint, ret_result, proof->name, note.text);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_policy_parse(&run, &parsed, policy);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict =
            place_check(&run, &place, &file, &note, parsed, verify_bytes(entry->data, entry->size));
    if (verdict != SANAD_VERDICT_REFUSED)
        *ret_place = place;
    return verdict;
}
