/* What the parts of tlog share. */
#ifndef SANAD_TLOG_PRIV_H
#define SANAD_TLOG_PRIV_H

#include "tlog/tlog.h"

/* The next line without its newline; false where none ends. */
bool tlog_line_take(struct bytes *ret_line, struct bytes *text);
/* 32 bytes of strict base64. */
bool tlog_hash_line(struct hash256 *ret_hash, struct bytes line);
/* A decimal number without leading zeros, at most TLOG_SIZE_MAX. */
bool tlog_number(uint64_t *ret_number, struct bytes digits);
/* What a consistency path, its first hash always there, gives for both trees. 0 < before < after.
 * FALSE: its length does not fit. */
int tlog_path_climb(struct hash256 *ret_before, struct hash256 *ret_after, uint64_t before,
                    uint64_t after, const struct tlog_proof *path, struct err *err);
/* The path from tiles. */
int tlog_path_read(struct tlog_proof *ret_path, const struct tlog_reader *reader, uint64_t before,
                   uint64_t after, struct err *err);

/* The next entry of a bundle or a frame: two bytes of length, big-endian, and the entry. False
 * where it is cut short. */
bool tlog_entry_take(struct bytes *ret_entry, struct cursor *cursor);
/* The root of a full tile's hashes: one hash of the level above. */
void tlog_tile_root(struct hash256 *ret_root, const struct hash256 hashes[TLOG_TILE_WIDTH]);
/* Leaf hashes of a bundle's entries; FALSE names the bundle where its hash differs from the
 * tile's. `tile` is the bundle's. */
int tlog_bundle_check(const struct tlog_tile *tile, struct bytes bundle,
                      const struct hash256 *hashes, struct err *err);
/* A file of a log that is not what it must be shows that the log does not hold: REFUSED becomes
 * FALSE, all else stays. */
int tlog_evidence(int code, struct err *err);

/* The last, partial tile of each level: all of a tree that is needed to go on. */
enum { TLOG_EDGE_COUNT = 8 }; /* 256^8 is over TLOG_SIZE_MAX */
struct tlog_edge {
    struct hash256 hashes[TLOG_TILE_WIDTH];
    unsigned count;
};
struct tlog_edges {
    struct tlog_edge level[TLOG_EDGE_COUNT];
};
/* The size and the roots of full subtrees that follow from them. */
void tlog_edges_frontier(struct tlog_frontier *ret_frontier, const struct tlog_edges *edges);

/* ---- the write-ahead log (wal.c) ---- */

enum { TLOG_WAL_MARK_SIZE = 16 };
struct tlog_wal_frame {
    uint64_t first;
    uint32_t count;
    struct bytes entries; /* each behind its length */
};
/* A file of frames; views it. */
struct tlog_wal {
    struct bytes mark;
    uint64_t base, end;  /* index of its first entry, and behind its last */
    struct bytes frames; /* those that are good */
    size_t torn_size;    /* bytes behind them: a frame that was never acknowledged */
};
void tlog_wal_header_write(struct buf *buf, const uint8_t mark[TLOG_WAL_MARK_SIZE],
                           const char *origin, uint64_t base);
void tlog_wal_frame_write(struct buf *buf, const uint8_t mark[TLOG_WAL_MARK_SIZE],
                          const struct tlog_wal_frame *frame);
/* FALSE: damage, and where. */
int tlog_wal_parse(struct tlog_wal *ret_wal, const char *object, struct bytes raw,
                   const char *origin, struct err *err);
/* Takes the first frame off the rest, and its bytes as they stand in the file. */
bool tlog_wal_next(struct tlog_wal_frame *ret_frame, struct bytes *ret_raw, struct tlog_wal *wal);

#endif
