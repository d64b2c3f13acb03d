/* `sanad log`: the append-only log of a country's statements: begun, added to, audited, proved
 * from, anchored, and served as the static files that it is. */
#include "admit/admit.h"
#include "cmd/cmd.h"
#include "stmt/stmt.h"
#include "tlog/tlog.h"

#include <stdlib.h>

/* A log that is written: its folders, key, writer, and what may enter it. */
struct log_run {
    const char *folder;
    char private_folder[PATH_SIZE];
    struct role_key key;
    bool has_key;
    struct tlog_writer_options options;
    struct tlog_writer *writer;
    struct admit *admit;
    struct buf note; /* signed last */
};

static void run_free(struct log_run *run)
{
    admit_free(run->admit);
    tlog_writer_close(run->writer);
    buf_free(&run->note);
    if (run->has_key)
        role_key_wipe(&run->key);
}

/* The private folder stands beside the served one, never in it. */
static int folders_take(struct log_run *run, const struct cmd_args *args, struct err *err)
{
    const char *given = cmd_value(args, "--private");
    int code = cmd_required(&run->folder, args, "--dir", err);
    if (code)
        return code;
    return given ? path_join(run->private_folder, given, "", err)
                 : cmd_folder_beside(run->private_folder, run->folder, ".private", err);
}

/* Folders, key, options: what every verb that writes begins with. The key's name is the origin. */
static int run_begin(struct log_run *run, const struct cmd_args *args, struct err *err)
{
    int code = folders_take(run, args, err);
    if (code == 0)
        code = cmd_typed_key(&run->key, NOTE_KEY_TYPE_ED25519, args, err);
    run->has_key = code == 0;
    if (code == 0)
        run->options = (struct tlog_writer_options){.public_folder = run->folder,
                                                    .private_folder = run->private_folder,
                                                    .origin = run->key.key.name,
                                                    .key = &run->key.key,
                                                    .seed = run->key.seed};
    return code;
}

/* ---- init ----------------------------------------------------------------------------------- */

static int log_init(const struct cmd_args *args, struct err *err)
{
    struct log_run run = {.folder = NULL};
    struct buf vkey = buf_with_max(1024);
    int code = run_begin(&run, args, err);
    if (code == 0)
        code = tlog_writer_init(&run.options, err);
    if (code == 0) {
        note_vkey_write(&vkey, &run.key.key);
        code = cmd_flag(args, "--json")
                   ? cmd_print_json(json_pack("{s:s, s:s, s:i}", "origin", run.key.key.name, "vkey",
                                              buf_cstr(&vkey), "size", 0),
                                    err)
                   : 0;
        if (code == 0 && !cmd_flag(args, "--json"))
            (void)printf("log %s begun in %s\n%s\n", run.key.key.name, run.folder, buf_cstr(&vkey));
    }
    buf_free(&vkey);
    run_free(&run);
    return code;
}

/* ---- add ------------------------------------------------------------------------------------- */

/* Signs all that is durable, has it witnessed, and puts the checkpoint in place. */
static int publish(struct log_run *run, struct cmd_witnesses *witnesses, struct err *err)
{
    struct buf lines = buf_with_max(TLOG_CHECKPOINT_MAX);
    buf_free(&run->note);
    run->note = (struct buf){0};
    int code = tlog_writer_sign(run->writer, &run->note, err);
    if (code == 0 && witnesses)
        code = cmd_witnesses_ask(witnesses, &lines, buf_bytes(&run->note), run->folder, err);
    if (code == 0)
        code = tlog_writer_place(run->writer, buf_bytes(&lines), err);
    buf_free(&lines);
    return code;
}

static int signed_tree(struct tlog_tree *ret_tree, const struct log_run *run, struct err *err)
{
    struct tlog_checkpoint checkpoint;
    struct note note;
    struct arena arena = {0};
    int code = note_parse(&note, "checkpoint", buf_bytes(&run->note), &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, "checkpoint", note.text, err);
    if (code == 0)
        *ret_tree = (struct tlog_tree){checkpoint.size, checkpoint.root};
    arena_free(&arena);
    return code;
}

/* What stands in the log already decides what may follow. */
static int admit_open(struct log_run *run, struct err *err)
{
    struct tlog_tree tree;
    int code = signed_tree(&tree, run, err);
    return code ? code : cmd_admit_open(&run->admit, &run->options, &tree, err);
}

/* After the tree that holds it is signed. */
static int admit_keep(const struct log_run *run, struct err *err)
{
    struct tlog_tree tree;
    int code = signed_tree(&tree, run, err);
    if (code == 0)
        cmd_admit_keep(run->admit, &run->options, &tree);
    return code;
}

/* All files, or none: each must be allowed behind those before it. */
static int entries_admit(struct log_run *run, struct buf *files, struct bytes *entries,
                         const char *const *paths, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        int code = file_read(&files[i], paths[i], TLOG_ENTRY_MAX, err);
        if (code)
            return code;
        entries[i] = buf_bytes(&files[i]);
        code = admit_entry(run->admit, admit_size(run->admit), entries[i], err);
        if (code)
            return err_wrap(err, "%s", paths[i]);
    }
    return 0;
}

static int added_print(const struct log_run *run, uint64_t first, const char *const *paths,
                       size_t count, const struct cmd_witnesses *witnesses,
                       const struct cmd_args *args, struct err *err)
{
    uint64_t size = tlog_writer_signed_size(run->writer);
    if (cmd_flag(args, "--json")) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++) {
            uint64_t index = first + i;
            json_array_append_new(
                list, json_pack("{s:s, s:I}", "file", paths[i], "index", (json_int_t)index));
        }
        return cmd_print_json(json_pack("{s:s, s:o, s:I, s:o}", "origin", run->options.origin,
                                        "added", list, "size", (json_int_t)size, "witnesses",
                                        cmd_witnesses_json(witnesses)),
                              err);
    }
    struct screen screen = screen_stdout(false);
    for (size_t i = 0; i < count; i++) {
        unsigned long long index = first + i;
        screen_line(&screen, STYLE_PLAIN, "entry %llu  %s", index, paths[i]);
    }
    screen_line(&screen, STYLE_HEAD, "log %s signed at %llu entries", run->options.origin,
                (unsigned long long)size);
    cmd_witnesses_show(witnesses, &screen);
    return 0;
}

static int add_run(struct log_run *run, struct cmd_witnesses *witnesses, const char *const *paths,
                   size_t count, const struct cmd_args *args, struct err *err)
{
    struct buf *files = mem_zalloc(count + 1, sizeof *files);
    struct bytes *entries = mem_zalloc(count + 1, sizeof *entries);
    uint64_t first = 0;
    /* Signs what a crash left durable but unsigned. It is not put in place yet: what stands there
     * has the lines of witnesses, and an entry that is refused must change nothing. */
    int code = tlog_writer_sign(run->writer, &run->note, err);
    if (code == 0)
        code = admit_open(run, err);
    if (code == 0)
        sanad_assert(admit_size(run->admit) == tlog_writer_size(run->writer));
    if (code == 0)
        code = entries_admit(run, files, entries, paths, count, err);
    if (code == 0 && count > 0)
        code = tlog_writer_add(run->writer, &first, entries, count, err);
    if (code == 0)
        code = publish(run, witnesses, err);
    if (code == 0)
        code = admit_keep(run, err);
    if (code == 0)
        code = added_print(run, first, paths, count, witnesses, args, err);
    for (size_t i = 0; i < count; i++)
        buf_free(&files[i]);
    free(files);
    free(entries);
    return code;
}

/* With no file it signs, has witnessed and places what is there: after a partner was down. */
static int log_add(const struct cmd_args *args, struct err *err)
{
    struct log_run run = {.folder = NULL};
    struct cmd_witnesses *witnesses = NULL;
    size_t count;
    const char *const *words = cmd_words(args, &count);
    int code = run_begin(&run, args, err);
    if (code == 0)
        code = cmd_witnesses_open(&witnesses, args, err);
    if (code == 0)
        code = tlog_writer_open(&run.writer, &run.options, err);
    if (code == 0)
        code = add_run(&run, witnesses, words + 1, count - 1, args, err);
    cmd_witnesses_close(witnesses);
    run_free(&run);
    return code;
}

/* ---- prove ------------------------------------------------------------------------------------
 */

/* The index of a number, or of the statement in a file. */
struct wanted {
    bool by_hash;
    struct hash256 leaf;
    uint64_t index;
    bool found;
};

static int wanted_visit(void *context, uint64_t index, struct bytes entry, struct err *err)
{
    struct wanted *wanted = context;
    struct hash256 leaf;
    (void)err;
    tlog_leaf_hash(&leaf, entry);
    if (wanted->by_hash && !wanted->found && hash256_equal(&leaf, &wanted->leaf)) {
        wanted->index = index;
        wanted->found = true;
    }
    return 0;
}

static int wanted_read(struct wanted *ret, const char *text, struct err *err)
{
    struct wanted wanted = {.by_hash = false};
    struct buf file;
    if (number_parse(&wanted.index, text, strlen(text), TLOG_SIZE_MAX)) {
        wanted.found = true;
        *ret = wanted;
        return 0;
    }
    int code = file_read(&file, text, TLOG_ENTRY_MAX, err);
    if (code)
        return code;
    tlog_leaf_hash(&wanted.leaf, buf_bytes(&file));
    wanted.by_hash = true;
    buf_free(&file);
    *ret = wanted;
    return 0;
}

static int proof_write(const struct cmd_log *log, uint64_t index, const char *path, struct err *err)
{
    struct tlog_proof_file file = {.index = index, .checkpoint = buf_bytes(&log->note_raw)};
    struct buf text = buf_with_max(TLOG_CHECKPOINT_MAX + 8192);
    int code = tlog_inclusion_prove(&file.proof, &log->reader, index, log->checkpoint.size, err);
    if (code == 0) {
        tlog_proof_file_write(&text, &file);
        if (path)
            code = file_write(path, buf_bytes(&text), err);
        else if (fwrite(text.data, 1, text.size, stdout) != text.size)
            code = err_set(err, SANAD_IO, "standard output: it cannot be written");
    }
    buf_free(&text);
    return code;
}

static int log_prove(const struct cmd_args *args, struct err *err)
{
    struct cmd_log log = {0};
    struct wanted wanted;
    struct tlog_audit audit;
    const char *folder;
    size_t count;
    const char *const *words = cmd_words(args, &count);
    if (count != 2)
        return err_set(err, SANAD_USAGE, "sanad log prove: one INDEX or FILE.note");
    int code = cmd_required(&folder, args, "--dir", err);
    if (code == 0)
        code = wanted_read(&wanted, words[1], err);
    if (code == 0)
        code = cmd_log_open(&log, folder, err);
    struct tlog_tree tree = {log.checkpoint.size, log.checkpoint.root};
    if (code == 0 && wanted.by_hash)
        code = tlog_audit_run(&audit, &log.reader, &tree, wanted_visit, &wanted, err);
    if (code == 0 && !wanted.found)
        code = err_set(err, SANAD_MISSING, "%s: it is not in the log", words[1]);
    if (code == 0)
        code = proof_write(&log, wanted.index, cmd_value(args, "--out"), err);
    cmd_log_close(&log);
    return code;
}

/* ---- audit -------------------------------------------------------------------------------------
 */

static int log_audit(const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *words = cmd_words(args, &count);
    if (count != 2)
        return err_set(err, SANAD_USAGE, "sanad log audit: one DIR or URL");
    return cmd_log_audit(words[1], args, err);
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static int log_verb(const struct cmd_args *args, struct err *err)
{
    static const struct {
        const char *word;
        int (*run)(const struct cmd_args *args, struct err *err);
    } verbs[] = {{"init", log_init},   {"add", log_add},           {"audit", log_audit},
                 {"prove", log_prove}, {"anchor", cmd_log_anchor}, {"serve", cmd_log_serve}};
    size_t count;
    const char *const *words = cmd_words(args, &count);
    for (size_t i = 0; count > 0 && i < countof(verbs); i++)
        if (strcmp(words[0], verbs[i].word) == 0)
            return verbs[i].run(args, err);
    return err_set(err, SANAD_USAGE, "sanad log: say init, add, audit, prove, anchor or serve");
}

static const struct cmd_option options[] = {
    {"--dir", "DIR", "the log's folder, served as it is"},
    {"--private", "DIR", "what is not served; DIR.private where left out"},
    {"--key", "FILE", "the log's key; its name is the origin"},
    {"--passphrase-file", "FILE", "its passphrase, one line; else SANAD_PASSPHRASE"},
    {"--policy", "FILE", "logs, witnesses and their quorum (c2sp.org/tlog-policy)"},
    {"--timeout", "SECONDS", "how long a witness may take; 10 where left out"},
    {"--root-sha256", "HEX", "audit: pins the first root statement"},
    {"--partner", "DIR|URL...", "audit: logs of partners, held against what is recorded of them"},
    {"--out", "FILE", "prove: where to; standard output where left out"},
    {"--prepare", NULL, "anchor: keeps the checkpoint, prints what a transaction is to carry"},
    {"--with", "HEX...", "anchor: digests of others that share the transaction"},
    {"--tx", "FILE|HEX", "anchor: the transaction; else the one that carries the digest"},
    {"--block", "HEIGHT|HASH|FILE", "anchor: its block; else the last 4032 are searched"},
    {"--height", "N", "anchor: of a --block that is a file"},
    {"--headers", "FILE", "audit: the chain's headers, 80 bytes each, to check anchors by"},
    {"--fraud", "DIR", "audit: where to keep the proof, should it or a partner tell two stories"},
    {"--listen", "HOST:PORT", "serve: where"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_log = {
    .name = "log",
    .summary = "the append-only log of statements: begun, added to, audited, anchored, served",
    .usage = "init --dir DIR --key K | add FILE.note... --dir DIR --key K [--policy FILE] | "
             "audit DIR|URL | prove INDEX|FILE.note --dir DIR | anchor --dir DIR --prepare | "
             "anchor --dir DIR --source blocks:DIR | serve --dir DIR --listen A",
    .options = options,
    .run = log_verb,
};
