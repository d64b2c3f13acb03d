/* A clock and the median of some runs, for all benchmarks. */
#include "support_time.h"

#include <stdlib.h>

double bench_seconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for the clocks that are asked */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

double bench_median(double *runs, size_t count)
{
    qsort(runs, count, sizeof *runs, compare_doubles);
    return runs[count / 2];
}
