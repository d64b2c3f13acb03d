/* The scenario of two nations from first block to last file. */
#include "sim/sim_priv.h"

int sim_two_nations(const char *out, uint64_t seed, struct err *err)
{
    int code = sim_folder_prepare(out, err);
    if (code != 0)
        return code;
    struct sim *sim = sim_new(seed);
    sim_play(sim);
    code = sim_write_blocks(sim, out, err);
    if (code == 0)
        code = sim_write_books(sim, out, err);
    if (code == 0)
        code = sim_write_programmes(sim, out, err);
    if (code == 0)
        code = sim_write_prices(sim, out, err);
    if (code == 0)
        code = sim_write_papers(sim, out, err); /* last: it writes the documents of all */
    if (code == 0)
        code = sim_write_truth(sim, out, err);
    sim_free(sim);
    return code;
}
