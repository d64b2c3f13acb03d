/* How far the scan got, with which grade; and that no second scan writes between. */
#include "facts/facts_priv.h"

const char *grade_name(enum grade grade)
{
    static const char *const names[] = {
        [GRADE_CLAIMED] = "claimed", [GRADE_SNAPSHOT] = "snapshot", [GRADE_FILTER] = "filter",
        [GRADE_PARSE] = "parse",     [GRADE_MERKLE] = "merkle",     [GRADE_PREVOUT] = "prevout",
    };
    sanad_assert((size_t)grade < countof(names));
    return names[grade];
}

static int generation_read(int64_t *ret_generation, struct facts *facts, struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_CHAIN_GET, err);
    if (code == 0)
        code = query_step(query, err);
    if (code < 0)
        return code;
    int64_t generation = code == 1 ? query_integer(query, 1) : -1;
    query_reset(query);
    *ret_generation = generation;
    return 0;
}

static struct facts_state row_state(struct row *row)
{
    struct facts_state s = {.any = true};
    s.first_height = row_u32(row);
    s.first_hash = row_hash(row);
    s.anchored = row_integer(row, 0, 1) == 1;
    s.tip_height = row_u32(row);
    s.tip_hash = row_hash(row);
    s.tip_time = row_integer(row, 0, UINT32_MAX);
    s.tip_median_time = row_integer(row, 0, UINT32_MAX);
    s.tip_work = row_work(row);
    s.grade = (enum grade)row_integer(row, GRADE_CLAIMED, GRADE_PREVOUT);
    s.block_count = (uint64_t)row_integer(row, 0, INT64_MAX);
    s.tx_count = (uint64_t)row_integer(row, 0, INT64_MAX);
    s.byte_count = (uint64_t)row_integer(row, 0, INT64_MAX);
    s.coin_count = (uint64_t)row_integer(row, 0, INT64_MAX);
    s.spend_count = (uint64_t)row_integer(row, 0, INT64_MAX);
    s.opened = row_integer(row, 0, 1) == 1;
    return s;
}

int facts_state_get(struct facts_state *ret_state, struct facts *facts, struct err *err)
{
    struct store_query *query;
    int code = generation_read(&facts->generation, facts, err);
    if (code == 0)
        code = facts_query(&query, facts, QUERY_STATE_GET, err);
    if (code == 0)
        code = query_step(query, err);
    if (code < 0)
        return code;
    if (code == 0) {
        *ret_state = (struct facts_state){.any = false};
        return 0;
    }
    struct row row = {.query = query};
    struct facts_state state = row_state(&row);
    query_reset(query);
    code = row_check(&row, facts, err);
    if (code == 0)
        *ret_state = state;
    return code;
}

/* Two scans of one store would each believe to know its tip. The later one stops here. */
static int generation_next(struct facts *facts, struct err *err)
{
    int64_t generation;
    struct store_query *query;
    int code = generation_read(&generation, facts, err);
    if (code == 0)
        code = facts_query(&query, facts, QUERY_GENERATION_SET, err);
    if (code < 0)
        return code;
    if (generation != facts->generation)
        return err_set(err, SANAD_ENVIRONMENT, "%s: another scan wrote to it meanwhile",
                       store_name(facts->store));
    query_bind_integer(query, 1, generation + 1);
    code = query_run(query, err);
    if (code == 0)
        facts->generation = generation + 1;
    return code;
}

int facts_state_set(struct facts *facts, const struct facts_state *s, struct err *err)
{
    struct store_query *query;
    uint8_t room[WORK_SIZE];
    sanad_assert(s->any && s->first_height <= s->tip_height);
    int code = generation_next(facts, err);
    if (code == 0)
        code = facts_query(&query, facts, QUERY_STATE_SET, err);
    if (code)
        return code;
    query_bind_integer(query, 1, s->first_height);
    query_bind_hash(query, 2, &s->first_hash);
    query_bind_integer(query, 3, s->anchored);
    query_bind_integer(query, 4, s->tip_height);
    query_bind_hash(query, 5, &s->tip_hash);
    query_bind_integer(query, 6, s->tip_time);
    query_bind_integer(query, 7, s->tip_median_time);
    query_bind_bytes(query, 8, work_bytes(room, &s->tip_work));
    query_bind_integer(query, 9, s->grade);
    query_bind_integer(query, 10, (int64_t)s->block_count);
    query_bind_integer(query, 11, (int64_t)s->tx_count);
    query_bind_integer(query, 12, (int64_t)s->byte_count);
    query_bind_integer(query, 13, (int64_t)s->coin_count);
    query_bind_integer(query, 14, (int64_t)s->spend_count);
    query_bind_integer(query, 15, s->opened);
    return query_run(query, err);
}

int facts_recount(struct facts_state *state, struct facts *facts, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(&query, facts->store,
                               "SELECT (SELECT count(*) FROM coin c " ACTIVE(
                                   "c") "),(SELECT count(*) FROM spend s " ACTIVE("s") ")",
                               err);
    if (code < 0)
        return code;
    code = query_step(query, err);
    if (code == 1) {
        state->coin_count = (uint64_t)query_integer(query, 0);
        state->spend_count = (uint64_t)query_integer(query, 1);
    }
    store_query_free(query);
    return code < 0 ? code : 0;
}
