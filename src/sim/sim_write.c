/* The folder of blocks as Bitcoin Core lays it out: records as they arrived (out of height
 * order within a window), files rotated, every byte XORed with a key, zeros preallocated
 * behind the last record, and the undo data of connected blocks beside them. */
#include "sim/sim_priv.h"

enum {
    FILE_SIZE_MAX = 1 << 20, /* small, so that there are several */
    ZERO_TAIL = 1 << 16,     /* raw, not XORed: Core preallocates so */
    WINDOW = 24,             /* records that may change places */
    LATE = 300,              /* how far a late one may fall behind */
    LATE_ONE_IN = 97,
    XOR_SIZE = 8
};

int sim_write_file(const char *out, const char *name, struct bytes content, struct err *err)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    int code = path_join(path, out, name, err);
    if (code != 0)
        return code;
    size_t size = (size_t)(strrchr(path, '/') - path);
    memcpy(folder, path, size);
    folder[size] = 0;
    code = folder_make(folder, err);
    return code != 0 ? code : file_write(path, content, err);
}

int sim_write_json(const char *out, const char *name, json_t *json, struct err *err)
{
    char *text = json_dumps(json, JSON_INDENT(1));
    json_decref(json);
    sanad_assert(text);
    struct buf buf = buf_with_max(SIZE_MAX);
    buf_text(&buf, text);
    buf_u8(&buf, '\n');
    free(text);
    int code = sim_write_file(out, name, buf_bytes(&buf), err);
    buf_free(&buf);
    return code;
}

int sim_folder_prepare(const char *out, struct err *err)
{
    char path[PATH_SIZE];
    int code = path_join(path, out, "blocks/blk00000.dat", err);
    if (code == 0 && file_exists(path))
        code = err_set(err, SANAD_REFUSED, "%s: already holds block files", out);
    if (code == 0)
        code = path_join(path, out, "blocks", err);
    return code != 0 ? code : folder_make(path, err);
}

void sim_xor_key(uint8_t ret_key[8], uint64_t seed)
{
    struct sim_rand dice;
    sim_rand_init(&dice, seed, "xor key");
    do
        sim_rand_fill(&dice, ret_key, XOR_SIZE);
    while (load_le64(ret_key) == 0);
}

/* ---- order of arrival --------------------------------------------------------------------------
 */

struct place {
    uint64_t rank; /* the smaller arrives first */
    uint32_t block;
};

static int place_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->block < y->block ? -1 : 1;
}

static struct place *arrivals(const struct sim *sim)
{
    struct place *places = mem_zalloc(sim->block_count, sizeof *places);
    struct sim_rand dice;
    sim_rand_init(&dice, sim->seed, "arrival");
    for (size_t i = 0; i < sim->block_count; i++) {
        uint64_t delay = sim_rand_below(&dice, WINDOW);
        if (sim_rand_below(&dice, LATE_ONE_IN) == 0)
            delay += sim_rand_below(&dice, LATE);
        places[i] = (struct place){.rank = i == 0 ? 0 : i + delay, .block = (uint32_t)i};
    }
    qsort(places, sim->block_count, sizeof *places, place_order);
    return places;
}

/* ---- files
 * --------------------------------------------------------------------------------------- */

/* One file under way: records are added plain and XORed when it is written. */
struct dat {
    const struct sim *sim;
    const char *out;
    const char *kind; /* "blk" or "rev" */
    uint32_t number;
    struct buf buf;
};

static int dat_flush(struct dat *dat, bool last, struct err *err)
{
    char name[32];
    uint8_t key[XOR_SIZE];
    sim_xor_key(key, dat->sim->seed);
    for (size_t i = 0; i < dat->buf.size; i++)
        dat->buf.data[i] ^= key[i % XOR_SIZE];
    if (last) {
        uint8_t *tail = buf_extend(&dat->buf, ZERO_TAIL);
        sanad_assert(tail);
        memset(tail, 0, ZERO_TAIL);
    }
    sanad_assert(!dat->buf.bad);
    (void)snprintf(name, sizeof name, "blocks/%s%05u.dat", dat->kind, dat->number++);
    int code = sim_write_file(dat->out, name, buf_bytes(&dat->buf), err);
    buf_reset(&dat->buf);
    return code;
}

static void record_head(struct dat *dat, size_t size)
{
    buf_add(&dat->buf, bytes_of(dat->sim->params->magic, 4));
    buf_le32(&dat->buf, (uint32_t)size);
}

/* Also notes in which file each block came to stand. */
static int write_blk(struct dat *dat, uint32_t *files, const struct place *places, struct err *err)
{
    const struct sim *sim = dat->sim;
    int code = 0;
    for (size_t i = 0; i < sim->block_count && code == 0; i++) {
        struct bytes raw = sim->blocks[places[i].block].raw;
        if (dat->buf.size + raw.size + 8 > FILE_SIZE_MAX)
            code = dat_flush(dat, false, err);
        record_head(dat, raw.size);
        buf_add(&dat->buf, raw);
        files[places[i].block] = dat->number;
    }
    return code != 0 ? code : dat_flush(dat, true, err);
}

static void add_undo(struct dat *dat, const struct sim_block *block)
{
    struct hash256 checksum;
    undo_checksum(&checksum, &block->prev, block->undo);
    record_head(dat, block->undo.size);
    buf_add(&dat->buf, block->undo);
    buf_add(&dat->buf, bytes_of(checksum.b, 32));
}

/* Blocks are numbered in the order in which they were found, and so connected. */
static int write_rev(struct dat *dat, const uint32_t *files, uint32_t file_count, struct err *err)
{
    const struct sim *sim = dat->sim;
    int code = 0;
    for (uint32_t file = 0; file < file_count && code == 0; file++) {
        for (size_t i = 1; i < sim->block_count; i++)
            if (files[i] == file && sim->blocks[i].connected)
                add_undo(dat, &sim->blocks[i]);
        code = dat_flush(dat, file + 1 == file_count, err);
    }
    return code;
}

int sim_write_blocks(const struct sim *sim, const char *out, struct err *err)
{
    struct place *places = arrivals(sim);
    uint32_t *files = mem_zalloc(sim->block_count, sizeof *files);
    struct dat blk = {.sim = sim, .out = out, .kind = "blk", .buf = buf_with_max(SIZE_MAX)};
    struct dat rev = {.sim = sim, .out = out, .kind = "rev", .buf = buf_with_max(SIZE_MAX)};
    uint8_t key[XOR_SIZE];
    sim_xor_key(key, sim->seed);
    int code = sim_write_file(out, "blocks/xor.dat", bytes_of(key, sizeof key), err);
    if (code == 0)
        code = write_blk(&blk, files, places, err);
    if (code == 0)
        code = write_rev(&rev, files, blk.number, err);
    buf_free(&blk.buf);
    buf_free(&rev.buf);
    free(files);
    free(places);
    return code;
}
