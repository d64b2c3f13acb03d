/* Fuzzes the schemas of statements: the first byte is a kind, the rest its JSON. What is taken
 * builds again, and a root that is taken gives a trust or a sentence. */
#include "stmt/stmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read as a statement with a signature of nobody. */
static void read_again(enum stmt_kind kind, const struct buf *line)
{
    static const char signature[] = "\n\xe2\x80\x94 k AAAAAAAA\n";
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    struct stmt *stmt;
    struct trust *trust;
    buf_format(&note, "sanad/statement/v1 %s\n", stmt_kind_name(kind));
    buf_add(&note, buf_bytes(line));
    buf_text(&note, "\n");
    buf_text(&note, signature);
    if (stmt_read(&stmt, "fuzz", buf_bytes(&note), NULL) == 0) {
        sanad_assert(stmt_schema_check(stmt, NULL) == 0);
        sanad_assert(stmt_role(stmt) < STMT_KIND_COUNT);
        (void)stmt_time(stmt);
        if (kind == STMT_ROOT && trust_from_root(&trust, stmt, NULL) == 0)
            trust_free(trust);
        stmt_free(stmt);
    }
    buf_free(&note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    json_t *json;
    if (size < 1)
        return 0;
    enum stmt_kind kind = (enum stmt_kind)(data[0] % STMT_KIND_COUNT);
    if (json_read(&json, "fuzz", bytes_of(data + 1, size - 1), STMT_BODY_MAX, NULL) != 0)
        return 0;
    struct buf line = buf_with_max(STMT_BODY_MAX);
    int code = json_is_object(json) ? stmt_schema_json(kind, json, &err) : 0;
    sanad_assert(code == 0 || err.text[0] != 0);
    if (code == 0 && json_is_object(json) && json_canonical(&line, json, NULL) == 0)
        read_again(kind, &line);
    buf_free(&line);
    json_decref(json);
    return 0;
}
