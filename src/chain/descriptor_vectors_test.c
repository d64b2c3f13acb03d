/* Proves: descriptors give the scripts and addresses that the vectors of BIP380 to 390, BIP84,
 * BIP86, BIP341, SLIP-132, Bitcoin Core and bcoin say, and refuse what those call invalid.
 * Many vectors hold private keys: each such text must be refused as it stands, and is then
 * tested with its private keys replaced by the public ones that a wallet would export. */
#include "chain/chain_priv.h"
#include "support.h"

enum { VECTOR_MAX = 8 << 20, TEXT_MAX = 8192 };

/* ---- from private to public text ---- */

struct secret_key {
    uint8_t secret[32];
    struct ext_key key;
};

static void secret_key_child(struct secret_key *parent, uint32_t index, bool hardened)
{
    uint8_t message[37] = {0};
    uint8_t mac[64];
    if (hardened)
        memcpy(message + 1, parent->secret, 32);
    else
        memcpy(message, parent->key.public_key, 33);
    uint32_t number = __builtin_bswap32(index | (hardened ? 0x80000000u : 0));
    memcpy(message + 33, &number, 4);
    hmac_sha512(mac, bytes_of(parent->key.chain_code, 32), bytes_of(message, 37));
    assert_true(ec_secret_tweak_add(parent->secret, mac));
    assert_true(ec_secret_point(&parent->key.point, parent->secret));
    ec_point_compressed(parent->key.public_key, &parent->key.point);
    memcpy(parent->key.chain_code, mac + 32, 32);
    parent->key.depth++; /* the fingerprint is not kept up: no script depends on it */
    parent->key.child = 1;
}

static struct secret_key secret_key_of(struct bytes payload)
{
    struct secret_key key = {.key.depth = payload.data[4], .key.child = 1};
    memcpy(key.key.chain_code, payload.data + 13, 32);
    memcpy(key.secret, payload.data + 46, 32);
    assert_true(ec_secret_point(&key.key.point, key.secret));
    ec_point_compressed(key.key.public_key, &key.key.point);
    if (key.key.depth == 0)
        key.key.child = 0;
    return key;
}

static void write_hex(struct buf *out, struct bytes bytes)
{
    char hex[131];
    assert_true(bytes.size <= 65);
    hex_encode(hex, bytes);
    buf_text(out, hex);
}

static void write_wif(struct buf *out, struct bytes payload)
{
    struct ec_point point;
    uint8_t bytes[65];
    assert_true(ec_secret_point(&point, payload.data + 1));
    if (payload.size == 34) {
        ec_point_compressed(bytes, &point);
        write_hex(out, bytes_of(bytes, 33));
    } else {
        ec_point_uncompressed(bytes, &point);
        write_hex(out, bytes_of(bytes, 65));
    }
}

static bool is_hardened(struct bytes step)
{
    return step.size > 1 && (step.data[step.size - 1] == '\'' || step.data[step.size - 1] == 'h');
}

/* The size of the path's beginning up to its last hardened step. */
static size_t hardened_size(struct bytes path)
{
    size_t size = 0;
    for (size_t i = 0; i < path.size; i++)
        if (path.data[i] == '\'' || path.data[i] == 'h')
            size = i + 1;
    return size;
}

/* The steps up to the last hardened one are walked with the private key. False where a step
 * is none, or hardened within a multipath step. */
static bool write_extended(struct buf *out, const struct chain_params *params, struct bytes payload,
                           struct bytes path, uint32_t index)
{
    struct secret_key key = secret_key_of(payload);
    size_t hidden = hardened_size(path);
    for (size_t at = 0; at < hidden;) {
        struct bytes step = bytes_of(path.data + at + 1, 0);
        while (at + 1 + step.size < hidden && step.data[step.size] != '/')
            step.size++;
        at += 1 + step.size;
        bool hard = is_hardened(step);
        size_t digits = step.size - (hard ? 1 : 0);
        uint64_t number = index;
        if (step.data[0] != '*' &&
            !number_parse(&number, (const char *)step.data, digits, DESCRIPTOR_INDEX_MAX))
            return false;
        secret_key_child(&key, (uint32_t)number, hard);
    }
    ext_key_write(out, params, &key.key);
    buf_add(out, bytes_of(path.data + hidden, path.size - hidden));
    return true;
}

/* `token` is a key without its origin. *ret_private tells whether it was a private one. */
static bool write_key(struct buf *out, const struct chain_params *params, struct bytes token,
                      uint32_t index, bool *ret_private)
{
    struct buf payload = buf_with_max(BASE58_BYTES_MAX);
    const uint8_t *slash = memchr(token.data, '/', token.size);
    size_t size = slash ? (size_t)(slash - token.data) : token.size;
    struct bytes path = bytes_of(token.data + size, token.size - size);
    bool ok = true;
    if (!base58check_decode_sized(&payload, (const char *)token.data, size) ||
        !payload_is_private_key(buf_bytes(&payload))) {
        buf_add(out, token);
    } else if (*ret_private = true, payload.size == 78) {
        ok = write_extended(out, params, buf_bytes(&payload), path, index);
    } else {
        write_wif(out, buf_bytes(&payload));
        buf_add(out, path);
    }
    buf_free(&payload);
    return ok;
}

/* Appends the public form of a descriptor. False where it cannot be had. */
static bool write_public(struct buf *out, const struct chain_params *params, const char *text,
                         uint32_t index, bool *ret_private)
{
    *ret_private = false;
    while (*text) {
        size_t size = strcspn(text, "(),{}[]#");
        if (size > 0 && !write_key(out, params, bytes_of(text, size), index, ret_private))
            return false;
        text += size;
        if (*text == '[') {
            size = strcspn(text, "]");
            buf_add(out, bytes_of(text, size));
            text += size;
        }
        if (*text == '#')
            break; /* the checksum is of another text now */
        if (*text)
            buf_u8(out, (uint8_t)*text++);
    }
    return !out->bad;
}

/* ---- one descriptor ---- */

static struct descriptor *parsed(const struct chain_params *params, const char *text)
{
    struct descriptor *descriptor = NULL;
    struct err err = {0};
    int code = descriptor_parse(&descriptor, params, text, &err);
    if (code != 0)
        fail_msg("%s\n%s", text, err.text);
    return descriptor;
}

static void assert_parse_refused(const struct chain_params *params, const char *text,
                                 const char *why)
{
    struct descriptor *descriptor = NULL;
    struct err err = {0};
    int code = descriptor_parse(&descriptor, params, text, &err);
    if (code != SANAD_REFUSED || descriptor || !strstr(err.text, why))
        fail_msg("code %d for %s\n%s (expected %s)", code, text, err.text, why);
}

/* The descriptor of a text that may hold private keys: then the text itself must be refused.
 * NULL where there is no public form. */
static struct descriptor *public_form(const struct chain_params *params, const char *text,
                                      uint32_t index)
{
    struct buf out = buf_with_max(TEXT_MAX);
    struct descriptor *descriptor = NULL;
    bool private;
    bool ok = write_public(&out, params, text, index, &private);
    if (private)
        assert_parse_refused(params, text, "a private key");
    if (ok)
        descriptor = parsed(params, private ? buf_cstr(&out) : text);
    buf_free(&out);
    return descriptor;
}

static void script_of(struct buf *ret_script, const struct descriptor *descriptor, uint32_t branch,
                      uint32_t index, uint32_t which)
{
    buf_reset(ret_script);
    assert_true(descriptor_script(ret_script, descriptor, branch, index, which));
}

static void assert_script(const struct descriptor *descriptor, uint32_t branch, uint32_t index,
                          uint32_t which, const char *hex)
{
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    char found[2 * 1024 + 1];
    script_of(&script, descriptor, branch, index, which);
    assert_true(script.size < sizeof found / 2);
    hex_encode(found, buf_bytes(&script));
    if (strcmp(found, hex) != 0)
        fail_msg("%s at %u/%u/%u gives %s, not %s", descriptor_text(descriptor), branch, index,
                 which, found, hex);
    buf_free(&script);
}

static void assert_address(const struct chain_params *params, const struct descriptor *descriptor,
                           uint32_t branch, uint32_t index, const char *text)
{
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    char found[ADDRESS_TEXT_SIZE];
    script_of(&script, descriptor, branch, index, 0);
    assert_true(address_from_script(found, params, buf_bytes(&script)));
    assert_string_equal(found, text);
    buf_free(&script);
}

/* ---- the texts of the BIPs ---- */

/* One line, without its end; *at moves to the next. */
static bool next_line(char ret_line[TEXT_MAX], const char **at)
{
    if (!**at)
        return false;
    size_t size = strcspn(*at, "\n");
    assert_true(size < TEXT_MAX);
    memcpy(ret_line, *at, size);
    ret_line[size] = 0;
    *at += size + ((*at)[size] == '\n');
    return true;
}

/* What stands in the last <tt> of a line; NULL where it has none. */
static const char *last_tt(char *line)
{
    char *found = NULL;
    for (char *at = strstr(line, "<tt>"); at; at = strstr(at + 1, "<tt>"))
        found = at + 4;
    char *end = found ? strstr(found, "</tt>") : NULL;
    if (!end)
        return NULL;
    *end = 0;
    return found;
}

static size_t stars(const char *line)
{
    return strspn(line, "*");
}

/* A descriptor that the BIP calls invalid is refused as it stands, and in public form too. */
static void assert_invalid(const struct chain_params *params, const char *text)
{
    struct buf out = buf_with_max(TEXT_MAX);
    bool private;
    assert_parse_refused(params, text, "descriptor: ");
    /* A public form has no checksum: it tells nothing where the checksum is the fault. */
    if (!strchr(text, '#') && write_public(&out, params, text, 0, &private) && private)
        assert_parse_refused(params, buf_cstr(&out), "descriptor: ");
    buf_free(&out);
}

struct vector_count {
    size_t descriptors;
    size_t scripts;
    size_t invalid;
};

/* Reads "* descriptor", then "** script" of index 0, 1, 2 (of combo(): "***" or "**" of each
 * script of each child). */
struct vector_reader {
    const struct chain_params *params;
    char text[TEXT_MAX];
    uint32_t at; /* scripts of this descriptor so far */
    struct vector_count count;
};

static void read_valid(struct vector_reader *reader, char *line)
{
    size_t level = stars(line);
    const char *value = last_tt(line);
    if (level == 0 || !value)
        return;
    if (level == 1) {
        (void)snprintf(reader->text, sizeof reader->text, "%s", value);
        reader->at = 0;
        reader->count.descriptors++;
        descriptor_free(public_form(reader->params, reader->text, 0));
        return;
    }
    struct descriptor *descriptor = public_form(reader->params, reader->text, 0);
    uint32_t per_index = descriptor_script_count(descriptor);
    uint32_t index = reader->at / per_index;
    descriptor_free(descriptor);
    descriptor = public_form(reader->params, reader->text, index); /* a hardened range */
    assert_script(descriptor, 0, index, reader->at % per_index, value);
    descriptor_free(descriptor);
    reader->at++;
    reader->count.scripts++;
}

static struct vector_count check_bip(const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "vectors/bips/text/%s.mediawiki", name);
    struct buf file = test_data(path);
    static struct vector_reader reader;
    reader = (struct vector_reader){.params = chain_params_get(CHAIN_MAIN)};
    static char line[TEXT_MAX];
    const char *at = strstr(buf_cstr(&file), "==Test Vectors==");
    bool invalid = false;
    assert_non_null(at);
    while (next_line(line, &at) && strncmp(line, "==Backwards", 11) != 0) {
        if (strncmp(line, "Invalid", 7) == 0)
            invalid = true;
        const char *value = invalid && stars(line) == 1 ? last_tt(line) : NULL;
        if (!invalid)
            read_valid(&reader, line);
        else if (value) {
            assert_invalid(reader.params, value);
            reader.count.invalid++;
        }
    }
    buf_free(&file);
    return reader.count;
}

static void assert_counts(const char *name, size_t descriptors, size_t scripts, size_t invalid)
{
    struct vector_count count = check_bip(name);
    if (count.descriptors != descriptors || count.scripts != scripts || count.invalid != invalid)
        fail_msg("%s: %zu descriptors, %zu scripts, %zu invalid", name, count.descriptors,
                 count.scripts, count.invalid);
}

static void bips_381_to_387(void **state)
{
    (void)state;
    assert_counts("bip-0381", 17, 17, 4);
    assert_counts("bip-0382", 12, 18, 11);
    assert_counts("bip-0383", 9, 13, 4);
    assert_counts("bip-0384", 4, 18, 3);
    assert_counts("bip-0385", 4, 4, 6);
    assert_counts("bip-0386", 6, 7, 4);
    assert_counts("bip-0387", 6, 10, 7);
}

/* The leaf of BIP386's list that has no script there; the answer is Bitcoin Core's
 * (descriptor_tests.cpp). */
static void a_tapscript_pkh_hashes_the_x_only_key(void **state)
{
    (void)state;
    struct descriptor *descriptor =
        parsed(chain_params_get(CHAIN_MAIN),
               "tr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd,"
               "pkh(30a6069f344fb784a2b4c99540a91ee727c91e3a25ef6aae867d9c65b5f23529))");
    assert_script(descriptor, 0, 0, 0,
                  "51201e9875f690f5847404e4c5951e2f029887df0525691ee11a682afd37b608aad4");
    descriptor_free(descriptor);
}

/* BIP380's key expressions, each within pk(). Hardened steps after an xpub are valid there;
 * nobody without the private key can take them, so here they are refused. */
static void check_key_expression(const char *key, bool valid)
{
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    char text[512];
    (void)snprintf(text, sizeof text, "pk(%s)", key);
    const char *xpub = strstr(key, "xpub");
    const char *path = xpub ? strchr(xpub, '/') : NULL;
    if (!valid) {
        assert_invalid(params, text);
    } else if (path && strchr(path, 'h')) {
        assert_parse_refused(params, text, "hardened");
    } else {
        struct descriptor *descriptor = public_form(params, text, 5);
        assert_non_null(descriptor);
        struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
        script_of(&script, descriptor, 0, 5, 0);
        assert_int_equal(script_kind_of(buf_bytes(&script)), SCRIPT_P2PK);
        buf_free(&script);
        descriptor_free(descriptor);
    }
}

static void bip_380_keys(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0380.mediawiki");
    static char line[TEXT_MAX];
    const char *at = strstr(buf_cstr(&file), "Valid expressions:");
    bool valid = true;
    size_t counts[2] = {0};
    assert_non_null(at);
    while (next_line(line, &at) && strncmp(line, "==Backwards", 11) != 0) {
        if (strncmp(line, "Invalid", 7) == 0)
            valid = false;
        const char *value = stars(line) == 1 ? last_tt(line) : NULL;
        if (value) {
            check_key_expression(value, valid);
            counts[valid]++;
        }
    }
    assert_int_equal(counts[1], 21);
    assert_int_equal(counts[0], 16);
    buf_free(&file);
}

static void bip_380_checksums(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0380.mediawiki");
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    static char line[TEXT_MAX];
    const char *at = strstr(buf_cstr(&file), "cover the checksum and character set:");
    size_t count = 0;
    assert_non_null(at);
    while (next_line(line, &at) && strncmp(line, "The following tests cover key", 29) != 0) {
        const char *text = last_tt(line);
        if (!text)
            continue;
        if (++count <= 2)
            descriptor_free(parsed(params, text));
        else
            assert_parse_refused(params, text, "descriptor: ");
    }
    assert_int_equal(count, 8);
    buf_free(&file);
}

/* A multipath descriptor gives on branch i what its i-th expansion gives. */
static void check_branch(const char *multipath, const char *single, uint32_t branch)
{
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    struct descriptor *one = public_form(params, single, 0);
    struct descriptor *many = public_form(params, multipath, 0);
    struct buf left = buf_with_max(SCRIPT_SIZE_MAX);
    struct buf right = buf_with_max(SCRIPT_SIZE_MAX);
    if (!many) /* a hardened value among others: no public form */
        assert_non_null(strstr(multipath, "<2147483647h;0>"));
    for (uint32_t index = 0; many && index < 4; index++) {
        assert_true(branch < descriptor_branch_count(many));
        assert_int_equal(descriptor_is_ranged(many), descriptor_is_ranged(one));
        script_of(&left, many, branch, index, 0);
        script_of(&right, one, 0, index, 0);
        assert_true(bytes_equal(buf_bytes(&left), buf_bytes(&right)));
    }
    buf_free(&left);
    buf_free(&right);
    descriptor_free(one);
    descriptor_free(many);
}

static void bip_389_multipath(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0389.mediawiki");
    static char line[TEXT_MAX];
    static char multipath[TEXT_MAX];
    const char *at = strstr(buf_cstr(&file), "==Test Vectors==");
    uint32_t branch = 0;
    size_t counts[3] = {0};
    assert_non_null(at);
    bool invalid = false;
    while (next_line(line, &at) && strncmp(line, "==Backwards", 11) != 0) {
        if (strncmp(line, "Invalid", 7) == 0)
            invalid = true;
        size_t level = stars(line);
        const char *value = level > 0 ? last_tt(line) : NULL;
        if (!value)
            continue;
        counts[invalid ? 2 : level - 1]++;
        if (invalid)
            assert_invalid(chain_params_get(CHAIN_MAIN), value);
        else if (level == 2)
            check_branch(multipath, value, branch++);
        else {
            (void)snprintf(multipath, sizeof multipath, "%s", value);
            branch = 0;
        }
    }
    assert_int_equal(counts[0], 6);
    assert_int_equal(counts[1], 14);
    assert_int_equal(counts[2], 8);
    buf_free(&file);
}

static void bip_390_is_refused_by_name(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0390.mediawiki");
    static char line[TEXT_MAX];
    const char *at = strstr(buf_cstr(&file), "==Test Vectors==");
    size_t count = 0;
    assert_non_null(at);
    while (next_line(line, &at) && strncmp(line, "==Backwards", 11) != 0) {
        const char *value = stars(line) == 1 ? last_tt(line) : NULL;
        if (!value)
            continue;
        struct descriptor *descriptor = NULL;
        assert_int_equal(descriptor_parse(&descriptor, chain_params_get(CHAIN_MAIN), value, NULL),
                         SANAD_REFUSED);
        if (strncmp(value, "tr(musig(", 9) == 0)
            assert_parse_refused(chain_params_get(CHAIN_MAIN), value, "musig() (BIP390)");
        count++;
    }
    assert_true(count >= 10);
    buf_free(&file);
}

/* ---- wallets ---- */

static bool next_value(char ret_value[TEXT_MAX], const char *label, const char **at)
{
    const char *start = *at ? strstr(*at, label) : NULL;
    if (!start)
        return false;
    start += strlen(label);
    size_t size = strcspn(start, " \r\n");
    assert_true(size > 0 && size < TEXT_MAX);
    memcpy(ret_value, start, size);
    ret_value[size] = 0;
    *at = start + size;
    return true;
}

static const uint32_t wallet_paths[][2] = {{0, 0}, {0, 1}, {1, 0}};

static void bip_84_from_a_bare_zpub(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0084.mediawiki");
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    static char value[TEXT_MAX];
    const char *at = strstr(buf_cstr(&file), "==Test vectors==");
    assert_true(next_value(value, "  xpub  = ", &at));
    struct descriptor *descriptor = parsed(params, value);
    assert_true(descriptor_is_ranged(descriptor));
    assert_int_equal(descriptor_branch_count(descriptor), 2);
    for (size_t i = 0; i < countof(wallet_paths); i++) {
        assert_true(next_value(value, "\n  address = ", &at));
        assert_address(params, descriptor, wallet_paths[i][0], wallet_paths[i][1], value);
    }
    descriptor_free(descriptor);
    buf_free(&file);
}

static void bip_86_from_tr(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0086.mediawiki");
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    static char value[TEXT_MAX];
    static char text[TEXT_MAX + 32];
    const char *at = strstr(buf_cstr(&file), "==Test vectors==");
    assert_true(next_value(value, "\nxpub = ", &at));
    (void)snprintf(text, sizeof text, "tr(%s/<0;1>/*)", value);
    struct descriptor *descriptor = parsed(params, text);
    for (size_t i = 0; i < countof(wallet_paths); i++) {
        assert_true(next_value(value, "scriptPubKey = ", &at));
        assert_script(descriptor, wallet_paths[i][0], wallet_paths[i][1], 0, value);
        assert_true(next_value(value, "address      = ", &at));
        assert_address(params, descriptor, wallet_paths[i][0], wallet_paths[i][1], value);
    }
    descriptor_free(descriptor);
    buf_free(&file);
}

/* SLIP-132, "Bitcoin Test Vectors": accounts of the mnemonic of BIP84. */
static void slip_132_keys(void **state)
{
    (void)state;
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    static const char xpub[] = "xpub6BosfCnifzxcFwrSzQiqu2DBVTshkCXacvNsWGYJVVhhawA7d4R5WSWGFNbi8Aw"
                               "6ZRc1brxMyWMzG3DSSSSoekkudhUd9yLb6qx39T9nMdj";
    static const char ypub[] = "ypub6Ww3ibxVfGzLrAH1PNcjyAWenMTbbAosGNB6VvmSEgytSER9azLDWCxoJwW7Ke7"
                               "icmizBMXrzBx9979FfaHxHcrArf3zbeJJJUZPf663zsP";
    char text[256];
    struct descriptor *descriptor = parsed(params, ypub);
    assert_address(params, descriptor, 0, 0, "37VucYSaXLCAsxYyAPfbSi9eh4iEcbShgf");
    /* The text names the key in its plain form, so that other programs read it too. */
    assert_int_equal(strncmp(descriptor_text(descriptor), "sh(wpkh(xpub", 12), 0);
    struct descriptor *again = parsed(params, descriptor_text(descriptor));
    assert_address(params, again, 0, 0, "37VucYSaXLCAsxYyAPfbSi9eh4iEcbShgf");
    descriptor_free(again);
    descriptor_free(descriptor);
    /* Inside a function the version bytes say nothing. */
    (void)snprintf(text, sizeof text, "wpkh(%s/0/*)", ypub);
    descriptor = parsed(params, text);
    struct buf script = buf_with_max(64);
    script_of(&script, descriptor, 0, 0, 0);
    assert_int_equal(script_kind_of(buf_bytes(&script)), SCRIPT_P2WPKH);
    buf_free(&script);
    descriptor_free(descriptor);
    (void)snprintf(text, sizeof text, "pkh(%s/0/*)", xpub);
    descriptor = parsed(params, text);
    assert_address(params, descriptor, 0, 0, "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA");
    descriptor_free(descriptor);
    assert_parse_refused(params, xpub, "does not say its script");
}

/* ---- JSON vectors ---- */

static json_t *read_json(const char *name)
{
    char path[PATH_SIZE];
    struct err err = {0};
    json_t *json;
    test_ok(json_read_file(&json, test_data_path(path, name), VECTOR_MAX, &err), &err);
    return json;
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const struct chain_params *network_of(const json_t *row)
{
    const char *name = string_of(row, "network");
    const struct chain_params *params = chain_params_find(strcmp(name, "testnet") == 0 ? "testnet4"
                                                          : *name                      ? name
                                                                                       : "main");
    assert_non_null(params);
    return params;
}

static bool is_hardened_xpub(const char *text)
{
    for (const char *at = strstr(text, "pub"); at; at = strstr(at + 1, "pub")) {
        size_t size = strcspn(at, ",)");
        const char *slash = memchr(at, '/', size);
        size = slash ? size - (size_t)(slash - at) : 0;
        if (slash && (memchr(slash, '\'', size) || memchr(slash, 'h', size)))
            return true;
    }
    return false;
}

static void check_bcoin_valid(const json_t *row)
{
    static char text[TEXT_MAX];
    char checksum[9];
    const char *input = string_of(row, "input");
    (void)snprintf(text, sizeof text, "%.*s", (int)strcspn(input, "#"), input);
    assert_true(descriptor_checksum(checksum, text));
    assert_string_equal(checksum, string_of(row, "checksum"));
    /* Their normal form has a checksum too, and our checksum code takes it. */
    if (is_hardened_xpub(string_of(row, "descriptor")))
        assert_parse_refused(network_of(row), string_of(row, "descriptor"), "hardened");
    else
        descriptor_free(parsed(network_of(row), string_of(row, "descriptor")));
    if (is_hardened_xpub(input)) {
        assert_parse_refused(network_of(row), text, "a hardened step");
        return;
    }
    struct descriptor *descriptor = public_form(network_of(row), input, 0);
    bool hardened_range = strstr(input, "*'") || strstr(input, "*h");
    bool ranged = json_is_true(json_object_get(row, "isrange")) && !hardened_range;
    assert_int_equal(descriptor_is_ranged(descriptor), ranged);
    descriptor_free(descriptor);
}

static void bcoin_valid(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/bcoin-descriptors/desc-valid.json");
    const char *kind;
    json_t *rows;
    size_t count = 0;
    json_object_foreach (json, kind, rows) {
        for (size_t i = 0; i < json_array_size(rows); i++, count++)
            check_bcoin_valid(json_array_get(rows, i));
    }
    assert_true(count >= 50);
    json_decref(json);
}

static void check_bcoin_addresses(const json_t *row)
{
    const struct chain_params *params = network_of(row);
    const char *input = string_of(row, "input");
    const json_t *addresses = json_object_get(row, "addresses");
    const json_t *range = json_object_get(row, "range");
    uint32_t first = (uint32_t)json_integer_value(json_array_get(range, 0));
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    for (size_t i = 0; i < json_array_size(addresses); i++) {
        struct descriptor *descriptor = public_form(params, input, first);
        uint32_t per_index = descriptor_script_count(descriptor);
        uint32_t index = first + (uint32_t)i / per_index;
        descriptor_free(descriptor);
        descriptor = public_form(params, input, index);
        char found[ADDRESS_TEXT_SIZE];
        script_of(&script, descriptor, 0, index, (uint32_t)i % per_index);
        /* P2PK has no address; there the list shows that of the key's P2PKH. */
        if (script_kind_of(buf_bytes(&script)) == SCRIPT_P2PK) {
            struct hash160 hash;
            hash160_of(&hash, bytes_of(script.data + 1, script.size - 2));
            buf_reset(&script);
            script_add_p2pkh(&script, hash.b);
        }
        assert_true(address_from_script(found, params, buf_bytes(&script)));
        assert_string_equal(found, json_string_value(json_array_get(addresses, i)));
        descriptor_free(descriptor);
    }
    buf_free(&script);
}

static void check_bcoin_error(const json_t *row)
{
    const struct chain_params *params = network_of(row);
    const char *input = string_of(row, "input");
    if (strstr(string_of(row, "error"), "Private key not available")) {
        assert_parse_refused(params, input, "a hardened step");
        return;
    }
    assert_string_equal(string_of(row, "error"),
                        "Descriptor does not have a corresponding address");
    struct descriptor *descriptor = parsed(params, input);
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    char text[ADDRESS_TEXT_SIZE];
    script_of(&script, descriptor, 0, 0, 0);
    assert_false(address_from_script(text, params, buf_bytes(&script)));
    buf_free(&script);
    descriptor_free(descriptor);
}

static void bcoin_addresses(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/bcoin-descriptors/desc-addresses.json");
    const char *kind;
    json_t *rows;
    size_t count = 0;
    json_object_foreach (json, kind, rows) {
        for (size_t i = 0; i < json_array_size(rows); i++, count++) {
            const json_t *row = json_array_get(rows, i);
            if (json_object_get(row, "error"))
                check_bcoin_error(row);
            else
                check_bcoin_addresses(row);
        }
    }
    assert_true(count >= 50);
    json_decref(json);
}

/* One of the invalid ones is valid since BIP389; the others all are refused. */
static void bcoin_invalid(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/bcoin-descriptors/desc-invalid.json");
    size_t multipath = 0;
    assert_true(json_array_size(json) >= 40);
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *row = json_array_get(json, i);
        const char *input = string_of(row, "input");
        if (strstr(input, "<0;1>")) {
            struct descriptor *descriptor = parsed(network_of(row), input);
            assert_int_equal(descriptor_branch_count(descriptor), 2);
            descriptor_free(descriptor);
            multipath++;
        } else if (json_is_true(json_object_get(row, "requirechecksum"))) {
            assert_parse_refused(network_of(row), input, "a private key");
        } else {
            assert_invalid(network_of(row), input);
        }
    }
    assert_int_equal(multipath, 1);
    json_decref(json);
}

static void bcoin_private_keys(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/bcoin-descriptors/desc-privatekeys.json");
    assert_int_equal(json_array_size(json), 5);
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *row = json_array_get(json, i);
        const char *input = string_of(row, "input");
        const char *expected = string_of(row, "expected");
        char checksum[9];
        if (*expected) {
            assert_true(descriptor_checksum(checksum, input));
            assert_string_equal(checksum, strchr(expected, '#') + 1);
            assert_parse_refused(network_of(row), expected, "a private key");
        }
        descriptor_free(public_form(network_of(row), input, 0));
    }
    json_decref(json);
}

/* BIP67: sorted keys, whatever their order in the text. */
static void core_bip67(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/core/test/functional/data/rpc_bip67.json");
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    static char text[TEXT_MAX];
    assert_true(json_array_size(json) >= 4);
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *row = json_array_get(json, i);
        const json_t *keys = json_object_get(row, "keys");
        int size = snprintf(text, sizeof text, "sh(sortedmulti(2");
        for (size_t k = 0; k < json_array_size(keys); k++)
            size += snprintf(text + size, sizeof text - (size_t)size, ",%s",
                             json_string_value(json_array_get(keys, k)));
        (void)snprintf(text + size, sizeof text - (size_t)size, "))");
        struct descriptor *descriptor = parsed(params, text);
        assert_address(params, descriptor, 0, 0, string_of(row, "address"));
        descriptor_free(descriptor);
    }
    json_decref(json);
}

/* The TREE of a BIP341 script tree; false where a leaf is no pk() of tapscript. */
static bool write_tree(struct buf *out, const json_t *tree)
{
    if (json_is_array(tree)) {
        buf_text(out, "{");
        bool ok = write_tree(out, json_array_get(tree, 0));
        buf_text(out, ",");
        ok = write_tree(out, json_array_get(tree, 1)) && ok;
        buf_text(out, "}");
        return ok;
    }
    const char *script = string_of(tree, "script");
    buf_format(out, "pk(%.64s)", strlen(script) > 2 ? script + 2 : "");
    return json_integer_value(json_object_get(tree, "leafVersion")) == 0xc0 &&
           strlen(script) == 68 && strncmp(script, "20", 2) == 0 && strcmp(script + 66, "ac") == 0;
}

static void bip_341_trees(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/core/src/test/data/bip341_wallet_vectors.json");
    const json_t *cases = json_object_get(json, "scriptPubKey");
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *given = json_object_get(json_array_get(cases, i), "given");
        const json_t *tree = json_object_get(given, "scriptTree");
        const json_t *expected = json_object_get(json_array_get(cases, i), "expected");
        struct buf text = buf_with_max(TEXT_MAX);
        bool ok = true;
        buf_format(&text, "tr(%s", string_of(given, "internalPubkey"));
        if (!json_is_null(tree)) {
            buf_text(&text, ",");
            ok = write_tree(&text, tree);
        }
        buf_text(&text, ")");
        if (ok) {
            struct descriptor *descriptor = parsed(chain_params_get(CHAIN_MAIN), buf_cstr(&text));
            assert_script(descriptor, 0, 0, 0, string_of(expected, "scriptPubKey"));
            descriptor_free(descriptor);
            used++;
        }
        buf_free(&text);
    }
    assert_int_equal(used, 5); /* two have leaves that no descriptor describes */
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bips_381_to_387),
        cmocka_unit_test(a_tapscript_pkh_hashes_the_x_only_key),
        cmocka_unit_test(bip_380_keys),
        cmocka_unit_test(bip_380_checksums),
        cmocka_unit_test(bip_389_multipath),
        cmocka_unit_test(bip_390_is_refused_by_name),
        cmocka_unit_test(bip_84_from_a_bare_zpub),
        cmocka_unit_test(bip_86_from_tr),
        cmocka_unit_test(slip_132_keys),
        cmocka_unit_test(bcoin_valid),
        cmocka_unit_test(bcoin_addresses),
        cmocka_unit_test(bcoin_invalid),
        cmocka_unit_test(bcoin_private_keys),
        cmocka_unit_test(core_bip67),
        cmocka_unit_test(bip_341_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
