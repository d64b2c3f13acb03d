/* What the parts of ots share. */
#ifndef SANAD_OTS_PRIV_H
#define SANAD_OTS_PRIV_H

#include "ots/ots.h"

enum { OTS_FORK = 0xff, OTS_VERSION = 1, OTS_MAGIC_SIZE = 31 };
extern const uint8_t ots_magic[OTS_MAGIC_SIZE];
extern const uint8_t ots_notary_bitcoin[OTS_NOTARY_SIZE];
extern const uint8_t ots_notary_pending[OTS_NOTARY_SIZE];
/* Of other chains: kept as unknown, but their payload is a height too. */
extern const uint8_t ots_notary_litecoin[OTS_NOTARY_SIZE];
extern const uint8_t ots_notary_ethereum[OTS_NOTARY_SIZE];

/* What an operation acts on. Its size is always known. */
struct ots_message {
    bool known;
    size_t size;
    uint8_t data[OTS_MESSAGE_MAX];
};
/* False where the result would be over OTS_MESSAGE_MAX. */
bool ots_apply(struct ots_message *ret_result, enum ots_op op, struct bytes argument,
               const struct ots_message *message);
/* Whether there is such an operation. */
bool ots_op_known(uint8_t tag);
bool ots_op_has_argument(enum ots_op op);

/* Unsigned LEB128 in its shortest form; bad where it is longer or over `max`. */
uint64_t ots_varuint(struct cursor *cursor, uint64_t max);
void ots_write_varuint(struct buf *buf, uint64_t value);

#endif
