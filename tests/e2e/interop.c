/* Helper of go_interop_test.sh: what another implementation wrote is judged by our library, and
 * what our library makes is written for the other one.
 *   e2e_interop write DIR SIZE...          a log of opaque entries by the writer, signed at each
 * size; older checkpoints stay as DIR.SIZE, its key as DIR.vkey e2e_interop proofs-check FILE the
 * proofs in it hold as they say e2e_interop proofs-make DIR SIZE FILE  our proofs from its tiles
 *   e2e_interop notes FILE                 notes as they say; where we are stricter they are
 * counted e2e_interop ed25519 FILE               C2SP's edge cases: "NUMBER true|false" */
#include "support.h"
#include "tlog/tlog.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FILE_MAX = 1 << 26, ENTRY_SIZE_MAX = 700, KEY_COUNT_MAX = 8, PROVED_COUNT = 150 };

static const char origin[] = "xs.example/opaque";

/* Ends the program where something goes wrong: the script then sees it. */
static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "interop: %s\n", err->text);
    exit(1);
}

static void demand(bool good, const char *what, size_t line)
{
    if (good)
        return;
    (void)fprintf(stderr, "interop: line %zu: %s\n", line, what);
    exit(1);
}

static uint64_t number(const char *text)
{
    uint64_t value;
    if (!number_parse(&value, text, strlen(text), 1 << 20))
        exit(2);
    return value;
}

/* ---- a log -------------------------------------------------------------------------------------
 */

/* Entry i, of 0 to ENTRY_SIZE_MAX bytes of any value. */
static struct bytes entry_make(uint8_t ret_entry[ENTRY_SIZE_MAX], uint64_t i)
{
    uint64_t random = i * 6364136223846793005u + 1442695040888963407u;
    size_t size = i % 8 == 5 ? 0 : (random >> 33) % (ENTRY_SIZE_MAX + 1);
    for (size_t k = 0; k < size; k++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        ret_entry[k] = (uint8_t)(random >> 56);
    }
    return bytes_of(ret_entry, size);
}

static void copy(const char *from, const char *to)
{
    struct buf file;
    struct err err = {0};
    must(file_read(&file, from, TLOG_CHECKPOINT_MAX, &err), &err);
    must(file_write(to, buf_bytes(&file), &err), &err);
    buf_free(&file);
}

static void add_until(struct tlog_writer *writer, uint64_t size)
{
    uint8_t entry[ENTRY_SIZE_MAX];
    struct err err = {0};
    while (tlog_writer_size(writer) < size) {
        uint64_t first;
        struct arena arena = {0};
        struct bytes entries[1000];
        size_t count = 0;
        for (uint64_t i = tlog_writer_size(writer); i < size && count < countof(entries); i++)
            entries[count++] = arena_bytes(&arena, entry_make(entry, i));
        must(tlog_writer_add(writer, &first, entries, count, &err), &err);
        arena_free(&arena);
    }
}

static void sign(struct tlog_writer *writer, const char *folder)
{
    struct buf note = buf_with_max(TLOG_CHECKPOINT_MAX);
    struct err err = {0};
    char from[PATH_SIZE], to[PATH_SIZE];
    must(tlog_writer_sign(writer, &note, &err), &err);
    must(tlog_writer_place(writer, bytes_of_text(""), &err), &err);
    (void)snprintf(from, sizeof from, "%s/checkpoint", folder);
    (void)snprintf(to, sizeof to, "%s.%" PRIu64, folder, tlog_writer_size(writer));
    copy(from, to);
    buf_free(&note);
}

static int write_log(const char *folder, char **sizes, int count)
{
    char private_folder[PATH_SIZE], path[PATH_SIZE];
    uint8_t seed[32] = {9}, public_key[32];
    struct note_key key;
    struct err err = {0};
    struct buf vkey = buf_with_max(1024);
    struct tlog_writer *writer;
    ed25519_public(public_key, seed);
    must(note_key_make(&key, origin, NOTE_KEY_TYPE_ED25519, public_key, &err), &err);
    note_vkey_write(&vkey, &key);
    buf_u8(&vkey, '\n');
    (void)snprintf(path, sizeof path, "%s.vkey", folder);
    must(file_write(path, buf_bytes(&vkey), &err), &err);
    (void)snprintf(private_folder, sizeof private_folder, "%s.private", folder);
    struct tlog_writer_options options = {.public_folder = folder,
                                          .private_folder = private_folder,
                                          .origin = origin,
                                          .key = &key,
                                          .seed = seed};
    must(tlog_writer_init(&options, &err), &err);
    must(tlog_writer_open(&writer, &options, &err), &err);
    for (int i = 0; i < count; i++) {
        add_until(writer, number(sizes[i]));
        sign(writer, folder);
    }
    tlog_writer_close(writer);
    buf_free(&vkey);
    return 0;
}

/* ---- lines of JSON ------------------------------------------------------------------------------
 */

/* Calls `line` with each; numbered from 1. */
static void lines_read(const char *path, void (*line)(const json_t *json, size_t number))
{
    struct buf file;
    struct err err = {0};
    size_t seen = 0;
    must(file_read(&file, path, FILE_MAX, &err), &err);
    for (const char *at = buf_cstr(&file); *at;) {
        size_t size = strcspn(at, "\n");
        json_t *json = json_loadb(at, size, 0, NULL);
        demand(json != NULL, "no JSON", ++seen);
        line(json, seen);
        json_decref(json);
        at += size + (at[size] == '\n');
    }
    buf_free(&file);
}

static bool hash_member(struct hash256 *ret, const json_t *value)
{
    struct buf raw = buf_with_max(64);
    const char *text = json_string_value(value);
    bool good = text && base64_decode(&raw, text, strlen(text)) && raw.size == 32;
    if (good)
        memcpy(ret->b, raw.data, 32);
    buf_free(&raw);
    return good;
}

static uint64_t count_member(const json_t *json, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(json, key));
}

static size_t held, seen_count;

static bool proof_holds(const json_t *json, size_t line)
{
    struct tlog_proof proof = {.count = json_array_size(json_object_get(json, "proof"))};
    struct tlog_tree before = {.size = count_member(json, "size1")};
    struct tlog_tree after = {.size = count_member(json, "size")};
    struct hash256 leaf;
    demand(proof.count <= TLOG_PROOF_MAX, "too many hashes", line);
    demand(hash_member(&after.root, json_object_get(json, "root")), "no root", line);
    for (size_t i = 0; i < proof.count; i++)
        demand(hash_member(&proof.hashes[i], json_array_get(json_object_get(json, "proof"), i)),
               "no hash", line);
    if (hash_member(&leaf, json_object_get(json, "leaf")))
        return tlog_inclusion_check(&leaf, count_member(json, "index"), after.size, &proof,
                                    &after.root, NULL) == 0;
    demand(hash_member(&before.root, json_object_get(json, "root1")), "neither", line);
    return tlog_consistency_check(&before, &after, &proof, NULL) == 0;
}

static void proof_line(const json_t *json, size_t line)
{
    bool holds = proof_holds(json, line);
    demand(holds == json_is_true(json_object_get(json, "holds")),
           holds ? "we take it, Go does not" : "Go takes it, we do not", line);
    held += holds;
    seen_count++;
}

static int proofs_check(const char *path)
{
    lines_read(path, proof_line);
    (void)printf("%zu proofs, %zu hold\n", seen_count, held);
    return 0;
}

/* ---- our proofs ---------------------------------------------------------------------------------
 */

static void hash_text(json_t *json, const char *key, const struct hash256 *hash)
{
    struct buf text = buf_with_max(64);
    base64_encode(&text, bytes_of(hash->b, 32));
    if (json_is_array(json))
        json_array_append_new(json, json_string(buf_cstr(&text)));
    else
        json_object_set_new(json, key, json_string(buf_cstr(&text)));
    buf_free(&text);
}

static void proof_put(FILE *out, json_t *json, const struct tlog_proof *proof,
                      const struct hash256 *root)
{
    json_t *list = json_array();
    for (size_t i = 0; i < proof->count; i++)
        hash_text(list, NULL, &proof->hashes[i]);
    json_object_set_new(json, "proof", list);
    json_object_set_new(json, "holds", json_true());
    hash_text(json, "root", root);
    char *text = json_dumps(json, JSON_COMPACT);
    demand(text && fprintf(out, "%s\n", text) > 0, "not written", 0);
    free(text);
    json_decref(json);
}

/* Of entry `index` in a tree of `size`, and of the growth from index + 1 to size. */
static void prove_one(FILE *out, const struct tlog_reader *reader, uint64_t index, uint64_t size)
{
    uint8_t bytes[ENTRY_SIZE_MAX];
    struct hash256 leaf, before, root;
    struct tlog_proof proof;
    struct err err = {0};
    tlog_leaf_hash(&leaf, entry_make(bytes, index));
    must(tlog_root_read(&root, reader, size, &err), &err);
    must(tlog_root_read(&before, reader, index + 1, &err), &err);
    must(tlog_inclusion_prove(&proof, reader, index, size, &err), &err);
    json_t *json = json_pack("{s:I, s:I}", "index", (json_int_t)index, "size", (json_int_t)size);
    hash_text(json, "leaf", &leaf);
    proof_put(out, json, &proof, &root);
    must(tlog_consistency_prove(&proof, reader, index + 1, size, &err), &err);
    json = json_pack("{s:I, s:I}", "size1", (json_int_t)index + 1, "size", (json_int_t)size);
    hash_text(json, "root1", &before);
    proof_put(out, json, &proof, &root);
}

static int proofs_make(const char *folder, uint64_t size, const char *path)
{
    struct tlog_reader reader = tlog_reader_folder(folder);
    FILE *out = fopen(path, "w");
    uint64_t random = 3, whole = size - size % TLOG_TILE_WIDTH; /* of those the tiles are there */
    demand(out != NULL, "no file", 0);
    for (size_t i = 0; i < PROVED_COUNT; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t last = i < 4 ? i : (random >> 33) % whole;
        random = random * 6364136223846793005u + 1442695040888963407u;
        prove_one(out, &reader, (random >> 33) % (last + 1), last + 1);
        prove_one(out, &reader, last, size);
    }
    demand(fclose(out) == 0, "not written", 0);
    return 0;
}

/* ---- notes --------------------------------------------------------------------------------------
 */

static int64_t note_judge(struct bytes raw, const struct note_key *keys, size_t key_count)
{
    struct arena arena = {0};
    struct note note;
    bool valid[KEY_COUNT_MAX] = {false};
    int64_t count = 0;
    if (note_parse(&note, "note", raw, &arena, NULL) != 0 ||
        note_verify(valid, &note, keys, key_count, NULL) != 0)
        count = -1;
    for (size_t i = 0; count >= 0 && i < key_count; i++)
        count += valid[i];
    arena_free(&arena);
    return count > 0 ? count : -1; /* signed by nobody: no note for x/mod */
}

static void note_line(const json_t *json, size_t line)
{
    struct note_key keys[KEY_COUNT_MAX];
    struct buf raw = buf_with_max(1 << 20);
    const json_t *vkeys = json_object_get(json, "vkeys");
    size_t count = json_array_size(vkeys);
    const char *text = json_string_value(json_object_get(json, "note"));
    struct err err = {0};
    demand(count > 0 && count <= KEY_COUNT_MAX, "no keys", line);
    for (size_t i = 0; i < count; i++)
        must(note_vkey_parse(&keys[i], json_string_value(json_array_get(vkeys, i)), &err), &err);
    demand(text && base64_decode(&raw, text, strlen(text)), "no note", line);
    int64_t ours = note_judge(buf_bytes(&raw), keys, count);
    int64_t theirs = json_integer_value(json_object_get(json, "valid"));
    demand(ours == theirs || ours < 0, "we take more than Go", line);
    if (ours != theirs)
        (void)printf("stricter: %s: line %zu\n", json_string_value(json_object_get(json, "what")),
                     line);
    held += ours > 0;
    seen_count++;
    buf_free(&raw);
}

static int notes_judge(const char *path)
{
    lines_read(path, note_line);
    (void)printf("%zu notes, %zu taken\n", seen_count, held);
    return 0;
}

/* ---- Ed25519
 * ------------------------------------------------------------------------------------- */

static int ed25519_judge(const char *path)
{
    struct buf file;
    struct err err = {0};
    json_t *json;
    const json_t *entry;
    size_t i;
    must(file_read(&file, path, FILE_MAX, &err), &err);
    must(json_read(&json, path, buf_bytes(&file), FILE_MAX, &err), &err);
    json_array_foreach (json, i, entry) {
        const char *key, *signature, *message;
        uint8_t public_key[32], raw[64];
        must(json_get_string(&key, "case", entry, "key", &err), &err);
        must(json_get_string(&signature, "case", entry, "sig", &err), &err);
        must(json_get_string(&message, "case", entry, "msg", &err), &err);
        demand(hex_decode(public_key, 32, key, strlen(key)) &&
                   hex_decode(raw, 64, signature, strlen(signature)),
               "not hexadecimal", i);
        bool taken = ed25519_verify(public_key, raw, bytes_of_text(message));
        (void)printf("%" PRIu64 " %s\n", count_member(entry, "number"), taken ? "true" : "false");
    }
    json_decref(json);
    buf_free(&file);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "write") == 0)
        return write_log(argv[2], argv + 3, argc - 3);
    if (argc == 3 && strcmp(argv[1], "proofs-check") == 0)
        return proofs_check(argv[2]);
    if (argc == 5 && strcmp(argv[1], "proofs-make") == 0)
        return proofs_make(argv[2], number(argv[3]), argv[4]);
    if (argc == 3 && strcmp(argv[1], "notes") == 0)
        return notes_judge(argv[2]);
    if (argc == 3 && strcmp(argv[1], "ed25519") == 0)
        return ed25519_judge(argv[2]);
    return 2;
}
