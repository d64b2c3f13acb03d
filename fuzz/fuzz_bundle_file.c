/* Feeds a file to the reader of bundles, with the digest that belongs to it, so that what stands
 * before it is reached. Of what is accepted, entries, leaves and the root agree. */
#include "bundle/bundle_priv.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file_of(struct bytes bytes, const struct hash256 *digest)
{
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    sanad_assert(fd >= 0 && write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size);
    sanad_assert(write(fd, digest->b, sizeof digest->b) == (ssize_t)sizeof digest->b);
    return fd;
}

/* Its entries are its leaves, and the tile of each level is what the levels below give. */
static void tiles_check(struct bundle *bundle)
{
    struct tlog_reader reader = bundle_reader(bundle);
    const struct bundle_head *head = bundle_head(bundle);
    uint64_t n = head->base / TLOG_TILE_WIDTH;
    struct hash256 leaves[TLOG_TILE_WIDTH];
    struct hash256 root;
    struct err err;
    for (; n * TLOG_TILE_WIDTH < head->checkpoint.size; n++) {
        struct tlog_tile tile = {.level = TLOG_ENTRIES, .n = n};
        struct buf entries;
        struct buf hashes;
        tile.width = tlog_tile_width(head->checkpoint.size, TLOG_ENTRIES, n);
        sanad_assert(tlog_tile_read(&entries, &reader, &tile, &err) == 0);
        tile.level = 0;
        sanad_assert(tlog_tile_read(&hashes, &reader, &tile, &err) == 0);
        sanad_assert(tlog_bundle_leaves(leaves, buf_bytes(&entries), tile.width));
        sanad_assert(
            bytes_equal(buf_bytes(&hashes), bytes_of(leaves, tile.width * sizeof leaves[0])));
        buf_free(&entries);
        buf_free(&hashes);
    }
    sanad_assert(tlog_root_read(&root, &reader, head->checkpoint.size, &err) == 0);
    sanad_assert(hash256_equal(&root, &head->checkpoint.root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bundle *bundle = NULL;
    struct hash256 digest;
    struct err err = {0};
    sha256_of(&digest, bytes_of(data, size));
    int code = bundle_load(&bundle, "input", file_of(bytes_of(data, size), &digest), &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED || code == SANAD_FALSE);
    sanad_assert(code == 0 || err.text[0]);
    if (code == 0)
        tiles_check(bundle);
    bundle_close(bundle);
    return 0;
}
