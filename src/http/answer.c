/* Answers that are ready-made: a line of text, a file of a folder. */
#include "http/http_priv.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void http_answer_text(struct http_answer *ret_answer, unsigned status, const char *text)
{
    struct http_answer answer = {.status = status, .type = "text/plain; charset=utf-8"};
    answer.body = buf_with_max(HTTP_PATH_MAX + ERR_TEXT_SIZE);
    buf_text(&answer.body, text);
    buf_u8(&answer.body, '\n');
    *ret_answer = answer;
}

static const char *type_of(const char *path)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {{"/checkpoint", "text/plain; charset=utf-8"},
                 {".txt", "text/plain; charset=utf-8"},
                 {".vkey", "text/plain; charset=utf-8"},
                 {".json", "application/json"},
                 {".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".csv", "text/csv; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".png", "image/png"}};
    size_t size = strlen(path);
    for (size_t i = 0; i < countof(types); i++) {
        size_t ending = strlen(types[i].ending);
        if (size >= ending && strcmp(path + size - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static const char *cache_of(const char *path)
{
    if (strncmp(path, "/tile/", 6) == 0 || strstr(path, "/tile/"))
        return "public, max-age=31536000, immutable";
    return "public, max-age=2";
}

/* Steps down one segment after another, so that no link on the way is followed. */
static int open_below(const char *folder, const char *path)
{
    char name[HTTP_PATH_MAX + 1];
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0 && *path) {
        size_t size = strcspn(++path, "/");
        int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
        if (size == 0 || size > HTTP_PATH_MAX || path[0] == '.') {
            (void)close(at);
            return -1;
        }
        memcpy(name, path, size);
        name[size] = 0;
        path += size;
        int next = openat(at, name, *path ? flags | O_DIRECTORY : flags);
        (void)close(at); /* read only: nothing can be lost */
        at = next;
    }
    return at;
}

void http_answer_file(struct http_answer *ret_answer, const char *folder, const char *path)
{
    struct stat status;
    sanad_assert(http_path_ok(path));
    int fd = open_below(folder, path);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        (void)close(fd);
        fd = -1;
    }
    if (fd < 0) {
        http_answer_text(ret_answer, 404, "not found");
        return;
    }
    *ret_answer = (struct http_answer){.status = 200,
                                       .type = type_of(path),
                                       .cache = cache_of(path),
                                       .is_file = true,
                                       .file = fd,
                                       .file_size = (uint64_t)status.st_size};
}
