/* cmd: the program's verbs. main.c holds the one table; each verb stands in cmd_<verb>.c and
 * is a thin front: it reads arguments, calls modules, prints. Contract: doc/formats/cli.md. */
#ifndef SANAD_CMD_H
#define SANAD_CMD_H

#include "base/base.h"
#include "book/book.h"
#include "chain/chain.h"
#include "facts/facts.h"
#include "limits/limits.h"
#include "recheck/recheck.h"
#include "register/register.h"
#include "reserve/reserve.h"
#include "scan/scan.h"
#include "source/source.h"
#include "stmt/stmt.h"
#include "store/store.h"
#include "tlog/tlog.h"

/* ---- verbs ---------------------------------------------------------------------------- */

/* An option of a verb: "--name VALUE", or a flag where value is NULL. */
struct cmd_option {
    const char *name;  /* with its dashes */
    const char *value; /* what stands behind it, for the help; NULL: a flag */
    const char *help;
};
struct cmd_args;
struct cmd_verb {
    const char *name;
    const char *summary;              /* one line */
    const char *usage;                /* what follows the verb: "--store FILE [--at HEIGHT|DATE]" */
    const struct cmd_option *options; /* ended by a NULL name; common ones are added */
    /* 0 or a code of enum sanad_error; FALSE and MISSING may come with the document already
     * printed, then err->text may be empty and nothing is added to stderr. */
    int (*run)(const struct cmd_args *args, struct err *err);
};

extern const struct cmd_verb cmd_simulate, cmd_book, cmd_scan, cmd_position, cmd_flows, cmd_limits,
    cmd_register, cmd_claims, cmd_statement, cmd_key, cmd_log, cmd_verify, cmd_witness, cmd_mirror,
    cmd_bundle;

/* The options that every verb takes: --json, --help, --chain, --source, --store, --nation,
 * --anchor, --as-known. */

/* ---- scan of a snapshot ---------------------------------------------------------------- */

/* "snapshot:FILE", and what the options say of it. */
struct cmd_snapshot {
    struct scan_opening opening; /* facts, store and books are the caller's to set */
    struct hash256 serialized, muhash;
};
bool cmd_is_snapshot(const char *source);
int cmd_snapshot_open(struct cmd_snapshot *snapshot, const char *source,
                      const struct chain_params *params, const struct cmd_args *args,
                      struct err *err);

/* ---- arguments ------------------------------------------------------------------------ */

/* USAGE: unknown option, a value that is missing, an option given twice that may not be. */
int cmd_args_parse(struct cmd_args **ret_args, const struct cmd_verb *verb, int argc,
                   char *const *argv, struct err *err);
void cmd_args_free(struct cmd_args *args);
/* Whether the verb has such an option at all. */
bool cmd_takes(const struct cmd_args *args, const char *name);
bool cmd_flag(const struct cmd_args *args, const char *name);
/* The last value given, or NULL. */
const char *cmd_value(const struct cmd_args *args, const char *name);
/* As above, USAGE where it is not given. */
int cmd_required(const char **ret_value, const struct cmd_args *args, const char *name,
                 struct err *err);
/* All values of an option: `--book A B --book C` gives three where the option is `many`
 * (its value in the table ends with "..."). */
const char *const *cmd_values(const struct cmd_args *args, const char *name, size_t *ret_count);
/* Words that belong to no option. */
const char *const *cmd_words(const struct cmd_args *args, size_t *ret_count);
/* A number option within bounds; `otherwise` where it is not given. */
int cmd_number(uint64_t *ret_value, const struct cmd_args *args, const char *name, uint64_t max,
               uint64_t otherwise, struct err *err);
void cmd_help_print(const struct cmd_verb *verb);

/* --chain, main where left out. */
int cmd_chain(const struct chain_params **ret_params, const struct cmd_args *args, struct err *err);
/* --anchor HEIGHT:HASH; *ret_given false where left out. */
int cmd_anchor(struct chain_anchor *ret_anchor, bool *ret_given, const struct cmd_args *args,
               struct err *err);
/* --as-known DATE or RFC 3339 time: end of that day UTC; INT64_MAX where left out. */
int cmd_as_known(int64_t *ret_time, const struct cmd_args *args, struct err *err);
/* "HEIGHT" or "YYYY-MM-DD"; a date gives its last second in UTC. */
struct cmd_when {
    bool given;
    bool is_date;
    uint32_t height;
    int64_t time;
};
int cmd_when(struct cmd_when *ret_when, const struct cmd_args *args, const char *name,
             struct err *err);

/* ---- the source of a run ---------------------------------------------------------------- */

/* The options of verbs that read a source. */
#define CMD_SOURCE_OPTIONS                                                                         \
    {"--rpc-cookie", "FILE",                                                                       \
     "the cookie of the node; else SANAD_RPC_AUTH, else where Core has it"},                       \
        {"--cache", "DIR", "what a light client (p2p) keeps; ~/.cache/sanad where left out"},      \
        {"--proxy", "HOST:PORT", "a SOCKS5 proxy for all connections and names of p2p"},           \
        {"--agree", "N", "peers that must say the same of filters; 3, or all given if fewer"},     \
        {"--birthday", "HEIGHT", "p2p looks at no block below: older coins are unknown"},          \
        {"--rpc-wait", "SECONDS", "how long a node that starts is waited for; 120"},               \
    {                                                                                              \
        "--rpc-timeout", "SECONDS", "how long the node may take for one answer; 60"                \
    }
/* --source (NULL where it is not given) and all that belongs to it. It points into itself: not
 * to be copied. */
struct cmd_source {
    const char *spec;
    struct source_options options;
    struct chain_anchor anchor;
    char cookie[PATH_SIZE];
    char cache[PATH_SIZE];
};
int cmd_source_read(struct cmd_source *source, const struct chain_params *params,
                    const struct cmd_args *args, struct err *err);
/* Its part for a light client (source_p2p.c); nothing for other sources. */
int cmd_source_p2p(struct cmd_source *source, const struct cmd_args *args, struct err *err);

/* ---- the store and the book of a run --------------------------------------------------- */

/* What most verbs stand on. Zero it before; close takes what is there. */
struct cmd_context {
    struct store *store;
    const struct chain_params *params;
    struct facts *facts;
    struct registry *registry;
    struct book *book; /* the nation's, as known on the day asked for */
    bool book_approved;
    struct facts_state state;
};
/* Opens --store for reading, its facts and registers, all as of one commit: a scan may go on
 * writing. MISSING: nothing was scanned. */
int cmd_context_open(struct cmd_context *ret_context, const struct cmd_args *args, struct err *err);
/* Reads the book of --nation (or of the only nation) as known at --as-known, and adds what the
 * book of --with-book has more where the verb takes that option and it is given. */
int cmd_context_book(struct cmd_context *context, const struct cmd_args *args, struct err *err);
void cmd_context_close(struct cmd_context *context);
/* The height that --at or the like means in this store: the tip where left out; a date is the
 * highest block whose median-time-past is at or before its end. */
int cmd_height(uint32_t *ret_height, struct cmd_context *context, const struct cmd_when *when,
               struct err *err);
/* What is held at --at (the tip where left out), with all that it stands on. Zero it before;
 * close takes what is there. */
struct cmd_holding {
    struct cmd_context context;
    struct ledger *ledger; /* up to the same height */
    struct position position;
};
int cmd_holding_open(struct cmd_holding *ret_held, const struct cmd_args *args, struct err *err);
void cmd_holding_close(struct cmd_holding *held);
/* --prices FILE, or the register's prices; ret->count 0 where there are none. */
int cmd_prices(struct price_table *ret_table, struct cmd_context *context,
               const struct cmd_args *args, const char *currency, struct err *err);

/* What flows were said to mean. Zero it before; free takes what is there. */
struct cmd_declared {
    struct flow_declared *list; /* after sort or collect: sorted by txid, each once */
    size_t count;
    size_t capacity;
    size_t unchecked; /* statements taken without a trust file */
    struct arena arena;
};
void cmd_declared_add(struct cmd_declared *declared, const struct flow_declared *one);
/* Of several for one transaction the first that was added stays. */
void cmd_declared_sort(struct cmd_declared *declared);
/* The register's, then those of the statements in --statements (checked with --trust), in the
 * order of their file names; sorted. */
int cmd_declared_collect(struct cmd_declared *declared, struct cmd_context *context,
                         const struct cmd_args *args, struct err *err);
void cmd_declared_free(struct cmd_declared *declared);

/* ---- what the verbs of a programme stand on ---------------------------------------------- */

/* A programme with everything that its values depend on, as known at --as-known: book, ledger,
 * flows and their meanings, liabilities, series, prices; and the same at any earlier time. */
struct cmd_limits;
/* Options it reads: --store, --nation, --as-known, --programme, --liabilities, --series,
 * --prices, --at. REFUSED: a series given twice, or that no term of the programme names. */
int cmd_limits_open(struct cmd_limits **ret_limits, const struct cmd_args *args, struct err *err);
void cmd_limits_close(struct cmd_limits *limits);
struct cmd_context *cmd_limits_context(struct cmd_limits *limits);
const struct limits_knowledge *cmd_limits_now(const struct cmd_limits *limits);
const struct limits_history *cmd_limits_history(const struct cmd_limits *limits);
/* The day of --at, or the one in which the newest block lies. */
int64_t cmd_limits_day(const struct cmd_limits *limits);
/* Whether --at names a day before that. */
bool cmd_limits_is_past(const struct cmd_limits *limits);

/* ---- logs ---------------------------------------------------------------------------------- */

/* A log that is read: its checkpoint, and where its tiles come from. Zero it before. */
struct cmd_log {
    const char *where; /* a folder or an address */
    struct tlog_reader reader;
    struct buf note_raw;
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct mirror_source *source;
    struct arena arena;
};
int cmd_log_open(struct cmd_log *ret_log, const char *where, struct err *err);
void cmd_log_close(struct cmd_log *log);
/* Everything that can be said of a log: its checkpoint against --policy, every tile and entry
 * recomputed, every statement in it against the rules of admission. ret_position (or NULL) gets
 * the newest reserve-position. */
int cmd_log_checks(struct recheck *recheck, struct buf *ret_position, const char *where,
                   const struct cmd_args *args, struct err *err);
/* The log of a partner: its newest checkpoint is signed by a key that our root names. Zero it
 * before; close takes what is there. REFUSED: our root does not name it. FALSE: no such signature.
 */
struct admit;
struct admit_options;
struct cmd_partner {
    struct cmd_log log;
    const struct admit_partner *known; /* of the admit */
};
int cmd_partner_open(struct cmd_partner *ret_partner, const char *where, const struct admit *admit,
                     struct err *err);
void cmd_partner_close(struct cmd_partner *partner);
/* A checkpoint of a partner that stands in a log. */
struct cmd_recorded {
    const char *origin;
    uint64_t entry;
    struct tlog_tree tree;
};
/* Whether the partner's newest checkpoint continues one that stands in our log, by the partner's
 * tiles. FALSE: it does not; what proves it to everybody is kept in the folder (NULL: nowhere).
 * MISSING: the partner shows less than was recorded. */
int cmd_partner_continues(const struct cmd_partner *partner, const struct cmd_recorded *recorded,
                          const struct cmd_log *ours, const char *fraud_folder, struct err *err);
/* All that a log has recorded of partners, in its order; and each --partner held against it. */
struct cmd_records {
    struct cmd_recorded *list;
    size_t count, capacity;
    struct arena arena;
};
void cmd_records_add(struct cmd_records *records, uint64_t index, struct bytes entry);
void cmd_records_free(struct cmd_records *records);
void cmd_partners_check(struct recheck *recheck, const struct cmd_log *ours,
                        const struct admit *admit, const struct cmd_records *records,
                        const struct cmd_args *args);
/* A policy file, and a checkpoint held against it (path NULL: undecided). */
int cmd_policy_read(struct tlog_policy **ret_policy, const char *path, struct err *err);
int cmd_policy_check(struct recheck *recheck, const struct note *note,
                     const struct tlog_checkpoint *checkpoint, const char *path, struct err *err);
int cmd_log_audit(const char *where, const struct cmd_args *args, struct err *err);
int cmd_log_serve(const struct cmd_args *args, struct err *err);
/* Checks as a table, or as the JSON of `verify`; and the exit code that their verdict is. */
struct cmd_checks_head {
    const char *what; /* "Statement" */
    const char *name;
    const char *note; /* a line before the verdict, or NULL */
    bool simulated;
};
int cmd_checks_show(const struct recheck *recheck, const struct cmd_checks_head *head,
                    const struct cmd_args *args, struct err *err);
int cmd_verdict_answer(const struct recheck *recheck, struct err *err);
/* What a tree that we have the tiles of leaves to be decided: all of its entries replayed. The
 * caller frees. */
int cmd_admit_replay(struct admit **ret_admit, const struct tlog_reader *reader,
                     const struct tlog_tree *tree, const struct admit_options *options,
                     struct err *err);
/* What may follow in a log of ours: as it was kept when this tree was signed, else all of it
 * replayed. */
int cmd_admit_open(struct admit **ret_admit, const struct tlog_writer_options *options,
                   const struct tlog_tree *tree, struct err *err);
/* Keeps it for the next run, which does without where this fails. */
void cmd_admit_keep(const struct admit *admit, const struct tlog_writer_options *options,
                    const struct tlog_tree *tree);
/* The witnesses of --policy that have an address; NULL where there is no policy. */
struct screen;
struct cmd_witnesses;
int cmd_witnesses_open(struct cmd_witnesses **ret_witnesses, const struct cmd_args *args,
                       struct err *err);
void cmd_witnesses_close(struct cmd_witnesses *witnesses);
/* Asks all at once; whoever does not answer in time is told by show and json. *lines gets what
 * verified. */
int cmd_witnesses_ask(struct cmd_witnesses *witnesses, struct buf *lines, struct bytes note,
                      const char *folder, struct err *err);
json_t *cmd_witnesses_json(const struct cmd_witnesses *witnesses);
void cmd_witnesses_show(const struct cmd_witnesses *witnesses, const struct screen *screen);

/* ---- timestamps ------------------------------------------------------------------------------ */

/* The headers of --source, --headers or --store (headers.c); none given: each question is answered
 * MISSING. --chain, else `chain` (NULL: main). */
struct cmd_headers;
int cmd_headers_open(struct cmd_headers **ret_headers, const struct cmd_args *args,
                     const char *chain, struct err *err);
void cmd_headers_close(struct cmd_headers *headers); /* NULL is fine */
const struct chain_params *cmd_headers_chain(const struct cmd_headers *headers);
struct cmd_header {
    struct hash256 hash;
    struct hash256 merkle_root;
    uint32_t height;
    uint32_t time;
    uint32_t above; /* blocks on it */
};
/* The 80 bytes of a header, whatever block that is; false where they are not 80. */
bool cmd_header_read(struct cmd_header *ret_header, struct bytes raw);
/* The block of the most-work chain at a height. `beside`: a header that lies beside the proof, or
 * nothing; it is believed where its hash is the one that a store has. MISSING tells what is. */
int cmd_headers_at(struct cmd_header *ret_header, struct cmd_headers *headers, uint32_t height,
                   struct bytes beside, struct err *err);

/* A timestamp held against headers (verify_ots.c). */
struct ots;
struct cmd_ots_verdict {
    enum verdict verdict;
    char detail[256];
    struct cmd_header header; /* where it holds */
};
void cmd_ots_judge(struct cmd_ots_verdict *ret_verdict, const struct ots *ots,
                   struct cmd_headers *headers, struct bytes beside);
/* `verify FILE.ots [--file FILE]`: a detached timestamp. */
int cmd_verify_ots(struct recheck *recheck, const struct cmd_args *args, const char *path,
                   struct bytes raw, struct err *err);

/* What lies in anchor/ of a log's folder (verify_anchor.c, log_anchor.c; doc/formats/anchor.md). */
enum { ANCHOR_NAME_SIZE = 48 };
#define ANCHOR_INDEX "anchor/index"
/* "anchor/15.ots"; `ending` is one of ".checkpoint", ".ots", ".header". */
void cmd_anchor_name(char ret_name[ANCHOR_NAME_SIZE], uint64_t size, const char *ending);
/* Whether it is such a name, or "anchor/index". */
bool cmd_anchor_is_name(const char *name);
/* Anchors of a log that is verified: statements are noted as they are met, then all are held
 * against the log's tree and against headers. `chain`: the newest position's, or NULL. */
struct cmd_anchors;
struct cmd_anchors *cmd_anchors_new(void);
void cmd_anchors_free(struct cmd_anchors *anchors); /* NULL is fine */
void cmd_anchors_note(struct cmd_anchors *anchors, uint64_t index, struct bytes entry);
int cmd_anchors_check(struct cmd_anchors *anchors, struct recheck *recheck, struct cmd_log *log,
                      const char *chain, const struct cmd_args *args, struct err *err);
int cmd_log_anchor(const struct cmd_args *args, struct err *err);
/* A reader of tiles that keeps some of them (tile_cache.c); lives as long as the one below. */
struct cmd_tile_cache;
struct cmd_tile_cache *cmd_tile_cache_new(const struct tlog_reader *below);
void cmd_tile_cache_free(struct cmd_tile_cache *cache); /* NULL is fine */
struct tlog_reader cmd_tile_cache_reader(struct cmd_tile_cache *cache);
/* `statement make anchor`: the members, from --anchored FILE.ots and what lies beside it. */
int cmd_anchor_members(json_t *body, const struct cmd_args *args, struct err *err);

/* The passphrase of --passphrase-file (its first line) or of the environment variable
 * SANAD_PASSPHRASE; USAGE where there is none. The caller wipes and frees. */
int cmd_passphrase(struct buf *ret_passphrase, const struct cmd_args *args, struct err *err);

/* For a verb that has printed its document: what it says is the answer, so the code of the
 * answer (FALSE, MISSING) comes without a sentence. */
int cmd_answer(int code, struct err *err);

/* ---- statements (cmd_statement.c, statement_place.c, statement_pack.c)
 * -------------------------------------- */

/* Where the next statement of any kind stands: typed (--authority, --log, --seq, --prev), or read
 * from the log (--dir). USAGE, REFUSED: options that contradict it. Zero it before; close takes
 * what is there. */
struct cmd_places {
    struct stmt_place typed;
    struct cmd_log log;  /* of --dir */
    struct admit *admit; /* what stands there; NULL without --dir */
};
int cmd_places_open(struct cmd_places *ret_places, const struct cmd_args *args, struct err *err);
void cmd_places_close(struct cmd_places *places);
/* Its texts are borrowed from the places. */
int cmd_places_next(struct stmt_place *ret_place, const struct cmd_places *places,
                    enum stmt_kind kind, struct err *err);
/* Signs with every --key in turn; all share one passphrase source. */
int cmd_sign(struct buf *note, const struct cmd_args *args, struct err *err);
/* The hash of the book's public form; *ret_given false where it has no restricted wallet.
 * With --public-book the form itself is written. */
int cmd_public_book(struct hash256 *ret_hash, bool *ret_given, const struct book *book,
                    const struct cmd_args *args, struct err *err);
/* The members of a kind that a log lives by: root, revoke, document, annex, and so on. */
int cmd_statement_log(json_t **ret_body, enum stmt_kind kind, const struct cmd_places *places,
                      const struct cmd_args *args, struct err *err);
/* Checks of what names files (verify_attached.c): --file, --opening, --plain. */
struct recheck;
int cmd_verify_attached(struct recheck *recheck, const struct stmt *stmt,
                        const struct cmd_args *args, struct err *err);
/* `statement make pack`: a folder with two statements, tables and pages. */
int cmd_statement_pack(const struct cmd_args *args, struct err *err);

/* ---- cosigners (cosigner.c) --------------------------------------------------------------- */

/* --key of a type (NOTE_KEY_TYPE_*), opened; the caller wipes it. REFUSED: another type. */
int cmd_typed_key(struct role_key *ret_key, uint8_t type, const struct cmd_args *args,
                  struct err *err);
/* As above, of another option. */
int cmd_key_option(struct role_key *ret_key, const char *option, uint8_t type,
                   const struct cmd_args *args, struct err *err);
/* The path of a folder with an ending, without the slashes behind it: "DIR.private". */
int cmd_folder_beside(char ret_path[PATH_SIZE], const char *folder, const char *ending,
                      struct err *err);
/* --policy. REFUSED: it names no log. */
int cmd_cosigner_policy(struct tlog_policy **ret_policy, const struct cmd_args *args,
                        struct err *err);
/* Two signed checkpoints that contradict each other, as fraud-HASH.txt in a folder, with a line
 * on stderr. */
void cmd_fraud_keep(const char *folder, const char *origin, struct bytes fraud);
/* SIGINT and SIGTERM are held back from here on, for all threads that start later; wait takes
 * the first of them, or ends after so many seconds (false). */
void cmd_stop_prepare(void);
bool cmd_stop_wait(uint64_t seconds);

/* ---- output --------------------------------------------------------------------------- */

/* One document on stdout. Takes the reference. IO where stdout fails. */
int cmd_print_json(json_t *json, struct err *err);

/* Lines made for reading. Where `simulated`, every line begins with "SIMULATED ". */
struct screen {
    FILE *out;
    bool colour;
    bool simulated;
};
struct screen screen_stdout(bool simulated);
enum screen_style { STYLE_PLAIN, STYLE_HEAD, STYLE_GOOD, STYLE_BAD, STYLE_UNSURE, STYLE_FAINT };
void screen_line(const struct screen *screen, enum screen_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A paragraph: broken at spaces, each line behind `indent` spaces. */
void screen_paragraph(const struct screen *screen, enum screen_style style, unsigned indent,
                      const char *text);
/* A table: columns with a title, numbers right-aligned, widths by characters, not bytes. A last
 * column of words goes on below itself where it is too long. */
struct table;
enum table_align { ALIGN_LEFT, ALIGN_RIGHT };
struct table *table_new(void);
void table_free(struct table *table);
void table_column(struct table *table, const char *title, enum table_align align);
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Style of the row that the next cell begins. */
void table_row_style(struct table *table, enum screen_style style);
void table_print(const struct table *table, const struct screen *screen);
/* Bytes as a QR code of error correction level M (qr.c): in half blocks on a terminal, black on
 * white where it has colours, else made for a dark one; or as a file of SVG. REFUSED: too many. */
int qr_show(const struct screen *screen, struct bytes bytes, struct err *err);
int qr_write(const char *path, struct bytes bytes, struct err *err);
/* A result made for reading (limits_show.c). */
void limits_show(const struct limits_result *result, const struct screen *screen);
/* The word for a wallet's control, where the contract's own would make a table too wide. */
const char *screen_control(enum wallet_control control);
/* "holds" green, "contradicted" red, "undecided" yellow, and so on. */
enum screen_style screen_verdict_style(const char *verdict);

#endif
