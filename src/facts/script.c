/* Watched scripts, and how far each was looked for. Most are complete to the tip: their
 * complete_to is NULL, so that a checkpoint need not write them all. */
#include "facts/facts_priv.h"

int facts_script_find(int64_t *ret_id, bool *ret_found, struct facts *facts, struct bytes script,
                      struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_SCRIPT_FIND, err);
    if (code < 0)
        return code;
    query_bind_bytes(query, 1, script);
    code = query_step(query, err);
    if (code < 0)
        return code;
    *ret_found = code == 1;
    if (code == 1)
        *ret_id = query_integer(query, 0);
    query_reset(query);
    return 0;
}

int facts_script_get(struct bytes *ret_script, struct facts *facts, int64_t id, struct arena *arena,
                     struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_SCRIPT_GET, err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, id);
    code = query_step(query, err);
    if (code < 0)
        return code;
    if (code == 0)
        return err_set(err, SANAD_REFUSED, "%s: the store is damaged: no script %lld",
                       store_name(facts->store), (long long)id);
    *ret_script = arena_bytes(arena, query_bytes(query, 0));
    query_reset(query);
    return 0;
}

int facts_script_add(struct facts *facts, int64_t *ret_id, struct bytes script, struct err *err)
{
    struct store_query *query;
    bool found;
    int code = facts_script_find(ret_id, &found, facts, script, err);
    if (code < 0 || found)
        return code;
    code = facts_query(&query, facts, QUERY_SCRIPT_ADD, err);
    if (code < 0)
        return code;
    query_bind_bytes(query, 1, script);
    code = query_run(query, err);
    if (code == 0)
        *ret_id = store_last_row(facts->store);
    return code;
}

static int count_of(size_t *ret_count, struct facts *facts, const char *sql, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(&query, facts->store, sql, err);
    if (code < 0)
        return code;
    code = query_step(query, err);
    if (code == 1)
        *ret_count = (size_t)query_integer(query, 0);
    store_query_free(query);
    return code < 0 ? code : 0;
}

static struct fact_script row_script(struct row *row, int64_t tip_height, struct arena *arena)
{
    struct fact_script script = {0};
    script.id = row_integer(row, 1, INT64_MAX);
    script.script = arena_bytes(arena, row_bytes(row));
    script.complete_to =
        query_is_null(row->query, row->at) ? tip_height : row_integer(row, -1, UINT32_MAX);
    return script;
}

static int scripts_read(struct fact_script *scripts, size_t *ret_count, size_t count,
                        int64_t tip_height, const char *sql, struct facts *facts,
                        struct arena *arena, struct err *err)
{
    struct store_query *query;
    size_t at = 0;
    int code = store_query_new(&query, facts->store, sql, err);
    if (code < 0)
        return code;
    while (at < count && (code = query_step(query, err)) == 1) {
        struct row row = {.query = query};
        scripts[at++] = row_script(&row, tip_height, arena);
        code = row_check(&row, facts, err);
        if (code < 0)
            break;
    }
    store_query_free(query);
    *ret_count = at;
    return code < 0 ? code : 0;
}

static int scripts_select(struct fact_script **ret_scripts, size_t *ret_count,
                          const char *count_sql, const char *sql, struct facts *facts,
                          struct arena *arena, struct err *err)
{
    struct facts_state state;
    size_t count = 0;
    int code = facts_state_get(&state, facts, err);
    if (code == 0)
        code = count_of(&count, facts, count_sql, err);
    if (code < 0)
        return code;
    struct fact_script *scripts = arena_alloc(arena, count, sizeof *scripts);
    code = scripts_read(scripts, &count, count, state.any ? (int64_t)state.tip_height : -1, sql,
                        facts, arena, err);
    if (code == 0) {
        *ret_scripts = scripts;
        *ret_count = count;
    }
    return code;
}

int facts_scripts(struct facts *facts, struct fact_script **ret_scripts, size_t *ret_count,
                  struct arena *arena, struct err *err)
{
    return scripts_select(ret_scripts, ret_count, "SELECT count(*) FROM script",
                          "SELECT id,script,complete_to FROM script ORDER BY id", facts, arena,
                          err);
}

int facts_scripts_late(struct facts *facts, struct fact_script **ret_scripts, size_t *ret_count,
                       struct arena *arena, struct err *err)
{
    return scripts_select(ret_scripts, ret_count,
                          "SELECT count(*) FROM script WHERE complete_to IS NOT NULL",
                          "SELECT id,script,complete_to FROM script WHERE complete_to IS NOT NULL "
                          "ORDER BY id",
                          facts, arena, err);
}

static int reaches_tip(bool *ret_reaches, struct facts *facts, int64_t to_height, struct err *err)
{
    struct facts_state state;
    int code = facts_state_get(&state, facts, err);
    if (code == 0)
        *ret_reaches = state.any && to_height >= (int64_t)state.tip_height;
    return code;
}

int facts_scripts_complete(struct facts *facts, int64_t to_height, struct err *err)
{
    bool tip;
    int code = reaches_tip(&tip, facts, to_height, err);
    if (code)
        return code;
    if (tip)
        return store_run(facts->store,
                         "UPDATE script SET complete_to=NULL WHERE complete_to IS NOT NULL", err);
    return facts_run_integer(facts, "UPDATE script SET complete_to=?1", to_height, err);
}

int facts_scripts_complete_some(struct facts *facts, const int64_t *ids, size_t count,
                                int64_t to_height, struct err *err)
{
    bool tip;
    struct store_query *query;
    int code = reaches_tip(&tip, facts, to_height, err);
    if (code == 0)
        code = facts_query(&query, facts, QUERY_SCRIPT_COMPLETE, err);
    if (code)
        return code;
    if (tip)
        query_bind_null(query, 1);
    else
        query_bind_integer(query, 1, to_height);
    for (size_t i = 0; i < count && code == 0; i++) {
        query_bind_integer(query, 2, ids[i]);
        code = query_run(query, err);
    }
    return code;
}

int facts_scripts_used(struct facts *facts, int64_t **ret_ids, size_t *ret_count,
                       struct arena *arena, struct err *err)
{
    struct store_query *query;
    size_t count = 0;
    size_t at = 0;
    int code = count_of(&count, facts, "SELECT count(*) FROM script", err);
    if (code == 0)
        code =
            store_query_new(&query, facts->store,
                            "SELECT DISTINCT c.script FROM coin c " ACTIVE("c") " ORDER BY 1", err);
    if (code < 0)
        return code;
    int64_t *ids = arena_alloc(arena, count, sizeof *ids);
    while (at < count && (code = query_step(query, err)) == 1)
        ids[at++] = query_integer(query, 0);
    store_query_free(query);
    if (code < 0)
        return code;
    *ret_ids = ids;
    *ret_count = at;
    return 0;
}
