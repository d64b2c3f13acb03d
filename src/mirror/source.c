/* Where a log is read from: a folder, or a server of static files. */
#include "mirror/mirror_priv.h"

#include <stdlib.h>

struct mirror_source {
    char *where;
    struct http_client *client; /* NULL: a folder */
    struct http_limits limits;
    const struct mirror_options *given; /* tiles and checkpoint at hand; NULL: neither */
};

static bool is_address(const char *where)
{
    return strstr(where, "://") != NULL;
}

int mirror_source_open(struct mirror_source **ret_source, const char *where, unsigned timeout_ms,
                       struct err *err)
{
    bool address = is_address(where);
    int code = address ? http_url_check(where, err) : 0;
    if (code)
        return code;
    struct mirror_source *source = mem_zalloc(1, sizeof *source);
    source->where = mem_strdup(where);
    source->limits = (struct http_limits){.connect_ms = timeout_ms, .total_ms = timeout_ms};
    if (address)
        source->client = http_client_new();
    *ret_source = source;
    return 0;
}

int mirror_source_of(struct mirror_source **ret_source, const struct mirror_options *options,
                     struct err *err)
{
    if (!options->tiles)
        return mirror_source_open(ret_source, options->where, options->timeout_ms, err);
    struct mirror_source *source = mem_zalloc(1, sizeof *source);
    source->given = options;
    *ret_source = source;
    return 0;
}

void mirror_source_close(struct mirror_source *source)
{
    if (!source)
        return;
    http_client_free(source->client);
    free(source->where);
    free(source);
}

static int address_get(struct mirror_source *source, struct buf *ret_data, const char *name,
                       size_t size_max, struct err *err)
{
    enum { NOT_FOUND = 404, GONE = 410, FOUND = 200 };
    char url[HTTP_URL_MAX];
    struct http_response response;
    int code = http_url_join(url, source->where, name, err);
    source->limits.size_max = size_max;
    if (code == 0)
        code = http_get(source->client, &response, url, &source->limits, err);
    if (code)
        return code;
    if (response.status == FOUND) {
        *ret_data = response.body;
        return 0;
    }
    buf_free(&response.body);
    return err_set(
        err, response.status == NOT_FOUND || response.status == GONE ? SANAD_MISSING : SANAD_IO,
        "%s: answers %u", url, response.status);
}

static int address_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                        struct err *err)
{
    char name[TLOG_PATH_SIZE];
    size_t size_max = tile->level == TLOG_ENTRIES ? (size_t)TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX)
                                                  : (size_t)TLOG_TILE_WIDTH * 32;
    tlog_tile_path(name, tile);
    return address_get(context, ret_data, name, size_max, err);
}

struct tlog_reader mirror_source_reader(struct mirror_source *source)
{
    if (source->given)
        return *source->given->tiles;
    return source->client ? (struct tlog_reader){.context = source, .read = address_read}
                          : tlog_reader_folder(source->where);
}

int mirror_source_file(struct mirror_source *source, struct buf *ret_data, const char *name,
                       size_t size_max, struct err *err)
{
    char path[PATH_SIZE];
    sanad_assert(!source->given); /* it has tiles and a checkpoint */
    if (source->client)
        return address_get(source, ret_data, name, size_max, err);
    int code = path_join(path, source->where, name, err);
    if (code)
        return code;
    if (!file_exists(path))
        return err_set(err, SANAD_MISSING, "%s: it is not there", path);
    return file_read(ret_data, path, size_max, err);
}

int mirror_source_checkpoint(struct mirror_source *source, struct buf *ret_note, struct err *err)
{
    if (source->given) {
        *ret_note = buf_with_max(TLOG_CHECKPOINT_MAX);
        buf_add(ret_note, source->given->checkpoint);
        return 0;
    }
    return mirror_source_file(source, ret_note, "checkpoint", TLOG_CHECKPOINT_MAX, err);
}
