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

#endif
