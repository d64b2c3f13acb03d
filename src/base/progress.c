/* What goes to stderr while a verb works: a bar on a terminal, logfmt lines anywhere. */
#include "base/base.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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

static void log_value(struct buf *line, const char *value)
{
    bool plain = *value != 0;
    for (const char *p = value; *p; p++)
        plain =
            plain && (unsigned char)*p > 0x20 && (unsigned char)*p < 0x7f && !strchr("\"=\\", *p);
    if (plain) {
        buf_text(line, value);
        return;
    }
    buf_u8(line, '"');
    for (const char *p = value; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            buf_format(line, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_format(line, "\\x%02x", c);
        else
            buf_u8(line, c);
    }
    buf_u8(line, '"');
}

void log_line(const char *event, ...)
{
    struct buf line = buf_with_max(8192);
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
    buf_u8(&line, '\n');
    (void)fwrite(line.data, 1, line.size, stderr); /* nothing sensible to do if it fails */
    buf_free(&line);
}
