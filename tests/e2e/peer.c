/* Serves a folder of blocks as nodes of the network, one for each fault that is named ("none" for
 * an honest one; "pruned=HEIGHT" for one without older blocks). Writes "HOST:PORT,..." as one
 * line, then runs until it is told to end. For the tests of the light client. */
#include "support.h"
#include "toypeer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { PEERS_MAX = 16, HEIGHT_MAX = 1 << 24 };

static bool options_read(struct toypeer_options *options, const char *word)
{
    static const char pruned[] = "pruned=";
    size_t size = sizeof pruned - 1;
    uint64_t height;
    if (strncmp(word, pruned, size) == 0) {
        if (!number_parse(&height, word + size, strlen(word + size), HEIGHT_MAX))
            return false;
        options->pruned = (uint32_t)height;
        return true;
    }
    options->fault = toypeer_fault_of(word);
    return options->fault < TOYPEER_FAULT_COUNT;
}

int main(int argc, char **argv)
{
    struct blkfolder folder;
    struct toyworld world;
    sigset_t ending;
    int number;
    const struct chain_params *params = argc > 3 ? chain_params_find(argv[2]) : NULL;
    if (!params || argc - 3 > PEERS_MAX) {
        (void)fprintf(stderr, "usage: peer BLOCKS CHAIN FAULT...\n");
        return 2;
    }
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigaddset(&ending, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ending, NULL);
    blkfolder_read(&folder, argv[1], params, true);
    toyworld_of_folder(&world, &folder);
    struct toypeer *peers[PEERS_MAX];
    for (int i = 0; i < argc - 3; i++) {
        struct toypeer_options options = {.world = &world};
        if (!options_read(&options, argv[3 + i])) {
            (void)fprintf(stderr, "peer: %s: no such fault\n", argv[3 + i]);
            return 2;
        }
        peers[i] = toypeer_start(&options);
        (void)printf("%s127.0.0.1:%u", i > 0 ? "," : "", toypeer_port(peers[i]));
    }
    (void)printf("\n");
    (void)fflush(stdout);
    (void)sigwait(&ending, &number);
    for (int i = 0; i < argc - 3; i++) {
        (void)printf("%s %u headers %u filters %u connections\n", argv[3 + i],
                     toypeer_headers_sent(peers[i]), toypeer_filters_sent(peers[i]),
                     toypeer_connections(peers[i]));
        toypeer_stop(peers[i]);
    }
    toyworld_free(&world);
    blkfolder_free(&folder);
    return 0;
}
