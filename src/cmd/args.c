/* Reads a verb's arguments after its option table, strictly, and prints its help. */
#include "cmd/cmd.h"

#include <stdlib.h>

enum { ARGS_MAX = 4096 };

struct given {
    const struct cmd_option *option;
    const char *value;
};

struct cmd_args {
    const struct cmd_verb *verb;
    struct given *given;
    size_t given_count;
    const char **words;
    size_t word_count;
    const char **scratch; /* what cmd_values hands out */
};

static const struct cmd_option common_options[] = {
    {"--json", NULL, "one JSON document on stdout instead of tables"},
    {"--chain", "NAME", "main (default), testnet4, signet or regtest"},
    {"--source", "S",
     "where blocks come from: blocks:DIR, rpc:URL, p2p[:HOST:PORT,...], snapshot:FILE"},
    {"--store", "FILE", "the store of facts and records: FILE.db"},
    {"--nation", "CC", "which nation, where the store holds several"},
    {"--anchor", "HEIGHT:HASH", "the first block to read, for runs without ancestors"},
    {"--as-known", "DATE", "with the knowledge of that day"},
    {"--help", NULL, "this text"},
    {NULL, NULL, NULL},
};

static const struct cmd_option *find_in(const struct cmd_option *options, const char *name)
{
    for (; options && options->name; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

static const struct cmd_option *find_option(const struct cmd_verb *verb, const char *name)
{
    const struct cmd_option *option = find_in(verb->options, name);
    return option ? option : find_in(common_options, name);
}

static bool takes_many(const struct cmd_option *option)
{
    size_t size = option->value ? strlen(option->value) : 0;
    return size > 3 && strcmp(option->value + size - 3, "...") == 0;
}

static int args_give(struct cmd_args *args, const struct cmd_option *option, const char *value,
                     struct err *err)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (args->given[i].option == option && !takes_many(option) && option->value)
            return err_set(err, SANAD_USAGE, "%s: given twice", option->name);
    args->given[args->given_count++] = (struct given){option, value};
    return 0;
}

/* One argument that begins with dashes; *at moves behind what it used. */
static int args_option(struct cmd_args *args, int *at, int argc, char *const *argv, struct err *err)
{
    char name[64];
    const char *equals = strchr(argv[*at], '=');
    size_t size = equals ? (size_t)(equals - argv[*at]) : strlen(argv[*at]);
    (void)snprintf(name, sizeof name, "%.*s", (int)(size < 63 ? size : 63), argv[*at]);
    const struct cmd_option *option = find_option(args->verb, name);
    if (!option)
        return err_set(err, SANAD_USAGE, "%s: unknown option of `sanad %s`", name,
                       args->verb->name);
    (*at)++;
    if (!option->value)
        return equals ? err_set(err, SANAD_USAGE, "%s: takes no value", name)
                      : args_give(args, option, NULL, err);
    if (equals)
        return args_give(args, option, equals + 1, err);
    if (*at >= argc)
        return err_set(err, SANAD_USAGE, "%s: needs %s", name, option->value);
    int code = args_give(args, option, argv[(*at)++], err);
    while (code == 0 && takes_many(option) && *at < argc && argv[*at][0] != '-')
        code = args_give(args, option, argv[(*at)++], err);
    return code;
}

int cmd_args_parse(struct cmd_args **ret_args, const struct cmd_verb *verb, int argc,
                   char *const *argv, struct err *err)
{
    if (argc > ARGS_MAX)
        return err_set(err, SANAD_USAGE, "arguments: more than %d", ARGS_MAX);
    struct cmd_args *args = mem_zalloc(1, sizeof *args);
    args->verb = verb;
    args->given = mem_zalloc((size_t)argc + 1, sizeof *args->given);
    args->words = mem_zalloc((size_t)argc + 1, sizeof *args->words);
    args->scratch = mem_zalloc((size_t)argc + 1, sizeof *args->scratch);
    int code = 0;
    bool only_words = false;
    for (int at = 0; at < argc && code == 0;) {
        bool dashed = argv[at][0] == '-' && argv[at][1] && !only_words;
        if (dashed && strcmp(argv[at], "--") == 0) {
            only_words = true;
            at++;
        } else if (dashed) {
            code = args_option(args, &at, argc, argv, err);
        } else {
            args->words[args->word_count++] = argv[at++];
        }
    }
    if (code)
        cmd_args_free(args);
    else
        *ret_args = args;
    return code;
}

void cmd_args_free(struct cmd_args *args)
{
    if (!args)
        return;
    free(args->given);
    free(args->words);
    free(args->scratch);
    free(args);
}

bool cmd_takes(const struct cmd_args *args, const char *name)
{
    return find_option(args->verb, name) != NULL;
}

bool cmd_flag(const struct cmd_args *args, const char *name)
{
    sanad_assert(find_option(args->verb, name));
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, name) == 0)
            return true;
    return false;
}

const char *cmd_value(const struct cmd_args *args, const char *name)
{
    sanad_assert(find_option(args->verb, name));
    const char *value = NULL;
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, name) == 0)
            value = args->given[i].value;
    return value;
}

int cmd_required(const char **ret_value, const struct cmd_args *args, const char *name,
                 struct err *err)
{
    const char *value = cmd_value(args, name);
    if (!value)
        return err_set(err, SANAD_USAGE, "sanad %s: %s is needed", args->verb->name, name);
    *ret_value = value;
    return 0;
}

const char *const *cmd_values(const struct cmd_args *args, const char *name, size_t *ret_count)
{
    sanad_assert(find_option(args->verb, name));
    size_t count = 0;
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, name) == 0)
            args->scratch[count++] = args->given[i].value;
    *ret_count = count;
    return args->scratch;
}

const char *const *cmd_words(const struct cmd_args *args, size_t *ret_count)
{
    *ret_count = args->word_count;
    return args->words;
}

int cmd_number(uint64_t *ret_value, const struct cmd_args *args, const char *name, uint64_t max,
               uint64_t otherwise, struct err *err)
{
    const char *text = cmd_value(args, name);
    if (!text) {
        *ret_value = otherwise;
        return 0;
    }
    if (!number_parse(ret_value, text, strlen(text), max))
        return err_set(err, SANAD_USAGE, "%s: %s: not a number from 0 to %llu", name, text,
                       (unsigned long long)max);
    return 0;
}

static void print_options(const struct cmd_option *options)
{
    for (; options && options->name; options++) {
        char left[80];
        (void)snprintf(left, sizeof left, "%s%s%s", options->name, options->value ? " " : "",
                       options->value ? options->value : "");
        (void)printf("  %-26s %s\n", left, options->help);
    }
}

void cmd_help_print(const struct cmd_verb *verb)
{
    (void)printf("sanad %s: %s\n\nusage: sanad %s %s\n\n", verb->name, verb->summary, verb->name,
                 verb->usage);
    print_options(verb->options);
    (void)puts("everywhere:");
    print_options(common_options);
    (void)puts(
        "exit codes: 0 done, it holds; 1 it does not hold; 2 usage; 3 undecided, evidence is\n"
        "missing; 4 refused or unreadable input, I/O, environment");
}

int cmd_chain(const struct chain_params **ret_params, const struct cmd_args *args, struct err *err)
{
    const char *name = cmd_value(args, "--chain");
    const struct chain_params *params = chain_params_find(name ? name : "main");
    if (!params)
        return err_set(err, SANAD_USAGE, "--chain: %s: not main, testnet4, signet or regtest",
                       name);
    *ret_params = params;
    return 0;
}

int cmd_anchor(struct chain_anchor *ret_anchor, bool *ret_given, const struct cmd_args *args,
               struct err *err)
{
    const char *text = cmd_value(args, "--anchor");
    *ret_given = text != NULL;
    if (!text)
        return 0;
    const char *colon = strchr(text, ':');
    uint64_t height;
    struct chain_anchor anchor;
    if (!colon || !number_parse(&height, text, (size_t)(colon - text), INT32_MAX) ||
        !hash256_from_display(&anchor.hash, colon + 1))
        return err_set(err, SANAD_USAGE, "--anchor: %s: not HEIGHT:HASH", text);
    anchor.height = (uint32_t)height;
    *ret_anchor = anchor;
    return 0;
}

enum { LAST_SECOND_OF_DAY = 86399 };

/* A day means its last second; a time means itself. */
static int moment_parse(int64_t *ret_time, const char *text, struct err *err)
{
    if (date_parse(ret_time, text, NULL) == 0) {
        *ret_time += LAST_SECOND_OF_DAY;
        return 0;
    }
    return time_parse(ret_time, text, err);
}

int cmd_as_known(int64_t *ret_time, const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--as-known");
    *ret_time = INT64_MAX;
    if (text && moment_parse(ret_time, text, err) != 0)
        return err_set(err, SANAD_USAGE, "--as-known: %s: not a date or time", text);
    return 0;
}

int cmd_when(struct cmd_when *ret_when, const struct cmd_args *args, const char *name,
             struct err *err)
{
    const char *text = cmd_value(args, name);
    struct cmd_when when = {.given = text != NULL};
    uint64_t height = 0;
    if (!text) {
        *ret_when = when;
        return 0;
    }
    if (!number_parse(&height, text, strlen(text), INT32_MAX)) {
        if (moment_parse(&when.time, text, NULL) != 0)
            return err_set(err, SANAD_USAGE, "%s: %s: not a height or a date (YYYY-MM-DD)", name,
                           text);
        when.is_date = true;
    }
    when.height = (uint32_t)height;
    *ret_when = when;
    return 0;
}
