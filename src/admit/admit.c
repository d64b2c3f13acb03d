/* The state of a log as far as admission goes, and the rules in their order. */
#include "admit/admit_priv.h"

#include <stdlib.h>

const char *admit_rule_name(enum admit_rule rule)
{
    static const char *const names[] = {
#define X(name, text) [ADMIT_##name] = (text),
        ADMIT_RULES(X)
#undef X
    };
    sanad_assert(rule < ADMIT_RULE_COUNT);
    return names[rule];
}

struct admit *admit_new(const struct admit_options *options)
{
    sanad_assert(options->origin && strlen(options->origin) <= TLOG_ORIGIN_MAX);
    struct admit *admit = mem_zalloc(1, sizeof *admit);
    admit->origin = mem_strdup(options->origin);
    admit->authority = options->authority ? mem_strdup(options->authority) : NULL;
    admit->admitted_before = options->admitted_before;
    if (options->root_sha256) {
        admit->has_pin = true;
        admit->pin = *options->root_sha256;
    }
    for (size_t i = 0; i < STMT_KIND_COUNT; i++)
        admit->last[i] = -1;
    return admit;
}

void admit_free(struct admit *admit)
{
    if (!admit)
        return;
    for (size_t i = 0; i < admit->root_count; i++)
        trust_free(admit->roots[i].trust);
    partners_free(admit);
    seen_free(&admit->seen);
    for (size_t i = 0; i < admit->effect_count; i++)
        buf_free(&admit->effects[i].entry);
    free(admit->effects);
    free(admit->roots);
    free(admit->revocations);
    free(admit->kinds);
    free(admit->authority);
    free(admit->origin);
    free(admit);
}

int admit_text_hash(struct hash256 *ret_hash, const char *object, struct bytes note,
                    struct err *err)
{
    struct arena arena = {0};
    struct note parsed;
    int code = note_parse(&parsed, object, note, &arena, err);
    if (code == 0)
        sha256_of(ret_hash, parsed.text);
    arena_free(&arena);
    return code;
}

int64_t judged_integer(const struct judged *judged, const char *key)
{
    return json_integer_value(json_object_get(judged->stmt->json, key));
}

const char *judged_text(const struct judged *judged, const char *key)
{
    const char *text = json_string_value(json_object_get(judged->stmt->json, key));
    return text ? text : "";
}

/* ---- rules that need little ------------------------------------------------------------------ */

/* A line that stands twice says nothing more, and makes other bytes of the same statement. */
static int lines_differ(const struct note *note, struct err *err)
{
    for (size_t i = 0; i < note->signature_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(note->signatures[i].name, note->signatures[j].name) == 0 &&
                memcmp(note->signatures[i].id, note->signatures[j].id, 4) == 0)
                return err_set(err, SANAD_REFUSED, "%s: signs twice", note->signatures[i].name);
    return 0;
}

static int form_step(struct judged *judged, struct err *err)
{
    if (judged->entry.size > TLOG_ENTRY_MAX)
        return err_set(err, SANAD_REFUSED, "over %d bytes", TLOG_ENTRY_MAX);
    int code = stmt_read(&judged->stmt, "statement", judged->entry, err);
    if (code)
        return code;
    sha256_of(&judged->text_hash, judged->stmt->note.text);
    return lines_differ(&judged->stmt->note, err);
}

static int schema_step(struct judged *judged, struct err *err)
{
    return stmt_schema_check(judged->stmt, err);
}

static int origin_step(struct judged *judged, struct err *err)
{
    const struct admit *admit = judged->admit;
    const char *log = judged_text(judged, "log");
    const char *authority = judged_text(judged, "authority");
    if (judged->stmt->kind == STMT_ROOT)
        judged->foreign = partner_named(admit, log, authority);
    if (judged->foreign)
        return 0;
    if (strcmp(log, admit->origin) != 0)
        return err_set(err, SANAD_REFUSED, "%s: meant for the log %.200s",
                       stmt_kind_name(judged->stmt->kind), log);
    if (admit->authority && strcmp(authority, admit->authority) != 0)
        return err_set(err, SANAD_REFUSED, "%s: %.100s speaks, and this is the log of %.100s",
                       stmt_kind_name(judged->stmt->kind), authority, admit->authority);
    return 0;
}

static int twice_step(struct judged *judged, struct err *err)
{
    if (!seen_has(&judged->admit->seen, &judged->text_hash))
        return 0;
    return err_set(err, SANAD_REFUSED, "%s: this statement stands in the log already",
                   stmt_kind_name(judged->stmt->kind));
}

static int sequence_step(struct judged *judged, struct err *err)
{
    const struct admit *admit = judged->admit;
    enum stmt_kind kind = judged->stmt->kind;
    int64_t seq = judged_integer(judged, "seq");
    int64_t prev = judged_integer(judged, "prev");
    if (judged->foreign || ((uint64_t)seq == admit->next_seq[kind] && prev == admit->last[kind]))
        return 0;
    return err_set(err, SANAD_REFUSED, "%s: seq %lld and prev %lld where %llu and %lld are next",
                   stmt_kind_name(kind), (long long)seq, (long long)prev,
                   (unsigned long long)admit->next_seq[kind], (long long)admit->last[kind]);
}

/* ---- references --------------------------------------------------------------------------------
 */

bool admit_kind(enum stmt_kind *ret_kind, const struct admit *admit, uint64_t index)
{
    if (index >= admit->size || admit->kinds[index] == KIND_NONE)
        return false;
    *ret_kind = (enum stmt_kind)admit->kinds[index];
    return true;
}

/* That a member, where it stands, names an entry of a kind; STMT_KIND_COUNT: of any. */
static int names_entry(const struct judged *judged, const char *key, enum stmt_kind wanted,
                       struct err *err)
{
    enum stmt_kind kind;
    const char *own = stmt_kind_name(judged->stmt->kind);
    if (!json_object_get(judged->stmt->json, key))
        return 0;
    int64_t index = judged_integer(judged, key);
    if (!admit_kind(&kind, judged->admit, (uint64_t)index))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": no statement stands at %lld", own, key,
                       (long long)index);
    if (wanted != STMT_KIND_COUNT && kind != wanted)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": at %lld stands a %s", own, key,
                       (long long)index, stmt_kind_name(kind));
    return 0;
}

/* What has its place in this log already lies below the entry that speaks of it. */
static int lies_below(const struct judged *judged, const char *key, struct err *err)
{
    if ((uint64_t)judged_integer(judged, key) <= judged->index)
        return 0;
    return err_set(err, SANAD_REFUSED, "%s: \"%s\": %lld lies ahead",
                   stmt_kind_name(judged->stmt->kind), key, (long long)judged_integer(judged, key));
}

static int reference_step(struct judged *judged, struct err *err)
{
    enum stmt_kind kind = judged->stmt->kind;
    int code = 0;
    if (kind == STMT_DOCUMENT || kind == STMT_AGREEMENT)
        code = names_entry(judged, "supersedes", kind, err);
    if (code == 0 && kind == STMT_DOCUMENT)
        code = names_entry(judged, "translation_of", kind, err);
    if (kind == STMT_ANNEX)
        code = names_entry(judged, "annex_of", STMT_KIND_COUNT, err);
    if (kind == STMT_CORRECTION)
        code = names_entry(judged, "corrects", stmt_role(judged->stmt), err);
    if (kind == STMT_REVOKE)
        code = lies_below(judged, "effective_index", err);
    if (kind == STMT_ANCHOR)
        code = lies_below(judged, "size", err);
    return code;
}

/* ---- the rules in their order ------------------------------------------------------------------
 */

static const struct {
    enum admit_rule rule;
    admit_step *step;
    bool ends; /* what breaks it is not looked at any further */
} steps[ADMIT_RULE_COUNT] = {
    {ADMIT_FORM, form_step, true},          {ADMIT_SCHEMA, schema_step, true},
    {ADMIT_ORIGIN, origin_step, true},      {ADMIT_TWICE, twice_step, true},
    {ADMIT_SEQUENCE, sequence_step, false}, {ADMIT_REFERENCE, reference_step, false},
    {ADMIT_ROOT, root_step, false},         {ADMIT_SIGNATURES, signatures_step, false},
    {ADMIT_REVOKE, revoke_step, false},     {ADMIT_PARTNER, partner_step, false},
};

static void judged_free(struct judged *judged)
{
    trust_free(judged->trust);
    stmt_free(judged->stmt);
}

/* The first rule that is broken. */
static int judge(struct judged *judged, struct err *err)
{
    for (size_t i = 0; i < countof(steps); i++) {
        struct err own = {0};
        if (steps[i].step(judged, &own) != 0)
            return err_set(err, SANAD_REFUSED, "entry %llu: %s", (unsigned long long)judged->index,
                           own.text);
    }
    return 0;
}

/* ---- an entry takes its place ------------------------------------------------------------------
 */

static void kind_add(struct admit *admit, uint8_t kind)
{
    if (admit->size == admit->kind_capacity) {
        admit->kind_capacity = admit->kind_capacity ? admit->kind_capacity * 2 : 1024;
        admit->kinds = mem_realloc(admit->kinds, admit->kind_capacity, 1);
    }
    admit->kinds[admit->size++] = kind;
}

/* The next of its kind is the one behind it; a gap is told once. */
static void place_take(struct admit *admit, const struct judged *judged)
{
    enum stmt_kind kind = judged->stmt->kind;
    uint64_t next = (uint64_t)judged_integer(judged, "seq") + 1;
    seen_add(&admit->seen, &judged->text_hash);
    if (judged->foreign)
        return;
    admit->next_seq[kind] = next > admit->next_seq[kind] ? next : admit->next_seq[kind];
    admit->last[kind] = (int64_t)judged->index;
}

static void effect_keep(struct admit *admit, const struct judged *judged)
{
    struct effect effect = {.index = judged->index,
                            .is_checkpoint = judged->stmt->kind == STMT_PARTNER_CHECKPOINT,
                            .entry = buf_with_max(judged->entry.size)};
    buf_add(&effect.entry, judged->entry);
    admit->effects = mem_realloc(admit->effects, admit->effect_count + 1, sizeof effect);
    admit->effects[admit->effect_count++] = effect;
}

/* False: it decides nothing about other entries. */
static bool effect_take(struct admit *admit, struct judged *judged)
{
    enum stmt_kind kind = judged->stmt->kind;
    if (judged->foreign || kind == STMT_PARTNER_CHECKPOINT)
        partner_take(admit, judged);
    else if (kind == STMT_ROOT)
        root_take(admit, judged);
    else if (kind == STMT_REVOKE)
        revoke_take(admit, judged);
    else
        return false;
    effect_keep(admit, judged);
    return true;
}

static bool needs_all_entries(enum admit_rule rule)
{
    return rule == ADMIT_TWICE || rule == ADMIT_SEQUENCE || rule == ADMIT_REFERENCE;
}

int effect_restore(struct admit *admit, uint64_t index, struct bytes entry, struct err *err)
{
    struct judged judged = {.admit = admit, .index = index, .entry = entry};
    int code = 0;
    for (size_t i = 0; code == 0 && i < countof(steps); i++)
        if (!needs_all_entries(steps[i].rule))
            code = steps[i].step(&judged, err);
    if (code == 0 && !effect_take(admit, &judged))
        code = err_set(err, SANAD_REFUSED, "%s: decides nothing about other entries",
                       stmt_kind_name(judged.stmt->kind));
    judged_free(&judged);
    return code;
}

/* `admitted`: it keeps every rule but that of sequence. */
static void take(struct admit *admit, struct judged *judged, bool placed, bool admitted)
{
    bool own = admitted && !judged->foreign;
    if (placed)
        place_take(admit, judged);
    if (admitted)
        (void)effect_take(admit, judged); /* most decide nothing */
    kind_add(admit, own ? (uint8_t)judged->stmt->kind : (uint8_t)KIND_NONE);
}

int admit_entry(struct admit *admit, uint64_t index, struct bytes entry, struct err *err)
{
    sanad_assert(index == admit->size);
    struct judged judged = {.admit = admit, .index = index, .entry = entry};
    int code = judge(&judged, err);
    if (code == 0)
        take(admit, &judged, true, true);
    judged_free(&judged);
    return code;
}

int admit_visit(void *admit, uint64_t index, struct bytes entry, struct err *err)
{
    return admit_entry(admit, index, entry, err);
}

void admit_replay(struct admit *admit, uint64_t index, struct bytes entry, admit_report *report,
                  void *context)
{
    sanad_assert(index == admit->size);
    struct judged judged = {.admit = admit, .index = index, .entry = entry};
    bool placed = true;
    bool admitted = true;
    for (size_t i = 0; i < countof(steps) && placed; i++) {
        struct err own = {0};
        struct err whole = {0};
        if (steps[i].step(&judged, &own) == 0)
            continue;
        (void)err_set(&whole, SANAD_REFUSED, "entry %llu: %s", (unsigned long long)index, own.text);
        report(context,
               &(struct admit_finding){.index = index, .rule = steps[i].rule, .text = whole.text});
        placed = !steps[i].ends;
        admitted = admitted && steps[i].rule == ADMIT_SEQUENCE;
    }
    take(admit, &judged, placed, admitted);
    judged_free(&judged);
}

/* ---- what is known ------------------------------------------------------------------------- */

uint64_t admit_size(const struct admit *admit)
{
    return admit->size;
}

int admit_next(struct stmt_place *ret_place, const struct admit *admit, enum stmt_kind kind,
               struct err *err)
{
    sanad_assert(kind < STMT_KIND_COUNT);
    if (!admit->authority)
        return err_set(err, SANAD_REFUSED, "%s: no root says yet whose log it is", admit->origin);
    *ret_place = (struct stmt_place){.authority = admit->authority,
                                     .log = admit->origin,
                                     .seq = admit->next_seq[kind],
                                     .prev = admit->last[kind]};
    return 0;
}

uint64_t admit_root_version(const struct admit *admit, uint64_t index)
{
    const struct admit_root *root = root_at(admit, index);
    return root ? root->version : 0;
}
