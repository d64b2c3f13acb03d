/* Whose signatures count: a trust file or a root statement (doc/formats/statement.md), and the
 * verdict on a statement by it. */
#include "verify/verify_priv.h"

enum { NAME_ROOM = SANAD_NAME_MAX + 1, VKEY_ROOM = 512 };

/* ---- keys ------------------------------------------------------------------------------------ */

static bool key_index(size_t *ret_index, const struct verify_trust *trust, struct sanad_bytes name)
{
    for (size_t i = 0; i < trust->key_count; i++)
        if (verify_equal(trust->keys[i].name, name)) {
            *ret_index = i;
            return true;
        }
    return false;
}

static bool key_named(size_t *ret_index, const struct verify_trust *trust, struct sanad_bytes value)
{
    char name[NAME_ROOM];
    return sanad_json_string(name, sizeof name, value) &&
           key_index(ret_index, trust, verify_bytes_of(name));
}

static enum sanad_verdict key_take(struct verify_run *run, struct verify_trust *trust,
                                   const char *object, struct sanad_bytes value)
{
    struct verify_key *key = &trust->keys[trust->key_count];
    struct sanad_result why = {.verdict = SANAD_VERDICT_HOLDS};
    size_t other;
    char *text = verify_take(run, VKEY_ROOM, 1); /* the key's name stays in it */
    if (!text)
        return SANAD_VERDICT_REFUSED;
    if (!sanad_json_string(text, VKEY_ROOM, value))
        return verify_refuse(run->result, "%s: \"keys\" must hold strings", object);
    if (verify_vkey(key, &why, verify_bytes_of(text)) != SANAD_VERDICT_HOLDS)
        return verify_refuse(run->result, "%s: %s", object, why.text);
    if (key_index(&other, trust, key->name))
        return verify_refuse(run->result, "%s: key \"%b\" stands twice", object, &key->name);
    for (size_t i = 0; i < trust->key_count; i++)
        if (memcmp(trust->keys[i].public_key, key->public_key, sizeof key->public_key) == 0)
            return verify_refuse(run->result, "%s: key \"%b\" stands there under another name",
                                 object, &key->name);
    trust->expires[trust->key_count++] = INT64_MAX;
    return SANAD_VERDICT_HOLDS;
}

static size_t list_count(struct sanad_bytes value)
{
    struct verify_json_walk walk;
    struct sanad_bytes item;
    size_t count = 0;
    if (verify_json_list(&walk, value))
        while (verify_json_next_item(&item, &walk))
            count++;
    return count;
}

static enum sanad_verdict keys_take(struct verify_run *run, struct verify_trust *trust,
                                    const char *object, struct sanad_bytes value)
{
    struct verify_json_walk walk;
    struct sanad_bytes item;
    if (!verify_json_list(&walk, value) || list_count(value) > SANAD_KEY_MAX)
        return verify_refuse(run->result, "%s: \"keys\" must be a list of at most %u", object,
                             (uint64_t)SANAD_KEY_MAX);
    while (verify_json_next_item(&item, &walk)) {
        enum sanad_verdict verdict = key_take(run, trust, object, item);
        if (verdict)
            return verdict;
    }
    return SANAD_VERDICT_HOLDS;
}

/* ---- roles -------------------------------------------------------------------------------------
 */

/* Both members of a role; false where another one stands there or one stands twice. */
static bool role_members(struct sanad_bytes *ret_threshold, struct sanad_bytes *ret_keys,
                         struct sanad_bytes value)
{
    struct verify_json_walk walk;
    struct sanad_bytes key;
    struct sanad_bytes member;
    *ret_threshold = *ret_keys = verify_bytes(NULL, 0);
    if (!verify_json_object(&walk, value))
        return false;
    while (verify_json_next_member(&key, &member, &walk)) {
        struct sanad_bytes *to = verify_is(key, "threshold") ? ret_threshold : ret_keys;
        if (to->size || (to == ret_keys && !verify_is(key, "keys")))
            return false;
        *to = member;
    }
    return ret_threshold->size && ret_keys->size;
}

static enum sanad_verdict role_key_take(struct verify_run *run, const struct verify_trust *trust,
                                        struct verify_role *role, const char *object,
                                        struct sanad_bytes value)
{
    size_t at;
    if (!key_named(&at, trust, value))
        return verify_refuse(run->result, "%s: key %b is not under \"keys\"", object, &value);
    for (size_t i = 0; i < role->key_count; i++)
        if (role->keys[i] == at)
            return verify_refuse(run->result, "%s: role: a key stands twice", object);
    sanad_assert(role->key_count < SANAD_ROLE_KEY_MAX);
    role->keys[role->key_count++] = (uint16_t)at;
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict role_take(struct verify_run *run, struct verify_trust *trust,
                                    const char *object, struct sanad_bytes name,
                                    struct sanad_bytes value)
{
    struct verify_json_walk walk;
    struct sanad_bytes threshold;
    struct sanad_bytes keys;
    struct sanad_bytes item;
    enum sanad_kind kind;
    int64_t count;
    if (!verify_kind_find(&kind, name) || trust->roles[kind].threshold)
        return verify_refuse(
            run->result, "%s: role \"%b\" is no kind of statement, or stands twice", object, &name);
    struct verify_role *role = &trust->roles[kind];
    if (!role_members(&threshold, &keys, value) || !verify_json_list(&walk, keys) ||
        list_count(keys) > SANAD_ROLE_KEY_MAX)
        return verify_refuse(run->result, "%s: role %b: \"threshold\", and \"keys\" up to %u",
                             object, &name, (uint64_t)SANAD_ROLE_KEY_MAX);
    if (!sanad_json_integer(&count, threshold) || count < 1 || (uint64_t)count > list_count(keys))
        return verify_refuse(run->result, "%s: \"threshold\" must be an integer from 1 to %u",
                             object, (uint64_t)list_count(keys));
    while (verify_json_next_item(&item, &walk)) {
        enum sanad_verdict verdict = role_key_take(run, trust, role, object, item);
        if (verdict)
            return verdict;
    }
    role->threshold = (size_t)count;
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict roles_take(struct verify_run *run, struct verify_trust *trust,
                                     const char *object, struct sanad_bytes value)
{
    struct verify_json_walk walk;
    struct sanad_bytes name;
    struct sanad_bytes role;
    if (!verify_json_object(&walk, value))
        return verify_refuse(run->result, "%s: \"roles\" must be an object", object);
    while (verify_json_next_member(&name, &role, &walk)) {
        enum sanad_verdict verdict = role_take(run, trust, object, name, role);
        if (verdict)
            return verdict;
    }
    return SANAD_VERDICT_HOLDS;
}

/* ---- the trust file
 * -------------------------------------------------------------------------------- */

static enum sanad_verdict expires_take(struct verify_run *run, struct verify_trust *trust,
                                       const char *object, struct sanad_bytes value)
{
    struct verify_json_walk walk;
    struct sanad_bytes name;
    struct sanad_bytes day;
    if (!verify_json_object(&walk, value))
        return verify_refuse(run->result, "%s: \"expires\" must be an object", object);
    while (verify_json_next_member(&name, &day, &walk)) {
        size_t at;
        char date[NAME_ROOM];
        const struct sanad_bytes quoted = verify_bytes(name.data - 1, name.size + 2);
        if (!key_named(&at, trust, quoted) || trust->expires[at] != INT64_MAX)
            return verify_refuse(run->result,
                                 "%s: key \"%b\" is not under \"keys\", or stands twice", object,
                                 &name);
        if (!sanad_json_string(date, sizeof date, day) ||
            !verify_date(&trust->expires[at], verify_bytes_of(date)))
            return verify_refuse(run->result, "%s: expiry of %b: not a date", object, &name);
    }
    return SANAD_VERDICT_HOLDS;
}

/* The three members of the file; false where another one stands there or one stands twice. */
static bool file_members(struct sanad_bytes ret_members[3], struct sanad_bytes json)
{
    static const char *const names[] = {"keys", "roles", "expires"};
    struct verify_json_walk walk;
    struct sanad_bytes key;
    struct sanad_bytes value;
    memset(ret_members, 0, 3 * sizeof *ret_members);
    if (!verify_json_object(&walk, json))
        return false;
    while (verify_json_next_member(&key, &value, &walk)) {
        size_t i = 0;
        while (i < countof(names) && !verify_is(key, names[i]))
            i++;
        if (i == countof(names) || ret_members[i].size)
            return false;
        ret_members[i] = value;
    }
    return true;
}

static enum sanad_verdict file_take(struct verify_run *run, struct verify_trust *trust,
                                    const struct sanad_input *input)
{
    struct sanad_bytes text = verify_bytes(input->data, input->size);
    struct sanad_bytes members[3];
    if (text.size > SANAD_NOTE_MAX)
        return verify_refuse(run->result, "%s: over %u bytes", input->name,
                             (uint64_t)SANAD_NOTE_MAX);
    enum sanad_verdict verdict = verify_json_check(run->result, input->name, text, true);
    if (verdict)
        return verdict;
    if (!file_members(members, text))
        return verify_refuse(run->result, "%s: not \"keys\", \"roles\" and \"expires\"",
                             input->name);
    verdict = keys_take(run, trust, input->name, members[0]);
    if (verdict == SANAD_VERDICT_HOLDS && members[1].size)
        verdict = roles_take(run, trust, input->name, members[1]);
    if (verdict == SANAD_VERDICT_HOLDS && members[2].size)
        verdict = expires_take(run, trust, input->name, members[2]);
    return verdict;
}

/* ---- a root in its place
 * ------------------------------------------------------------------------------ */

static struct sanad_bytes member_of(struct sanad_bytes object, const char *name)
{
    struct sanad_bytes value;
    return sanad_json_member(&value, object, name) ? value : verify_bytes(NULL, 0);
}

static enum sanad_verdict root_fill(struct verify_run *run, struct verify_trust *trust,
                                    const struct sanad_statement *root)
{
    int64_t expires = INT64_MIN;
    char date[NAME_ROOM];
    if (!verify_root_ok(root->json))
        return verify_refuse(run->result, "root: not the members of a root");
    enum sanad_verdict verdict = keys_take(run, trust, "root", member_of(root->json, "keys"));
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = roles_take(run, trust, "root", member_of(root->json, "roles"));
    if (verdict)
        return verdict;
    if (trust->roles[SANAD_KIND_REVOKE].threshold || trust->roles[SANAD_KIND_CORRECTION].threshold)
        return verify_refuse(run->result,
                             "root: role revoke or correction: it has none of its own");
    if (trust->roles[SANAD_KIND_ROOT].threshold == 0)
        return verify_refuse(run->result, "root: role root: is missing");
    bool has_day = sanad_json_string(date, sizeof date, member_of(root->json, "expires")) &&
                   verify_date(&expires, verify_bytes_of(date));
    sanad_assert(has_day); /* the form was checked */
    for (size_t i = 0; i < trust->key_count; i++)
        trust->expires[i] = expires;
    return SANAD_VERDICT_HOLDS;
}

/* It is trusted as one if its own keys have signed it. */
static enum sanad_verdict root_take(struct verify_run *run, struct verify_trust *trust,
                                    const struct sanad_input *input)
{
    struct sanad_statement root;
    struct verify_note note;
    enum sanad_verdict verdict = verify_statement_parse(run, &root, &note, input);
    if (verdict)
        return verdict;
    if (root.kind != SANAD_KIND_ROOT)
        return verify_refuse(run->result, "%s: a statement that is no root gives no trust",
                             input->name);
    verdict = root_fill(run, trust, &root);
    return verdict ? verdict : verify_trust_check(run, trust, &root, &note, INT64_MIN);
}

enum sanad_verdict verify_trust_read(struct verify_run *run, struct verify_trust **ret_trust,
                                     const struct sanad_input *input)
{
    struct sanad_bytes rest = verify_bytes(input->data, input->size);
    struct verify_trust *trust = verify_take(run, 1, sizeof *trust);
    sanad_assert(input->name);
    if (!trust)
        return SANAD_VERDICT_REFUSED;
    enum sanad_verdict verdict = verify_word_take(&rest, "sanad/statement/")
                                     ? root_take(run, trust, input)
                                     : file_take(run, trust, input);
    if (verdict == SANAD_VERDICT_HOLDS)
        *ret_trust = trust;
    return verdict;
}

/* ---- the verdict
 * ---------------------------------------------------------------------------------------- */

/* The kind whose role must sign: its own, but of a `revoke` that of `root`, and of a `correction`
 * that of what it corrects. */
static enum sanad_kind role_of(const struct sanad_statement *statement)
{
    enum sanad_kind kind;
    char name[NAME_ROOM];
    if (statement->kind == SANAD_KIND_REVOKE)
        return SANAD_KIND_ROOT;
    if (statement->kind == SANAD_KIND_CORRECTION &&
        sanad_json_string(name, sizeof name, member_of(statement->json, "kind")) &&
        verify_kind_find(&kind, verify_bytes_of(name)))
        return kind;
    return statement->kind;
}

int64_t verify_statement_time(const struct sanad_statement *statement)
{
    int64_t time;
    char text[NAME_ROOM];
    struct sanad_bytes block = member_of(statement->json, "as_of");
    if (sanad_json_string(text, sizeof text, member_of(block, "time")) &&
        verify_time(&time, verify_bytes_of(text)))
        return time;
    if (sanad_json_string(text, sizeof text, member_of(statement->json, "date")) &&
        verify_date(&time, verify_bytes_of(text)))
        return time;
    return INT64_MIN;
}

static enum sanad_verdict role_check(struct verify_run *run, const struct verify_trust *trust,
                                     const struct sanad_statement *statement, int64_t as_of)
{
    enum sanad_kind kind = role_of(statement);
    const struct verify_role *role = &trust->roles[kind];
    const char *name = sanad_kind_name(statement->kind);
    uint64_t valid = 0;
    uint64_t spent = 0; /* valid, but of a key that had expired */
    for (size_t i = 0; i < role->key_count; i++) {
        bool is_void = trust->expires[role->keys[i]] <= as_of;
        valid += trust->valid[role->keys[i]] && !is_void;
        spent += trust->valid[role->keys[i]] && is_void;
    }
    sanad_assert(valid + spent <= role->key_count);
    if (role->threshold == 0)
        return verify_say(run->result, SANAD_VERDICT_UNDECIDED, "%s: nobody has the role %s", name,
                          sanad_kind_name(kind));
    if (valid >= role->threshold)
        return verify_say(run->result, SANAD_VERDICT_HOLDS,
                          "%s: %u of at least %u needed signatures verify", name, valid,
                          (uint64_t)role->threshold);
    if (valid + spent >= role->threshold)
        return verify_say(run->result, SANAD_VERDICT_CONTRADICTED,
                          "%s: signed by a key that had expired", name);
    return verify_say(run->result, SANAD_VERDICT_UNDECIDED, "%s: %u of %u signatures of known keys",
                      name, valid, (uint64_t)role->threshold);
}

enum sanad_verdict verify_trust_check(struct verify_run *run, struct verify_trust *trust,
                                      const struct sanad_statement *statement,
                                      struct verify_note *note, int64_t as_of)
{
    sanad_assert(trust->key_count <= SANAD_KEY_MAX);
    for (size_t i = 0; i < trust->key_count; i++) {
        struct verify_signed by;
        enum sanad_verdict verdict = verify_note_by(run, &by, note, &trust->keys[i]);
        if (verdict)
            return verdict;
        trust->valid[i] = by.valid;
    }
    return role_check(run, trust, statement, as_of);
}

enum sanad_verdict sanad_verify_statement_by(const struct sanad_verifier *verifier,
                                             struct sanad_result *ret_result,
                                             const struct sanad_input *statement,
                                             const struct sanad_input *trust)
{
    struct verify_run run = verify_run_begin(verifier, ret_result);
    struct sanad_statement read;
    struct verify_note note;
    struct verify_trust *parsed;
    enum sanad_verdict verdict = verify_statement_parse(&run, &read, &note, statement);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = verify_trust_read(&run, &parsed, trust);
    return verdict ? verdict
                   : verify_trust_check(&run, parsed, &read, &note, verify_statement_time(&read));
}
