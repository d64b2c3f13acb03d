/* Writes PSBTs (BIP174, BIP370) with no help from the parser that is tested with them. */
#include "psbtmaker.h"

enum {
    MAKER_TX_MAX = 4 << 20,
    GLOBAL_UNSIGNED_TX = 0x00,
    GLOBAL_TX_VERSION = 0x02,
    GLOBAL_INPUT_COUNT = 0x04,
    GLOBAL_OUTPUT_COUNT = 0x05,
    GLOBAL_VERSION = 0xfb,
    IN_NON_WITNESS_UTXO = 0x00,
    IN_WITNESS_UTXO = 0x01,
    IN_PREVIOUS_TXID = 0x0e,
    IN_OUTPUT_INDEX = 0x0f,
    OUT_AMOUNT = 0x03,
    OUT_SCRIPT = 0x04
};

static const struct bytes nothing;

void maker_magic(struct buf *buf)
{
    buf_add(buf, bytes_of("psbt\xff", 5));
}

void maker_field(struct buf *buf, uint64_t type, struct bytes key_data, struct bytes value)
{
    struct buf head = buf_with_max(16);
    buf_compact(&head, type);
    buf_compact(buf, head.size + key_data.size);
    buf_add(buf, buf_bytes(&head));
    buf_add(buf, key_data);
    buf_compact(buf, value.size);
    buf_add(buf, value);
    buf_free(&head);
}

void maker_field_u32(struct buf *buf, uint64_t type, uint32_t value)
{
    maker_field(buf, type, nothing, bytes_of(&value, sizeof value)); /* little-endian, as all */
}

static void field_count(struct buf *buf, uint64_t type, size_t count)
{
    struct buf value = buf_with_max(16);
    buf_compact(&value, count);
    maker_field(buf, type, nothing, buf_bytes(&value));
    buf_free(&value);
}

void maker_end(struct buf *buf)
{
    buf_u8(buf, 0);
}

static void output_write(struct buf *buf, const struct maker_out *out)
{
    buf_le64(buf, (uint64_t)out->sat);
    buf_compact(buf, out->script.size);
    buf_add(buf, out->script);
}

static void input_write(struct buf *buf, const struct outpoint *prevout)
{
    buf_add(buf, bytes_of(prevout->txid.b, 32));
    buf_le32(buf, prevout->vout);
    buf_compact(buf, 0);
    buf_le32(buf, 0xfffffffd);
}

void maker_unsigned(struct buf *buf, const struct maker *maker)
{
    buf_le32(buf, 2);
    buf_compact(buf, maker->in_count);
    for (size_t i = 0; i < maker->in_count; i++)
        input_write(buf, &maker->ins[i].prevout);
    buf_compact(buf, maker->out_count);
    for (size_t i = 0; i < maker->out_count; i++)
        output_write(buf, &maker->outs[i]);
    buf_le32(buf, 0);
}

void maker_funding(struct buf *buf, struct hash256 *ret_txid, uint32_t number,
                   const struct maker_out *outs, size_t out_count)
{
    struct maker_in in = {.prevout.vout = number};
    struct maker maker = {.ins = &in, .in_count = 1, .outs = outs, .out_count = out_count};
    size_t before = buf->size;
    memset(in.prevout.txid.b, 0x5a, sizeof in.prevout.txid.b);
    maker_unsigned(buf, &maker);
    sha256d_of(ret_txid, bytes_of(buf->data + before, buf->size - before));
}

void maker_global(struct buf *buf, const struct maker *maker)
{
    if (maker->version == 0) {
        struct buf tx = buf_with_max(MAKER_TX_MAX);
        maker_unsigned(&tx, maker);
        maker_field(buf, GLOBAL_UNSIGNED_TX, nothing, buf_bytes(&tx));
        buf_free(&tx);
    } else {
        maker_field_u32(buf, GLOBAL_TX_VERSION, 2);
        field_count(buf, GLOBAL_INPUT_COUNT, maker->in_count);
        field_count(buf, GLOBAL_OUTPUT_COUNT, maker->out_count);
        maker_field_u32(buf, GLOBAL_VERSION, maker->version);
    }
    maker_end(buf);
}

void maker_in(struct buf *buf, uint32_t version, const struct maker_in *in)
{
    if (in->funding.size > 0)
        maker_field(buf, IN_NON_WITNESS_UTXO, nothing, in->funding);
    if (in->claimed) {
        struct maker_out out = {.sat = in->sat, .script = in->script};
        struct buf value = buf_with_max(MAKER_TX_MAX);
        output_write(&value, &out);
        maker_field(buf, IN_WITNESS_UTXO, nothing, buf_bytes(&value));
        buf_free(&value);
    }
    if (version == 2) {
        maker_field(buf, IN_PREVIOUS_TXID, nothing, bytes_of(in->prevout.txid.b, 32));
        maker_field_u32(buf, IN_OUTPUT_INDEX, in->prevout.vout);
    }
}

void maker_out(struct buf *buf, uint32_t version, const struct maker_out *out)
{
    if (version == 2) {
        maker_field(buf, OUT_AMOUNT, nothing, bytes_of(&out->sat, sizeof out->sat));
        maker_field(buf, OUT_SCRIPT, nothing, out->script);
    }
}

void maker_psbt(struct buf *buf, const struct maker *maker)
{
    maker_magic(buf);
    maker_global(buf, maker);
    for (size_t i = 0; i < maker->in_count; i++) {
        maker_in(buf, maker->version, &maker->ins[i]);
        maker_end(buf);
    }
    for (size_t i = 0; i < maker->out_count; i++) {
        maker_out(buf, maker->version, &maker->outs[i]);
        maker_end(buf);
    }
}
