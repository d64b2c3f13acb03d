/* simulate: writes two invented nations, or gigabytes of mixed blocks. */
#include "cmd/cmd.h"
#include "sim/sim.h"

static const struct cmd_option options[] = {
    {"--out", "DIR", "the folder to write to; made where absent"},
    {"--seed", "N", "the same seed gives the same bytes; 1 if left out"},
    {"--scenario", "two-nations|bulk", "two-nations if left out"},
    {"--blocks", "N", "bulk: at most so many blocks"},
    {"--bulk-bytes", "N", "bulk: stop at the block that reaches so many bytes"},
    {NULL, NULL, NULL}};

/* Seeds stand in truth.json, whose integers every reader must be able to hold. */
#define SEED_MAX ((UINT64_C(1) << 53) - 1)

static int print_done(const struct cmd_args *args, const char *scenario, const char *out,
                      uint64_t seed, struct err *err)
{
    if (!cmd_flag(args, "--json")) {
        struct screen screen = screen_stdout(true);
        screen_line(&screen, STYLE_PLAIN, "%s with seed %llu written to %s", scenario,
                    (unsigned long long)seed, out);
        return 0;
    }
    json_t *json = json_object();
    sanad_assert(json_object_set_new(json, "simulated", json_true()) == 0 &&
                 json_object_set_new(json, "scenario", json_string(scenario)) == 0 &&
                 json_object_set_new(json, "seed", json_integer((json_int_t)seed)) == 0 &&
                 json_object_set_new(json, "out", json_string(out)) == 0);
    return cmd_print_json(json, err);
}

static int run_bulk(const struct cmd_args *args, const char *out, uint64_t seed, struct err *err)
{
    struct sim_bulk_options bulk = {.seed = seed};
    int code = cmd_number(&bulk.block_count, args, "--blocks", SIM_BULK_BLOCK_MAX, 0, err);
    if (code == 0)
        code = cmd_number(&bulk.size, args, "--bulk-bytes", SIM_BULK_SIZE_MAX, 0, err);
    if (code == 0 && bulk.block_count == 0 && bulk.size == 0)
        code = err_set(err, SANAD_USAGE, "bulk: --blocks or --bulk-bytes is needed");
    return code != 0 ? code : sim_bulk(out, &bulk, err);
}

static int run(const struct cmd_args *args, struct err *err)
{
    const char *out = NULL, *scenario = cmd_value(args, "--scenario");
    uint64_t seed = 1;
    int code = cmd_required(&out, args, "--out", err);
    if (code == 0)
        code = cmd_number(&seed, args, "--seed", SEED_MAX, 1, err);
    if (code != 0)
        return code;
    scenario = scenario ? scenario : "two-nations";
    if (strcmp(scenario, "two-nations") == 0)
        code = sim_two_nations(out, seed, err);
    else if (strcmp(scenario, "bulk") == 0)
        code = run_bulk(args, out, seed, err);
    else
        code =
            err_set(err, SANAD_USAGE, "--scenario %.64s: neither two-nations nor bulk", scenario);
    return code != 0 ? code : print_done(args, scenario, out, seed, err);
}

const struct cmd_verb cmd_simulate = {
    .name = "simulate",
    .summary = "write two invented nations, marked SIMULATED everywhere",
    .usage = "--out DIR [--seed N] [--scenario two-nations|bulk] [--blocks N] [--bulk-bytes N]",
    .options = options,
    .run = run,
};
