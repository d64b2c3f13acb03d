/* sim: two invented nations and, apart from them, gigabytes of mixed blocks. Everything that
 * it writes is marked SIMULATED, and the same seed gives the same bytes. What each file
 * holds: doc/formats/simulate.md. Writes files; reads nothing. */
#ifndef SANAD_SIM_H
#define SANAD_SIM_H

#include "base/base.h"

/* Plays 2021-09-01 to 2025-12-31 on a regtest chain that is consensus-valid to the last
 * signature, and writes under the folder `out` (made where absent) what cli.md names for
 * `simulate`: blocks/, both books, programmes, liabilities, prices, declarations and
 * truth.json. REFUSED where `out`/blocks already holds block files; IO. */
int sim_two_nations(const char *out, uint64_t seed, struct err *err);

enum { SIM_BULK_BLOCK_MAX = 10000000 };
#define SIM_BULK_SIZE_MAX (UINT64_C(4) << 40)

/* Zero leaves a bound out; both zero: REFUSED. */
struct sim_bulk_options {
    uint64_t seed;
    uint64_t block_count; /* at most so many blocks after the genesis block */
    uint64_t size;        /* stops at the block that reaches so many bytes */
};
/* Streams realistic mixed blocks (all script kinds, real earlier outputs spent, merkle roots,
 * witness commitments and proof of work right) with memory that does not grow. Signatures
 * are random bytes and amounts are not conserved by script rules, so a node refuses the
 * chain: it is for benchmarks and soak only. Also book-bulk.json and truth.json. */
int sim_bulk(const char *out, const struct sim_bulk_options *options, struct err *err);

#endif
