/* Holds a store's write lock until its standard input ends, as another process that writes:
 *
 *   e2e_lock STORE      prints "locked" when it has it */
#include "support.h"
#include "store/store.h"

int main(int argc, char **argv)
{
    struct store *store;
    struct err err = {0};
    if (argc != 2)
        return 2;
    test_ok(store_open(&store, argv[1], STORE_WRITE, &err), &err);
    test_ok(store_begin(store, &err), &err);
    (void)puts("locked");
    (void)fflush(stdout);
    while (getchar() != EOF)
        ;
    store_close(store);
    return 0;
}
