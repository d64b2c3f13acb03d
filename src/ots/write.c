/* Writes a .ots file from its steps. */
#include "ots/ots_priv.h"

#include <stdlib.h>

void ots_write_varuint(struct buf *buf, uint64_t value)
{
    enum { BITS = 7, MORE = 0x80 };
    for (; value >= MORE; value >>= BITS)
        buf_u8(buf, (uint8_t)(value & (MORE - 1)) | MORE);
    buf_u8(buf, (uint8_t)value);
}

static void step_write(struct buf *buf, const struct ots_step *step)
{
    buf_u8(buf, (uint8_t)step->op);
    if (step->op == OTS_ATTEST)
        buf_add(buf, bytes_of(step->notary, OTS_NOTARY_SIZE));
    if (step->op == OTS_ATTEST || ots_op_has_argument(step->op)) {
        ots_write_varuint(buf, step->argument.size);
        buf_add(buf, step->argument);
    }
}

/* The last child of each step; [step_count] is of the root. */
static uint32_t *last_children(const struct ots *ots)
{
    uint32_t *last = mem_zalloc(ots->step_count + 1, sizeof *last);
    for (size_t i = 0; i < ots->step_count; i++) {
        uint32_t parent = ots->steps[i].parent;
        sanad_assert(parent == OTS_ROOT || parent < i);
        sanad_assert(parent == OTS_ROOT || ots->steps[parent].op != OTS_ATTEST);
        last[parent == OTS_ROOT ? ots->step_count : parent] = (uint32_t)i;
    }
    return last;
}

void ots_write(struct buf *buf, const struct ots *ots)
{
    uint32_t *last = last_children(ots);
    sanad_assert(ots->step_count > 0 && ots->digest.size == ots_hash_size(ots->hash));
    buf_add(buf, bytes_of(ots_magic, OTS_MAGIC_SIZE));
    ots_write_varuint(buf, OTS_VERSION);
    buf_u8(buf, (uint8_t)ots->hash);
    buf_add(buf, ots->digest);
    for (size_t i = 0; i < ots->step_count; i++) {
        uint32_t parent = ots->steps[i].parent;
        if (last[parent == OTS_ROOT ? ots->step_count : parent] != i)
            buf_u8(buf, OTS_FORK);
        step_write(buf, &ots->steps[i]);
    }
    free(last);
}
