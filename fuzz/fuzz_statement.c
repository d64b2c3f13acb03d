/* Fuzzes the reader of statements: what is taken must build again to the same bytes. */
#include "stmt/stmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stmt *stmt;
    if (stmt_read(&stmt, "fuzz", bytes_of(data, size), NULL) == 0) {
        struct buf line = buf_with_max(STMT_BODY_MAX);
        sanad_assert(json_canonical(&line, stmt->json, NULL) == 0);
        sanad_assert(line.size < stmt->note.text.size);
        buf_free(&line);
        stmt_free(stmt);
    }
    return 0;
}
