/* What is known of peers: addresses (peers.txt) and bans (bans.txt), a line each. */
#include "p2p/p2p_priv.h"

#include <stdlib.h>

static const char PEERS_HEAD[] = "sanad peers 1";
static const char BANS_HEAD[] = "sanad bans 1";

/* ---- reading
 * -------------------------------------------------------------------------------------- */

/* The next field up to a space, or the rest of the line for `last`. */
static struct bytes field_take(struct bytes *line, bool last)
{
    const uint8_t *space = last || line->size == 0 ? NULL : memchr(line->data, ' ', line->size);
    size_t size = space ? (size_t)(space - line->data) : line->size;
    struct bytes field = bytes_of(line->data, size);
    size_t used = space ? size + 1 : size;
    *line = bytes_of(line->data + used, line->size - used);
    return field;
}

static bool take_number(uint64_t *ret, struct bytes *line, uint64_t max)
{
    struct bytes field = field_take(line, false);
    return number_parse(ret, (const char *)field.data, field.size, max);
}

static bool take_address(struct address *ret, struct bytes *line)
{
    struct bytes field = field_take(line, false);
    return address_parse(ret, (const char *)field.data, field.size, 0, NULL) == 0;
}

/* "HOST:PORT services seen" */
static bool peer_line(struct known *known, struct bytes line)
{
    struct address address;
    uint64_t services;
    uint64_t seen;
    if (!take_address(&address, &line) || !take_number(&services, &line, UINT64_MAX) ||
        !take_number(&seen, &line, TIME_MAX) || line.size != 0)
        return false;
    (void)known_add(known, &address, services, (int64_t)seen);
    return true;
}

/* "HOST:PORT until reason" */
static bool ban_line(struct known *known, struct bytes line)
{
    struct known_ban ban = {.until = 0};
    uint64_t until;
    if (!take_address(&ban.address, &line) || !take_number(&until, &line, TIME_MAX) ||
        line.size >= BAN_REASON_SIZE)
        return false;
    ban.until = (int64_t)until;
    memcpy(ban.reason, line.data, line.size);
    if (!text_is_clean(ban.reason))
        return false;
    if (known->ban_count < BAN_MAX)
        known->bans[known->ban_count++] = ban;
    return true;
}

int known_parse(struct known *known, enum known_file kind, const char *name, struct bytes text,
                struct err *err)
{
    unsigned number = 0;
    const char *head = kind == KNOWN_BANS ? BANS_HEAD : PEERS_HEAD;
    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        struct bytes line = bytes_of(text.data, end ? (size_t)(end - text.data) : text.size);
        size_t used = line.size + (end ? 1 : 0);
        text = bytes_of(text.data + used, text.size - used);
        bool good = number++ == 0        ? bytes_equal(line, bytes_of_text(head))
                    : kind == KNOWN_BANS ? ban_line(known, line)
                                         : peer_line(known, line);
        if (!good)
            return err_set(err, SANAD_REFUSED, "%s: line %u: not of the form", name, number);
    }
    return 0;
}

static int known_read(struct known *known, enum known_file kind, const char *path, struct err *err)
{
    struct buf text;
    if (!file_exists(path))
        return 0;
    int code = file_read(&text, path, KNOWN_FILE_MAX, err);
    if (code < 0)
        return code;
    code = known_parse(known, kind, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

void known_init(struct known *known)
{
    *known = (struct known){.peer_count = 0};
    known->peers = mem_zalloc(KNOWN_MAX, sizeof *known->peers);
    known->bans = mem_zalloc(BAN_MAX, sizeof *known->bans);
}

int known_open(struct known *known, const char *folder, struct err *err)
{
    known_init(known);
    int code = path_join(known->peers_path, folder, "peers.txt", err);
    if (code == 0)
        code = path_join(known->bans_path, folder, "bans.txt", err);
    if (code == 0)
        code = known_read(known, KNOWN_BANS, known->bans_path, err);
    if (code == 0)
        code = known_read(known, KNOWN_PEERS, known->peers_path, err);
    if (code < 0)
        known_free(known);
    return code;
}

void known_free(struct known *known)
{
    free(known->peers);
    free(known->bans);
    *known = (struct known){.peer_count = 0};
}

/* ---- changing
 * ------------------------------------------------------------------------------------- */

struct known_peer *known_add(struct known *known, const struct address *address, uint64_t services,
                             int64_t seen)
{
    for (size_t i = 0; i < known->peer_count; i++) {
        struct known_peer *peer = &known->peers[i];
        if (!address_equal(&peer->address, address))
            continue;
        peer->services = services ? services : peer->services;
        peer->seen = seen > peer->seen ? seen : peer->seen;
        return NULL;
    }
    if (known->peer_count == KNOWN_MAX)
        return NULL;
    struct known_peer *peer = &known->peers[known->peer_count++];
    *peer = (struct known_peer){.address = *address, .services = services, .seen = seen};
    return peer;
}

static void line_head(struct buf *text, const struct address *address)
{
    char name[PEER_NAME_SIZE];
    address_format(name, address);
    buf_text(text, name);
}

int known_save_peers(const struct known *known, struct err *err)
{
    struct buf text = buf_with_max(KNOWN_FILE_MAX);
    buf_format(&text, "%s\n", PEERS_HEAD);
    for (size_t i = 0; i < known->peer_count; i++) {
        const struct known_peer *peer = &known->peers[i];
        if (peer->given || peer->failures > 3)
            continue;
        line_head(&text, &peer->address);
        buf_format(&text, " %llu %lld\n", (unsigned long long)peer->services,
                   (long long)peer->seen);
    }
    int code = file_write(known->peers_path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

static int bans_save(const struct known *known, int64_t now, struct err *err)
{
    struct buf text = buf_with_max(KNOWN_FILE_MAX);
    buf_format(&text, "%s\n", BANS_HEAD);
    for (size_t i = 0; i < known->ban_count; i++) {
        const struct known_ban *ban = &known->bans[i];
        if (ban->until <= now)
            continue;
        line_head(&text, &ban->address);
        buf_format(&text, " %lld %s\n", (long long)ban->until, ban->reason);
    }
    int code = file_write(known->bans_path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

const struct known_ban *known_ban_of(const struct known *known, const struct address *address,
                                     int64_t now)
{
    bool with_port = address_is_loopback(address);
    for (size_t i = 0; i < known->ban_count; i++) {
        const struct known_ban *ban = &known->bans[i];
        if (ban->until > now && strcmp(ban->address.host, address->host) == 0 &&
            (!with_port || ban->address.port == address->port))
            return ban;
    }
    return NULL;
}

int known_ban(struct known *known, const struct address *address, int64_t now, const char *reason,
              struct err *err)
{
    size_t at = known->ban_count;
    for (size_t i = 0; i < known->ban_count; i++)
        if (known->bans[i].until <= now || address_equal(&known->bans[i].address, address))
            at = i;
    if (at == BAN_MAX)
        at = 0; /* of so many the oldest is forgotten */
    known->ban_count += at == known->ban_count;
    struct known_ban *ban = &known->bans[at];
    *ban = (struct known_ban){.address = *address, .until = now + BAN_SECONDS};
    (void)snprintf(ban->reason, sizeof ban->reason, "%s", reason);
    return bans_save(known, now, err);
}
