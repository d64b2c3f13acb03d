/* A piece of work on several threads. */
#include "base/base.h"

#include <pthread.h>
#include <unistd.h>

unsigned threads_choose(unsigned asked, size_t items)
{
    long machine = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = asked ? asked : machine > 0 ? (size_t)machine : 1;
    if (count > items)
        count = items ? items : 1;
    return count < THREAD_MAX ? (unsigned)count : THREAD_MAX;
}

void threads_do(unsigned count, void *(*main)(void *), void *context)
{
    pthread_t threads[THREAD_MAX];
    unsigned started = 0;
    sanad_assert(count <= THREAD_MAX);
    /* One of them is this thread, so that it goes on where no other can be started. */
    while (started + 1 < count && pthread_create(&threads[started], NULL, main, context) == 0)
        started++;
    (void)main(context);
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
}
