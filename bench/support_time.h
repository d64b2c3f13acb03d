/* What every benchmark measures with: a clock and the median of its runs. */
#ifndef SANAD_BENCH_SUPPORT_TIME_H
#define SANAD_BENCH_SUPPORT_TIME_H

#include <stddef.h>
#include <time.h>

/* Seconds of a clock: CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID, CLOCK_MONOTONIC. */
double bench_seconds(clockid_t clock);
/* Sorts the runs, so that runs[0] is the best afterwards; of an even count the upper. */
double bench_median(double *runs, size_t count);

#endif
