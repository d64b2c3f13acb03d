/* Role keys: made, sealed with a passphrase, opened again. */
#include "stmt/stmt.h"

enum { KEY_FILE_MAX = 16384 };

int role_key_new(struct role_key *ret_key, const char *name, const uint8_t *seed, struct err *err)
{
    return role_key_new_as(ret_key, name, NOTE_KEY_TYPE_ED25519, seed, err);
}

int role_key_new_as(struct role_key *ret_key, const char *name, uint8_t type, const uint8_t *seed,
                    struct err *err)
{
    sanad_assert(type == NOTE_KEY_TYPE_ED25519 || type == NOTE_KEY_TYPE_COSIGNATURE);
    struct role_key key;
    uint8_t public_key[32];
    if (seed)
        memcpy(key.seed, seed, sizeof key.seed);
    else
        random_bytes(key.seed, sizeof key.seed);
    ed25519_public(public_key, key.seed);
    int code = note_key_make(&key.key, name, type, public_key, err);
    if (code == 0)
        *ret_key = key;
    role_key_wipe(&key);
    return code;
}

int role_key_write(const struct role_key *key, const char *path, const char *passphrase,
                   enum secret_cost cost, struct err *err)
{
    sanad_assert(passphrase);
    struct buf sealed = buf_with_max(4096);
    struct buf text = buf_with_max(KEY_FILE_MAX);
    struct buf vkey = buf_with_max(4096);
    struct buf body = buf_with_max(4096);
    int code = secret_seal(&sealed, bytes_of(key->seed, sizeof key->seed), passphrase, cost, err);
    if (code == 0 && file_exists(path))
        code = err_set(err, SANAD_IO, "%s: exists already; a key is never overwritten", path);
    if (code == 0) {
        note_vkey_write(&vkey, &key->key);
        base64_encode(&body, buf_bytes(&sealed));
        json_t *json = json_pack("{s:s, s:s, s:s}", "format", "sanad/key/v1", "vkey",
                                 buf_cstr(&vkey), "sealed_seed", buf_cstr(&body));
        code = json_canonical(&text, json, err);
        json_decref(json);
        buf_u8(&text, '\n');
    }
    if (code == 0)
        code = file_write_private(path, buf_bytes(&text), err);
    buf_free(&sealed);
    buf_free(&text);
    buf_free(&vkey);
    buf_free(&body);
    return code;
}

static int key_file_read(json_t **ret_json, struct note_key *ret_key, const char *path,
                         struct err *err)
{
    static const char *const keys[] = {"format", "vkey", "sealed_seed", NULL};
    json_t *json;
    const char *format;
    const char *vkey;
    int code = json_read_file(&json, path, KEY_FILE_MAX, err);
    if (code)
        return code;
    code = json_only_keys(path, json, keys, err);
    if (code == 0)
        code = json_get_string(&format, path, json, "format", err);
    if (code == 0 && strcmp(format, "sanad/key/v1") != 0)
        code = err_set(err, SANAD_REFUSED, "%s: not a sanad/key/v1", path);
    if (code == 0)
        code = json_get_string(&vkey, path, json, "vkey", err);
    if (code == 0 && note_vkey_parse(ret_key, vkey, err) != 0)
        code = err_wrap(err, "%s", path);
    if (code)
        json_decref(json);
    else
        *ret_json = json;
    return code;
}

int role_key_public(struct note_key *ret_key, const char *path, struct err *err)
{
    json_t *json;
    int code = key_file_read(&json, ret_key, path, err);
    if (code == 0)
        json_decref(json);
    return code;
}

/* The seed must be the one that the public half was made of. */
static int seed_check(struct role_key *key, const struct note_key *expected, struct bytes seed,
                      const char *path, struct err *err)
{
    if (seed.size != sizeof key->seed)
        return err_set(err, SANAD_REFUSED, "%s: the sealed seed has not 32 bytes", path);
    int code = role_key_new_as(key, expected->name, expected->type, seed.data, err);
    if (code == 0 && memcmp(key->key.public_key, expected->public_key, 32) != 0)
        code = err_set(err, SANAD_REFUSED, "%s: vkey and sealed seed do not belong together", path);
    return code;
}

int role_key_read(struct role_key *ret_key, const char *path, const char *passphrase,
                  struct err *err)
{
    sanad_assert(passphrase);
    json_t *json;
    struct note_key public_key;
    const char *text;
    int code = key_file_read(&json, &public_key, path, err);
    if (code)
        return code;
    struct buf sealed = buf_with_max(4096);
    struct buf seed = buf_with_max(4096);
    struct role_key key;
    code = json_get_string(&text, path, json, "sealed_seed", err);
    if (code == 0 && !base64_decode(&sealed, text, strlen(text)))
        code = err_set(err, SANAD_REFUSED, "%s: \"sealed_seed\" is not base64", path);
    if (code == 0 && secret_open(&seed, buf_bytes(&sealed), passphrase, err) != 0)
        code = err_wrap(err, "%s", path);
    if (code == 0)
        code = seed_check(&key, &public_key, buf_bytes(&seed), path, err);
    if (code == 0)
        *ret_key = key;
    if (seed.data)
        secret_wipe(seed.data, seed.size);
    role_key_wipe(&key);
    buf_free(&sealed);
    buf_free(&seed);
    json_decref(json);
    return code;
}

void role_key_wipe(struct role_key *key)
{
    secret_wipe(key->seed, sizeof key->seed);
}
