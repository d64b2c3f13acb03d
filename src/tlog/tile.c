/* Tiles and entry bundles (c2sp.org/tlog-tiles): their paths, how wide they are, what is in them.
 */
#include "tlog/tlog.h"

unsigned tlog_tile_width(uint64_t size, unsigned level, uint64_t n)
{
    uint64_t count = size; /* hashes or entries of the level */
    sanad_assert(level <= TLOG_LEVEL_MAX || level == TLOG_ENTRIES);
    if (level != TLOG_ENTRIES)
        for (unsigned i = 0; i < level && count; i++)
            count /= TLOG_TILE_WIDTH;
    if (n >= count / TLOG_TILE_WIDTH + 1)
        return 0;
    uint64_t left = count - n * TLOG_TILE_WIDTH;
    return left < TLOG_TILE_WIDTH ? (unsigned)left : TLOG_TILE_WIDTH;
}

/* 1234067 as x001/x234/067. */
static size_t number_write(char *ret_text, size_t room, uint64_t n)
{
    uint64_t groups[7];
    size_t count = 0;
    size_t size = 0;
    do {
        groups[count++] = n % 1000;
        n /= 1000;
    } while (n);
    while (count-- > 0) {
        int added = snprintf(ret_text + size, room - size, count ? "x%03u/" : "%03u",
                             (unsigned)groups[count]);
        sanad_assert(added > 0 && (size_t)added < room - size);
        size += (size_t)added;
    }
    return size;
}

void tlog_tile_path(char ret_path[TLOG_PATH_SIZE], const struct tlog_tile *tile)
{
    int size = tile->level == TLOG_ENTRIES
                   ? snprintf(ret_path, TLOG_PATH_SIZE, "tile/entries/")
                   : snprintf(ret_path, TLOG_PATH_SIZE, "tile/%u/", tile->level);
    sanad_assert(size > 0 && tile->width >= 1 && tile->width <= TLOG_TILE_WIDTH);
    size_t end =
        (size_t)size + number_write(ret_path + size, TLOG_PATH_SIZE - (size_t)size, tile->n);
    if (tile->width < TLOG_TILE_WIDTH) {
        int added = snprintf(ret_path + end, TLOG_PATH_SIZE - end, ".p/%u", tile->width);
        sanad_assert(added > 0 && (size_t)added < TLOG_PATH_SIZE - end);
    }
}

/* The groups of a number; false where they are not its one spelling. */
static bool number_read(uint64_t *ret_n, const char **at)
{
    uint64_t n = 0;
    for (;;) {
        bool more = **at == 'x';
        const char *digits = *at + more;
        if (strspn(digits, "0123456789") != 3)
            return false;
        uint64_t group =
            (uint64_t)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0');
        if (n > (UINT64_MAX - group) / 1000)
            return false;
        n = n * 1000 + group;
        *at = digits + 3;
        if (!more)
            break;
        if (**at != '/')
            return false;
        (*at)++;
    }
    *ret_n = n;
    return true;
}

static const char *level_read(unsigned *ret_level, const char *at)
{
    uint64_t level;
    if (strncmp(at, "entries/", 8) == 0) {
        *ret_level = TLOG_ENTRIES;
        return at + 8;
    }
    size_t size = strspn(at, "0123456789");
    if (!number_parse(&level, at, size, TLOG_LEVEL_MAX) || at[size] != '/')
        return NULL;
    *ret_level = (unsigned)level;
    return at + size + 1;
}

bool tlog_tile_from_path(struct tlog_tile *ret_tile, const char *path)
{
    struct tlog_tile tile = {.width = TLOG_TILE_WIDTH};
    char again[TLOG_PATH_SIZE];
    uint64_t width;
    if (strlen(path) >= TLOG_PATH_SIZE || strncmp(path, "tile/", 5) != 0)
        return false;
    const char *at = level_read(&tile.level, path + 5);
    if (!at || !number_read(&tile.n, &at))
        return false;
    if (strncmp(at, ".p/", 3) == 0) {
        at += 3;
        if (!number_parse(&width, at, strlen(at), TLOG_TILE_WIDTH - 1) || width == 0)
            return false;
        tile.width = (unsigned)width;
        at += strlen(at);
    }
    if (*at || tile.n > (uint64_t)TLOG_SIZE_MAX / TLOG_TILE_WIDTH)
        return false;
    tlog_tile_path(again, &tile); /* one spelling only */
    if (strcmp(again, path) != 0)
        return false;
    *ret_tile = tile;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int folder_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                       struct err *err)
{
    char name[TLOG_PATH_SIZE];
    char path[PATH_SIZE];
    size_t max = tile->level == TLOG_ENTRIES ? (size_t)TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX)
                                             : (size_t)TLOG_TILE_WIDTH * 32;
    tlog_tile_path(name, tile);
    int code = path_join(path, context, name, err);
    if (code)
        return code;
    if (!file_exists(path))
        return err_set(err, SANAD_MISSING, "%s: it is not there", name);
    return file_read(ret_data, path, max, err);
}

struct tlog_reader tlog_reader_folder(const char *folder)
{
    /* The reader only reads: the cast takes no right to write. */
    return (struct tlog_reader){.context = (void *)(uintptr_t)folder, .read = folder_read};
}

/* The size of the first `width` entries of a bundle; 0: cut short. */
static size_t bundle_size(struct bytes bundle, unsigned width)
{
    struct cursor cursor = cursor_of(bundle);
    for (unsigned i = 0; i < width; i++) {
        const uint8_t *length = cursor_take(&cursor, 2).data;
        if (!cursor.bad)
            (void)cursor_take(&cursor, (uint64_t)length[0] << 8 | length[1]);
    }
    return cursor.bad ? 0 : bundle.size - cursor_left(&cursor);
}

/* What was read is the tile asked for, or the full one, which is cut. */
static int tile_cut(struct buf *data, const struct tlog_tile *tile, unsigned read_width,
                    struct err *err)
{
    char name[TLOG_PATH_SIZE];
    size_t whole = tile->level == TLOG_ENTRIES ? bundle_size(buf_bytes(data), read_width)
                                               : (size_t)read_width * 32;
    tlog_tile_path(name, tile);
    if (data->size == 0 || data->size != whole)
        return err_set(err, SANAD_REFUSED, "%s: it has not the size of %u %s", name, read_width,
                       tile->level == TLOG_ENTRIES ? "entries" : "hashes");
    if (tile->width < read_width)
        data->size = tile->level == TLOG_ENTRIES ? bundle_size(buf_bytes(data), tile->width)
                                                 : (size_t)tile->width * 32;
    return 0;
}

int tlog_tile_read(struct buf *ret_data, const struct tlog_reader *reader,
                   const struct tlog_tile *tile, struct err *err)
{
    struct tlog_tile read = *tile;
    struct buf data = {0};
    struct err first = {0};
    int code = reader->read(reader->context, &data, &read, &first);
    if (code == SANAD_MISSING && tile->width < TLOG_TILE_WIDTH) {
        /* Partial tiles may be deleted once the full one is there. */
        read.width = TLOG_TILE_WIDTH;
        code = reader->read(reader->context, &data, &read, NULL);
    }
    if (code) {
        if (err)
            *err = first;
        return code;
    }
    code = tile_cut(&data, tile, read.width, err);
    if (code)
        buf_free(&data);
    else
        *ret_data = data;
    return code;
}

int tlog_bundle_entry(struct bytes *ret_entry, struct bytes bundle, unsigned width, unsigned index,
                      struct err *err)
{
    struct cursor cursor = cursor_of(bundle);
    struct bytes entry = {0};
    sanad_assert(index < width && width <= TLOG_TILE_WIDTH);
    for (unsigned i = 0; i < width; i++) {
        struct bytes length = cursor_take(&cursor, 2);
        struct bytes at =
            cursor.bad ? length
                       : cursor_take(&cursor, (uint64_t)length.data[0] << 8 | length.data[1]);
        entry = i == index ? at : entry;
    }
    if (!cursor_done(&cursor))
        return err_set(err, SANAD_REFUSED, "entry bundle: it has not the size of %u entries",
                       width);
    *ret_entry = entry;
    return 0;
}
