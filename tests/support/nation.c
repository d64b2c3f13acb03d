/* Plays the simulation, and scans one nation's book. */
#include "nation.h"
#include "scan/scan.h"
#include "sim/sim.h"
#include "source/source.h"

#include <stdlib.h>

enum { TRUTH_SIZE_MAX = 64 << 20 };

static void nation_scan(struct nation *nation)
{
    struct err err = {0};
    struct source *source;
    struct scan_result result;
    const struct source_options options = {.params = chain_params_get(CHAIN_REGTEST)};
    struct buf spec = buf_with_max(PATH_SIZE + 32);
    buf_format(&spec, "blocks:%s/blocks", nation->folder);
    test_ok(source_open(&source, buf_cstr(&spec), &options, &err), &err);
    const struct scan_options scan = {.source = source,
                                      .facts = nation->facts,
                                      .store = nation->store,
                                      .books = &nation->book,
                                      .book_count = 1,
                                      .threads = 1,
                                      .to_height = -1};
    test_ok(scan_run(&result, &scan, &err), &err);
    nation->state = result.state;
    source_close(source);
    buf_free(&spec);
}

void nation_open(struct nation *ret_nation, const char *code)
{
    struct nation nation = {0};
    struct err err = {0};
    char path[PATH_SIZE], name[32];
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    test_folder_make(nation.folder);
    test_ok(sim_two_nations(nation.folder, 1, &err), &err);
    (void)snprintf(name, sizeof name, "book-%s.json", code);
    test_ok(path_join(path, nation.folder, name, &err), &err);
    test_ok(book_read_file(&nation.book, path, params, &err), &err);
    test_ok(path_join(path, nation.folder, "truth.json", &err), &err);
    test_ok(json_read_file(&nation.truth, path, TRUTH_SIZE_MAX, &err), &err);
    test_ok(store_open(&nation.store, "", STORE_MEMORY, &err), &err);
    test_ok(facts_open(&nation.facts, nation.store, params, &err), &err);
    nation_scan(&nation);
    *ret_nation = nation;
}

void nation_close(struct nation *nation)
{
    json_decref(nation->truth);
    book_free(nation->book);
    facts_close(nation->facts);
    store_close(nation->store);
    test_folder_remove(nation->folder);
}

struct hash256 *nation_txids(size_t *ret_count, const struct nation *nation, const char *meaning)
{
    const json_t *flows = json_object_get(nation->truth, "flows");
    const json_t *flow;
    size_t i, count = 0;
    struct hash256 *txids = mem_zalloc(json_array_size(flows) + 1, sizeof *txids);
    json_array_foreach (flows, i, flow) {
        const char *told = json_string_value(json_object_get(flow, "meaning"));
        const char *of = json_string_value(json_object_get(flow, "nation"));
        if (told && strcmp(told, meaning) == 0 && strcmp(of, nation->book->nation) == 0)
            assert_true(hash256_from_display(&txids[count++],
                                             json_string_value(json_object_get(flow, "txid"))));
    }
    *ret_count = count;
    return txids;
}
