/* Benchmark: one full offline check as a stranger makes it with the static core: a statement with
 * two signatures by a trust file, its place in a log of a million entries by a proof file, the
 * checkpoint with two cosignatures against a policy; and the same without the Ed25519 of libsodium,
 * which is the caller's; then 8,065 real headers where SANAD_DATA names them. Prints the input, a
 * checksum, the median and the best of 7 runs in milliseconds; fails unless each check holds. The
 * target is one check in less than 1 ms. */
#include "stmt/stmt.h"
#include "support_time.h"
#include "tlog/tlog.h"
#include "verify/verify.h"

#include <stdlib.h>

enum { RUNS = 7, CHECKS = 200, DEPTH = 20, INDEX = 123456, SIZE = 1 << DEPTH };

static uint8_t memory[SANAD_MEMORY_SIZE];
static struct buf statement, trust, proof, policy;
static struct hash256 digest;

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "bench_verify: %s\n", what);
    exit(1);
}

static bool by_libsodium(void *context, const uint8_t key[32], const uint8_t signature[64],
                         const uint8_t *message, size_t message_size)
{
    (void)context;
    return ed25519_verify(key, signature, bytes_of(message, message_size));
}

static bool by_nobody(void *context, const uint8_t key[32], const uint8_t signature[64],
                      const uint8_t *message, size_t message_size)
{
    (void)context;
    (void)key;
    (void)signature;
    return message && message_size > 0;
}

struct signer {
    struct note_key key;
    uint8_t seed[32];
};

static struct signer signer_of(const char *name, uint8_t type, uint8_t number)
{
    struct signer made = {.seed = {number}};
    uint8_t public_key[32];
    ed25519_public(public_key, made.seed);
    must(note_key_make(&made.key, name, type, public_key, NULL) == 0, name);
    return made;
}

static void vkey_add(struct buf *buf, const char *before, const struct signer *signer,
                     const char *after)
{
    buf_text(buf, before);
    note_vkey_write(buf, &signer->key);
    buf_text(buf, after);
}

static void statement_make(const struct signer *signers)
{
    struct buf lines = buf_with_max(4096);
    buf_text(&statement,
             "sanad/statement/v1 reserve-position\n{\"authority\":\"xs\",\"by_class\":[");
    for (unsigned i = 0; i < 12; i++)
        buf_format(&statement, "%s{\"balance_sat\":%u00000000,\"class\":\"class-%u\"}",
                   i ? "," : "", i + 1, i);
    buf_text(&statement, "],\"log\":\"xs.example/log\",\"prev\":-1,\"seq\":0}\n");
    for (size_t i = 0; i < 2; i++)
        note_sign(&lines, buf_bytes(&statement), &signers[i].key, signers[i].seed);
    buf_u8(&statement, '\n');
    buf_add(&statement, buf_bytes(&lines));
    buf_free(&lines);
    vkey_add(&trust, "{\"keys\":[\"", &signers[0], "\",\"");
    vkey_add(&trust, "", &signers[1],
             "\"],\"roles\":{\"reserve-position\":{\"threshold\":2,\"keys\":[");
    buf_format(&trust, "\"%s\",\"%s\"]}}}", signers[0].key.name, signers[1].key.name);
}

/* Any hashes do for the path: the root is what they give. */
static void proof_make(const struct signer *log, const struct signer *witnesses)
{
    struct tlog_proof_file file = {.index = INDEX, .proof = {.count = DEPTH}};
    struct tlog_checkpoint checkpoint = {.size = SIZE};
    struct buf note = buf_with_max(8192);
    struct buf lines = buf_with_max(8192);
    tlog_leaf_hash(&checkpoint.root, buf_bytes(&statement));
    for (unsigned i = 0; i < DEPTH; i++) {
        struct hash256 *other = &file.proof.hashes[i];
        sha256_of(other, bytes_of(&i, sizeof i));
        bool is_right = INDEX >> i & 1;
        tlog_node_hash(&checkpoint.root, is_right ? other : &checkpoint.root,
                       is_right ? &checkpoint.root : other);
    }
    memcpy(checkpoint.origin, log->key.name, strlen(log->key.name) + 1);
    tlog_checkpoint_write(&note, &checkpoint);
    note_sign(&lines, buf_bytes(&note), &log->key, log->seed);
    for (size_t i = 0; i < 2; i++)
        tlog_cosign(&lines, buf_bytes(&note), &witnesses[i].key, witnesses[i].seed, 1700000000 + i);
    buf_u8(&note, '\n');
    buf_add(&note, buf_bytes(&lines));
    file.checkpoint = buf_bytes(&note);
    tlog_proof_file_write(&proof, &file);
    vkey_add(&policy, "log ", log, "\n");
    vkey_add(&policy, "witness a ", &witnesses[0], "\n");
    vkey_add(&policy, "witness b ", &witnesses[1], "\ngroup both all a b\nquorum both\n");
    buf_free(&note);
    buf_free(&lines);
}

static struct sanad_input input_of(const char *name, const struct buf *buf)
{
    return (struct sanad_input){.name = name, .data = buf->data, .size = buf->size};
}

static void check_once(const struct sanad_verifier *verifier)
{
    struct sanad_result result;
    struct sanad_place place;
    const struct sanad_input inputs[] = {input_of("statement", &statement),
                                         input_of("trust", &trust), input_of("proof", &proof),
                                         input_of("policy", &policy)};
    must(sanad_verify_statement_by(verifier, &result, &inputs[0], &inputs[1]) ==
             SANAD_VERDICT_HOLDS,
         result.text);
    must(sanad_verify_place(verifier, &place, &result, &inputs[0], &inputs[2], &inputs[3]) ==
             SANAD_VERDICT_HOLDS,
         result.text);
    memcpy(digest.b, place.checkpoint.root, sizeof digest.b);
}

static void checks_time(const char *what, const struct sanad_verifier *verifier)
{
    double runs[RUNS];
    char shown[HEX256_SIZE];
    for (size_t run = 0; run < RUNS; run++) {
        double began = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        for (size_t i = 0; i < CHECKS; i++)
            check_once(verifier);
        runs[run] = (bench_seconds(CLOCK_THREAD_CPUTIME_ID) - began) / CHECKS * 1e3;
    }
    double median = bench_median(runs, RUNS);
    hash256_straight(shown, &digest);
    printf("%-28s checksum %.16s  median %.4f ms  best %.4f ms  of 1 ms: %.0f%%\n", what, shown,
           median, runs[0], 100 * median);
}

static void headers_time(void)
{
    static const char name[] = "headers/headers-0822528-0830592.bin";
    const char *data = getenv("SANAD_DATA");
    char path[PATH_SIZE];
    struct buf raw = {0};
    struct hash256 first;
    struct sanad_headers headers;
    struct sanad_result result;
    double runs[RUNS];
    if (!data || path_join(path, data, name, NULL) != 0 ||
        file_read(&raw, path, 1 << 20, NULL) != 0)
        return;
    sha256d_of(&first, bytes_of(raw.data, SANAD_HEADER_SIZE));
    const struct sanad_anchor anchor = {
        .network = SANAD_NETWORK_MAIN, .height = 822528, .hash = first.b};
    const struct sanad_input input = input_of("headers", &raw);
    for (size_t run = 0; run < RUNS; run++) {
        double began = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        must(sanad_verify_headers(&headers, &result, &input, &anchor) == SANAD_VERDICT_HOLDS,
             result.text);
        runs[run] = (bench_seconds(CLOCK_THREAD_CPUTIME_ID) - began) * 1e3;
    }
    char shown[HEX256_SIZE];
    memcpy(first.b, headers.tip, sizeof first.b);
    hash256_display(shown, &first);
    double median = bench_median(runs, RUNS);
    printf("%u real headers            checksum %.24s  median %.2f ms  best %.2f ms\n",
           headers.count, shown, median, runs[0]);
    buf_free(&raw);
}

int main(void)
{
    struct signer keys[2] = {signer_of("xs.example/k1", NOTE_KEY_TYPE_ED25519, 1),
                             signer_of("xs.example/k2", NOTE_KEY_TYPE_ED25519, 2)};
    struct signer log = signer_of("xs.example/log", NOTE_KEY_TYPE_ED25519, 3);
    struct signer witnesses[2] = {signer_of("a.example/w", NOTE_KEY_TYPE_COSIGNATURE, 4),
                                  signer_of("b.example/w", NOTE_KEY_TYPE_COSIGNATURE, 5)};
    struct sanad_verifier verifier = {
        .ed25519 = by_libsodium, .memory = memory, .memory_size = sizeof memory};
    statement = trust = proof = policy = buf_with_max(1 << 16);
    statement_make(keys);
    proof_make(&log, witnesses);
    printf("input: statement %zu bytes, 2 signatures; proof %zu bytes of %d entries, log and 2 "
           "witnesses; 5 Ed25519 checks\n",
           statement.size, proof.size, SIZE);
    checks_time("one check", &verifier);
    verifier.ed25519 = by_nobody;
    checks_time("of that, the core's own", &verifier);
    headers_time();
    buf_free(&statement);
    buf_free(&trust);
    buf_free(&proof);
    buf_free(&policy);
    return 0;
}
