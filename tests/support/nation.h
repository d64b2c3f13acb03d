/* nation: one of the simulated nations, scanned into a store in memory, with its newest book and
 * the truth that the simulation tells of it. */
#ifndef SANAD_TEST_NATION_H
#define SANAD_TEST_NATION_H

#include "support.h"
#include "reserve/reserve.h"

struct nation {
    char folder[PATH_SIZE]; /* what the simulation wrote */
    struct store *store;
    struct facts *facts;
    struct book *book;
    struct facts_state state;
    json_t *truth;
};
/* Plays both nations with seed 1 and scans for the book of one: "xs" or "xp". */
void nation_open(struct nation *ret_nation, const char *code);
void nation_close(struct nation *nation);
/* The txids that the nation's truth gives a meaning to; the caller frees. */
struct hash256 *nation_txids(size_t *ret_count, const struct nation *nation, const char *meaning);

#endif
