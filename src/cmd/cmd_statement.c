/* `sanad statement make|sign|show`: builds what is signed, adds signatures, prints. */
#include "cmd/cmd.h"
#include "stmt/stmt.h"

#include <stdlib.h>

/* ---- bodies, one a kind --------------------------------------------------------------- */

static int salt_read(struct buf *ret_salt, const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--salt-file");
    if (!path)
        return err_set(err, SANAD_USAGE, "--salt-file is needed: the book has restricted wallets");
    return file_read(ret_salt, path, 4096, err);
}

static bool has_restricted(const struct book *book)
{
    for (size_t i = 0; i < book->wallet_count; i++)
        if (book->wallets[i].visibility != VISIBILITY_PUBLIC)
            return true;
    return false;
}

static int public_write(const char *path, const json_t *json, struct err *err)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
    sanad_assert(text);
    int code = file_write(path, bytes_of_text(text), err);
    free(text);
    return code;
}

int cmd_public_book(struct hash256 *ret_hash, bool *ret_given, const struct book *book,
                    const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--public-book");
    struct buf salt = {0};
    struct buf text = buf_with_max(BOOK_SIZE_MAX);
    json_t *json = NULL;
    *ret_given = has_restricted(book);
    if (!*ret_given)
        return path ? public_write(path, book->json, err) : 0;
    int code = salt_read(&salt, args, err);
    if (code == 0)
        code = book_public_json(&json, book, buf_bytes(&salt), err);
    if (code == 0)
        code = json_canonical(&text, json, err);
    if (code == 0)
        sha256_of(ret_hash, buf_bytes(&text));
    if (code == 0 && path)
        code = public_write(path, json, err);
    if (salt.data)
        secret_wipe(salt.data, salt.size);
    buf_free(&salt);
    buf_free(&text);
    json_decref(json);
    return code;
}

static int make_position(json_t **ret_body, const struct cmd_args *args, struct err *err)
{
    struct cmd_holding held = {0};
    struct hash256 hash;
    bool restricted = false;
    int code = cmd_holding_open(&held, args, err);
    if (code == 0)
        code = cmd_public_book(&hash, &restricted, held.context.book, args, err);
    if (code == 0)
        *ret_body = position_statement(&held.position, restricted ? &hash : NULL);
    cmd_holding_close(&held);
    return code;
}

static int make_book(json_t **ret_body, const struct cmd_args *args, struct err *err)
{
    const struct chain_params *params;
    size_t count;
    struct book *book = NULL;
    struct hash256 hash;
    char text[HEX256_SIZE];
    bool restricted = false;
    const char *const *paths = cmd_values(args, "--book", &count);
    int code = count == 1 ? cmd_chain(&params, args, err)
                          : err_set(err, SANAD_USAGE, "statement make address-book: one --book");
    if (code == 0)
        code = book_read_file(&book, paths[0], params, err);
    if (code == 0)
        code = cmd_public_book(&hash, &restricted, book, args, err);
    if (code == 0) {
        json_t *json = json_object();
        hash256_straight(text, &book->sha256);
        json_object_set_new(json, "chain", json_string(params->name));
        json_object_set_new(json, "nation", json_string(book->nation));
        json_object_set_new(json, "simulated", json_boolean(book->simulated));
        json_object_set_new(json, "book_sha256", json_string(text));
        json_object_set_new(json, "entity_count", json_integer((json_int_t)book->entity_count));
        json_object_set_new(json, "wallet_count", json_integer((json_int_t)book->wallet_count));
        hash256_straight(text, &hash);
        if (restricted)
            json_object_set_new(json, "public_book_sha256", json_string(text));
        *ret_body = json;
    }
    book_free(book);
    return code;
}

static int make_claim(json_t **ret_body, const struct cmd_args *args, struct err *err)
{
    const char *path;
    const char *id;
    struct claims claims;
    int code = cmd_required(&path, args, "--claims", err);
    if (code == 0)
        code = cmd_required(&id, args, "--id", err);
    if (code == 0)
        code = claims_read_file(&claims, path, err);
    if (code)
        return code;
    const struct claim *claim = NULL;
    for (size_t i = 0; i < claims.count; i++)
        claim = strcmp(claims.list[i].id, id) == 0 ? &claims.list[i] : claim;
    if (!claim)
        code = err_set(err, SANAD_REFUSED, "%s: no claim \"%s\"", path, id);
    else
        *ret_body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", claim->id,
                              "nation", claim->nation, "publisher", claim->publisher, "date",
                              claim->date, "quantity", claim->quantity, "printed", claim->printed,
                              "unit", claim->unit, "source", claim->source, "note", claim->note);
    claims_free(&claims);
    return code;
}

/* A member from an option, checked; left out where the option is. */
static int member_from(json_t *json, const struct cmd_args *args, const char *option,
                       const char *key, bool (*check)(const char *text), struct err *err)
{
    const char *text = cmd_value(args, option);
    if (!text)
        return 0;
    if (!check(text))
        return err_set(err, SANAD_USAGE, "%s: %s: not of its form", option, text);
    json_object_set_new(json, key, json_string(text));
    return 0;
}

static bool is_txid(const char *text)
{
    struct hash256 hash;
    return hash256_from_display(&hash, text);
}

static bool is_day(const char *text)
{
    int64_t time;
    return date_parse(&time, text, NULL) == 0;
}

static bool is_meaning(const char *text)
{
    for (size_t i = 0; i < FLOW_MEANING_COUNT; i++)
        if (strcmp(flow_meaning_name((enum flow_meaning)i), text) == 0)
            return true;
    return false;
}

static int make_declaration(json_t **ret_body, const struct cmd_args *args, struct err *err)
{
    static const struct {
        const char *option, *key;
        bool (*check)(const char *text);
        bool needed;
    } members[] = {{"--nation", "nation", text_is_clean, true},
                   {"--txid", "txid", is_txid, true},
                   {"--meaning", "meaning", is_meaning, true},
                   {"--document-sha256", "document_sha256", is_txid, true},
                   {"--trade-date", "trade_date", is_day, false},
                   {"--settlement-date", "settlement_date", is_day, false},
                   {"--note", "note", text_is_clean, false}};
    json_t *json = json_object();
    int code = 0;
    for (size_t i = 0; i < countof(members) && code == 0; i++) {
        const char *given;
        if (members[i].needed)
            code = cmd_required(&given, args, members[i].option, err);
        if (code == 0)
            code =
                member_from(json, args, members[i].option, members[i].key, members[i].check, err);
    }
    json_object_set_new(json, "simulated", json_boolean(cmd_flag(args, "--simulated")));
    if (code)
        json_decref(json);
    else
        *ret_body = json;
    return code;
}

/* ---- make, sign, show ----------------------------------------------------------------- */

static int body_make(json_t **ret_body, enum stmt_kind kind, const struct cmd_places *places,
                     const struct cmd_args *args, struct err *err)
{
    static int (*const makers[STMT_KIND_COUNT])(json_t **, const struct cmd_args *,
                                                struct err *) = {
        [STMT_ADDRESS_BOOK] = make_book,
        [STMT_CLAIM] = make_claim,
        [STMT_RESERVE_POSITION] = make_position,
        [STMT_FLOW_DECLARATION] = make_declaration,
    };
    return makers[kind] ? makers[kind](ret_body, args, err)
                        : cmd_statement_log(ret_body, kind, places, args, err);
}

int cmd_sign(struct buf *note, const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *paths = cmd_values(args, "--key", &count);
    struct buf passphrase = {0};
    int code = count > 0 ? cmd_passphrase(&passphrase, args, err) : 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct role_key key;
        struct buf next = buf_with_max(NOTE_SIZE_MAX);
        code = role_key_read(&key, paths[i], buf_cstr(&passphrase), err);
        if (code)
            break;
        code = stmt_sign(&next, buf_bytes(note), &key, err);
        role_key_wipe(&key);
        if (code == 0) {
            buf_reset(note);
            buf_add(note, buf_bytes(&next));
        }
        buf_free(&next);
    }
    if (passphrase.data)
        secret_wipe(passphrase.data, passphrase.size);
    buf_free(&passphrase);
    return code;
}

static int note_put(const struct buf *note, const char *path, struct err *err)
{
    if (path)
        return file_write(path, buf_bytes(note), err);
    bool written = fwrite(note->data, 1, note->size, stdout) == note->size;
    return written ? 0 : err_set(err, SANAD_IO, "standard output: write");
}

static int statement_make(const struct cmd_args *args, const char *name, struct err *err)
{
    enum stmt_kind kind;
    struct stmt_place place;
    struct cmd_places places = {.admit = NULL};
    json_t *body = NULL;
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    if (!stmt_kind_find(&kind, name))
        return err_set(err, SANAD_USAGE, "statement make: %s: no such kind", name);
    int code = cmd_places_open(&places, args, err);
    if (code == 0)
        code = cmd_places_next(&place, &places, kind, err);
    if (code == 0)
        code = body_make(&body, kind, &places, args, err);
    if (code == 0)
        code = stmt_make(&note, kind, &place, body, err);
    if (code == 0)
        code = cmd_sign(&note, args, err);
    if (code == 0)
        code = note_put(&note, cmd_value(args, "--out"), err);
    json_decref(body);
    buf_free(&note);
    cmd_places_close(&places);
    return code;
}

static int statement_sign(const struct cmd_args *args, const char *path, struct err *err)
{
    const char *out = cmd_value(args, "--out");
    struct buf note;
    if (!cmd_value(args, "--key"))
        return err_set(err, SANAD_USAGE, "statement sign: --key is needed");
    int code = file_read(&note, path, NOTE_SIZE_MAX, err);
    if (code)
        return code;
    code = cmd_sign(&note, args, err);
    if (code == 0)
        code = note_put(&note, out ? out : path, err);
    buf_free(&note);
    return code;
}

/* JSON whose only spaces stand between the members of the outermost object: there a long line
 * may be broken. */
static void json_loose(struct buf *buf, const json_t *json)
{
    const char *key;
    json_t *value;
    size_t count = 0;
    if (!json_is_object(json)) {
        char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
        sanad_assert(text);
        buf_text(buf, text);
        free(text);
        return;
    }
    json_object_foreach ((json_t *)(uintptr_t)json, key, value) {
        buf_format(buf, "%s\"%s\":", count++ ? ", " : "{", key);
        json_loose(buf, value);
    }
    buf_text(buf, count ? "}" : "{}");
}

/* A member on a line; what is longer than a line goes on below, a list one entry a line. */
static void member_show(const struct screen *screen, const char *key, const json_t *value)
{
    enum { VALUE_WIDTH = 75, INDENT = 4 };
    struct buf text = buf_with_max(NOTE_SIZE_MAX * 2);
    size_t index;
    json_t *entry;
    json_loose(&text, value);
    bool fits = text.size <= VALUE_WIDTH;
    screen_line(screen, STYLE_PLAIN, fits ? "  %-18s %s" : "  %s", key, buf_cstr(&text));
    if (!fits && !json_is_array(value))
        screen_paragraph(screen, STYLE_PLAIN, INDENT, buf_cstr(&text));
    json_array_foreach (value, index, entry) {
        if (fits)
            break;
        buf_reset(&text);
        json_loose(&text, entry);
        screen_paragraph(screen, STYLE_PLAIN, INDENT, buf_cstr(&text));
    }
    buf_free(&text);
}

static int statement_show(const struct cmd_args *args, const char *path, struct err *err)
{
    struct stmt *stmt;
    int code = stmt_read_file(&stmt, path, err);
    if (code)
        return code;
    if (cmd_flag(args, "--json")) {
        code = cmd_print_json(json_incref(stmt->json), err);
    } else {
        struct screen screen =
            screen_stdout(json_is_true(json_object_get(stmt->json, "simulated")));
        const char *key;
        json_t *value;
        screen_line(&screen, STYLE_HEAD, "Statement %s", stmt_kind_name(stmt->kind));
        json_object_foreach (stmt->json, key, value)
            member_show(&screen, key, value);
        for (size_t i = 0; i < stmt->note.signature_count; i++)
            screen_line(&screen, STYLE_FAINT, "  signature of       %s (not checked here)",
                        stmt->note.signatures[i].name);
    }
    stmt_free(stmt);
    return code;
}

static int statement_verb(const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *words = cmd_words(args, &count);
    if (count == 2 && strcmp(words[0], "make") == 0 && strcmp(words[1], "pack") == 0)
        return cmd_statement_pack(args, err);
    if (count == 2 && strcmp(words[0], "make") == 0)
        return statement_make(args, words[1], err);
    if (count == 2 && strcmp(words[0], "sign") == 0)
        return statement_sign(args, words[1], err);
    if (count == 2 && strcmp(words[0], "show") == 0)
        return statement_show(args, words[1], err);
    return err_set(err, SANAD_USAGE,
                   "sanad statement: say `make KIND`, `sign FILE.note` or `show FILE.note`");
}

static const struct cmd_option options[] = {
    {"--out", "FILE",
     "where to; standard output (make) or the same file (sign) where left out; "
     "pack: the folder"},
    {"--key", "FILE...", "role keys that sign"},
    {"--passphrase-file", "FILE", "their passphrase, one line; else SANAD_PASSPHRASE"},
    {"--authority", "NAME", "who speaks"},
    {"--log", "ORIGIN", "the log that the statement is meant for"},
    {"--seq", "N", "its number among its kind; 0 where left out"},
    {"--prev", "INDEX", "log index of the one before of its kind"},
    {"--dir", "DIR|URL", "that log: it says authority, origin, number and the one before itself"},
    {"--at", "HEIGHT|DATE", "reserve-position: after which block; pack: the day"},
    {"--book", "FILE...", "address-book: the book"},
    {"--salt-file", "FILE", "secret of the commitments to restricted wallets, 32 bytes or more"},
    {"--public-book", "FILE", "also writes the public form of the book"},
    {"--claims", "FILE", "claim: the file of claims"},
    {"--id", "ID", "claim: which one"},
    {"--txid", "TXID", "flow-declaration: the transaction"},
    {"--meaning", "WORD", "flow-declaration: purchase, sale, seizure, donation, pool-payout, ..."},
    {"--document-sha256", "HEX", "flow-declaration: the document behind it"},
    {"--trade-date", "DATE", "flow-declaration: day of the trade"},
    {"--settlement-date", "DATE", "flow-declaration: day of the settlement"},
    {"--note", "TEXT", "flow-declaration: in words"},
    {"--simulated", NULL, "flow-declaration: of a simulated nation"},
    {"--members", "FILE", "root and other kinds of a log: members as JSON; options add to them"},
    {"--date", "DATE", "kinds of a log: the day on which it is made"},
    {"--expires", "DATE", "root: the first day on which it is void"},
    {"--revoked-key", "VKEY", "revoke: which key"},
    {"--effective-index", "INDEX", "revoke: from which entry on it does not count"},
    {"--reason", "LANG=TEXT...", "revoke, correction: why, in en, es, ur; the first binds"},
    {"--authoritative", "LANG", "which language binds, if not the first that is given"},
    {"--file", "FILE", "document: the file"},
    {"--media-type", "TYPE", "document: as application/pdf"},
    {"--title", "LANG=TEXT...", "document, annex, agreement: its title in en, es, ur"},
    {"--language", "TAG", "document: its language"},
    {"--supersedes", "INDEX", "document, agreement: the entry that it replaces"},
    {"--translation-of", "INDEX", "document: the entry that it translates"},
    {"--cipher", "FILE", "annex: the age file"},
    {"--plain", "FILE", "annex: what is in it"},
    {"--item", "FILE...", "annex: parts of it that may be opened one by one"},
    {"--openings", "DIR", "annex: where the salts go, one file each; keep them secret"},
    {"--recipient", "ID...", "annex: who can open it"},
    {"--annex-of", "INDEX", "annex: the entry that it belongs to"},
    {"--partner", "NAME", "partner-checkpoint: whose"},
    {"--checkpoint", "FILE", "partner-checkpoint: the signed note"},
    {"--from", "DIR|URL", "partner-checkpoint: in place of both, its log, held against --dir"},
    {"--policy", "FILE", "partner-checkpoint: who must have cosigned it (c2sp.org/tlog-policy)"},
    {"--fraud", "DIR", "partner-checkpoint: where a proof of two stories goes; here if left out"},
    {"--anchored", "FILE.ots", "anchor: the proof; its checkpoint and header lie beside it"},
    {"--corrects", "INDEX", "correction: the entry that is wrong"},
    {"--of-kind", "KIND", "correction: the kind of that entry"},
    {"--programme", "FILE", "pack: what was agreed; the register's where left out"},
    {"--liabilities", "FILE", "pack: what is owed in BTC, as CSV; the register's where left out"},
    {"--series", "NAME=FILE...", "pack: a declared series, as CSV; the register's where left out"},
    {"--prices", "FILE", "pack: prices as CSV; the register's where left out"},
    {"--accounts", "FILE", "pack: which flow goes to which account; BPM6 where left out"},
    {"--previous", "DIR|FILE.note", "pack: the last one, or its criteria-report"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_statement = {
    .name = "statement",
    .summary = "builds, signs and prints statements",
    .usage = "make KIND|pack --dir DIR|URL ... | make KIND|pack --authority NAME --log ORIGIN ... "
             "| sign FILE.note --key K | show "
             "FILE.note",
    .options = options,
    .run = statement_verb,
};
