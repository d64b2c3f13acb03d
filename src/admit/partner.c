/* Partners: what a root of ours says of them, and their own roots and checkpoints as entries. */
#include "admit/admit_priv.h"

#include <stdlib.h>

enum { CHECKPOINT_TEXT_MAX = 65536 };

/* ---- what a root of ours says --------------------------------------------------------------- */

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

static struct partner *partner_of(const struct admit *admit, const char *origin)
{
    for (size_t i = 0; i < admit->partner_count; i++)
        if (strcmp(admit->partners[i]->known.origin, origin) == 0)
            return admit->partners[i];
    return NULL;
}

struct partner *partner_named(const struct admit *admit, const char *origin, const char *authority)
{
    struct partner *partner = partner_of(admit, origin);
    bool named = partner && partner->is_named && strcmp(partner->known.authority, authority) == 0;
    return named ? partner : NULL;
}

static bool pin_of(struct hash256 *ret_pin, const json_t *json)
{
    const char *pin = text_of(json, "root_sha256");
    return *pin != 0 && hash256_from_straight(ret_pin, pin);
}

/* What was pinned once stays: a partner that begins anew has a log of another origin. */
static int pin_check(const struct admit *admit, const json_t *json, struct err *err)
{
    struct hash256 pin;
    const struct partner *partner = partner_of(admit, text_of(json, "log"));
    if (!partner || !partner->known.has_pin)
        return 0;
    if (pin_of(&pin, json) && hash256_equal(&pin, &partner->known.root_sha256))
        return 0;
    return err_set(err, SANAD_REFUSED, "root: partner %s: the hash of its root 1 can't change",
                   partner->known.authority);
}

static int partner_check(const struct judged *judged, const json_t *list, size_t at,
                         struct err *err)
{
    const json_t *json = json_array_get(list, at);
    const char *log = text_of(json, "log");
    const char *authority = text_of(json, "authority");
    if (strcmp(log, judged->admit->origin) == 0 ||
        strcmp(authority, judged_text(judged, "authority")) == 0)
        return err_set(err, SANAD_REFUSED, "root: partner %s: nobody is a partner of itself",
                       authority);
    for (size_t i = 0; i < at; i++)
        if (strcmp(log, text_of(json_array_get(list, i), "log")) == 0 ||
            strcmp(authority, text_of(json_array_get(list, i), "authority")) == 0)
            return err_set(err, SANAD_REFUSED, "root: partner %s: it, or its log, stands twice",
                           authority);
    return pin_check(judged->admit, json, err);
}

int partners_check(const struct judged *judged, struct err *err)
{
    const json_t *list = json_object_get(judged->stmt->json, "partners");
    size_t fresh = 0;
    int code = 0;
    for (size_t i = 0; code == 0 && i < json_array_size(list); i++) {
        code = partner_check(judged, list, i, err);
        fresh += !partner_of(judged->admit, text_of(json_array_get(list, i), "log"));
    }
    if (code == 0 && judged->admit->partner_count + fresh > ADMIT_ORIGIN_MAX)
        code = err_set(err, SANAD_REFUSED, "root: more than %d partners in the life of a log",
                       ADMIT_ORIGIN_MAX);
    return code;
}

static void partner_fill(struct partner *partner, const json_t *json)
{
    struct admit_partner *known = &partner->known;
    size_t i;
    json_t *value;
    partner->is_named = true;
    (void)snprintf(known->authority, sizeof known->authority, "%s", text_of(json, "authority"));
    (void)snprintf(known->origin, sizeof known->origin, "%s", text_of(json, "log"));
    known->key_count = 0;
    json_array_foreach (json_object_get(json, "keys"), i, value) {
        sanad_assert(known->key_count < ADMIT_PARTNER_KEY_MAX); /* the schema says so */
        int code =
            note_vkey_parse(&known->keys[known->key_count++], json_string_value(value), NULL);
        sanad_assert(code == 0);
    }
    known->has_pin = pin_of(&known->root_sha256, json) || known->has_pin;
}

void partners_take(struct admit *admit, const struct judged *judged)
{
    size_t i;
    json_t *value;
    for (size_t p = 0; p < admit->partner_count; p++)
        admit->partners[p]->is_named = false;
    json_array_foreach (json_object_get(judged->stmt->json, "partners"), i, value) {
        struct partner *partner = partner_of(admit, text_of(value, "log"));
        if (!partner) {
            sanad_assert(admit->partner_count < ADMIT_ORIGIN_MAX);
            partner = mem_zalloc(1, sizeof *partner);
            admit->partners[admit->partner_count++] = partner;
        }
        partner_fill(partner, value);
    }
}

void partners_free(struct admit *admit)
{
    for (size_t i = 0; i < admit->partner_count; i++) {
        trust_free(admit->partners[i]->trust);
        free(admit->partners[i]);
    }
}

size_t admit_partner_count(const struct admit *admit)
{
    size_t count = 0;
    for (size_t i = 0; i < admit->partner_count; i++)
        count += admit->partners[i]->is_named;
    return count;
}

const struct admit_partner *admit_partner(const struct admit *admit, size_t index)
{
    sanad_assert(index < admit_partner_count(admit));
    size_t at = 0;
    while (!admit->partners[at]->is_named || index-- > 0)
        at++;
    return &admit->partners[at]->known;
}

/* ---- a root of theirs ------------------------------------------------------------------------ */

static int foreign_root_check(const struct judged *judged, struct err *err)
{
    const struct partner *partner = judged->foreign;
    struct stmt_check check;
    uint64_t next = partner->known.root_version + 1;
    uint64_t version = (uint64_t)judged_integer(judged, "version");
    if (version != next)
        return err_set(err, SANAD_REFUSED, "root of %s: version %llu where %llu is next",
                       partner->known.authority, (unsigned long long)version,
                       (unsigned long long)next);
    if (version == 1 && !partner->known.has_pin)
        return err_set(err, SANAD_REFUSED, "root of %s: no root of ours names its hash",
                       partner->known.authority);
    if (version == 1 && !hash256_equal(&judged->text_hash, &partner->known.root_sha256))
        return err_set(err, SANAD_REFUSED, "root of %s: not the one that our root names",
                       partner->known.authority);
    int code = rotation_verify(&check, judged->stmt, partner->trust, NULL, judged->trust, err);
    return code ? err_wrap(err, "root of %s", partner->known.authority) : 0;
}

/* ---- a checkpoint of theirs ------------------------------------------------------------------ */

void admit_quoted_note(struct buf *note, const struct stmt *checkpoint)
{
    size_t i;
    json_t *line;
    json_array_foreach (json_object_get(checkpoint->json, "checkpoint"), i, line) {
        buf_text(note, json_string_value(line));
        buf_u8(note, '\n');
    }
}

static int signed_check(const struct note *note, const struct partner *partner, struct err *err)
{
    bool valid[ADMIT_PARTNER_KEY_MAX] = {false};
    int code = note_verify(valid, note, partner->known.keys, partner->known.key_count, err);
    for (size_t i = 0; code == 0 && i < partner->known.key_count; i++)
        if (valid[i])
            return 0;
    return code ? code : err_set(err, SANAD_REFUSED, "no signature of a key that our root names");
}

/* The members say what the note says. */
static int stated_check(const struct judged *judged, const struct tlog_checkpoint *checkpoint,
                        struct err *err)
{
    struct hash256 root;
    bool decoded = hash256_from_straight(&root, judged_text(judged, "root_hash"));
    sanad_assert(decoded); /* the schema says so */
    if (strcmp(judged_text(judged, "origin"), checkpoint->origin) != 0)
        return err_set(err, SANAD_REFUSED, "its origin is not the one stated");
    if ((uint64_t)judged_integer(judged, "size") != checkpoint->size)
        return err_set(err, SANAD_REFUSED, "its size is not the one stated");
    if (!hash256_equal(&root, &checkpoint->root))
        return err_set(err, SANAD_REFUSED, "its root is not the one stated");
    return 0;
}

static int onward_check(const struct partner *partner, const struct tlog_checkpoint *checkpoint,
                        struct err *err)
{
    const struct admit_partner *known = &partner->known;
    if (!known->has_tree || checkpoint->size > known->tree.size)
        return 0;
    if (checkpoint->size < known->tree.size)
        return err_set(err, SANAD_REFUSED, "it is older than the one in entry %llu",
                       (unsigned long long)known->tree_entry);
    if (hash256_equal(&checkpoint->root, &known->tree.root))
        return 0;
    return err_set(err, SANAD_REFUSED,
                   "the tree of this size has another root in entry %llu: a fraud to prove",
                   (unsigned long long)known->tree_entry);
}

static int checkpoint_check(const struct judged *judged, const struct partner *partner,
                            struct err *err)
{
    struct buf raw = buf_with_max(CHECKPOINT_TEXT_MAX);
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    admit_quoted_note(&raw, judged->stmt);
    int code = note_parse(&note, "checkpoint", buf_bytes(&raw), &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, "checkpoint", note.text, err);
    if (code == 0)
        code = stated_check(judged, &checkpoint, err);
    if (code == 0)
        code = signed_check(&note, partner, err);
    if (code == 0)
        code = onward_check(partner, &checkpoint, err);
    arena_free(&arena);
    buf_free(&raw);
    return code ? err_wrap(err, "partner-checkpoint: %s", partner->known.authority) : 0;
}

static const struct partner *checkpoint_partner(const struct judged *judged)
{
    return partner_named(judged->admit, judged_text(judged, "origin"),
                         judged_text(judged, "partner"));
}

int partner_step(struct judged *judged, struct err *err)
{
    if (judged->foreign)
        return judged->trust ? foreign_root_check(judged, err) : 0;
    if (judged->stmt->kind != STMT_PARTNER_CHECKPOINT)
        return 0;
    const struct partner *partner = checkpoint_partner(judged);
    if (!partner)
        return err_set(err, SANAD_REFUSED,
                       "partner-checkpoint: our root names no partner %.100s with log %.200s",
                       judged_text(judged, "partner"), judged_text(judged, "origin"));
    return checkpoint_check(judged, partner, err);
}

void partner_take(struct admit *admit, struct judged *judged)
{
    if (judged->foreign) {
        struct partner *partner = judged->foreign;
        trust_free(partner->trust);
        partner->trust = judged->trust;
        partner->known.root_version = (uint64_t)judged_integer(judged, "version");
        judged->trust = NULL;
        return;
    }
    struct admit_partner *known =
        &partner_named(admit, judged_text(judged, "origin"), judged_text(judged, "partner"))->known;
    known->has_tree = true;
    known->tree.size = (uint64_t)judged_integer(judged, "size");
    bool decoded = hash256_from_straight(&known->tree.root, judged_text(judged, "root_hash"));
    sanad_assert(decoded);
    known->tree_entry = judged->index;
}
