/* Policies (c2sp.org/tlog-policy): which logs, which witnesses, and how many of them are enough.
 * Names are opaque bytes; a group names only what stands above it, and each name once. */
#include "tlog/tlog_priv.h"

#include <stdlib.h>

enum { POLICY_SIZE_MAX = 1 << 20, MEMBER_MAX = TLOG_POLICY_WITNESS_MAX + TLOG_POLICY_GROUP_MAX };

struct policy_log {
    struct note_key key;
    const char *url;
};
/* A witness, or a group where it has members. */
struct policy_name {
    const char *name;
    bool is_group;
    bool is_member; /* of some group already */
    struct note_key key;
    const char *url;
    size_t threshold;
    uint16_t *members; /* indexes into names */
    size_t member_count;
};
struct tlog_policy {
    struct policy_log *logs;
    size_t log_count;
    struct policy_name *names;
    size_t name_count;
    size_t witness_count, group_count;
    size_t *witnesses; /* indexes into names */
    bool has_quorum, needs_none;
    size_t quorum;
    struct arena arena;
};

/* One line on its way. */
struct policy_line {
    const char *object;
    size_t number;
    const char *words[MEMBER_MAX + 3];
    size_t word_count;
};

static int line_refuse(const struct policy_line *line, const char *rule, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "%s: line %zu: %s", line->object, line->number, rule);
}

static bool name_find(size_t *ret_index, const struct tlog_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->name_count; i++)
        if (strcmp(policy->names[i].name, name) == 0) {
            *ret_index = i;
            return true;
        }
    return false;
}

static int key_take(struct note_key *ret_key, const struct policy_line *line, const char *text,
                    uint8_t type, struct err *err)
{
    struct err why;
    if (note_vkey_parse(ret_key, text, &why) != 0)
        return line_refuse(line, why.text, err);
    if (ret_key->type != type)
        return line_refuse(line,
                           type == NOTE_KEY_TYPE_ED25519 ? "a log's key must be of type 0x01"
                                                         : "a witness's key must be of type 0x04",
                           err);
    return 0;
}

static int log_add(struct tlog_policy *policy, const struct policy_line *line, struct err *err)
{
    struct policy_log log = {.url = NULL};
    if (line->word_count < 2 || line->word_count > 3)
        return line_refuse(line, "must be: log VKEY [URL]", err);
    int code = key_take(&log.key, line, line->words[1], NOTE_KEY_TYPE_ED25519, err);
    if (code)
        return code;
    for (size_t i = 0; i < policy->log_count; i++)
        if (memcmp(policy->logs[i].key.public_key, log.key.public_key, 32) == 0)
            return line_refuse(line, "this log stands there already", err);
    if (policy->log_count == TLOG_POLICY_LOG_MAX)
        return line_refuse(line, "too many logs", err);
    log.url = line->word_count == 3 ? arena_strdup(&policy->arena, line->words[2]) : NULL;
    policy->logs[policy->log_count++] = log;
    return 0;
}

static int name_check_new(const struct tlog_policy *policy, const struct policy_line *line,
                          struct err *err)
{
    size_t index;
    if (strcmp(line->words[1], "none") == 0)
        return line_refuse(line, "\"none\" is no name", err);
    if (name_find(&index, policy, line->words[1]))
        return line_refuse(line, "this name stands there already", err);
    return 0;
}

static int witness_add(struct tlog_policy *policy, const struct policy_line *line, struct err *err)
{
    struct policy_name name = {.is_group = false};
    if (line->word_count < 3 || line->word_count > 4)
        return line_refuse(line, "must be: witness NAME VKEY [URL]", err);
    int code = name_check_new(policy, line, err);
    if (code == 0)
        code = key_take(&name.key, line, line->words[2], NOTE_KEY_TYPE_COSIGNATURE, err);
    if (code)
        return code;
    for (size_t i = 0; i < policy->witness_count; i++)
        if (memcmp(policy->names[policy->witnesses[i]].key.public_key, name.key.public_key, 32) ==
            0)
            return line_refuse(line, "this witness stands there already", err);
    if (policy->witness_count == TLOG_POLICY_WITNESS_MAX)
        return line_refuse(line, "too many witnesses", err);
    name.name = arena_strdup(&policy->arena, line->words[1]);
    name.url = line->word_count == 4 ? arena_strdup(&policy->arena, line->words[3]) : NULL;
    policy->witnesses[policy->witness_count++] = policy->name_count;
    policy->names[policy->name_count++] = name;
    return 0;
}

static bool threshold_parse(size_t *ret_threshold, const char *text, size_t member_count)
{
    uint64_t k;
    if (strcmp(text, "any") == 0)
        k = 1;
    else if (strcmp(text, "all") == 0)
        k = member_count;
    else if (!number_parse(&k, text, strlen(text), member_count) || k == 0)
        return false;
    *ret_threshold = (size_t)k;
    return true;
}

static int group_add(struct tlog_policy *policy, const struct policy_line *line, struct err *err)
{
    struct policy_name group = {.is_group = true};
    if (line->word_count < 4)
        return line_refuse(line, "must be: group NAME all|any|K MEMBER...", err);
    int code = name_check_new(policy, line, err);
    if (code)
        return code;
    if (policy->group_count == TLOG_POLICY_GROUP_MAX)
        return line_refuse(line, "too many groups", err);
    group.member_count = line->word_count - 3;
    if (!threshold_parse(&group.threshold, line->words[2], group.member_count))
        return line_refuse(line, "its threshold is not all, any or 1 to the number of members",
                           err);
    group.members = arena_alloc(&policy->arena, group.member_count, sizeof *group.members);
    for (size_t i = 0; i < group.member_count; i++) {
        size_t member;
        if (!name_find(&member, policy, line->words[3 + i]))
            return line_refuse(line, "it names a member that no line above defines", err);
        if (policy->names[member].is_member)
            return line_refuse(line, "it names a member that is in a group already", err);
        policy->names[member].is_member = true;
        group.members[i] = (uint16_t)member;
    }
    group.name = arena_strdup(&policy->arena, line->words[1]);
    policy->group_count++;
    policy->names[policy->name_count++] = group;
    return 0;
}

static int quorum_set(struct tlog_policy *policy, const struct policy_line *line, struct err *err)
{
    if (line->word_count != 2)
        return line_refuse(line, "must be: quorum NAME", err);
    if (policy->has_quorum)
        return line_refuse(line, "a second quorum", err);
    policy->has_quorum = true;
    policy->needs_none = strcmp(line->words[1], "none") == 0;
    if (!policy->needs_none && !name_find(&policy->quorum, policy, line->words[1]))
        return line_refuse(line, "it names what no line above defines", err);
    return 0;
}

static int line_run(struct tlog_policy *policy, const struct policy_line *line, struct err *err)
{
    static const struct {
        const char *word;
        int (*run)(struct tlog_policy *policy, const struct policy_line *line, struct err *err);
    } lines[] = {
        {"log", log_add}, {"witness", witness_add}, {"group", group_add}, {"quorum", quorum_set}};
    if (line->word_count == 0 || line->words[0][0] == '#')
        return 0;
    for (size_t i = 0; i < countof(lines); i++)
        if (strcmp(line->words[0], lines[i].word) == 0)
            return lines[i].run(policy, line, err);
    return line_refuse(line, "neither log, witness, group nor quorum", err);
}

/* Words of a line, which is written over: spaces and tabs part them. A comment is one word. */
static bool words_split(struct policy_line *line, char *text)
{
    line->word_count = 0;
    while (*text) {
        text += strspn(text, " \t");
        if (!*text)
            break;
        if (line->word_count == countof(line->words))
            return false;
        line->words[line->word_count++] = text;
        if (line->word_count == 1 && *text == '#')
            break;
        text += strcspn(text, " \t");
        if (*text)
            *text++ = 0;
    }
    return true;
}

static bool bytes_allowed(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] < 0x20 && text.data[i] != '\t' && text.data[i] != '\n') ||
            text.data[i] == 0x7f)
            return false;
    return true;
}

static int policy_fill(struct tlog_policy *policy, struct policy_line *line, struct bytes text,
                       struct err *err)
{
    struct bytes at;
    if (!bytes_allowed(text))
        return err_set(err, SANAD_REFUSED, "%s: a control character", line->object);
    while (tlog_line_take(&at, &text)) {
        char *copy = arena_alloc(&policy->arena, at.size + 1, 1);
        if (at.size)
            memcpy(copy, at.data, at.size);
        line->number++;
        if (!words_split(line, copy))
            return line_refuse(line, "too many words", err);
        int code = line_run(policy, line, err);
        if (code)
            return code;
    }
    if (text.size)
        return err_set(err, SANAD_REFUSED, "%s: the last line does not end", line->object);
    if (!policy->has_quorum)
        return err_set(err, SANAD_REFUSED, "%s: no quorum", line->object);
    return 0;
}

int tlog_policy_parse(struct tlog_policy **ret_policy, const char *object, struct bytes text,
                      struct err *err)
{
    if (text.size > POLICY_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: over %d bytes", object, POLICY_SIZE_MAX);
    struct tlog_policy *policy = mem_zalloc(1, sizeof *policy);
    struct policy_line *line = mem_zalloc(1, sizeof *line);
    policy->logs = mem_zalloc(TLOG_POLICY_LOG_MAX, sizeof *policy->logs);
    policy->names = mem_zalloc(MEMBER_MAX, sizeof *policy->names);
    policy->witnesses = mem_zalloc(TLOG_POLICY_WITNESS_MAX, sizeof *policy->witnesses);
    line->object = object;
    int code = policy_fill(policy, line, text, err);
    free(line);
    if (code)
        tlog_policy_free(policy);
    else
        *ret_policy = policy;
    return code;
}

void tlog_policy_free(struct tlog_policy *policy)
{
    if (!policy)
        return;
    free(policy->logs);
    free(policy->names);
    free(policy->witnesses);
    arena_free(&policy->arena);
    free(policy);
}

/* ---- what is in it ------------------------------------------------------------------------------
 */

size_t tlog_policy_log_count(const struct tlog_policy *policy)
{
    return policy->log_count;
}

const struct note_key *tlog_policy_log(const struct tlog_policy *policy, size_t index,
                                       const char **ret_url)
{
    sanad_assert(index < policy->log_count);
    *ret_url = policy->logs[index].url;
    return &policy->logs[index].key;
}

size_t tlog_policy_witness_count(const struct tlog_policy *policy)
{
    return policy->witness_count;
}

const struct note_key *tlog_policy_witness(const struct tlog_policy *policy, size_t index,
                                           const char **ret_name, const char **ret_url)
{
    sanad_assert(index < policy->witness_count);
    const struct policy_name *name = &policy->names[policy->witnesses[index]];
    *ret_name = name->name;
    *ret_url = name->url;
    return &name->key;
}

/* ---- whether it is met
 * ---------------------------------------------------------------------------- */

/* Members stand above their group, so one pass in order is enough. */
static bool quorum_reached(const struct tlog_policy *policy, bool *witnessed)
{
    if (policy->needs_none)
        return true;
    for (size_t i = 0; i < policy->name_count; i++) {
        const struct policy_name *name = &policy->names[i];
        size_t count = 0;
        if (!name->is_group)
            continue;
        for (size_t m = 0; m < name->member_count; m++)
            count += witnessed[name->members[m]];
        witnessed[i] = count >= name->threshold;
    }
    return witnessed[policy->quorum];
}

static int log_find(struct tlog_policy_check *check, const struct tlog_policy *policy,
                    const struct note *note, const struct tlog_checkpoint *checkpoint,
                    struct err *err)
{
    for (size_t i = 0; i < policy->log_count; i++) {
        bool valid = false;
        const struct note_key *key = &policy->logs[i].key;
        if (strcmp(key->name, checkpoint->origin) != 0)
            continue;
        int code = note_verify(&valid, note, key, 1, err);
        if (code)
            return code;
        if (valid)
            check->log = key;
    }
    if (!check->log)
        return err_set(err, SANAD_MISSING, "checkpoint of %s: no log of the policy has signed it",
                       checkpoint->origin);
    return 0;
}

int tlog_policy_verify(struct tlog_policy_check *ret_check, const struct tlog_policy *policy,
                       const struct note *note, const struct tlog_checkpoint *checkpoint,
                       struct err *err)
{
    struct tlog_policy_check check = {.log = NULL};
    bool witnessed[MEMBER_MAX] = {false};
    int code = log_find(&check, policy, note, checkpoint, err);
    for (size_t i = 0; i < policy->witness_count && code == 0; i++) {
        const struct note_key *key = &policy->names[policy->witnesses[i]].key;
        bool valid = false;
        uint64_t time = 0;
        code = note_verify(&valid, note, key, 1, err);
        if (code || !valid || !tlog_cosigned_at(&time, note, key))
            continue;
        check.witnessed[i] = witnessed[policy->witnesses[i]] = true;
        check.oldest = check.cosigned++ == 0 || time < check.oldest ? time : check.oldest;
    }
    if (code)
        return code;
    check.quorum = quorum_reached(policy, witnessed);
    *ret_check = check;
    if (!check.quorum)
        return err_set(err, SANAD_MISSING, "checkpoint of %s: %zu witnesses, not the quorum",
                       checkpoint->origin, check.cosigned);
    return 0;
}
