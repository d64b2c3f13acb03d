/* The last pack: its criteria-report, and the files of it that are those which it names. */
#include "pack/pack_priv.h"

#include "crypto/crypto.h"

#include <stdlib.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The folder of the note: what stands before its last slash. */
static void folder_of(char ret_folder[PATH_SIZE], const char *path)
{
    const char *slash = strrchr(path, '/');
    (void)snprintf(ret_folder, PATH_SIZE, "%.*s", slash ? (int)(slash - path) : 1,
                   slash ? path : ".");
}

static int report_read(struct pack_previous *previous, const char *path, struct err *err)
{
    const json_t *as_of;
    const char *hash;
    int64_t height;
    int code = stmt_read_file(&previous->report, path, err);
    if (code)
        return code;
    if (previous->report->kind != STMT_CRITERIA_REPORT)
        return err_set(err, SANAD_REFUSED, "%s: not a criteria-report", path);
    as_of = json_object_get(previous->report->json, "as_of");
    if (!json_is_object(as_of))
        return err_set(err, SANAD_REFUSED, "%s: no \"as_of\"", path);
    code = json_get_integer(&height, path, as_of, "height", 0, INT32_MAX, err);
    if (code == 0)
        code = json_get_string(&hash, path, as_of, "block_hash", err);
    if (code == 0 && !hash256_from_display(&previous->block_hash, hash))
        code = err_set(err, SANAD_REFUSED, "%s: \"block_hash\" is none", path);
    if (code)
        return code;
    previous->height = (uint32_t)height;
    sha256_of(&previous->text_sha256, previous->report->note.text);
    return 0;
}

/* The hash that the report names for a file, or NULL. */
static const char *hash_named(const struct pack_previous *previous, const char *name)
{
    const json_t *files = json_object_get(previous->report->json, "files");
    size_t i;
    json_t *entry;
    json_array_foreach (files, i, entry) {
        const char *other = json_string_value(json_object_get(entry, "name"));
        if (other && strcmp(other, name) == 0)
            return json_string_value(json_object_get(entry, "sha256"));
    }
    return NULL;
}

/* A file of the pack, if it is there and named; *ret_found false: it is not there. */
static int file_of(struct buf *ret_content, bool *ret_found, const struct pack_previous *previous,
                   const char *folder, const char *name, struct err *err)
{
    char path[PATH_SIZE];
    char text[HEX256_SIZE];
    struct hash256 hash;
    const char *named = hash_named(previous, name);
    int code = path_join(path, folder, name, err);
    *ret_found = code == 0 && file_exists(path);
    if (!*ret_found)
        return code;
    code = file_read(ret_content, path, PACK_FILE_SIZE_MAX, err);
    if (code)
        return code;
    sha256_of(&hash, buf_bytes(ret_content));
    hash256_straight(text, &hash);
    if (named && strcmp(named, text) == 0)
        return 0;
    buf_free(ret_content);
    return err_set(err, SANAD_REFUSED, "%s: not the file that its criteria-report names", path);
}

static int balances_read(struct pack_previous *previous, const char *folder, struct err *err)
{
    struct buf content;
    bool found;
    int code = file_of(&content, &found, previous, folder, "balances.csv", err);
    if (code || !found)
        return code;
    code = csv_read(&previous->balances, "last pack: balances.csv", buf_bytes(&content), err);
    previous->has_balances = code == 0;
    buf_free(&content);
    return code;
}

/* The report's own list, or the file that stands in for a long one. */
static int criteria_read(struct pack_previous *previous, const char *folder, struct err *err)
{
    struct buf content;
    bool found;
    previous->criteria = json_incref(json_object_get(previous->report->json, "criteria"));
    if (previous->criteria)
        return 0;
    int code = file_of(&content, &found, previous, folder, "criteria.json", err);
    if (code || !found)
        return code;
    code = json_read(&previous->criteria, "last pack: criteria.json", buf_bytes(&content),
                     PACK_FILE_SIZE_MAX, err);
    buf_free(&content);
    return code;
}

int pack_previous_read(struct pack_previous **ret_previous, const char *path, struct err *err)
{
    char folder[PATH_SIZE];
    char note[PATH_SIZE];
    int code = 0;
    if (is_folder(path)) {
        (void)snprintf(folder, sizeof folder, "%s", path);
        code = path_join(note, path, "criteria-report.note", err);
    } else {
        folder_of(folder, path);
        (void)snprintf(note, sizeof note, "%s", path);
    }
    struct pack_previous *previous = mem_zalloc(1, sizeof *previous);
    if (code == 0)
        code = report_read(previous, note, err);
    if (code == 0)
        code = balances_read(previous, folder, err);
    if (code == 0)
        code = criteria_read(previous, folder, err);
    if (code)
        pack_previous_free(previous);
    else
        *ret_previous = previous;
    return code;
}

void pack_previous_free(struct pack_previous *previous)
{
    if (!previous)
        return;
    json_decref(previous->criteria);
    stmt_free(previous->report);
    if (previous->has_balances)
        csv_free(&previous->balances);
    free(previous);
}
