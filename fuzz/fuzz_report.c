/* Feeds bodies of criteria-reports to the checks. Whatever comes: every check has one of three
 * verdicts, the worst is that of the whole, and a report whose files nobody has is never held
 * to be true for them. */
#include "recheck/recheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    json_t *json;
    if (json_read(&json, "input", bytes_of(data, size), STMT_BODY_MAX, &err) != 0)
        return 0;
    struct stmt stmt = {.kind = STMT_CRITERIA_REPORT, .json = json};
    struct recheck recheck = {0};
    recheck_arithmetic(&recheck, &stmt);
    recheck_files(&recheck, &stmt, "/nowhere");
    enum verdict worst = VERDICT_HOLDS;
    for (size_t i = 0; i < recheck.count; i++) {
        const struct check *check = &recheck.checks[i];
        sanad_assert(check->verdict <= VERDICT_CONTRADICTED);
        sanad_assert(strcmp(check->name, "files") != 0 || check->verdict != VERDICT_HOLDS);
        worst = check->verdict > worst ? check->verdict : worst;
    }
    sanad_assert(recheck.count == RECHECK_MAX || worst == recheck.verdict);
    json_decref(json);
    return 0;
}
