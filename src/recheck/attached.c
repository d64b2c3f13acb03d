/* Files that a statement names by hash or by commitment: a document, an annex and its parts. */
#include "recheck/recheck.h"

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

void recheck_attached(struct recheck *recheck, const struct stmt *stmt, const struct bytes *file)
{
    bool is_annex = stmt->kind == STMT_ANNEX;
    const char *key = is_annex ? "ciphertext_sha256" : "sha256";
    const char *size_key = is_annex ? "ciphertext_size" : "size";
    struct hash256 hash;
    char text[HEX256_SIZE];
    if (!file) {
        recheck_add(recheck, "file", key, VERDICT_UNDECIDED, "the file is not at hand (--file)");
        return;
    }
    sha256_of(&hash, *file);
    hash256_straight(text, &hash);
    if (strcmp(text, text_of(stmt->json, key)) == 0)
        recheck_add(recheck, "file", key, VERDICT_HOLDS, "%s", text);
    else
        recheck_add(recheck, "file", key, VERDICT_CONTRADICTED, "the file has %s", text);
    const json_t *size = json_object_get(stmt->json, size_key);
    bool same = json_is_integer(size) && json_integer_value(size) >= 0 &&
                (uint64_t)json_integer_value(size) == file->size;
    recheck_add(recheck, "file", size_key, same ? VERDICT_HOLDS : VERDICT_CONTRADICTED,
                "the file has %zu bytes", file->size);
}

static const struct annex_opening *opening_of(const struct recheck_opened *opened,
                                              const char *commitment)
{
    struct hash256 hash;
    for (size_t i = 0; i < opened->opening_count; i++)
        if (hash256_from_straight(&hash, commitment) &&
            hash256_equal(&hash, &opened->openings[i].commitment))
            return &opened->openings[i];
    return NULL;
}

static bool is_shown(const struct recheck_opened *opened, const struct annex_opening *opening)
{
    struct hash256 found;
    for (size_t i = 0; i < opened->plain_count; i++) {
        annex_commit(&found, opening->salt, opened->plains[i]);
        if (hash256_equal(&found, &opening->commitment))
            return true;
    }
    return false;
}

/* One commitment; whether it holds. */
static bool sealed_check(struct recheck *recheck, const char *subject, const char *commitment,
                         const struct recheck_opened *opened)
{
    const struct annex_opening *opening = opening_of(opened, commitment);
    if (!opening) {
        recheck_add(recheck, "annex", subject, VERDICT_UNDECIDED,
                    "sealed: its opening is not at hand (--opening)");
        return false;
    }
    if (opened->plain_count == 0) {
        recheck_add(recheck, "annex", subject, VERDICT_UNDECIDED,
                    "what it opens is not at hand (--plain)");
        return false;
    }
    bool shown = is_shown(opened, opening);
    recheck_add(recheck, "annex", subject, shown ? VERDICT_HOLDS : VERDICT_CONTRADICTED, "%s",
                shown ? "what was committed to" : "not what was committed to");
    return shown;
}

/* An opening of something else proves nothing here, and who gives it is mistaken or worse. */
static void strangers_check(struct recheck *recheck, const struct stmt *stmt,
                            const struct recheck_opened *opened)
{
    const json_t *items = json_object_get(stmt->json, "items");
    for (size_t o = 0; o < opened->opening_count; o++) {
        char text[HEX256_SIZE];
        hash256_straight(text, &opened->openings[o].commitment);
        bool named = strcmp(text, text_of(stmt->json, "commitment")) == 0;
        size_t i;
        json_t *item;
        json_array_foreach (items, i, item)
            named = named || strcmp(text, text_of(item, "commitment")) == 0;
        if (!named)
            recheck_add(recheck, "annex", "opening", VERDICT_CONTRADICTED,
                        "%s: no commitment of this annex", text);
    }
}

void recheck_annex(struct recheck *recheck, const struct stmt *stmt,
                   const struct recheck_opened *opened)
{
    size_t i;
    json_t *item;
    sanad_assert(stmt->kind == STMT_ANNEX);
    strangers_check(recheck, stmt, opened);
    const char *commitment = text_of(stmt->json, "commitment");
    bool asked = opening_of(opened, commitment) != NULL;
    const json_t *items = json_object_get(stmt->json, "items");
    bool whole = (asked || json_array_size(items) == 0 || opened->opening_count == 0) &&
                 sealed_check(recheck, "whole", commitment, opened);
    json_array_foreach (items, i, item) {
        char subject[96];
        /* Where the whole is open, parts are only looked at where one is opened too. */
        if (whole && !opening_of(opened, text_of(item, "commitment")))
            continue;
        (void)snprintf(subject, sizeof subject, "item %.80s", text_of(item, "label"));
        (void)sealed_check(recheck, subject, text_of(item, "commitment"), opened);
    }
}
