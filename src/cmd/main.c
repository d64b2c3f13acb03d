/* The program: one table of verbs, one place where errors become exit codes. */
#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>

/* Verbs are listed in the order in which a newcomer needs them. */
static const struct cmd_verb *const verbs[] = {
    &cmd_simulate, &cmd_book,   &cmd_scan,      &cmd_position, &cmd_flows, &cmd_limits,
    &cmd_register, &cmd_claims, &cmd_statement, &cmd_key,      &cmd_log,   &cmd_verify,
    &cmd_witness,  &cmd_mirror, &cmd_bundle,    NULL,
};

static void help_all(FILE *out)
{
    (void)fputs("sanad " SANAD_VERSION ": keeps the books of a nation's Bitcoin and lets anyone "
                "check them\n\nusage: sanad VERB [options]\n\n",
                out);
    for (size_t i = 0; verbs[i]; i++)
        (void)fprintf(out, "  %-11s %s\n", verbs[i]->name, verbs[i]->summary);
    (void)fputs("\n`sanad VERB --help` tells a verb's options; `man sanad` tells the rest\n", out);
}

static const struct cmd_verb *verb_find(const char *name)
{
    for (size_t i = 0; verbs[i]; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static int verb_run(const struct cmd_verb *verb, int argc, char *const *argv)
{
    struct err err = {0};
    struct cmd_args *args = NULL;
    int code = cmd_args_parse(&args, verb, argc, argv, &err);
    if (code == 0 && cmd_flag(args, "--help"))
        cmd_help_print(verb);
    else if (code == 0)
        code = verb->run(args, &err);
    cmd_args_free(args);
    if (fflush(stdout) != 0 && code == 0)
        code = err_set(&err, SANAD_IO, "standard output: %s", strerror(errno));
    if (code != 0 && err.text[0])
        (void)fprintf(stderr, "sanad: %s\n", err.text);
    return err_exit_code(code);
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an I/O error with words */
    if (argc < 2) {
        help_all(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help_all(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts("sanad " SANAD_VERSION);
        return 0;
    }
    const struct cmd_verb *verb = verb_find(argv[1]);
    if (!verb) {
        struct err err; /* which spares the terminal what the word may hold */
        (void)err_set(&err, SANAD_USAGE, "%.64s: no such verb; `sanad --help` lists them", argv[1]);
        (void)fprintf(stderr, "sanad: %s\n", err.text);
        return 2;
    }
    return verb_run(verb, argc - 2, argv + 2);
}
