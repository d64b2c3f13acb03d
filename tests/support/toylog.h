/* toylog: a small transparency log in memory, computed the slow and plain way and apart from the
 * writer of src/tlog, with branches that contradict it; its tiles as a reader and as a folder. */
#ifndef SANAD_TEST_TOYLOG_H
#define SANAD_TEST_TOYLOG_H

#include "support.h"
#include "tlog/tlog.h"

enum { TOYLOG_MAX = 200000 };

struct toylog {
    struct note_key key;
    uint8_t seed[32];
    char origin[TLOG_ORIGIN_MAX + 1];
    struct hash256 *leaves;
    size_t count;
    size_t fork;   /* entries from here on are another story; SIZE_MAX: none */
    size_t levels; /* hashes[l][i]: of 256^l entries, full ones only */
    struct hash256 *hashes[4];
    size_t hash_counts[4];
};

/* A log of `count` entries; entry i differs from that of another log from `fork` on. */
void toylog_make(struct toylog *ret_log, const char *origin, size_t count, size_t fork);
void toylog_free(struct toylog *log);
/* The i-th entry; entries have 0 to 40 bytes. */
void toylog_entry(const struct toylog *log, struct buf *ret_entry, size_t index);
void toylog_root(const struct toylog *log, struct hash256 *ret_root, size_t size);
/* A checkpoint of that size, signed; appended. */
void toylog_checkpoint(const struct toylog *log, struct buf *note, size_t size);
/* Tiles and bundles; any threads. */
struct tlog_reader toylog_reader(struct toylog *log);
void toylog_proof(struct toylog *log, struct tlog_proof *ret_proof, size_t before, size_t after);
/* Everything of a size as files: tiles, bundles, checkpoint. */
void toylog_write(struct toylog *log, const char *folder, size_t size);
/* A key of a name and type, from a fixed seed of a number. */
void toylog_key(struct note_key *ret_key, uint8_t ret_seed[32], const char *name, uint8_t type,
                uint8_t number);

#endif
