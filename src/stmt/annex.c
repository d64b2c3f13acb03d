/* Commitments of annexes, and the files that open them. */
#include "stmt/stmt_priv.h"

static const char opening_format[] = "sanad/opening/v1";
enum { OPENING_FILE_MAX = 65536 };

void annex_commit(struct hash256 *ret_commitment, const uint8_t salt[ANNEX_SALT_SIZE],
                  struct bytes plain)
{
    struct sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, bytes_of_text("sanad/annex/v1\n"));
    sha256_add(&hash, bytes_of(salt, ANNEX_SALT_SIZE));
    sha256_add(&hash, plain);
    sha256_final(ret_commitment, &hash);
}

void annex_opening_write(struct buf *buf, const struct annex_opening *opening)
{
    char salt[2 * ANNEX_SALT_SIZE + 1];
    struct err err = {0};
    json_t *json = json_object();
    hex_encode(salt, bytes_of(opening->salt, ANNEX_SALT_SIZE));
    json_object_set_new(json, "format", json_string(opening_format));
    json_object_set_new(json, "commitment", json_hash_straight(&opening->commitment));
    json_object_set_new(json, "salt", json_string(salt));
    if (opening->label[0])
        json_object_set_new(json, "label", json_string(opening->label));
    int code = json_canonical(buf, json, &err);
    sanad_assert(code == 0); /* texts that were checked */
    buf_u8(buf, '\n');
    json_decref(json);
}

static int opening_fill(struct annex_opening *opening, const char *object, const json_t *json,
                        struct err *err)
{
    static const struct schema_member members[] = {
        {.name = "format", .value = SCHEMA_TEXT, .min = 1, .max = 64},
        {.name = "commitment", .value = SCHEMA_HASH},
        {.name = "salt", .value = SCHEMA_HASH},
        {.name = "label", .value = SCHEMA_TEXT, .optional = true, .min = 1, .max = ANNEX_LABEL_MAX},
        {0}};
    if (!json_is_object(json))
        return err_set(err, SANAD_REFUSED, "%s: not an object", object);
    if (schema_object(members, json, "", err) != 0)
        return err_wrap(err, "%s", object);
    if (strcmp(json_string_value(json_object_get(json, "format")), opening_format) != 0)
        return err_set(err, SANAD_REFUSED, "%s: not an opening of the form %s", object,
                       opening_format);
    const char *salt = json_string_value(json_object_get(json, "salt"));
    const char *label = json_string_value(json_object_get(json, "label"));
    bool decoded = hex_decode(opening->salt, ANNEX_SALT_SIZE, salt, strlen(salt)) &&
                   hash256_from_straight(&opening->commitment,
                                         json_string_value(json_object_get(json, "commitment")));
    sanad_assert(decoded); /* 64 digits each */
    (void)snprintf(opening->label, sizeof opening->label, "%s", label ? label : "");
    return 0;
}

int annex_opening_read(struct annex_opening *ret_opening, const char *object, struct bytes text,
                       struct err *err)
{
    json_t *json;
    struct annex_opening opening = {0};
    int code = json_read(&json, object, text, OPENING_FILE_MAX, err);
    if (code)
        return code;
    code = opening_fill(&opening, object, json, err);
    json_decref(json);
    if (code == 0)
        *ret_opening = opening;
    return code;
}

int annex_opening_read_file(struct annex_opening *ret_opening, const char *path, struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, OPENING_FILE_MAX, err);
    if (code)
        return code;
    code = annex_opening_read(ret_opening, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

bool annex_is_age(struct bytes cipher)
{
    static const char *const begins[] = {"age-encryption.org/v1\n",
                                         "-----BEGIN AGE ENCRYPTED FILE-----"};
    for (size_t i = 0; i < countof(begins); i++) {
        size_t size = strlen(begins[i]);
        if (cipher.size > size && memcmp(cipher.data, begins[i], size) == 0)
            return true;
    }
    return false;
}
