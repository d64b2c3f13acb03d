/* Fuzzes snapshots. What is read at all is read the same with and without hashing, and twice the
 * same; what is refused says why. */
#include "snapshot/snapshot.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count_coin(void *context, const struct snapshot_coin *coin, struct err *err)
{
    uint64_t *count = context;
    (void)err;
    sanad_assert(amount_is_money(coin->value) && coin->script < 2);
    ++*count;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t anyone[] = {0x51};
    static const uint8_t anchor[] = {0x51, 0x02, 0x4e, 0x73};
    const struct bytes scripts[] = {bytes_of(anyone, 1), bytes_of(anchor, 4)};
    char path[32];
    uint64_t counts[2] = {0, 0};
    struct snapshot_result results[2];
    struct err err = {0};
    int codes[2];
    int fd = memfd_create("snapshot", MFD_CLOEXEC);
    sanad_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (unsigned i = 0; i < 2; i++) {
        struct snapshot_options options = {.path = path,
                                           .params = chain_params_get(CHAIN_REGTEST),
                                           .base_height = 1000,
                                           .scripts = scripts,
                                           .script_count = countof(scripts),
                                           .visit = count_coin,
                                           .context = &counts[i],
                                           .serialized = i == 1,
                                           .muhash = i == 1,
                                           .threads = 1};
        codes[i] = snapshot_read(&results[i], &options, &err);
        sanad_assert(codes[i] == 0 || (codes[i] == SANAD_REFUSED && err.text[0]));
    }
    /* Expanding a key may fail where only hashing expands it. */
    sanad_assert(codes[0] == codes[1] || codes[0] == 0);
    sanad_assert(codes[1] != 0 ||
                 (counts[0] == counts[1] && amount_equal(results[0].total, results[1].total)));
    (void)close(fd);
    return 0;
}
