/* Revocations: from which index on a key no longer counts. */
#include "admit/admit_priv.h"

#include <stdlib.h>

static bool names_key(const struct revocation *revocation, const struct note_key *key)
{
    return strcmp(revocation->name, key->name) == 0 &&
           memcmp(revocation->id, key->id, sizeof key->id) == 0;
}

void void_keys(bool ret_void[TRUST_KEY_MAX], const struct admit *admit, const struct trust *trust,
               uint64_t index, bool of_root)
{
    size_t key_count = trust_key_count(trust);
    sanad_assert(key_count <= TRUST_KEY_MAX);
    for (size_t k = 0; k < key_count; k++) {
        ret_void[k] = false;
        for (size_t i = 0; i < admit->revocation_count; i++) {
            const struct revocation *revocation = &admit->revocations[i];
            bool counts = of_root ? revocation->entry < index : revocation->from <= index;
            ret_void[k] = ret_void[k] || (counts && names_key(revocation, trust_key(trust, k)));
        }
    }
}

bool key_is_revoked(const struct admit *admit, const struct note_key *key)
{
    for (size_t i = 0; i < admit->revocation_count; i++)
        if (names_key(&admit->revocations[i], key))
            return true;
    return false;
}

static void revocation_of(struct revocation *ret, const struct judged *judged)
{
    *ret = (struct revocation){.from = (uint64_t)judged_integer(judged, "effective_index"),
                               .entry = judged->index};
    (void)snprintf(ret->name, sizeof ret->name, "%s", judged_text(judged, "key"));
    bool decoded = hex_decode(ret->id, sizeof ret->id, judged_text(judged, "key_id"), 8);
    sanad_assert(decoded); /* the schema says so */
}

static bool is_known(const struct admit *admit, const struct revocation *revocation)
{
    for (size_t r = 0; r < admit->root_count; r++)
        for (size_t k = 0; k < trust_key_count(admit->roots[r].trust); k++)
            if (names_key(revocation, trust_key(admit->roots[r].trust, k)))
                return true;
    return false;
}

/* The keys that are left must be able to sign the next root: else the log could never change its
 * keys again. */
static int root_is_left(const struct judged *judged, const struct revocation *revocation,
                        struct err *err)
{
    const struct admit_root *root = root_at(judged->admit, judged->index);
    bool is_void[TRUST_KEY_MAX] = {false};
    const struct trust_question question = {.role = STMT_ROOT, .is_void = is_void};
    if (!root)
        return 0; /* root_step has said so */
    void_keys(is_void, judged->admit, root->trust, judged->index, true);
    for (size_t k = 0; k < trust_key_count(root->trust); k++)
        is_void[k] = is_void[k] || names_key(revocation, trust_key(root->trust, k));
    struct trust_role left = trust_role(root->trust, &question);
    if (left.keys >= left.threshold)
        return 0;
    return err_set(err, SANAD_REFUSED,
                   "revoke: without %s only %zu keys of role root are left, and %zu must sign: "
                   "first a root without it",
                   revocation->name, left.keys, left.threshold);
}

int revoke_step(struct judged *judged, struct err *err)
{
    struct revocation revocation;
    const struct admit *admit = judged->admit;
    if (judged->stmt->kind != STMT_REVOKE)
        return 0;
    revocation_of(&revocation, judged);
    if (!is_known(admit, &revocation))
        return err_set(err, SANAD_REFUSED, "revoke: no root has named a key %s with this id",
                       revocation.name);
    for (size_t i = 0; i < admit->revocation_count; i++) {
        const struct revocation *other = &admit->revocations[i];
        if (strcmp(other->name, revocation.name) == 0 &&
            memcmp(other->id, revocation.id, sizeof other->id) == 0 &&
            other->from <= revocation.from)
            return err_set(err, SANAD_REFUSED, "revoke: %s is revoked from entry %llu on already",
                           revocation.name, (unsigned long long)other->from);
    }
    if (admit->revocation_count == ADMIT_REVOKED_MAX)
        return err_set(err, SANAD_REFUSED, "revoke: more than %d in one log", ADMIT_REVOKED_MAX);
    return root_is_left(judged, &revocation, err);
}

void revoke_take(struct admit *admit, const struct judged *judged)
{
    struct revocation revocation;
    sanad_assert(admit->revocation_count < ADMIT_REVOKED_MAX);
    revocation_of(&revocation, judged);
    admit->revocations =
        mem_realloc(admit->revocations, admit->revocation_count + 1, sizeof revocation);
    admit->revocations[admit->revocation_count++] = revocation;
}

bool admit_reaches_back(uint64_t *ret_from, const struct admit *admit)
{
    bool reaches = false;
    for (size_t i = 0; i < admit->revocation_count; i++) {
        const struct revocation *revocation = &admit->revocations[i];
        if (revocation->from >= revocation->entry)
            continue;
        *ret_from = reaches && *ret_from < revocation->from ? *ret_from : revocation->from;
        reaches = true;
    }
    return reaches;
}
