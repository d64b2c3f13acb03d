/* Replays a fuzz corpus without libFuzzer: every file of the folder named on the
 * command line goes once through the fuzz target. An empty or missing folder is a
 * failure, since a replay of nothing proves nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPLAY_FILE_MAX = 8 << 20 };

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    uint8_t *whole = malloc(REPLAY_FILE_MAX);
    size_t size = whole ? fread(whole, 1, REPLAY_FILE_MAX, file) : 0;
    (void)fclose(file); /* read only: nothing can be lost */
    /* An exact-size copy, so that AddressSanitizer sees a read past the end. */
    uint8_t *exact = malloc(size ? size : 1);
    if (exact && whole) {
        memcpy(exact, whole, size);
        (void)LLVMFuzzerTestOneInput(exact, size); /* the contract says 0 */
    }
    free(exact);
    free(whole);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "replay: %s: no such corpus\n", argc == 2 ? argv[1] : "usage");
        return 1;
    }
    int count = 0;
    int failed = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        failed |= replay_file(path);
        count++;
    }
    (void)closedir(folder);
    printf("replayed %d inputs of %s\n", count, argv[1]);
    return failed || count == 0;
}
