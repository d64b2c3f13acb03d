/* The payloads: each is read whole and strictly, and written in the one form there is. */
#include "p2p/p2p_priv.h"

enum { FILTER_TYPE_BASIC = 0, NETWORK_ADDRESS_SIZE = 26, INV_SIZE = 36, HASH_SIZE = 32 };

static int refuse(const char *name, const char *rule, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "message %s: %s", name, rule);
}

static struct hash256 take_hash(struct cursor *cursor)
{
    struct hash256 hash = {{0}};
    struct bytes bytes = cursor_take(cursor, HASH_SIZE);
    if (bytes.size == HASH_SIZE)
        memcpy(hash.b, bytes.data, HASH_SIZE);
    return hash;
}

/* ---- version ------------------------------------------------------------------------------------
 */

static void agent_copy(char ret_agent[WIRE_AGENT_MAX + 1], struct bytes agent)
{
    for (size_t i = 0; i < agent.size; i++)
        ret_agent[i] = agent.data[i] >= 0x20 && agent.data[i] < 0x7f ? (char)agent.data[i] : '?';
    ret_agent[agent.size] = 0;
}

int wire_version_parse(struct wire_version *ret_version, struct bytes payload, struct err *err)
{
    struct cursor cursor = cursor_of(payload);
    struct wire_version version;
    version.protocol = cursor_le32(&cursor);
    version.services = cursor_le64(&cursor);
    version.time = (int64_t)cursor_le64(&cursor);
    (void)cursor_take(&cursor, 2 * NETWORK_ADDRESS_SIZE); /* ours and theirs, as they see it */
    version.nonce = cursor_le64(&cursor);
    agent_copy(version.agent, cursor_compact_bytes(&cursor, WIRE_AGENT_MAX));
    version.height = (int32_t)cursor_le32(&cursor);
    /* BIP37's relay byte may be left out, and later versions may say more. */
    if (cursor.bad)
        return refuse("version", "cut short", err);
    if (version.protocol < WIRE_PROTOCOL_MIN || version.protocol > INT32_MAX)
        return err_set(err, SANAD_REFUSED, "message version: protocol %u, at least %d",
                       version.protocol, WIRE_PROTOCOL_MIN);
    *ret_version = version;
    return 0;
}

void wire_version_write(struct buf *buf, const struct wire_version *version)
{
    static const uint8_t nowhere[NETWORK_ADDRESS_SIZE];
    size_t agent_size = strlen(version->agent);
    buf_le32(buf, version->protocol);
    buf_le64(buf, version->services);
    buf_le64(buf, (uint64_t)version->time);
    buf_add(buf, bytes_of(nowhere, sizeof nowhere)); /* nobody is told where he or we are */
    buf_add(buf, bytes_of(nowhere, sizeof nowhere));
    buf_le64(buf, version->nonce);
    buf_compact(buf, agent_size);
    buf_add(buf, bytes_of(version->agent, agent_size));
    buf_le32(buf, (uint32_t)version->height);
    buf_u8(buf, 0); /* BIP37 relay: no transactions, please */
}

/* ---- headers ------------------------------------------------------------------------------------
 */

int wire_headers_parse(struct wire_headers *ret_headers, struct bytes payload, struct err *err)
{
    struct cursor cursor = cursor_of(payload);
    size_t count = (size_t)cursor_compact(&cursor, WIRE_HEADERS_MAX);
    struct bytes raw = cursor_take(&cursor, count * WIRE_HEADER_STRIDE);
    if (!cursor_done(&cursor))
        return refuse("headers", "not whole headers, at most 2000", err);
    for (size_t i = 0; i < count; i++)
        if (raw.data[i * WIRE_HEADER_STRIDE + HEADER_SIZE] != 0)
            return refuse("headers", "a header with transactions", err);
    *ret_headers = (struct wire_headers){.raw = raw.data, .count = count};
    return 0;
}

void wire_getheaders_write(struct buf *buf, const struct hash256 *locator, size_t count)
{
    static const struct hash256 no_stop;
    sanad_assert(count <= WIRE_LOCATOR_MAX);
    buf_le32(buf, WIRE_PROTOCOL);
    buf_compact(buf, count);
    for (size_t i = 0; i < count; i++)
        buf_add(buf, bytes_of(locator[i].b, HASH_SIZE));
    buf_add(buf, bytes_of(no_stop.b, HASH_SIZE));
}

/* ---- filters ------------------------------------------------------------------------------------
 */

int wire_cfilter_parse(struct wire_cfilter *ret_cfilter, struct bytes payload, struct err *err)
{
    struct cursor cursor = cursor_of(payload);
    struct wire_cfilter cfilter;
    uint8_t type = cursor_u8(&cursor);
    cfilter.block_hash = take_hash(&cursor);
    cfilter.filter = cursor_compact_bytes(&cursor, FILTER_SIZE_MAX);
    if (!cursor_done(&cursor))
        return refuse("cfilter", "not one whole filter", err);
    if (type != FILTER_TYPE_BASIC)
        return refuse("cfilter", "not of the basic type", err);
    *ret_cfilter = cfilter;
    return 0;
}

int wire_cfheaders_parse(struct wire_cfheaders *ret_cfheaders, struct bytes payload,
                         struct err *err)
{
    struct cursor cursor = cursor_of(payload);
    struct wire_cfheaders cfheaders;
    uint8_t type = cursor_u8(&cursor);
    cfheaders.stop = take_hash(&cursor);
    cfheaders.prev_header = take_hash(&cursor);
    cfheaders.count = (size_t)cursor_compact(&cursor, WIRE_CFHEADERS_MAX);
    cfheaders.hashes = cursor_take(&cursor, cfheaders.count * HASH_SIZE).data;
    if (!cursor_done(&cursor))
        return refuse("cfheaders", "not whole hashes, at most 2000", err);
    if (type != FILTER_TYPE_BASIC)
        return refuse("cfheaders", "not of the basic type", err);
    *ret_cfheaders = cfheaders;
    return 0;
}

int wire_cfcheckpt_parse(struct wire_cfcheckpt *ret_cfcheckpt, struct bytes payload,
                         struct err *err)
{
    struct cursor cursor = cursor_of(payload);
    struct wire_cfcheckpt cfcheckpt;
    uint8_t type = cursor_u8(&cursor);
    cfcheckpt.stop = take_hash(&cursor);
    cfcheckpt.count = (size_t)cursor_compact(&cursor, WIRE_CHECKPOINTS_MAX);
    cfcheckpt.headers = cursor_take(&cursor, cfcheckpt.count * HASH_SIZE).data;
    if (!cursor_done(&cursor))
        return refuse("cfcheckpt", "not whole headers, or too many", err);
    if (type != FILTER_TYPE_BASIC)
        return refuse("cfcheckpt", "not of the basic type", err);
    *ret_cfcheckpt = cfcheckpt;
    return 0;
}

void wire_cfrange_write(struct buf *buf, uint32_t from_height, const struct hash256 *stop)
{
    buf_u8(buf, FILTER_TYPE_BASIC);
    buf_le32(buf, from_height);
    buf_add(buf, bytes_of(stop->b, HASH_SIZE));
}

void wire_getcfcheckpt_write(struct buf *buf, const struct hash256 *stop)
{
    buf_u8(buf, FILTER_TYPE_BASIC);
    buf_add(buf, bytes_of(stop->b, HASH_SIZE));
}

/* ---- inventory ----------------------------------------------------------------------------------
 */

int wire_inv_parse(struct wire_inv *ret_inv, struct bytes payload, struct err *err)
{
    struct cursor cursor = cursor_of(payload);
    size_t count = (size_t)cursor_compact(&cursor, WIRE_INV_MAX);
    struct bytes raw = cursor_take(&cursor, count * INV_SIZE);
    if (!cursor_done(&cursor))
        return refuse("inv", "not whole entries, at most 50000", err);
    *ret_inv = (struct wire_inv){.raw = raw.data, .count = count};
    return 0;
}

uint32_t wire_inv_type(const struct wire_inv *inv, size_t index)
{
    sanad_assert(index < inv->count);
    return load_le32(inv->raw + index * INV_SIZE);
}

struct hash256 wire_inv_hash(const struct wire_inv *inv, size_t index)
{
    struct hash256 hash;
    sanad_assert(index < inv->count);
    memcpy(hash.b, inv->raw + index * INV_SIZE + 4, HASH_SIZE);
    return hash;
}

void wire_getdata_write(struct buf *buf, uint32_t type, const struct hash256 *hash)
{
    buf_compact(buf, 1);
    buf_le32(buf, type);
    buf_add(buf, bytes_of(hash->b, HASH_SIZE));
}
