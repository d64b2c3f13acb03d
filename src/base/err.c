/* Errors of the world, assertions of our own mistakes, and memory that cannot fail softly. */
#include "base/base_priv.h"

#include <stdarg.h>
#include <stdlib.h>

/* The functions themselves, under the macros that speak for their results. */
#undef err_set
#undef err_wrap

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the loads of base.h need it");

int err_set(struct err *err, enum sanad_error code, const char *format, ...)
{
    sanad_assert((int)code != 0);
    if (!err)
        return code;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args); /* cut is fine */
    va_end(args);
    text_defuse(err->text);
    err->code = code;
    return code;
}

int err_wrap(struct err *err, const char *format, ...)
{
    if (!err)
        return SANAD_REFUSED;
    sanad_assert(err->code != 0);
    char object[ERR_TEXT_SIZE];
    char inner[ERR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(object, sizeof object, format, args);
    va_end(args);
    memcpy(inner, err->text, sizeof inner);
    /* 256 of the object leave room for the rule; both are cut, never overrun. */
    (void)snprintf(err->text, sizeof err->text, "%.255s: %.254s", object, inner);
    text_defuse(err->text);
    return err->code;
}

int err_exit_code(int code)
{
    switch (code) {
#define X(name, value, exit_code)                                                                  \
    case value:                                                                                    \
        return exit_code;
        SANAD_ERRORS(X) /* NOLINT(bugprone-branch-clone): several codes share an exit code */
#undef X
    default:
        return code == 0 ? 0 : 4;
    }
}

_Noreturn void sanad_assert_fail(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "sanad: own mistake: %s:%d: %s\n", file, line, condition);
    abort();
}

static _Noreturn void mem_exhausted(size_t size)
{
    (void)fprintf(stderr, "sanad: memory: %zu bytes could not be had\n", size);
    exit(4);
}

void *mem_alloc(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        mem_exhausted(size);
    return memory;
}

void *mem_zalloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        mem_exhausted(count);
    return memory;
}

void *mem_realloc(void *old, size_t count, size_t size)
{
    void *memory = reallocarray(old, count ? count : 1, size ? size : 1);
    if (!memory)
        mem_exhausted(count);
    return memory;
}

char *mem_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(size), text, size);
}
