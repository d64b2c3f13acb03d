/* filters_priv: what the two parts share: the store in memory and its entries on disk. */
#ifndef SANAD_FILTERS_PRIV_H
#define SANAD_FILTERS_PRIV_H

#include "filters/filters.h"

#include <pthread.h>

enum {
    HEAD_SIZE = 128,
    ENTRY_SIZE = 128,
    CHECKED_SIZE = 120, /* of both: before the checksum */
    FLAG_UNROOTED = 1
};
#define ENTRY_NONE 0xffffffffu

/* What is in memory of each filter: 16 bytes, and about 9 of the table. */
struct kept {
    uint64_t key;         /* the first 8 bytes of the block's hash; the rest is in its entry */
    uint64_t offset : 40; /* in filters.dat */
    uint64_t size : 24;
};
#define DATA_SIZE_MAX ((UINT64_C(1) << 40) - 1)
struct filters {
    char folder[PATH_SIZE];
    const struct chain_params *params;
    enum filters_mode mode;
    int index_fd, data_fd;
    pthread_rwlock_t lock; /* of all below */
    struct kept *entries;
    size_t count, capacity;
    uint32_t *slots; /* open addressing over the block hashes */
    size_t slot_mask;
    uint64_t data_size;    /* of all filters */
    uint64_t data_written; /* what lies before is in the file */
    uint64_t data_synced;
    size_t entries_written; /* those before are in index.dat */
    struct buf data;        /* filters that are not written yet */
    struct buf index;       /* entries that are not written yet */
};

/* What index.dat says of one filter. */
struct entry_record {
    struct hash256 block_hash, filter_hash, prev_header;
    uint64_t offset;
    uint32_t size, height, flags;
};
/* Appends ENTRY_SIZE bytes. */
void entry_write(struct buf *buf, const struct entry_record *record);
/* Without the checksum. */
void entry_parse(struct entry_record *ret_record, const uint8_t raw[ENTRY_SIZE]);

/* All with the lock held. */
uint32_t kept_find(const struct filters *filters, const struct hash256 *block_hash);
/* Exactly `size` bytes; REFUSED where the file ends before. */
int filters_read(const struct filters *filters, bool index, void *ret_data, size_t size,
                 uint64_t offset, struct err *err);
/* The raw entries [first, first + count). */
int entries_read(const struct filters *filters, uint8_t *ret_raw, size_t first, size_t count,
                 struct err *err);
int filters_damaged(const struct filters *filters, size_t number, const char *rule,
                    struct err *err);

#endif
