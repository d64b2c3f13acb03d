/* Fuzzes what a log keeps of its admission. The input is u8 size of the log and what stands behind
 * the head, sealed here, as a holder of the key could: what is taken can be kept and taken again,
 * and goes on to admit. */
#include "admit/admit_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char origin[] = "xs.example/log";
    static const uint8_t seed[32] = {7};
    struct cursor cursor = cursor_of(bytes_of(data, size));
    const struct tlog_tree tree = {.size = cursor_u8(&cursor)};
    struct buf raw = buf_with_max(ADMIT_SNAPSHOT_MAX);
    struct buf again = buf_with_max(ADMIT_SNAPSHOT_MAX);
    uint8_t seal[SNAPSHOT_SEAL_SIZE];
    struct admit *admit;
    snapshot_head(&raw, origin, &tree);
    buf_add(&raw, cursor_take(&cursor, cursor_left(&cursor)));
    snapshot_seal(seal, buf_bytes(&raw), seed);
    buf_add(&raw, bytes_of(seal, sizeof seal));
    if (admit_snapshot_read(&admit, buf_bytes(&raw), origin, &tree, seed, NULL) == 0) {
        struct admit *second;
        sanad_assert(admit_size(admit) == tree.size);
        admit_snapshot_write(&again, admit, &tree, seed);
        int code = admit_snapshot_read(&second, buf_bytes(&again), origin, &tree, seed, NULL);
        sanad_assert(code == 0 && admit_size(second) == tree.size);
        sanad_assert(admit_root_version(admit, tree.size) == admit_root_version(second, tree.size));
        (void)admit_entry(admit, tree.size, bytes_of(data, size), NULL);
        admit_free(second);
        admit_free(admit);
    }
    buf_free(&again);
    buf_free(&raw);
    return 0;
}
