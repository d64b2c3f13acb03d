/* cmd: the program's verbs. main.c holds the one table; each verb stands in cmd_<verb>.c and
 * is a thin front: it reads arguments, calls modules, prints. Contract: doc/formats/cli.md. */
#ifndef SANAD_CMD_H
#define SANAD_CMD_H

#include "base/base.h"
#include "chain/chain.h"

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

extern const struct cmd_verb cmd_simulate, cmd_book, cmd_scan, cmd_position, cmd_flows,
    cmd_register, cmd_claims, cmd_statement, cmd_key, cmd_verify;

/* The options that every verb takes: --json, --help, --chain, --source, --store, --nation,
 * --anchor, --as-known. */

/* ---- arguments ------------------------------------------------------------------------ */

/* USAGE: unknown option, a value that is missing, an option given twice that may not be. */
int cmd_args_parse(struct cmd_args **ret_args, const struct cmd_verb *verb, int argc,
                   char *const *argv, struct err *err);
void cmd_args_free(struct cmd_args *args);
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
/* A table: columns with a title, numbers right-aligned, widths by characters, not bytes. */
struct table;
enum table_align { ALIGN_LEFT, ALIGN_RIGHT };
struct table *table_new(void);
void table_free(struct table *table);
void table_column(struct table *table, const char *title, enum table_align align);
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Style of the row that the next cell begins. */
void table_row_style(struct table *table, enum screen_style style);
void table_print(const struct table *table, const struct screen *screen);
/* "holds" green, "contradicted" red, "undecided" yellow, and so on. */
enum screen_style screen_verdict_style(const char *verdict);

#endif
