/* `sanad statement make root|revoke|document|annex|…`: the members of the kinds that a log lives
 * by, out of a file of members, options, and the files that they speak of. */
#include "admit/admit.h"
#include "cmd/cmd.h"
#include "stmt/stmt.h"
#include "tlog/tlog.h"

#include <stdlib.h>

enum { MEMBERS_FILE_MAX = 1 << 20, ATTACHED_FILE_MAX = 1 << 30 };

/* ---- options that are members -----------------------------------------------------------------
 */

enum value_source { FROM_TEXT, FROM_NUMBER, FROM_TEXTS, FROM_LIST };
/* What does not belong to a kind is refused by its schema. */
static const struct {
    const char *option, *key;
    enum value_source source;
} members[] = {
    {"--date", "date", FROM_TEXT},
    {"--expires", "expires", FROM_TEXT},
    {"--media-type", "media_type", FROM_TEXT},
    {"--language", "language", FROM_TEXT},
    {"--partner", "partner", FROM_TEXT},
    {"--of-kind", "kind", FROM_TEXT},
    {"--authoritative", "authoritative", FROM_TEXT},
    {"--title", "title", FROM_TEXTS},
    {"--reason", "reason", FROM_TEXTS},
    {"--recipient", "recipients", FROM_LIST},
    {"--supersedes", "supersedes", FROM_NUMBER},
    {"--translation-of", "translation_of", FROM_NUMBER},
    {"--annex-of", "annex_of", FROM_NUMBER},
    {"--corrects", "corrects", FROM_NUMBER},
    {"--effective-index", "effective_index", FROM_NUMBER},
};

/* Each value is LANGUAGE=TEXT; the first language binds where --authoritative does not say. */
static int texts_set(json_t *body, const char *option, const char *key, const char *const *values,
                     size_t count, struct err *err)
{
    json_t *texts = json_object();
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(values[i], '=');
        char language[8] = {0};
        if (!equals || (size_t)(equals - values[i]) >= sizeof language) {
            json_decref(texts);
            return err_set(err, SANAD_USAGE, "%s: %s: not LANGUAGE=TEXT", option, values[i]);
        }
        memcpy(language, values[i], (size_t)(equals - values[i]));
        json_object_set_new(texts, language, json_string(equals + 1));
        if (!json_object_get(body, "authoritative"))
            json_object_set_new(body, "authoritative", json_string(language));
    }
    json_object_set_new(body, key, texts);
    return 0;
}

static int member_set(json_t *body, size_t at, const struct cmd_args *args, struct err *err)
{
    size_t count;
    uint64_t number;
    const char *option = members[at].option;
    const char *const *values = cmd_values(args, option, &count);
    int code = 0;
    if (!cmd_value(args, option))
        return 0;
    switch (members[at].source) {
    case FROM_TEXT:
        json_object_set_new(body, members[at].key, json_string(cmd_value(args, option)));
        break;
    case FROM_TEXTS:
        return texts_set(body, option, members[at].key, values, count, err);
    case FROM_LIST:
        json_object_set_new(body, members[at].key, json_array());
        for (size_t i = 0; i < count; i++)
            json_array_append_new(json_object_get(body, members[at].key), json_string(values[i]));
        break;
    case FROM_NUMBER:
        code = cmd_number(&number, args, option, INT64_MAX, 0, err);
        if (code == 0)
            json_object_set_new(body, members[at].key, json_integer((json_int_t)number));
        break;
    }
    return code;
}

static int members_set(json_t **ret_body, const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--members");
    json_t *body = NULL;
    int code = path ? json_read_file(&body, path, MEMBERS_FILE_MAX, err) : 0;
    if (code)
        return code;
    if (!path)
        body = json_object();
    if (!json_is_object(body))
        code = err_set(err, SANAD_REFUSED, "%s: not an object of members", path);
    for (size_t i = 0; code == 0 && i < countof(members); i++)
        code = member_set(body, i, args, err);
    if (code)
        json_decref(body);
    else
        *ret_body = body;
    return code;
}

/* ---- files that statements speak of -----------------------------------------------------------
 */

static int document_set(json_t *body, const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--file");
    struct buf file;
    struct hash256 hash;
    int code = path ? file_read(&file, path, ATTACHED_FILE_MAX, err) : 0;
    if (code || !path)
        return code;
    sha256_of(&hash, buf_bytes(&file));
    json_object_set_new(body, "sha256", json_hash_straight(&hash));
    json_object_set_new(body, "size", json_integer((json_int_t)file.size));
    buf_free(&file);
    return 0;
}

/* The note becomes a list of its lines; what it says stands beside it. */
static void checkpoint_members(json_t *body, struct bytes raw,
                               const struct tlog_checkpoint *checkpoint)
{
    json_t *lines = json_array();
    const char *at = (const char *)raw.data;
    for (const char *end = at + raw.size; at < end;) {
        size_t size = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at);
        json_array_append_new(lines, json_stringn(at, size));
        at += size + 1;
    }
    json_object_set_new(body, "checkpoint", lines);
    json_object_set_new(body, "origin", json_string(checkpoint->origin));
    json_object_set_new(body, "size", json_integer((json_int_t)checkpoint->size));
    json_object_set_new(body, "root_hash", json_hash_straight(&checkpoint->root));
}

static int checkpoint_set(json_t *body, const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--checkpoint");
    struct buf file;
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct arena arena = {0};
    int code = path ? file_read(&file, path, TLOG_CHECKPOINT_MAX, err) : 0;
    if (code || !path)
        return code;
    code = note_parse(&note, path, buf_bytes(&file), &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, path, note.text, err);
    if (code == 0)
        checkpoint_members(body, buf_bytes(&file), &checkpoint);
    arena_free(&arena);
    buf_free(&file);
    return code;
}

/* ---- a partner's log, read ----------------------------------------------------------------------
 */

static int cosigned_check(const struct cmd_partner *partner, const char *path, struct err *err)
{
    struct tlog_policy *policy;
    struct tlog_policy_check check;
    if (!path)
        return 0;
    int code = cmd_policy_read(&policy, path, err);
    if (code)
        return code;
    code = tlog_policy_verify(&check, policy, &partner->log.note, &partner->log.checkpoint, err);
    tlog_policy_free(policy);
    return code ? err_wrap(err, "%.200s", partner->log.where) : 0;
}

/* The newest checkpoint continues the one that our log has recorded last. */
static int onward_check(const struct cmd_partner *partner, const struct cmd_places *places,
                        const struct cmd_args *args, struct err *err)
{
    const struct admit_partner *known = partner->known;
    const char *folder = cmd_value(args, "--fraud");
    const struct cmd_recorded recorded = {.entry = known->tree_entry, .tree = known->tree};
    if (!known->has_tree)
        return 0;
    return cmd_partner_continues(partner, &recorded, &places->log, folder ? folder : ".", err);
}

/* --from: nothing is typed but the day. */
static int partner_set(json_t *body, const struct cmd_places *places, const struct cmd_args *args,
                       struct err *err)
{
    struct cmd_partner partner;
    const char *named = json_string_value(json_object_get(body, "partner"));
    if (cmd_value(args, "--checkpoint"))
        return err_set(err, SANAD_USAGE, "--checkpoint: --from says it already");
    if (!places->admit)
        return err_set(err, SANAD_USAGE, "--from needs --dir: our log says whose it must be");
    int code = cmd_partner_open(&partner, cmd_value(args, "--from"), places->admit, err);
    if (code)
        return code;
    if (named && strcmp(named, partner.known->authority) != 0)
        code = err_set(err, SANAD_REFUSED, "--partner: the log %.200s is that of %.100s",
                       partner.known->origin, partner.known->authority);
    if (code == 0)
        code = cosigned_check(&partner, cmd_value(args, "--policy"), err);
    if (code == 0)
        code = onward_check(&partner, places, args, err);
    if (code == 0) {
        json_object_set_new(body, "partner", json_string(partner.known->authority));
        checkpoint_members(body, buf_bytes(&partner.log.note_raw), &partner.log.checkpoint);
    }
    cmd_partner_close(&partner);
    return code;
}

/* A vkey says both the name and the id of a key. */
static int revoked_set(json_t *body, const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--revoked-key");
    struct note_key key;
    char id[9];
    if (!text)
        return 0;
    if (note_vkey_parse(&key, text, err) != 0)
        return err_wrap(err, "--revoked-key");
    hex_encode(id, bytes_of(key.id, sizeof key.id));
    json_object_set_new(body, "key", json_string(key.name));
    json_object_set_new(body, "key_id", json_string(id));
    return 0;
}

/* ---- annexes ------------------------------------------------------------------------------------
 */

static int cipher_set(json_t *body, const char *path, struct err *err)
{
    struct buf file;
    struct hash256 hash;
    int code = file_read(&file, path, ATTACHED_FILE_MAX, err);
    if (code)
        return code;
    if (!annex_is_age(buf_bytes(&file)))
        code = err_set(err, SANAD_REFUSED, "%s: not an age file", path);
    sha256_of(&hash, buf_bytes(&file));
    json_object_set_new(body, "ciphertext_sha256", json_hash_straight(&hash));
    json_object_set_new(body, "ciphertext_size", json_integer((json_int_t)file.size));
    buf_free(&file);
    return code;
}

/* A fresh salt; the opening goes into its own file, which is never overwritten. */
static int commit_file(struct annex_opening *ret_opening, const char *path, const char *label,
                       const char *folder, const char *name, struct err *err)
{
    struct annex_opening opening = {0};
    char opening_path[PATH_SIZE];
    struct buf plain;
    struct buf text = buf_with_max(65536);
    int code = path_join(opening_path, folder, name, err);
    if (code)
        return code;
    if (file_exists(opening_path))
        return err_set(err, SANAD_REFUSED, "%s: exists", opening_path);
    code = file_read(&plain, path, ATTACHED_FILE_MAX, err);
    if (code)
        return code;
    random_bytes(opening.salt, sizeof opening.salt);
    annex_commit(&opening.commitment, opening.salt, buf_bytes(&plain));
    (void)snprintf(opening.label, sizeof opening.label, "%s", label);
    annex_opening_write(&text, &opening);
    code = file_write_private(opening_path, buf_bytes(&text), err);
    secret_wipe(text.data, text.size);
    buf_free(&text);
    buf_free(&plain);
    if (code == 0)
        *ret_opening = opening;
    secret_wipe(opening.salt, sizeof opening.salt);
    return code;
}

static int items_set(json_t *body, const struct cmd_args *args, const char *folder, struct err *err)
{
    size_t count;
    const char *const *paths = cmd_values(args, "--item", &count);
    json_t *items = json_array();
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        struct annex_opening opening;
        char name[32];
        const char *slash = strrchr(paths[i], '/');
        const char *label = slash ? slash + 1 : paths[i];
        (void)snprintf(name, sizeof name, "item-%zu.json", i + 1);
        if (strlen(label) > ANNEX_LABEL_MAX || !text_is_clean(label))
            code = err_set(err, SANAD_REFUSED, "--item: %s: not a label", label);
        if (code == 0)
            code = commit_file(&opening, paths[i], label, folder, name, err);
        if (code == 0)
            json_array_append_new(items, json_pack("{s:s, s:o}", "label", label, "commitment",
                                                   json_hash_straight(&opening.commitment)));
    }
    if (count > 0)
        json_object_set(body, "items", items);
    json_decref(items);
    return code;
}

static int annex_set(json_t *body, const struct cmd_args *args, struct err *err)
{
    const char *cipher;
    const char *plain;
    const char *folder;
    struct annex_opening whole;
    int code = cmd_required(&cipher, args, "--cipher", err);
    if (code == 0)
        code = cmd_required(&plain, args, "--plain", err);
    if (code == 0)
        code = cmd_required(&folder, args, "--openings", err);
    if (code == 0)
        code = cipher_set(body, cipher, err);
    if (code == 0)
        code = folder_make(folder, err);
    if (code == 0)
        code = commit_file(&whole, plain, "", folder, "whole.json", err);
    if (code)
        return code;
    json_object_set_new(body, "commitment", json_hash_straight(&whole.commitment));
    return items_set(body, args, folder, err);
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

int cmd_statement_log(json_t **ret_body, enum stmt_kind kind, const struct cmd_places *places,
                      const struct cmd_args *args, struct err *err)
{
    json_t *body;
    int code = members_set(&body, args, err);
    if (code)
        return code;
    if (kind == STMT_DOCUMENT)
        code = document_set(body, args, err);
    if (kind == STMT_PARTNER_CHECKPOINT)
        code = cmd_value(args, "--from") ? partner_set(body, places, args, err)
                                         : checkpoint_set(body, args, err);
    if (kind == STMT_REVOKE)
        code = revoked_set(body, args, err);
    if (kind == STMT_ANNEX)
        code = annex_set(body, args, err);
    if (kind == STMT_ANCHOR)
        code = cmd_anchor_members(body, args, err);
    if (code)
        json_decref(body);
    else
        *ret_body = body;
    return code;
}
