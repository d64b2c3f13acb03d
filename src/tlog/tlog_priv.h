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

/* Leaf hashes of a bundle's entries; FALSE names the bundle where its hash differs from the
 * tile's. `tile` is the bundle's. */
int tlog_bundle_check(const struct tlog_tile *tile, struct bytes bundle,
                      const struct hash256 *hashes, struct err *err);
/* A file of a log that is not what it must be shows that the log does not hold: REFUSED becomes
 * FALSE, all else stays. */
int tlog_evidence(int code, struct err *err);
/* And so does a file that a log must have: MISSING becomes FALSE too. */
int tlog_absence(int code, struct err *err);

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

/* ---- the writer (writer.c, writer_open.c, writer_files.c) ---- */

struct tlog_writer {
    const struct tlog_io *io;
    char *public_folder;
    char *private_folder;
    char origin[TLOG_ORIGIN_MAX + 1];
    struct note_key key;
    uint8_t seed[32];
    struct err failure; /* code 0: none; else what left open what the disk holds */
    int lock;
    bool locked;

    int wal;
    bool wal_open;
    uint64_t wal_size;
    uint64_t wal_enough; /* bytes after which it is begun anew: TLOG_WAL_ENOUGH, less in tests */
    uint8_t mark[TLOG_WAL_MARK_SIZE];
    struct buf frame; /* kept for its memory */

    struct buf note;         /* private/signed, as this writer read or wrote it last */
    struct tlog_tree tree;   /* that it signs */
    struct tlog_edges edges; /* of that tree */

    struct tlog_frontier frontier; /* of all that is durable */
    struct hash256 *leaves;        /* of entries that are not signed yet */
    size_t leaf_count, leaf_capacity;
    struct buf entries; /* of bundles that were not full in the signed tree, as they stand there */
    size_t *starts;     /* of each bundle, in entries */
    size_t start_count, start_capacity;
};
enum { TLOG_WAL_MAX = 1 << 30 }; /* bytes that may wait to be signed */
enum { TLOG_WAL_ENOUGH = 64 << 20 };

/* Entries that are durable, each behind its length, become part of the tree in memory. */
void tlog_writer_append(struct tlog_writer *writer, struct bytes entries);
/* The signed tree's last bundle, where it is not full. */
void tlog_writer_bundle(struct tlog_writer *writer, struct bytes bundle);
/* Where a file is written before it is renamed: in its own folder, and the same for every width
 * of a partial tile, so that what a crash leaves is overwritten. */
int tlog_temporary_path(char ret_path[PATH_SIZE], const char *path, struct err *err);
/* A new file beside the path, synced; then in its place, for good. */
int tlog_writer_put(struct tlog_writer *writer, const char *path, struct bytes bytes,
                    struct err *err);
int tlog_writer_settle(struct tlog_writer *writer, const char *path, struct err *err);
/* Puts `raw` in place of the write-ahead log and opens it. */
int tlog_writer_wal_begin(struct tlog_writer *writer, struct bytes raw, struct err *err);
/* The note over a tree. */
void tlog_writer_note(struct buf *ret_note, const struct tlog_writer *writer,
                      const struct tlog_tree *tree);
/* Reads everything but the lock. */
int tlog_writer_load(struct tlog_writer *writer, struct err *err);
/* A note that this log signed: private/signed or the checkpoint. FALSE: it did not. */
int tlog_writer_note_read(struct tlog_tree *ret_tree, const struct tlog_writer *writer,
                          const char *path, struct bytes raw, struct err *err);

/* Hashes of a level's tiles from the one on that is not full in the signed tree. */
struct tlog_hashes {
    uint64_t first; /* a multiple of 256 */
    struct hash256 *data;
    size_t count;
};
struct tlog_levels {
    struct tlog_hashes level[TLOG_EDGE_COUNT];
};
void tlog_levels_make(struct tlog_levels *ret_levels, const struct tlog_writer *writer);
void tlog_levels_free(struct tlog_levels *levels);
/* Tiles and bundles behind the signed tree, durable. */
int tlog_levels_write(const struct tlog_levels *levels, const struct tlog_writer *writer,
                      struct err *err);
/* The second path: FALSE where what stands in the files is not the tree in memory, or does not
 * continue the signed one. */
int tlog_files_check(const struct tlog_writer *writer, struct err *err);
/* Removes partial tiles that are full in the signed tree, as far as it goes. */
void tlog_files_clean(const struct tlog_writer *writer, uint64_t size_before);
/* One hash of a level above 0 against the tile below. */
int tlog_parent_check(const struct tlog_reader *reader, uint64_t size, unsigned level,
                      uint64_t index, struct err *err);
struct tlog_reader tlog_writer_reader(const struct tlog_writer *writer);

#endif
