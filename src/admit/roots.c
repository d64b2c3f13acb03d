/* Roots: the next one of a log, and whose signatures count under the one in force. */
#include "admit/admit_priv.h"

#include <stdlib.h>

const struct admit_root *root_at(const struct admit *admit, uint64_t index)
{
    size_t count = admit->root_count;
    while (count > 0 && admit->roots[count - 1].index >= index)
        count--;
    return count ? &admit->roots[count - 1] : NULL;
}

/* ---- the next root -----------------------------------------------------------------------------
 */

static int version_check(const struct judged *judged, struct err *err)
{
    const struct admit *admit = judged->admit;
    const struct admit_root *last = root_at(admit, judged->index);
    uint64_t next = last ? last->version + 1 : 1;
    uint64_t version = (uint64_t)judged_integer(judged, "version");
    if (version != next)
        return err_set(err, SANAD_REFUSED, "root: version %llu where %llu is next",
                       (unsigned long long)version, (unsigned long long)next);
    if (admit->root_count == ADMIT_ROOT_MAX)
        return err_set(err, SANAD_REFUSED, "root: more than %d in one log", ADMIT_ROOT_MAX);
    if (!last && admit->has_pin && !hash256_equal(&admit->pin, &judged->text_hash))
        return err_set(err, SANAD_REFUSED, "root: not the root 1 that is trusted");
    if (last && stmt_time(judged->stmt) < last->date)
        return err_set(err, SANAD_REFUSED, "root: its date is before that of root %llu",
                       (unsigned long long)last->version);
    return 0;
}

static int revived_check(const struct judged *judged, struct err *err)
{
    for (size_t i = 0; i < trust_key_count(judged->trust); i++)
        if (key_is_revoked(judged->admit, trust_key(judged->trust, i)))
            return err_set(err, SANAD_REFUSED, "root: key %s is revoked",
                           trust_key(judged->trust, i)->name);
    return 0;
}

int root_step(struct judged *judged, struct err *err)
{
    if (judged->stmt->kind != STMT_ROOT) {
        if (root_at(judged->admit, judged->index))
            return 0;
        return err_set(err, SANAD_REFUSED, "%s: no root stands before it",
                       stmt_kind_name(judged->stmt->kind));
    }
    struct trust *trust;
    int code = trust_from_root(&trust, judged->stmt, err);
    if (code)
        return code;
    judged->trust = trust; /* freed with the judged, or taken */
    if (judged->foreign)
        return 0;
    code = version_check(judged, err);
    if (code == 0)
        code = revived_check(judged, err);
    return code ? code : partners_check(judged, err);
}

void root_take(struct admit *admit, struct judged *judged)
{
    sanad_assert(judged->trust && admit->root_count < ADMIT_ROOT_MAX);
    struct admit_root root = {.index = judged->index,
                              .version = (uint64_t)judged_integer(judged, "version"),
                              .date = stmt_time(judged->stmt),
                              .trust = judged->trust};
    admit->roots = mem_realloc(admit->roots, admit->root_count + 1, sizeof root);
    admit->roots[admit->root_count++] = root;
    judged->trust = NULL;
    if (!admit->authority)
        admit->authority = mem_strdup(judged_text(judged, "authority"));
    partners_take(admit, judged);
}

/* ---- signatures --------------------------------------------------------------------------------
 */

/* The old root's expiry does not hinder the new one: else a root that expired could never be
 * followed. Statements of the day after are refused until it is. */
int rotation_verify(struct stmt_check *ret_check, const struct stmt *root,
                    const struct trust *before, const bool *is_void, const struct trust *after,
                    struct err *err)
{
    struct trust_question question = {.role = STMT_ROOT, .as_of = INT64_MIN, .is_void = is_void};
    struct stmt_check old = {0};
    int code = before ? trust_verify(&old, root, before, &question, err) : 0;
    if (code)
        return err_wrap(err, "under the root before it");
    question.is_void = NULL; /* none of its keys is revoked: root_step */
    return trust_verify(ret_check, root, after, &question, err);
}

static int judge_root(struct stmt_check *ret_check, const struct admit *admit, uint64_t index,
                      const struct stmt *stmt, const struct trust *after, struct err *err)
{
    const struct admit_root *before = root_at(admit, index);
    bool is_void[TRUST_KEY_MAX] = {false};
    if (before)
        void_keys(is_void, admit, before->trust, index, true);
    return rotation_verify(ret_check, stmt, before ? before->trust : NULL, is_void, after, err);
}

static int judge_other(struct stmt_check *ret_check, const struct admit *admit, uint64_t index,
                       const struct stmt *stmt, struct err *err)
{
    const struct admit_root *root = root_at(admit, index);
    bool is_void[TRUST_KEY_MAX] = {false};
    const struct trust_question question = {
        .role = stmt_role(stmt), .as_of = stmt_time(stmt), .is_void = is_void};
    if (!root)
        return err_set(err, SANAD_MISSING, "%s: no root stands before it",
                       stmt_kind_name(stmt->kind));
    void_keys(is_void, admit, root->trust, index, false);
    /* A kind without a time of its own can't be judged by it. */
    int code = trust_verify(ret_check, stmt, root->trust, &question, err);
    return code ? err_wrap(err, "under root %llu", (unsigned long long)root->version) : 0;
}

/* Whoever writes a log reads it at every start. What decides about other entries is looked at all
 * the same. */
static bool is_known(const struct judged *judged)
{
    return judged->index < judged->admit->admitted_before && judged->stmt->kind != STMT_REVOKE;
}

int signatures_step(struct judged *judged, struct err *err)
{
    struct stmt_check check;
    const struct stmt *stmt = judged->stmt;
    int code = 0;
    if (judged->foreign)
        return 0; /* partner_step: under the partner's own roots */
    if (stmt->kind == STMT_ROOT)
        code = judged->trust
                   ? judge_root(&check, judged->admit, judged->index, stmt, judged->trust, err)
                   : 0;
    else if (root_at(judged->admit, judged->index) && !is_known(judged))
        code = judge_other(&check, judged->admit, judged->index, stmt, err);
    return code;
}

int admit_judge(struct stmt_check *ret_check, const struct admit *admit, uint64_t index,
                const struct stmt *stmt, struct err *err)
{
    sanad_assert(index <= admit->size);
    if (stmt->kind != STMT_ROOT)
        return judge_other(ret_check, admit, index, stmt, err);
    struct trust *after;
    int code = trust_from_root(&after, stmt, err);
    if (code)
        return code;
    code = judge_root(ret_check, admit, index, stmt, after, err);
    trust_free(after);
    return code;
}
