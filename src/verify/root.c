/* The members of a root statement (doc/formats/statement.md, "Kinds"), each as it must be. */
#include "verify/verify_priv.h"

enum { TEXT_ROOM = 512, PARTNER_MAX = 16, PARTNER_KEY_MAX = 8 };
#define INTEGER_MAX INT64_C(9007199254740991)

struct member_rule {
    const char *name;
    bool (*ok)(struct sanad_bytes value);
    bool optional;
};

/* These members and no others; the JSON was checked, so that none stands twice. */
static bool members_ok(struct sanad_bytes object, const struct member_rule *rules, size_t count)
{
    struct verify_json_walk walk;
    struct sanad_bytes key;
    struct sanad_bytes value;
    if (!verify_json_object(&walk, object))
        return false;
    while (verify_json_next_member(&key, &value, &walk)) {
        size_t i = 0;
        while (i < count && !verify_is(key, rules[i].name))
            i++;
        if (i == count || !rules[i].ok(value))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!rules[i].optional && !sanad_json_member(&value, object, rules[i].name))
            return false;
    return true;
}

static bool list_ok(struct sanad_bytes list, bool (*item_ok)(struct sanad_bytes), size_t min,
                    size_t max)
{
    struct verify_json_walk walk;
    struct sanad_bytes item;
    size_t count = 0;
    if (!verify_json_list(&walk, list))
        return false;
    for (; verify_json_next_item(&item, &walk); count++)
        if (count == max || !item_ok(item))
            return false;
    return count >= min;
}

static bool integer_ok(struct sanad_bytes value, int64_t min, int64_t max)
{
    int64_t integer;
    return sanad_json_integer(&integer, value) && integer >= min && integer <= max;
}

static bool count_ok(struct sanad_bytes value)
{
    return integer_ok(value, 0, INTEGER_MAX);
}

static bool prev_ok(struct sanad_bytes value)
{
    return integer_ok(value, -1, INTEGER_MAX);
}

static bool version_ok(struct sanad_bytes value)
{
    return integer_ok(value, 1, INTEGER_MAX);
}

static bool authority_ok(struct sanad_bytes value)
{
    char text[SANAD_NAME_MAX + 1];
    return sanad_json_string(text, sizeof text, value) && text[0];
}

static bool origin_ok(struct sanad_bytes value)
{
    char text[SANAD_NAME_MAX + 1];
    return sanad_json_string(text, sizeof text, value) && verify_name_ok(verify_bytes_of(text));
}

static bool date_ok(struct sanad_bytes value)
{
    char text[16];
    int64_t day;
    return sanad_json_string(text, sizeof text, value) && verify_date(&day, verify_bytes_of(text));
}

static bool lower_hex(struct sanad_bytes digits)
{
    for (size_t i = 0; i < digits.size; i++)
        if (!((digits.data[i] >= '0' && digits.data[i] <= '9') ||
              (digits.data[i] >= 'a' && digits.data[i] <= 'f')))
            return false;
    return true;
}

static bool hash_ok(struct sanad_bytes value)
{
    char text[TEXT_ROOM];
    return sanad_json_string(text, sizeof text, value) && strlen(text) == 64 &&
           lower_hex(verify_bytes(text, 64));
}

/* Of type 0x01, and in the one way in which it is written: strict base64 has but one, so the digits
 * of the id are what is left. */
static bool vkey_ok(struct sanad_bytes value)
{
    char text[TEXT_ROOM];
    struct sanad_result why = {.verdict = SANAD_VERDICT_HOLDS};
    struct verify_key key;
    if (!sanad_json_string(text, sizeof text, value) ||
        verify_vkey(&key, &why, verify_bytes_of(text)) != SANAD_VERDICT_HOLDS)
        return false;
    return key.type == VERIFY_KEY_ED25519 && lower_hex(verify_bytes(text + key.name.size + 1, 8));
}

static bool keys_ok(struct sanad_bytes value)
{
    return list_ok(value, vkey_ok, 1, SANAD_KEY_MAX);
}

static bool threshold_ok(struct sanad_bytes value)
{
    return integer_ok(value, 1, SANAD_ROLE_KEY_MAX);
}

static bool role_keys_ok(struct sanad_bytes value)
{
    return list_ok(value, origin_ok, 1, SANAD_ROLE_KEY_MAX);
}

static bool roles_ok(struct sanad_bytes value)
{
    static const struct member_rule rules[] = {{"threshold", threshold_ok, false},
                                               {"keys", role_keys_ok, false}};
    struct verify_json_walk walk;
    struct sanad_bytes key;
    struct sanad_bytes role;
    size_t count = 0;
    if (!verify_json_object(&walk, value))
        return false;
    for (; verify_json_next_member(&key, &role, &walk); count++)
        if (count == SANAD_KIND_COUNT || !members_ok(role, rules, countof(rules)))
            return false;
    return count > 0;
}

static bool partner_keys_ok(struct sanad_bytes value)
{
    return list_ok(value, vkey_ok, 1, PARTNER_KEY_MAX);
}

static bool partner_ok(struct sanad_bytes value)
{
    static const struct member_rule rules[] = {{"authority", authority_ok, false},
                                               {"log", origin_ok, false},
                                               {"keys", partner_keys_ok, false},
                                               {"root_sha256", hash_ok, true}};
    return members_ok(value, rules, countof(rules));
}

static bool partners_ok(struct sanad_bytes value)
{
    return list_ok(value, partner_ok, 0, PARTNER_MAX);
}

/* Days in their one form compare as their bytes. */
static bool expires_later(struct sanad_bytes json)
{
    struct sanad_bytes date;
    struct sanad_bytes expires;
    if (!sanad_json_member(&date, json, "date") || !sanad_json_member(&expires, json, "expires"))
        return false;
    sanad_assert(date.size == expires.size);
    return memcmp(date.data, expires.data, date.size) < 0;
}

bool verify_root_ok(struct sanad_bytes json)
{
    static const struct member_rule rules[] = {
        {"authority", authority_ok, false}, {"log", origin_ok, false},
        {"seq", count_ok, false},           {"prev", prev_ok, false},
        {"version", version_ok, false},     {"date", date_ok, false},
        {"expires", date_ok, false},        {"keys", keys_ok, false},
        {"roles", roles_ok, false},         {"partners", partners_ok, true}};
    return members_ok(json, rules, countof(rules)) && expires_later(json);
}
