/* Helper of witness_test.sh and mirror_test.sh: a small log, its files, and a client that keeps
 * asking a witness for both stories of a log and writes down all that it gets.
 *   e2e_cosign vkey                          the log's key
 *   e2e_cosign write DIR SIZE [FORK]         its files
 *   e2e_cosign serve DIR                     its files; prints the port
 *   e2e_cosign hammer URL VKEY FILE SECONDS  lines "SIZE ROOT TIME" of what was cosigned */
#include "toylog.h"
#include "witness/witness.h"

#include <stdlib.h>
#include <unistd.h>

enum { SIZE_MAX_HAMMER = 3000, FORK = 2 };

static const char origin[] = "log.example/toy";

static size_t number(const char *text)
{
    uint64_t value;
    if (!number_parse(&value, text, strlen(text), TOYLOG_MAX))
        exit(2);
    return (size_t)value;
}

static int print_vkey(void)
{
    struct note_key key;
    uint8_t seed[32];
    struct buf vkey = buf_with_max(1024);
    toylog_key(&key, seed, origin, NOTE_KEY_TYPE_ED25519, 1);
    note_vkey_write(&vkey, &key);
    (void)puts(buf_cstr(&vkey));
    buf_free(&vkey);
    return 0;
}

static int write_files(const char *folder, size_t size, size_t fork)
{
    struct toylog log;
    toylog_make(&log, origin, size, fork);
    toylog_write(&log, folder, size);
    toylog_free(&log);
    return 0;
}

static void file_answer(void *context, const struct http_request *request, struct http_answer *ret)
{
    http_answer_file(ret, context, request->path);
}

static int serve(const char *folder)
{
    struct http_server *server;
    struct err err = {0};
    const struct http_server_options options = {.listen = "127.0.0.1:0",
                                                .handle = file_answer,
                                                .context =
                                                    (void *)(uintptr_t)folder}; /* only read */
    if (http_server_start(&server, &options, &err) != 0)
        return 1;
    (void)printf("%u\n", http_server_port(server));
    (void)fflush(stdout);
    for (;;)
        (void)pause();
}

/* One question; what was cosigned is written down before the next. */
static void ask(FILE *out, struct toylog *log, size_t size, struct witness_peer *peer)
{
    struct witness_reply reply;
    struct tlog_reader reader = toylog_reader(log);
    struct hash256 root;
    char hex[HEX256_SIZE];
    struct err err = {0};
    struct buf note = buf_with_max(4096);
    toylog_checkpoint(log, &note, size);
    if (witness_ask(&reply, peer, 1, buf_bytes(&note), &reader, 2000, &err) != 0)
        exit(1);
    buf_free(&note);
    peer->old_size = reply.size;
    if (reply.code) {
        (void)usleep(2000);
        return;
    }
    toylog_root(log, &root, size);
    hash256_straight(hex, &root);
    (void)fprintf(out, "%zu %s %llu\n", size, hex, (unsigned long long)reply.time);
    (void)fflush(out);
    buf_free(&reply.lines);
}

static int hammer(const char *url, const char *vkey, const char *path, size_t seconds)
{
    struct toylog logs[2];
    struct note_key key;
    struct err err = {0};
    int64_t end = time_now() + (int64_t)seconds;
    FILE *out = fopen(path, "a");
    if (!out || note_vkey_parse(&key, vkey, &err) != 0)
        return 2;
    toylog_make(&logs[0], origin, SIZE_MAX_HAMMER, SIZE_MAX);
    toylog_make(&logs[1], origin, SIZE_MAX_HAMMER, FORK);
    struct witness_peer peer = {.key = &key, .url = url};
    for (unsigned i = 0; time_now() < end; i++) {
        /* now and then the same again, and an older one */
        size_t size = (size_t)peer.old_size + (i % 5 == 0 ? 0 : 1);
        if (i % 11 == 0 && size > 3)
            size -= 2;
        if (size > SIZE_MAX_HAMMER)
            break;
        ask(out, &logs[i % 3 == 1], size, &peer);
    }
    (void)fclose(out);
    toylog_free(&logs[0]);
    toylog_free(&logs[1]);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "vkey") == 0)
        return print_vkey();
    if (argc >= 4 && argc <= 5 && strcmp(argv[1], "write") == 0)
        return write_files(argv[2], number(argv[3]), argc == 5 ? number(argv[4]) : SIZE_MAX);
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc == 6 && strcmp(argv[1], "hammer") == 0)
        return hammer(argv[2], argv[3], argv[4], number(argv[5]));
    return 2;
}
