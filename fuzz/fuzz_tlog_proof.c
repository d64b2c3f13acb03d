/* Feeds bytes to the parser of proof files: what it accepts is what is written again, but for an
 * empty extra line, and its proof is checked without harm against any size. */
#include "tlog/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct tlog_proof_file file;
    struct tlog_proof_file read;
    struct err err = {0};
    struct hash256 leaf = {.b = {1}};
    struct hash256 root = {.b = {2}};
    int code = tlog_proof_file_parse(&file, "input", bytes_of(data, size), &arena, &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code == 0) {
        struct buf again = buf_with_max(2 * size + 64);
        tlog_proof_file_write(&again, &file);
        sanad_assert(tlog_proof_file_parse(&read, "again", buf_bytes(&again), &arena, &err) == 0);
        sanad_assert(read.index == file.index && read.proof.count == file.proof.count);
        sanad_assert(bytes_equal(read.extra, file.extra));
        sanad_assert(bytes_equal(read.checkpoint, file.checkpoint));
        uint64_t entries = file.index + 1 + size; /* some tree that is large enough */
        code = tlog_inclusion_check(&leaf, file.index, entries, &file.proof, &root, &err);
        sanad_assert(code != 0);
        buf_free(&again);
    }
    arena_free(&arena);
    return 0;
}
