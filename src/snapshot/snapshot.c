/* One pass over a snapshot: the parser on this thread, the hashes on their own. */
#include "snapshot/snapshot_priv.h"

#include <stdlib.h>

int snapshot_read(struct snapshot_result *ret_result, const struct snapshot_options *options,
                  struct err *err)
{
    struct parser parser = {.options = options};
    sanad_assert(options->visit || options->script_count == 0);
    int code =
        snapshot_file_open(&parser.file, &parser.result.head, options->path, options->params, err);
    if (code < 0) {
        snapshot_file_close(&parser.file);
        return code;
    }
    parser.file.progress = options->progress;
    parser.coins_left = parser.result.head.coin_count;
    parser.result.total = amount_zero();
    match_make(&parser.match, options->scripts, options->script_count);
    if (options->serialized || options->muhash) {
        parser.hasher = hasher_new(options->serialized, options->muhash, options->threads);
        parser.chunk = buf_with_max(CHUNK_SIZE + GROUP_SIZE_MAX + (size_t)4 * COIN_SIZE_MAX);
    }
    code = parser_run(&parser, err);
    if (code == 0 && parser.hasher) {
        if (parser.chunk.size > 0)
            hasher_give(parser.hasher, &parser.chunk);
        hasher_finish(parser.hasher, &parser.result.serialized, &parser.result.muhash);
    }
    hasher_free(parser.hasher);
    buf_free(&parser.chunk);
    match_free(&parser.match);
    snapshot_file_close(&parser.file);
    if (code == 0)
        *ret_result = parser.result;
    return code;
}
