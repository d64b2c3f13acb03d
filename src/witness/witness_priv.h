/* What the parts of witness share. */
#ifndef SANAD_WITNESS_PRIV_H
#define SANAD_WITNESS_PRIV_H

#include "witness/witness.h"

/* One frame of the journal: u32be size of the records, u64be number from 1, the records, SHA-256
 * of all that. */
enum {
    WITNESS_FRAME_HEAD = 12,
    WITNESS_FRAME_TAIL = 32,
    WITNESS_FRAME_MAX = 1 << 27 /* bytes of records */
};
void witness_frame_write(struct buf *journal, uint64_t number, struct bytes records);
/* A record: u64be time, u32be size, the checkpoint with the log's lines and ours. */
void witness_record_write(struct buf *records, uint64_t time, struct bytes note);

struct witness_record {
    uint64_t time;
    struct bytes note;
};
typedef int witness_record_visit(void *context, const struct witness_record *record,
                                 struct err *err);
/* All records in order. *ret_frames: how many frames; *ret_torn: bytes at the end that are of a
 * frame that was never whole. FALSE: a damaged frame with a whole one behind it, or more damage
 * than one frame could be. */
int witness_journal_read(uint64_t *ret_frames, size_t *ret_torn, struct bytes journal,
                         witness_record_visit *visit, void *context, struct err *err);

#endif
