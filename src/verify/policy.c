/* Policies (c2sp.org/tlog-policy): which logs, which witnesses, and how many of them are enough.
 * Names are opaque bytes; a group names only what stands above it, and each name once. */
#include "verify/verify_priv.h"

enum { NAME_COUNT_MAX = SANAD_POLICY_WITNESS_MAX + SANAD_POLICY_GROUP_MAX, HEAD_WORDS = 4 };
enum { WORD_COUNT_MAX = NAME_COUNT_MAX + 3 };

_Static_assert(NAME_COUNT_MAX < UINT16_MAX, "a group's index fits");

/* One line on its way. Members are taken from `rest` one by one. */
struct policy_line {
    struct verify_run *run;
    const char *object;
    uint64_t number;
    struct sanad_bytes words[HEAD_WORDS]; /* the first of them */
    size_t word_count;
    struct sanad_bytes rest; /* from the fourth word on */
};

static enum sanad_verdict line_refuse(const struct policy_line *line, const char *rule)
{
    return verify_refuse(line->run->result, "%s: line %u: %s", line->object, line->number, rule);
}

/* The next word of a line; spaces and tabs part them. */
static bool word_next(struct sanad_bytes *ret_word, struct sanad_bytes *text)
{
    size_t at = 0;
    while (at < text->size && (text->data[at] == ' ' || text->data[at] == '\t'))
        at++;
    size_t begin = at;
    while (at < text->size && text->data[at] != ' ' && text->data[at] != '\t')
        at++;
    if (begin == at)
        return false;
    *ret_word = verify_bytes(text->data + begin, at - begin);
    *text = verify_bytes(text->data + at, text->size - at);
    return true;
}

/* False where there are too many. A comment is one word. */
static bool words_split(struct policy_line *line, struct sanad_bytes text)
{
    struct sanad_bytes word;
    line->word_count = 0;
    line->rest = verify_bytes(NULL, 0);
    for (struct sanad_bytes before = text; word_next(&word, &text); before = text) {
        if (line->word_count == WORD_COUNT_MAX)
            return false;
        if (line->word_count == HEAD_WORDS - 1)
            line->rest = before;
        if (line->word_count < HEAD_WORDS)
            line->words[line->word_count] = word;
        line->word_count++;
        if (line->word_count == 1 && word.data[0] == '#')
            break;
    }
    return true;
}

static bool name_find(size_t *ret_index, const struct verify_policy *policy,
                      struct sanad_bytes name)
{
    for (size_t i = 0; i < policy->name_count; i++)
        if (verify_equal(policy->names[i].name, name)) {
            *ret_index = i;
            return true;
        }
    return false;
}

static enum sanad_verdict key_take(struct verify_key *ret_key, const struct policy_line *line,
                                   struct sanad_bytes text, uint8_t type)
{
    struct sanad_result why = {.verdict = SANAD_VERDICT_HOLDS};
    if (verify_vkey(ret_key, &why, text) != SANAD_VERDICT_HOLDS)
        return line_refuse(line, why.text);
    if (ret_key->type != type)
        return line_refuse(line, type == VERIFY_KEY_ED25519
                                     ? "a log's key must be of type 0x01"
                                     : "a witness's key must be of type 0x04");
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict log_add(struct verify_policy *policy, const struct policy_line *line)
{
    struct verify_key key;
    if (line->word_count < 2 || line->word_count > 3)
        return line_refuse(line, "must be: log VKEY [URL]");
    enum sanad_verdict verdict = key_take(&key, line, line->words[1], VERIFY_KEY_ED25519);
    if (verdict)
        return verdict;
    for (size_t i = 0; i < policy->log_count; i++)
        if (memcmp(policy->logs[i].public_key, key.public_key, sizeof key.public_key) == 0)
            return line_refuse(line, "this log stands there already");
    if (policy->log_count == SANAD_POLICY_LOG_MAX)
        return line_refuse(line, "too many logs");
    policy->logs[policy->log_count++] = key;
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict name_check_new(const struct verify_policy *policy,
                                         const struct policy_line *line)
{
    size_t index;
    if (verify_is(line->words[1], "none"))
        return line_refuse(line, "\"none\" is no name");
    if (name_find(&index, policy, line->words[1]))
        return line_refuse(line, "this name stands there already");
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict witness_add(struct verify_policy *policy, const struct policy_line *line)
{
    struct verify_name name = {.is_group = false};
    if (line->word_count < 3 || line->word_count > 4)
        return line_refuse(line, "must be: witness NAME VKEY [URL]");
    enum sanad_verdict verdict = name_check_new(policy, line);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = key_take(&name.key, line, line->words[2], VERIFY_KEY_COSIGNATURE);
    if (verdict)
        return verdict;
    for (size_t i = 0; i < policy->name_count; i++)
        if (!policy->names[i].is_group &&
            memcmp(policy->names[i].key.public_key, name.key.public_key,
                   sizeof name.key.public_key) == 0)
            return line_refuse(line, "this witness stands there already");
    if (policy->witness_count == SANAD_POLICY_WITNESS_MAX)
        return line_refuse(line, "too many witnesses");
    sanad_assert(policy->name_count < NAME_COUNT_MAX);
    name.name = line->words[1];
    policy->witness_count++;
    policy->names[policy->name_count++] = name;
    return SANAD_VERDICT_HOLDS;
}

static bool threshold_parse(uint16_t *ret_threshold, struct sanad_bytes text, size_t member_count)
{
    uint64_t k;
    if (verify_is(text, "any"))
        k = 1;
    else if (verify_is(text, "all"))
        k = member_count;
    else if (!verify_number(&k, text, member_count) || k == 0)
        return false;
    *ret_threshold = (uint16_t)k;
    return true;
}

static enum sanad_verdict group_add(struct verify_policy *policy, const struct policy_line *line)
{
    struct verify_name group = {.is_group = true};
    struct sanad_bytes rest = line->rest;
    struct sanad_bytes word;
    size_t member;
    if (line->word_count < HEAD_WORDS)
        return line_refuse(line, "must be: group NAME all|any|K MEMBER...");
    enum sanad_verdict verdict = name_check_new(policy, line);
    if (verdict)
        return verdict;
    if (policy->group_count == SANAD_POLICY_GROUP_MAX)
        return line_refuse(line, "too many groups");
    if (!threshold_parse(&group.threshold, line->words[2], line->word_count - (HEAD_WORDS - 1)))
        return line_refuse(line, "its threshold is not all, any or 1 to the number of members");
    while (word_next(&word, &rest)) {
        if (!name_find(&member, policy, word))
            return line_refuse(line, "it names a member that no line above defines");
        if (policy->names[member].is_member)
            return line_refuse(line, "it names a member that is in a group already");
        policy->names[member].is_member = true;
        policy->names[member].group = (uint16_t)policy->name_count;
    }
    sanad_assert(policy->name_count < NAME_COUNT_MAX);
    group.name = line->words[1];
    policy->group_count++;
    policy->names[policy->name_count++] = group;
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict quorum_set(struct verify_policy *policy, const struct policy_line *line)
{
    if (line->word_count != 2)
        return line_refuse(line, "must be: quorum NAME");
    if (policy->has_quorum)
        return line_refuse(line, "a second quorum");
    policy->has_quorum = true;
    policy->needs_none = verify_is(line->words[1], "none");
    if (!policy->needs_none && !name_find(&policy->quorum, policy, line->words[1]))
        return line_refuse(line, "it names what no line above defines");
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict line_run(struct verify_policy *policy, const struct policy_line *line)
{
    if (line->word_count == 0 || line->words[0].data[0] == '#')
        return SANAD_VERDICT_HOLDS;
    if (verify_is(line->words[0], "log"))
        return log_add(policy, line);
    if (verify_is(line->words[0], "witness"))
        return witness_add(policy, line);
    if (verify_is(line->words[0], "group"))
        return group_add(policy, line);
    if (verify_is(line->words[0], "quorum"))
        return quorum_set(policy, line);
    return line_refuse(line, "neither log, witness, group nor quorum");
}

static bool bytes_allowed(struct sanad_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] < 0x20 && text.data[i] != '\t' && text.data[i] != '\n') ||
            text.data[i] == 0x7f)
            return false;
    return true;
}

enum sanad_verdict verify_policy_parse(struct verify_run *run, struct verify_policy **ret_policy,
                                       const struct sanad_input *input)
{
    struct sanad_bytes text = verify_bytes(input->data, input->size);
    struct policy_line line = {.run = run, .object = input->name};
    struct sanad_bytes at;
    if (text.size > SANAD_NOTE_MAX)
        return verify_refuse(run->result, "%s: over %u bytes", input->name,
                             (uint64_t)SANAD_NOTE_MAX);
    struct verify_policy *policy = verify_take(run, 1, sizeof *policy);
    if (!policy)
        return SANAD_VERDICT_REFUSED;
    if (!bytes_allowed(text))
        return verify_refuse(run->result, "%s: a control character", input->name);
    while (verify_line_take(&at, &text)) {
        line.number++;
        if (!words_split(&line, at))
            return line_refuse(&line, "too many words");
        enum sanad_verdict verdict = line_run(policy, &line);
        if (verdict)
            return verdict;
    }
    if (text.size)
        return verify_refuse(run->result, "%s: the last line does not end", input->name);
    if (!policy->has_quorum)
        return verify_refuse(run->result, "%s: no quorum", input->name);
    *ret_policy = policy;
    return SANAD_VERDICT_HOLDS;
}

/* ---- whether it is met ------------------------------------------------------------------------
 */

/* Members stand above their group, so one pass in order is enough. */
static bool quorum_reached(struct verify_policy *policy)
{
    if (policy->needs_none)
        return true;
    for (size_t i = 0; i < policy->name_count; i++) {
        struct verify_name *name = &policy->names[i];
        if (name->is_group)
            name->met = name->met_count >= name->threshold;
        sanad_assert(!name->is_member || name->group > i);
        if (name->met && name->is_member)
            policy->names[name->group].met_count++;
    }
    return policy->names[policy->quorum].met;
}

static enum sanad_verdict log_check(struct verify_run *run, struct sanad_checkpoint *checkpoint,
                                    const struct verify_policy *policy, struct verify_note *note)
{
    for (size_t i = 0; i < policy->log_count; i++) {
        struct verify_signed by;
        if (!verify_equal(policy->logs[i].name, checkpoint->origin))
            continue;
        enum sanad_verdict verdict = verify_note_by(run, &by, note, &policy->logs[i]);
        if (verdict)
            return verdict;
        checkpoint->log_signed = checkpoint->log_signed || by.valid;
    }
    if (!checkpoint->log_signed)
        return verify_say(run->result, SANAD_VERDICT_UNDECIDED,
                          "checkpoint of %b: no log of the policy has signed it",
                          &checkpoint->origin);
    return SANAD_VERDICT_HOLDS;
}

enum sanad_verdict verify_policy_check(struct verify_run *run, struct sanad_checkpoint *checkpoint,
                                       struct verify_policy *policy, struct verify_note *note)
{
    enum sanad_verdict verdict = log_check(run, checkpoint, policy, note);
    for (size_t i = 0; i < policy->name_count && verdict == SANAD_VERDICT_HOLDS; i++) {
        struct verify_name *name = &policy->names[i];
        struct verify_signed by;
        if (name->is_group)
            continue;
        verdict = verify_note_by(run, &by, note, &name->key);
        if (verdict || !by.valid)
            continue;
        name->met = true;
        if (checkpoint->cosigned++ == 0 || by.time < checkpoint->oldest)
            checkpoint->oldest = by.time;
    }
    if (verdict)
        return verdict;
    checkpoint->quorum = quorum_reached(policy);
    if (!checkpoint->quorum)
        return verify_say(run->result, SANAD_VERDICT_UNDECIDED,
                          "checkpoint of %b: %u witnesses, not the quorum", &checkpoint->origin,
                          (uint64_t)checkpoint->cosigned);
    return verify_say(run->result, SANAD_VERDICT_HOLDS,
                      "checkpoint of %b: signed by the log, the quorum is reached",
                      &checkpoint->origin);
}
