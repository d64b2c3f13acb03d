/* The maps of a PSBT (BIP174): fields read in any order, no key twice, each held to the form
 * that its BIP gives it. What the fields mean together is in psbt.c. */
#include "chain/chain_priv.h"

#include <stdarg.h>
#include <stdlib.h>

/* ---- what is wrong, and where ------------------------------------------------------------- */

int psbt_refuse(const struct psbt_reader *reader, const char *format, ...)
{
    char text[ERR_TEXT_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments); /* cut where it is too long */
    va_end(arguments);
    if (reader->map == PSBT_MAP_GLOBAL)
        return err_set(reader->err, SANAD_REFUSED, "PSBT: %s", text);
    return err_set(reader->err, SANAD_REFUSED, "PSBT: %s %zu: %s",
                   reader->map == PSBT_MAP_IN ? "input" : "output", reader->index, text);
}

/* ---- forms of keys ------------------------------------------------------------------------ */

enum key_form {
    KEY_EMPTY,
    KEY_XPUB,       /* BIP32, 78 bytes */
    KEY_POINT,      /* 33 or 65 bytes, on the curve */
    KEY_COMPRESSED, /* 33 bytes, on the curve */
    KEY_20,
    KEY_32,
    KEY_64,
    KEY_CONTROL_BLOCK, /* BIP341 */
    KEY_MUSIG,         /* two compressed points and, at will, a leaf hash */
    KEY_PROPRIETARY    /* identifier, subtype, anything */
};

enum { CONTROL_BLOCK_DEPTH_MAX = 128, XPUB_SIZE = 78, XPUB_DEPTH_AT = 4, XPUB_POINT_AT = 45 };

static bool is_point(struct bytes bytes)
{
    struct ec_point point;
    return ec_point_parse(&point, bytes);
}

static bool is_compressed(struct bytes bytes)
{
    return bytes.size == 33 && is_point(bytes);
}

static bool is_control_block(struct bytes key)
{
    return key.size >= 33 && key.size <= 33 + 32 * CONTROL_BLOCK_DEPTH_MAX &&
           (key.size - 33) % 32 == 0;
}

static bool is_musig_key(struct bytes key)
{
    return (key.size == 66 || key.size == 98) && is_compressed(bytes_of(key.data, 33)) &&
           is_compressed(bytes_of(key.data + 33, 33));
}

static bool is_proprietary(struct bytes key)
{
    struct cursor cursor = cursor_of(key);
    (void)cursor_compact_bytes(&cursor, PSBT_SIZE_MAX); /* the identifier is not ours to read */
    (void)cursor_compact(&cursor, UINT64_MAX);          /* nor is the subtype */
    return !cursor.bad;
}

static bool key_good(enum key_form form, struct bytes key)
{
    switch (form) {
    case KEY_EMPTY:
        return key.size == 0;
    case KEY_XPUB:
        return key.size == XPUB_SIZE && is_compressed(bytes_of(key.data + XPUB_POINT_AT, 33));
    case KEY_POINT:
        return is_point(key);
    case KEY_COMPRESSED:
        return is_compressed(key);
    case KEY_20:
        return key.size == 20;
    case KEY_32:
        return key.size == 32;
    case KEY_64:
        return key.size == 64;
    case KEY_CONTROL_BLOCK:
        return is_control_block(key);
    case KEY_MUSIG:
        return is_musig_key(key);
    case KEY_PROPRIETARY:
        return is_proprietary(key);
    }
    return false;
}

/* ---- forms of values ---------------------------------------------------------------------- */

enum value_form {
    VALUE_ANY,
    VALUE_1,
    VALUE_4,
    VALUE_8,
    VALUE_32,
    VALUE_66,
    VALUE_COUNT,        /* a CompactSize */
    VALUE_KEY_PATH,     /* fingerprint and steps */
    VALUE_TAP_KEY_PATH, /* leaf hashes, then the same */
    VALUE_SCHNORR,      /* 64 bytes, or 65 with a hash type */
    VALUE_LEAF_SCRIPT,  /* script and leaf version */
    VALUE_TAP_TREE,
    VALUE_WITNESS,
    VALUE_POINTS, /* compressed ones */
    VALUE_TIME,   /* a lock time that is a time … */
    VALUE_HEIGHT  /* … and one that is a height */
};

enum { KEY_PATH_STEP_MAX = 255 }; /* BIP32: a depth is one byte */

static bool is_count(struct bytes value)
{
    struct cursor cursor = cursor_of(value);
    (void)cursor_compact(&cursor, UINT64_MAX); /* psbt.c sees whether so many can be there */
    return cursor_done(&cursor);
}

static bool is_key_path(struct bytes value)
{
    return value.size >= 4 && value.size % 4 == 0 && value.size / 4 - 1 <= KEY_PATH_STEP_MAX;
}

static bool is_tap_key_path(struct bytes value)
{
    struct cursor cursor = cursor_of(value);
    uint64_t hashes = cursor_compact(&cursor, value.size / 32);
    (void)cursor_take(&cursor, 32 * hashes);
    return !cursor.bad && is_key_path(bytes_of(cursor.at, cursor_left(&cursor)));
}

/* BIP371: leaves in the order of a walk through the tree. A leaf closes a place at its depth;
 * two places side by side close the one above them. */
static bool is_tap_tree(struct bytes value)
{
    bool closed[CONTROL_BLOCK_DEPTH_MAX + 1] = {false};
    struct cursor cursor = cursor_of(value);
    unsigned deepest = 0; /* the deepest place that waits for its other half */
    while (cursor_left(&cursor) > 0 && !cursor.bad) {
        unsigned depth = cursor_u8(&cursor);
        uint8_t leaf_version = cursor_u8(&cursor);
        (void)cursor_compact_bytes(&cursor, PSBT_SIZE_MAX); /* the script */
        if (cursor.bad || depth > CONTROL_BLOCK_DEPTH_MAX || (leaf_version & 1) || closed[0] ||
            depth < deepest)
            return false;
        for (; depth > 0 && closed[depth]; depth--)
            closed[depth] = false;
        closed[depth] = true;
        deepest = depth;
    }
    return closed[0] && !cursor.bad;
}

static bool is_witness(struct bytes value)
{
    struct cursor cursor = cursor_of(value);
    uint64_t count = cursor_compact(&cursor, value.size);
    for (uint64_t item = 0; item < count && !cursor.bad; item++)
        (void)cursor_compact_bytes(&cursor, PSBT_SIZE_MAX);
    return cursor_done(&cursor);
}

static bool is_points(struct bytes value)
{
    bool good = value.size % 33 == 0;
    for (size_t at = 0; good && at < value.size; at += 33)
        good = is_compressed(bytes_of(value.data + at, 33));
    return good;
}

static bool is_lock_time(struct bytes value, uint32_t least, uint32_t most)
{
    uint32_t time = value.size == 4 ? load_le32(value.data) : 0;
    return value.size == 4 && time >= least && time <= most;
}

static bool value_good(enum value_form form, struct bytes value)
{
    switch (form) {
    case VALUE_ANY:
        return true;
    case VALUE_1:
        return value.size == 1;
    case VALUE_4:
        return value.size == 4;
    case VALUE_8:
        return value.size == 8;
    case VALUE_32:
        return value.size == 32;
    case VALUE_66:
        return value.size == 66;
    case VALUE_COUNT:
        return is_count(value);
    case VALUE_KEY_PATH:
        return is_key_path(value);
    case VALUE_TAP_KEY_PATH:
        return is_tap_key_path(value);
    case VALUE_SCHNORR:
        return value.size == 64 || value.size == 65;
    case VALUE_LEAF_SCRIPT:
        return value.size >= 1;
    case VALUE_TAP_TREE:
        return is_tap_tree(value);
    case VALUE_WITNESS:
        return is_witness(value);
    case VALUE_POINTS:
        return is_points(value);
    case VALUE_TIME:
        return is_lock_time(value, PSBT_LOCK_TIME_BORDER, UINT32_MAX);
    case VALUE_HEIGHT:
        return is_lock_time(value, 1, PSBT_LOCK_TIME_BORDER - 1);
    }
    return false;
}

/* ---- the tables of the BIPs --------------------------------------------------------------- */

enum { ALL, ONLY_0, ONLY_2 };
struct field_rule {
    const char *name; /* NULL: unknown */
    enum key_form key;
    enum value_form value;
    int versions;
};
enum { RULE_MAX = 0x100 };

static const struct field_rule global_rules[RULE_MAX] = {
    [0x00] = {"UNSIGNED_TX", KEY_EMPTY, VALUE_ANY, ONLY_0},
    [0x01] = {"XPUB", KEY_XPUB, VALUE_KEY_PATH, ALL},
    [0x02] = {"TX_VERSION", KEY_EMPTY, VALUE_4, ONLY_2},
    [0x03] = {"FALLBACK_LOCKTIME", KEY_EMPTY, VALUE_4, ONLY_2},
    [0x04] = {"INPUT_COUNT", KEY_EMPTY, VALUE_COUNT, ONLY_2},
    [0x05] = {"OUTPUT_COUNT", KEY_EMPTY, VALUE_COUNT, ONLY_2},
    [0x06] = {"TX_MODIFIABLE", KEY_EMPTY, VALUE_1, ONLY_2},
    [0xfb] = {"VERSION", KEY_EMPTY, VALUE_4, ALL},
    [0xfc] = {"PROPRIETARY", KEY_PROPRIETARY, VALUE_ANY, ALL},
};
static const struct field_rule in_rules[RULE_MAX] = {
    [0x00] = {"NON_WITNESS_UTXO", KEY_EMPTY, VALUE_ANY, ALL},
    [0x01] = {"WITNESS_UTXO", KEY_EMPTY, VALUE_ANY, ALL},
    [0x02] = {"PARTIAL_SIG", KEY_POINT, VALUE_ANY, ALL},
    [0x03] = {"SIGHASH_TYPE", KEY_EMPTY, VALUE_4, ALL},
    [0x04] = {"REDEEM_SCRIPT", KEY_EMPTY, VALUE_ANY, ALL},
    [0x05] = {"WITNESS_SCRIPT", KEY_EMPTY, VALUE_ANY, ALL},
    [0x06] = {"BIP32_DERIVATION", KEY_POINT, VALUE_KEY_PATH, ALL},
    [0x07] = {"FINAL_SCRIPTSIG", KEY_EMPTY, VALUE_ANY, ALL},
    [0x08] = {"FINAL_SCRIPTWITNESS", KEY_EMPTY, VALUE_WITNESS, ALL},
    [0x0a] = {"RIPEMD160", KEY_20, VALUE_ANY, ALL},
    [0x0b] = {"SHA256", KEY_32, VALUE_ANY, ALL},
    [0x0c] = {"HASH160", KEY_20, VALUE_ANY, ALL},
    [0x0d] = {"HASH256", KEY_32, VALUE_ANY, ALL},
    [0x0e] = {"PREVIOUS_TXID", KEY_EMPTY, VALUE_32, ONLY_2},
    [0x0f] = {"OUTPUT_INDEX", KEY_EMPTY, VALUE_4, ONLY_2},
    [0x10] = {"SEQUENCE", KEY_EMPTY, VALUE_4, ONLY_2},
    [0x11] = {"REQUIRED_TIME_LOCKTIME", KEY_EMPTY, VALUE_TIME, ONLY_2},
    [0x12] = {"REQUIRED_HEIGHT_LOCKTIME", KEY_EMPTY, VALUE_HEIGHT, ONLY_2},
    [0x13] = {"TAP_KEY_SIG", KEY_EMPTY, VALUE_SCHNORR, ALL},
    [0x14] = {"TAP_SCRIPT_SIG", KEY_64, VALUE_SCHNORR, ALL},
    [0x15] = {"TAP_LEAF_SCRIPT", KEY_CONTROL_BLOCK, VALUE_LEAF_SCRIPT, ALL},
    [0x16] = {"TAP_BIP32_DERIVATION", KEY_32, VALUE_TAP_KEY_PATH, ALL},
    [0x17] = {"TAP_INTERNAL_KEY", KEY_EMPTY, VALUE_32, ALL},
    [0x18] = {"TAP_MERKLE_ROOT", KEY_EMPTY, VALUE_32, ALL},
    [0x1a] = {"MUSIG2_PARTICIPANT_PUBKEYS", KEY_COMPRESSED, VALUE_POINTS, ALL},
    [0x1b] = {"MUSIG2_PUB_NONCE", KEY_MUSIG, VALUE_66, ALL},
    [0x1c] = {"MUSIG2_PARTIAL_SIG", KEY_MUSIG, VALUE_32, ALL},
    [0xfc] = {"PROPRIETARY", KEY_PROPRIETARY, VALUE_ANY, ALL},
};
static const struct field_rule out_rules[RULE_MAX] = {
    [0x00] = {"REDEEM_SCRIPT", KEY_EMPTY, VALUE_ANY, ALL},
    [0x01] = {"WITNESS_SCRIPT", KEY_EMPTY, VALUE_ANY, ALL},
    [0x02] = {"BIP32_DERIVATION", KEY_POINT, VALUE_KEY_PATH, ALL},
    [0x03] = {"AMOUNT", KEY_EMPTY, VALUE_8, ONLY_2},
    [0x04] = {"SCRIPT", KEY_EMPTY, VALUE_ANY, ONLY_2},
    [0x05] = {"TAP_INTERNAL_KEY", KEY_EMPTY, VALUE_32, ALL},
    [0x06] = {"TAP_TREE", KEY_EMPTY, VALUE_TAP_TREE, ALL},
    [0x07] = {"TAP_BIP32_DERIVATION", KEY_32, VALUE_TAP_KEY_PATH, ALL},
    [0x08] = {"MUSIG2_PARTICIPANT_PUBKEYS", KEY_COMPRESSED, VALUE_POINTS, ALL},
    [0xfc] = {"PROPRIETARY", KEY_PROPRIETARY, VALUE_ANY, ALL},
};

static const struct field_rule *field_rule(enum psbt_map map, uint64_t type)
{
    static const struct field_rule *const tables[] = {global_rules, in_rules, out_rules};
    static const struct field_rule unknown;
    return type < RULE_MAX ? &tables[map][type] : &unknown;
}

/* BIP174: an extended key tells its own depth, and the path must have as many steps. */
static bool xpub_depth_fits(const struct psbt_field *field)
{
    return field->key_data.data[XPUB_DEPTH_AT] == field->value.size / 4 - 1;
}

static int field_check(const struct psbt_reader *reader, const struct psbt_field *field)
{
    const struct field_rule *rule = field_rule(reader->map, field->type);
    if (!rule->name)
        return 0;
    if (rule->versions == ONLY_0 && reader->version != 0)
        return psbt_refuse(reader, "%s is a field of version 0, not %u", rule->name,
                           reader->version);
    if (rule->versions == ONLY_2 && reader->version != 2)
        return psbt_refuse(reader, "%s is a field of version 2, not %u", rule->name,
                           reader->version);
    if (!key_good(rule->key, field->key_data))
        return psbt_refuse(reader, "%s: its key is not what the type asks for", rule->name);
    if (!value_good(rule->value, field->value))
        return psbt_refuse(reader, "%s: its value is not what the type asks for", rule->name);
    if (rule->key == KEY_XPUB && !xpub_depth_fits(field))
        return psbt_refuse(reader, "%s: its path is not as long as the key is deep", rule->name);
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

static struct psbt_field *field_add(struct psbt_reader *reader)
{
    if (reader->field_count == reader->field_capacity) {
        reader->field_capacity = reader->field_capacity ? 2 * reader->field_capacity : 16;
        reader->fields =
            mem_realloc(reader->fields, reader->field_capacity, sizeof *reader->fields);
    }
    return &reader->fields[reader->field_count++];
}

/* False at the end of the map, and where something is bad. */
static bool field_read(struct psbt_reader *reader)
{
    struct bytes key = cursor_compact_bytes(&reader->cursor, PSBT_SIZE_MAX);
    if (key.size == 0)
        return false;
    struct cursor inside = cursor_of(key);
    uint64_t type = cursor_compact(&inside, UINT64_MAX);
    struct bytes value = cursor_compact_bytes(&reader->cursor, PSBT_SIZE_MAX);
    reader->cursor.bad = reader->cursor.bad || inside.bad;
    *field_add(reader) = (struct psbt_field){.key = key,
                                             .type = type,
                                             .key_data = bytes_of(inside.at, cursor_left(&inside)),
                                             .value = value};
    return !reader->cursor.bad;
}

static int key_compare(const void *a, const void *b)
{
    struct bytes left = ((const struct psbt_field *)a)->key;
    struct bytes right = ((const struct psbt_field *)b)->key;
    size_t common = left.size < right.size ? left.size : right.size;
    int order = memcmp(left.data, right.data, common); /* no key is empty */
    return order ? order : (left.size > right.size) - (left.size < right.size);
}

static int keys_sort(struct psbt_reader *reader)
{
    if (reader->field_count > 0)
        qsort(reader->fields, reader->field_count, sizeof *reader->fields, key_compare);
    for (size_t i = 1; i < reader->field_count; i++) {
        const struct psbt_field *field = &reader->fields[i];
        const char *name = field_rule(reader->map, field->type)->name;
        if (key_compare(field - 1, field) == 0)
            return psbt_refuse(reader, "the same key twice (%s, type 0x%02llx)",
                               name ? name : "unknown", (unsigned long long)field->type);
    }
    return 0;
}

/* BIP174: a version that is not known is left alone at once. */
static int version_read(struct psbt_reader *reader)
{
    const struct psbt_field *field = psbt_field_find(reader, PSBT_GLOBAL_VERSION);
    if (!field)
        return 0;
    if (field->value.size != 4)
        return psbt_refuse(reader, "VERSION: its value is not what the type asks for");
    reader->version = load_le32(field->value.data);
    if (reader->version != 0 && reader->version != 2)
        return psbt_refuse(reader, "version %u: only 0 and 2 are known", reader->version);
    return 0;
}

int psbt_map_read(struct psbt_reader *reader, enum psbt_map map, size_t index)
{
    reader->map = map;
    reader->index = index;
    reader->field_count = 0;
    while (field_read(reader))
        if (reader->field_count > PSBT_FIELD_MAX)
            return psbt_refuse(reader, "more than %d fields", PSBT_FIELD_MAX);
    if (reader->cursor.bad)
        return psbt_refuse(reader, "ends early, or a length is impossible or not in its "
                                   "shortest form");
    int code = keys_sort(reader);
    if (code == 0 && map == PSBT_MAP_GLOBAL)
        code = version_read(reader);
    for (size_t i = 0; i < reader->field_count && code == 0; i++)
        code = field_check(reader, &reader->fields[i]);
    return code;
}

const struct psbt_field *psbt_field_find(const struct psbt_reader *reader, enum psbt_type type)
{
    for (size_t i = 0; i < reader->field_count; i++)
        if (reader->fields[i].type == type && reader->fields[i].key_data.size == 0)
            return &reader->fields[i];
    return NULL;
}

void psbt_reader_free(struct psbt_reader *reader)
{
    free(reader->fields);
}
