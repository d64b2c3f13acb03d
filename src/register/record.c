/* Records: proposed by one, approved or rejected by another. */
#include "register/register_priv.h"

#include <strings.h>

static const char *const state_names[] = {"proposed", "approved", "rejected"};
_Static_assert(countof(state_names) == RECORD_STATE_COUNT, "a name for every state");

const char *record_state_name(enum record_state state)
{
    sanad_assert((unsigned)state < RECORD_STATE_COUNT);
    return state_names[state];
}

/* ---- from a row ---- */

static const char *column_copy(const struct store_query *query, int column, struct arena *arena)
{
    return query_is_null(query, column) ? NULL : arena_strdup(arena, query_text(query, column));
}

int record_from(struct record *ret_record, const struct store_query *query, struct arena *arena,
                struct err *err)
{
    struct record record = {.number = query_integer(query, 0),
                            .kind = arena_strdup(arena, query_text(query, 1)),
                            .nation = arena_strdup(arena, query_text(query, 2)),
                            .key = arena_strdup(arena, query_text(query, 3)),
                            .valid_from = query_integer(query, 4),
                            .valid_until = query_integer(query, 5),
                            .known = query_integer(query, 6),
                            .document_name = column_copy(query, 8, arena),
                            .proposer = arena_strdup(arena, query_text(query, 9)),
                            .visibility = arena_strdup(arena, query_text(query, 10)),
                            .body = column_copy(query, 11, arena),
                            .supersedes = query_integer(query, 12),
                            .decider = column_copy(query, 14, arena)};
    int code = query_hash(&record.document, query, 7, err);
    if (code)
        return code;
    const char *decision = query_text(query, 13);
    record.state = !*decision                         ? RECORD_PROPOSED
                   : strcmp(decision, "approve") == 0 ? RECORD_APPROVED
                                                      : RECORD_REJECTED;
    if (record.state != RECORD_PROPOSED) {
        record.decided = query_integer(query, 15);
        record.decision = query_integer(query, 16);
    }
    *ret_record = record;
    return 0;
}

/* One row or none; *ret_record zeroed where none. */
static int record_step(struct record *ret_record, struct store_query *query, struct arena *arena,
                       struct err *err)
{
    int code = query_step(query, err);
    if (code == 0)
        *ret_record = (struct record){0};
    if (code > 0)
        code = record_from(ret_record, query, arena, err);
    query_reset(query);
    return code;
}

int record_newest(struct registry *registry, struct record *ret_record, const char *kind,
                  const char *nation, const char *key, struct arena *arena, struct err *err)
{
    struct store_query *query;
    int code = registry_query(registry, &query, QUERY_NEWEST, err);
    if (code)
        return code;
    query_bind_text(query, 1, kind);
    query_bind_text(query, 2, nation);
    query_bind_text(query, 3, key);
    return record_step(ret_record, query, arena, err);
}

int register_record(struct registry *registry, struct record *ret_record, int64_t number,
                    struct arena *arena, struct err *err)
{
    struct store_query *query;
    struct record record;
    int code = registry_query(registry, &query, QUERY_RECORD, err);
    if (code)
        return code;
    query_bind_integer(query, 1, number);
    code = record_step(&record, query, arena, err);
    if (code)
        return code;
    if (record.number == 0)
        return err_set(err, SANAD_MISSING, "record %lld: there is none", (long long)number);
    *ret_record = record;
    return 0;
}

/* ---- proposing ---- */

static int proposal_check(const struct proposal *proposal, const struct register_kind *kind,
                          struct err *err)
{
    const char *nation = proposal->nation ? proposal->nation : "";
    int code = name_check("proposer", proposal->proposer, err);
    if (code)
        return code;
    if (kind->national && !is_nation(nation))
        return err_set(err, SANAD_REFUSED, "nation: two capital letters are needed");
    if (!kind->national && *nation)
        return err_set(err, SANAD_REFUSED, "nation: a %s belongs to none", kind->name);
    if (!proposal->document)
        return err_set(err, SANAD_REFUSED, "document: a record needs the hash of one");
    if (proposal->visibility && !is_visibility(proposal->visibility))
        return err_set(err, SANAD_REFUSED, "visibility: must be public, fund or sealed");
    return proposal->document_name ? name_check("document name", proposal->document_name, err) : 0;
}

int record_add(struct registry *registry, int64_t *ret_number, const struct proposal *proposal,
               const struct checked_body *checked, struct err *err)
{
    const struct register_kind *kind = register_kind_find(proposal->kind);
    struct arena arena = {0};
    struct record before = {0};
    sanad_assert(kind);
    int code = proposal_check(proposal, kind, err);
    const char *nation = proposal->nation ? proposal->nation : "";
    if (code == 0)
        code = record_newest(registry, &before, kind->name, nation, checked->key, &arena, err);
    struct entry entry = {.action = ACTION_PROPOSE,
                          .known = proposal->known,
                          .actor = proposal->proposer,
                          .kind = kind->name,
                          .nation = nation,
                          .key = checked->key,
                          .valid_from = checked->valid_from,
                          .valid_until = checked->valid_until,
                          .document_name = proposal->document_name,
                          .visibility = proposal->visibility ? proposal->visibility : "public",
                          .body = checked->body,
                          .supersedes = before.number};
    if (code == 0) {
        entry.document = *proposal->document;
        code = journal_append(registry, &entry, err);
    }
    arena_free(&arena);
    if (code == 0)
        *ret_number = entry.number;
    return code;
}

int registry_end(struct registry *registry, int code, struct err *err)
{
    if (code == 0)
        code = store_commit(registry->store, err);
    if (code)
        store_rollback(registry->store);
    return code;
}

/* A withdrawal has no body; the key is given as it was. */
static int withdrawal_check(struct registry *registry, struct checked_body *ret_checked,
                            const struct proposal *proposal, struct arena *arena, struct err *err)
{
    struct record before;
    const char *nation = proposal->nation ? proposal->nation : "";
    if (!proposal->key)
        return err_set(err, SANAD_REFUSED, "%s: neither a body nor a key to withdraw",
                       proposal->kind);
    int code = record_newest(registry, &before, proposal->kind, nation, proposal->key, arena, err);
    if (code)
        return code;
    if (before.number == 0 || (!before.body && before.state == RECORD_APPROVED))
        return err_set(err, SANAD_REFUSED, "%s \"%.128s\": nothing stands that could be withdrawn",
                       proposal->kind, proposal->key);
    *ret_checked = (struct checked_body){
        .key = proposal->key, .valid_from = REGISTER_ALWAYS, .valid_until = REGISTER_NEVER};
    return 0;
}

int register_propose(struct registry *registry, int64_t *ret_number,
                     const struct proposal *proposal, struct err *err)
{
    const struct register_kind *kind = register_kind_find(proposal->kind);
    struct checked_body checked;
    struct arena arena = {0};
    if (!kind)
        return err_set(err, SANAD_REFUSED, "%.64s: no such kind of record", proposal->kind);
    if (kind->with_book)
        return err_set(err, SANAD_REFUSED, "%s: comes with a whole book, by import", kind->name);
    int code = store_begin(registry->store, err);
    if (code)
        return code;
    code = proposal->body ? kind_body_check(&checked, kind, proposal->body, &arena, err)
                          : withdrawal_check(registry, &checked, proposal, &arena, err);
    if (code == 0)
        code = record_add(registry, ret_number, proposal, &checked, err);
    arena_free(&arena);
    return registry_end(registry, code, err);
}

/* ---- deciding ---- */

static int decision_check(const struct record *record, enum entry_action action,
                          const struct decision *decision, struct err *err)
{
    int code = name_check("who decides", decision->who, err);
    if (code == 0 && decision->reason)
        code = name_check("reason", decision->reason, err);
    if (code)
        return code;
    if (record->state != RECORD_PROPOSED)
        return err_set(err, SANAD_REFUSED, "already %s by \"%.64s\"",
                       record_state_name(record->state), record->decider);
    if (action == ACTION_APPROVE && strcasecmp(decision->who, record->proposer) == 0)
        return err_set(err, SANAD_REFUSED, "who prepared it can't approve it (\"%.64s\")",
                       decision->who);
    return 0;
}

int record_decide(struct registry *registry, enum entry_action action,
                  const struct decision *decision, struct err *err)
{
    struct record record;
    struct arena arena = {0};
    int code = register_record(registry, &record, decision->number, &arena, err);
    if (code == 0) {
        code = decision_check(&record, action, decision, err);
        struct entry entry = {.action = action,
                              .known = decision->known,
                              .actor = decision->who,
                              .record = record.number,
                              .kind = record.kind,
                              .nation = record.nation,
                              .key = record.key,
                              .reason = decision->reason};
        if (code == 0)
            code = journal_append(registry, &entry, err);
        if (code)
            code = err_wrap(err, "record %lld", (long long)record.number);
    }
    arena_free(&arena);
    return code;
}

static int decide(struct registry *registry, enum entry_action action,
                  const struct decision *decision, struct err *err)
{
    int code = store_begin(registry->store, err);
    if (code)
        return code;
    return registry_end(registry, record_decide(registry, action, decision, err), err);
}

int register_approve(struct registry *registry, const struct decision *decision, struct err *err)
{
    return decide(registry, ACTION_APPROVE, decision, err);
}

int register_reject(struct registry *registry, const struct decision *decision, struct err *err)
{
    return decide(registry, ACTION_REJECT, decision, err);
}
