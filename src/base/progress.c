/* What goes to stderr while a verb works: a bar on a terminal, logfmt lines anywhere. */
#include "base/base_priv.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 8192 };

struct progress {
    const char *what;
    const char *item_name;
    uint64_t total_bytes;
    uint64_t total_items;
    _Atomic uint64_t bytes;
    _Atomic uint64_t items;
    double started;
    double drawn;
    bool shown;
    pthread_mutex_t lock;
};

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct progress *progress_new(const char *what, uint64_t total_bytes, uint64_t total_items,
                              const char *item_name)
{
    struct progress *progress = mem_zalloc(1, sizeof *progress);
    progress->what = what;
    progress->item_name = item_name;
    progress->total_bytes = total_bytes;
    progress->total_items = total_items;
    progress->started = seconds_now();
    progress->shown = isatty(STDERR_FILENO) == 1;
    (void)pthread_mutex_init(&progress->lock, NULL);
    return progress;
}

static void progress_draw(struct progress *progress, double now)
{
    uint64_t bytes = atomic_load(&progress->bytes);
    uint64_t items = atomic_load(&progress->items);
    double share = progress->total_bytes   ? (double)bytes / (double)progress->total_bytes
                   : progress->total_items ? (double)items / (double)progress->total_items
                                           : 0;
    double spent = now - progress->started;
    double left = share > 0.001 ? spent / share - spent : 0;
    (void)fprintf(stderr, "\r\x1b[K%s %5.1f%%  %llu %s  %.2f GB/s  %.0f s left", progress->what,
                  share * 100, (unsigned long long)items, progress->item_name,
                  spent > 0 ? (double)bytes / spent / 1e9 : 0, left);
    (void)fflush(stderr);
}

void progress_add(struct progress *progress, uint64_t bytes, uint64_t items)
{
    if (!progress)
        return;
    atomic_fetch_add(&progress->bytes, bytes);
    atomic_fetch_add(&progress->items, items);
    if (!progress->shown || pthread_mutex_trylock(&progress->lock) != 0)
        return;
    double now = seconds_now();
    if (now - progress->drawn > 0.1) {
        progress->drawn = now;
        progress_draw(progress, now);
    }
    (void)pthread_mutex_unlock(&progress->lock);
}

void progress_free(struct progress *progress)
{
    if (!progress)
        return;
    if (progress->shown)
        (void)fputs("\r\x1b[K", stderr);
    (void)pthread_mutex_destroy(&progress->lock);
    free(progress);
}

/* One character of a quoted value: what is not well-formed or could steer a terminal is
 * written as the numbers of its bytes. Returns how many bytes it took. */
static size_t log_character(struct buf *line, const uint8_t *at, size_t left)
{
    uint32_t point;
    size_t size = utf8_size(&point, at, left);
    if (size == 1 && (*at == '"' || *at == '\\')) {
        buf_format(line, "\\%c", *at);
    } else if (size == 0 || text_is_control(point)) {
        size = size ? size : 1;
        for (size_t i = 0; i < size; i++)
            buf_format(line, "\\x%02x", at[i]);
    } else {
        buf_add(line, bytes_of(at, size));
    }
    return size;
}

static void log_value(struct buf *line, const char *value)
{
    size_t left = strlen(value);
    bool plain = left > 0;
    for (const char *p = value; *p; p++)
        plain =
            plain && (unsigned char)*p > 0x20 && (unsigned char)*p < 0x7f && !strchr("\"=\\", *p);
    if (plain) {
        buf_text(line, value);
        return;
    }
    buf_u8(line, '"');
    for (const uint8_t *p = (const uint8_t *)value; left > 0;) {
        size_t size = log_character(line, p, left);
        p += size;
        left -= size;
    }
    buf_u8(line, '"');
}

void log_line(const char *event, ...)
{
    struct buf line = buf_with_max(LOG_LINE_MAX);
    char now[TIME_TEXT_SIZE];
    time_format(now, time_now());
    buf_format(&line, "time=%s event=%s", now, event);
    va_list args;
    va_start(args, event);
    for (const char *key = va_arg(args, const char *); key; key = va_arg(args, const char *)) {
        buf_format(&line, " %s=", key);
        log_value(&line, va_arg(args, const char *));
    }
    va_end(args);
    line.bad = false; /* what is too long is cut between two parts, never the line's end */
    line.max++;
    buf_u8(&line, '\n');
    (void)fwrite(line.data, 1, line.size, stderr); /* nothing sensible to do if it fails */
    buf_free(&line);
}
