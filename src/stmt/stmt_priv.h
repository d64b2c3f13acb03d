/* What the parts of stmt share: how the members of a kind are described. */
#ifndef SANAD_STMT_PRIV_H
#define SANAD_STMT_PRIV_H

#include "stmt/stmt.h"

/* What a value may be. */
enum schema_value {
    SCHEMA_INTEGER,  /* of min to max */
    SCHEMA_FLAG,     /* true or false */
    SCHEMA_TEXT,     /* clean, of min to max bytes */
    SCHEMA_WORD,     /* one of `words` */
    SCHEMA_NAME,     /* 1 to 64 of a-z, 0-9, '-', '.' */
    SCHEMA_HASH,     /* 64 lower-case hexadecimal digits */
    SCHEMA_DATE,     /* 2025-07-16 */
    SCHEMA_TIME,     /* 2025-07-16T00:00:00Z */
    SCHEMA_LANGUAGE, /* "en", "pt-BR" */
    SCHEMA_MEDIA,    /* "application/pdf" */
    SCHEMA_ORIGIN,   /* of a log, or the name of a key */
    SCHEMA_VKEY,     /* a verifier key of type 0x01 */
    SCHEMA_KEY_ID,   /* 8 lower-case hexadecimal digits */
    SCHEMA_KIND,     /* a kind of statement */
    SCHEMA_BASE64,   /* of min to max characters */
    SCHEMA_TEXTS,    /* an object of clean texts by language: en, es, ur; at least one */
    SCHEMA_OBJECT,   /* of the members that `of` lists */
    SCHEMA_LIST,     /* min to max items, each as `of` says */
    SCHEMA_MAP,      /* an object of min to max members of any name, each as `of` says */
    SCHEMA_VALUE_COUNT
};
struct schema_member {
    const char *name; /* NULL ends a list of members */
    enum schema_value value;
    bool optional;
    int64_t min, max;
    const struct schema_member *of;
    const char *const *words; /* NULL-ended */
};
/* Whether an object has these members, and only these. `path` is where it stands, empty for the
 * whole statement. REFUSED: "\"path.member\": rule". */
int schema_object(const struct schema_member *members, const json_t *json, const char *path,
                  struct err *err);

#endif
