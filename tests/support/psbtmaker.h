/* psbtmaker: writes PSBTs of both versions, whole ones and field by field, so that a test can
 * also write those that no wallet would. */
#ifndef SANAD_TEST_PSBTMAKER_H
#define SANAD_TEST_PSBTMAKER_H

#include "base/base.h"
#include "chain/chain.h"

struct maker_in {
    struct outpoint prevout;
    struct bytes funding; /* the whole transaction, as NON_WITNESS_UTXO; or empty */
    bool claimed;         /* value and script as WITNESS_UTXO */
    int64_t sat;
    struct bytes script;
};
struct maker_out {
    int64_t sat;
    struct bytes script;
};
struct maker {
    uint32_t version; /* 0 or 2 */
    const struct maker_in *ins;
    size_t in_count;
    const struct maker_out *outs;
    size_t out_count;
};
/* Appends the PSBT, magic and all. */
void maker_psbt(struct buf *buf, const struct maker *maker);

/* Its parts, appended. A field's key is its type and, at will, more. */
void maker_magic(struct buf *buf);
void maker_field(struct buf *buf, uint64_t type, struct bytes key_data, struct bytes value);
void maker_field_u32(struct buf *buf, uint64_t type, uint32_t value);
void maker_end(struct buf *buf); /* of a map */
/* The global map: with the unsigned transaction, or with the counts. */
void maker_global(struct buf *buf, const struct maker *maker);
/* Inputs' and outputs' fields, without the end of their map. */
void maker_in(struct buf *buf, uint32_t version, const struct maker_in *in);
void maker_out(struct buf *buf, uint32_t version, const struct maker_out *out);
/* The transaction without signatures. */
void maker_unsigned(struct buf *buf, const struct maker *maker);
/* A transaction made up: it spends what `number` stands for and pays these outputs. */
void maker_funding(struct buf *buf, struct hash256 *ret_txid, uint32_t number,
                   const struct maker_out *outs, size_t out_count);

#endif
