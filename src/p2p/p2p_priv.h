/* What the parts of p2p share. First the pure parts: frames, messages, addresses. Then the parts
 * of the thread that speaks with the peers. */
#ifndef SANAD_P2P_PRIV_H
#define SANAD_P2P_PRIV_H

#include "p2p/p2p.h"

#include <pthread.h>

/* ---- frames (wire.c) --------------------------------------------------------------------------
 */

enum {
    WIRE_HEAD_SIZE = 24,
    WIRE_COMMAND_SIZE = 12,
    WIRE_PROTOCOL = 70016,     /* BIP339 */
    WIRE_PROTOCOL_MIN = 70013, /* older peers know neither compact filters nor addrv2 */
    WIRE_AGENT_MAX = 256,
    WIRE_HEADERS_MAX = 2000,
    WIRE_CFHEADERS_MAX = 2000,
    WIRE_CFILTERS_MAX = 1000,
    WIRE_CHECKPOINT_SPAN = 1000,
    WIRE_CHECKPOINTS_MAX = 1 << 14, /* of the tree's 2^24 headers */
    WIRE_INV_MAX = 50000,
    WIRE_ADDR_MAX = 1000,
    WIRE_ADDR_SIZE_MAX = 512, /* BIP155 */
    WIRE_LOCATOR_MAX = 101,
    WIRE_PAYLOAD_MAX = 4000000 /* whatever the command */
};

/* Every command that is read or written: name and the longest payload that is read. Others are
 * skipped unread, up to WIRE_OTHER_MAX. */
#define WIRE_COMMANDS(X)                                                                           \
    X(VERSION, "version", 1024)                                                                    \
    X(VERACK, "verack", 0)                                                                         \
    X(WTXIDRELAY, "wtxidrelay", 0)                                                                 \
    X(SENDADDRV2, "sendaddrv2", 0)                                                                 \
    X(PING, "ping", 8)                                                                             \
    X(PONG, "pong", 8)                                                                             \
    X(GETADDR, "getaddr", 0)                                                                       \
    X(ADDR, "addr", 3 + WIRE_ADDR_MAX * 30)                                                        \
    X(ADDRV2, "addrv2", 3 + WIRE_ADDR_MAX * (4 + 9 + 1 + 3 + WIRE_ADDR_SIZE_MAX + 2))              \
    X(INV, "inv", 3 + WIRE_INV_MAX * 36)                                                           \
    X(GETDATA, "getdata", 3 + WIRE_INV_MAX * 36)                                                   \
    X(NOTFOUND, "notfound", 3 + WIRE_INV_MAX * 36)                                                 \
    X(GETHEADERS, "getheaders", 4 + 1 + WIRE_LOCATOR_MAX * 32 + 32)                                \
    X(HEADERS, "headers", 3 + WIRE_HEADERS_MAX * 81)                                               \
    X(GETCFILTERS, "getcfilters", 37)                                                              \
    X(CFILTER, "cfilter", 33 + 5 + FILTER_SIZE_MAX)                                                \
    X(GETCFHEADERS, "getcfheaders", 37)                                                            \
    X(CFHEADERS, "cfheaders", 65 + 3 + WIRE_CFHEADERS_MAX * 32)                                    \
    X(GETCFCHECKPT, "getcfcheckpt", 33)                                                            \
    X(CFCHECKPT, "cfcheckpt", 33 + 3 + WIRE_CHECKPOINTS_MAX * 32)                                  \
    X(BLOCK, "block", BLOCK_SIZE_MAX)

enum wire_command {
#define X(name, text, max) WIRE_##name,
    WIRE_COMMANDS(X)
#undef X
        WIRE_OTHER
};
enum { WIRE_OTHER_MAX = WIRE_PAYLOAD_MAX };

struct wire_head {
    enum wire_command command;
    uint32_t size;
    uint8_t checksum[4];
};
/* REFUSED: another network's magic, a command that is no padded ASCII, a payload longer than its
 * command may have: told from these 24 bytes alone, before anything is allocated. */
int wire_head_parse(struct wire_head *ret_head, const uint8_t raw[WIRE_HEAD_SIZE],
                    const struct chain_params *params, struct err *err);
const char *wire_command_name(enum wire_command command);
bool wire_checksum_ok(const struct wire_head *head, struct bytes payload);
/* Appends a whole message. */
void wire_write(struct buf *buf, const struct chain_params *params, enum wire_command command,
                struct bytes payload);

/* ---- messages (message.c): strict, the whole payload -------------------------------------------
 */

#define SERVICE_NETWORK UINT64_C(1)
#define SERVICE_WITNESS (UINT64_C(1) << 3)
#define SERVICE_COMPACT_FILTERS (UINT64_C(1) << 6)
#define SERVICE_NETWORK_LIMITED (UINT64_C(1) << 10) /* BIP159: the newest 288 blocks */

struct wire_version {
    uint32_t protocol;
    uint64_t services;
    int64_t time;
    uint64_t nonce;
    char agent[WIRE_AGENT_MAX + 1]; /* unprintable bytes are '?' */
    int32_t height;
};
int wire_version_parse(struct wire_version *ret_version, struct bytes payload, struct err *err);
void wire_version_write(struct buf *buf, const struct wire_version *version);

/* Views the payload: count headers of 81 bytes each (80 and a zero). */
struct wire_headers {
    const uint8_t *raw;
    size_t count;
};
enum { WIRE_HEADER_STRIDE = 81 };
int wire_headers_parse(struct wire_headers *ret_headers, struct bytes payload, struct err *err);
/* getheaders; the locator's hashes, newest first. */
void wire_getheaders_write(struct buf *buf, const struct hash256 *locator, size_t count);

struct wire_cfilter {
    struct hash256 block_hash;
    struct bytes filter;
};
int wire_cfilter_parse(struct wire_cfilter *ret_cfilter, struct bytes payload, struct err *err);
struct wire_cfheaders {
    struct hash256 stop;
    struct hash256 prev_header;
    const uint8_t *hashes; /* count of 32 bytes */
    size_t count;
};
int wire_cfheaders_parse(struct wire_cfheaders *ret_cfheaders, struct bytes payload,
                         struct err *err);
struct wire_cfcheckpt {
    struct hash256 stop;
    const uint8_t *headers; /* count of 32 bytes */
    size_t count;
};
int wire_cfcheckpt_parse(struct wire_cfcheckpt *ret_cfcheckpt, struct bytes payload,
                         struct err *err);
/* getcfilters, getcfheaders: type basic, first height, hash of the last block. */
void wire_cfrange_write(struct buf *buf, uint32_t from_height, const struct hash256 *stop);
void wire_getcfcheckpt_write(struct buf *buf, const struct hash256 *stop);

enum { INV_BLOCK = 2, INV_WITNESS_BLOCK = 0x40000002 };
struct wire_inv {
    const uint8_t *raw; /* count of 36 bytes: type, hash */
    size_t count;
};
int wire_inv_parse(struct wire_inv *ret_inv, struct bytes payload, struct err *err);
uint32_t wire_inv_type(const struct wire_inv *inv, size_t index);
struct hash256 wire_inv_hash(const struct wire_inv *inv, size_t index);
void wire_getdata_write(struct buf *buf, uint32_t type, const struct hash256 *hash);

/* ---- addresses (address.c) ----------------------------------------------------------------------
 */

enum { ADDRESS_HOST_SIZE = 256, PEER_NAME_SIZE = ADDRESS_HOST_SIZE + 8 };
/* A host as text: IPv4, IPv6 without brackets, or a name. */
struct address {
    char host[ADDRESS_HOST_SIZE];
    uint16_t port;
};
/* "HOST", "HOST:PORT", "[IPV6]:PORT"; letters, digits, '.', '-', ':' only. */
int address_parse(struct address *ret_address, const char *text, size_t text_size,
                  uint16_t default_port, struct err *err);
void address_format(char ret_text[PEER_NAME_SIZE], const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
/* Whether the host is an IP address, and whether one of the public Internet. */
bool address_is_ip(const struct address *address);
bool address_is_public(const struct address *address);
bool address_is_loopback(const struct address *address);

/* An address that a peer told of. */
struct wire_address {
    uint32_t time;
    uint64_t services;
    struct address address;
};
/* The IPv4 and IPv6 ones of the public Internet; all others are passed over. The array has
 * WIRE_ADDR_MAX places. */
int wire_addr_parse(struct wire_address *ret_addresses, size_t *ret_count, struct bytes payload,
                    struct err *err);
int wire_addrv2_parse(struct wire_address *ret_addresses, size_t *ret_count, struct bytes payload,
                      struct err *err);

/* ---- networks (seeds.c)
 * -------------------------------------------------------------------------- */

struct p2p_network {
    uint16_t port;
    const char *min_work;             /* 64 hexadecimal digits */
    const char *const *seeds;         /* ended by NULL; each answers the service bits asked for */
    const struct p2p_anchor *anchors; /* ended by height 0, ascending */
};
struct p2p_anchor {
    uint32_t height;
    const char *hash; /* display order */
};
const struct p2p_network *p2p_network_of(enum chain_id chain);

/* ---- SOCKS5 (socks.c; RFC 1928, no authentication)
 * ----------------------------------------------- */

/* What the client says first, and its request to connect, by name where the host is one. */
void socks_hello_write(struct buf *buf);
void socks_connect_write(struct buf *buf, const struct address *address);
/* How many bytes the answer at the beginning of `bytes` has; 0: not all there yet. REFUSED: the
 * proxy refuses, or is none. */
int socks_hello_parse(size_t *ret_size, struct bytes bytes, struct err *err);
int socks_connect_parse(size_t *ret_size, struct bytes bytes, struct err *err);

/* ---- what is known of peers (known.c): files peers.txt and bans.txt
 * ------------------------------- */

enum {
    KNOWN_MAX = 4096,
    BAN_MAX = 4096,
    BAN_SECONDS = 86400,
    BAN_REASON_SIZE = 160,
    KNOWN_FILE_MAX = 4 << 20
};
struct known_peer {
    struct address address;
    uint64_t services; /* 0: not known */
    int64_t seen;      /* seconds; when it last completed a handshake, or was told of */
    int64_t next_ms;   /* not tried before, by the monotonic clock */
    unsigned failures; /* since it last completed a handshake */
    bool given;        /* by the user: also when it fails */
    bool in_use;
};
struct known_ban {
    struct address address;
    int64_t until; /* seconds */
    char reason[BAN_REASON_SIZE];
};
struct known {
    struct known_peer *peers;
    size_t peer_count;
    struct known_ban *bans;
    size_t ban_count;
    char peers_path[PATH_SIZE];
    char bans_path[PATH_SIZE];
};
enum known_file { KNOWN_PEERS, KNOWN_BANS };
void known_init(struct known *known);
/* REFUSED: a text that is not of the form. */
int known_parse(struct known *known, enum known_file kind, const char *name, struct bytes text,
                struct err *err);
int known_open(struct known *known, const char *folder, struct err *err);
void known_free(struct known *known);
int known_save_peers(const struct known *known, struct err *err);
/* NULL where it is there already (then its services are noted), or no room is left. */
struct known_peer *known_add(struct known *known, const struct address *address, uint64_t services,
                             int64_t seen);
/* A host is banned whole; one of this machine only with its port. */
const struct known_ban *known_ban_of(const struct known *known, const struct address *address,
                                     int64_t now);
/* Bans for a day, on disk at once. */
int known_ban(struct known *known, const struct address *address, int64_t now, const char *reason,
              struct err *err);

/* ---- the thread: connections and what is asked over them
 * -------------------------------------------- */

enum {
    REQUEST_MAX = 4, /* at once, of one peer */
    RANGE_SIZE = 100,
    RANGES_A_PEER = 2,
    BLOCKS_A_PEER = 2,
    RATE_MIN = 2048, /* bytes a second that a peer must bring while it is asked for something */
    AGE_MAX_WINDOWS = 15, /* no request lives longer than so many timeouts */
    OUT_MAX = 1 << 20,
    IDLE_PING_MS = 60000,
    LIMITED_DEPTH = 288,     /* BIP159 */
    CANDIDATE_MAX = 4000000, /* headers on disk that have not yet enough work */
    FUTURE_MAX_S = 7200,
    BACKOFF_MS = 1000,
    BACKOFF_MAX_MS = 60000,
    BLOCK_TRIES_MAX = 32,
    STEAL_AFTER_DIVISOR = 8 /* a range is given to a second peer after timeout / 8 */
};

enum request_kind {
    REQUEST_PING,
    REQUEST_HEADERS,
    REQUEST_CFHEADERS,
    REQUEST_CFILTERS,
    REQUEST_BLOCK
};
struct request {
    enum request_kind kind;
    uint32_t from, to;   /* heights */
    uint32_t next;       /* height of the filter that comes next */
    struct hash256 hash; /* of the stop block, or the block */
    uint64_t nonce;      /* of a ping */
    uint32_t range;      /* index; NODE_NONE: asked to judge */
    int64_t begun_ms;
};

enum peer_state {
    PEER_FREE,
    PEER_CONNECTING,
    PEER_SOCKS_HELLO,
    PEER_SOCKS_CONNECT,
    PEER_GREETING,
    PEER_READY
};
/* What a peer said of headers in this round. */
enum headers_state { HEADERS_UNASKED, HEADERS_ASKED, HEADERS_DONE };
/* What it said of the span of filter headers that is compared. */
enum agree_state {
    AGREE_UNASKED,
    AGREE_ASKED,
    AGREE_LATE, /* asked for an earlier span */
    AGREE_ANSWERED
};

struct peer {
    enum peer_state state;
    int fd;
    uint64_t serial; /* of the connection */
    struct address address;
    char name[PEER_NAME_SIZE];
    bool got_version, got_verack, asked_addresses;
    bool served; /* it has answered something */
    uint64_t services;
    struct wire_version version;
    /* in */
    uint8_t head_raw[WIRE_HEAD_SIZE];
    size_t head_size;
    bool head_done;
    struct wire_head head;
    uint32_t skip_left; /* of a payload that nobody reads */
    struct buf in;
    struct buf out;
    size_t out_at;
    /* time */
    int64_t since_ms;  /* of the state */
    int64_t window_ms; /* since when bytes are counted */
    uint64_t window_bytes;
    int64_t heard_ms;
    struct request requests[REQUEST_MAX];
    unsigned request_count;
    /* tasks */
    enum headers_state headers;
    enum agree_state agree;
    struct hash256 *agree_headers; /* of the span */
    uint32_t agreed_to;            /* below this height it has said what was agreed on */
    struct buf judged;             /* its filter of the block in question */
    bool judged_asked;
    bool judged_done;
};

enum task { TASK_NONE, TASK_HEADERS, TASK_AGREE, TASK_FILTERS };

/* A block that somebody waits for. */
struct want {
    uint32_t node;
    struct buf *ret_raw;
    bool done;
    int code;
    struct err err;
    uint64_t tried[BLOCK_TRIES_MAX];
    unsigned tried_count;
    uint64_t asked; /* serial of the peer that is asked, or 0 */
    unsigned not_found;
    bool limited; /* a peer that could be asked keeps new blocks only */
    int64_t since_ms;
    struct want *next;
};

enum range_state { RANGE_TODO, RANGE_ASKED, RANGE_DONE };
struct range {
    uint32_t from, to;
    enum range_state state;
    uint8_t askers;
    int64_t asked_ms;
};

/* Headers of one peer that have not yet the work to be let into the tree: on disk. */
struct candidate {
    uint64_t serial; /* of the peer; 0: none */
    int fd;
    uint32_t from_height; /* of the header in the tree that it continues */
    uint32_t count;
    struct hash256 last;
    struct u256 work; /* up to the last */
};

struct p2p {
    struct p2p_options options;
    const struct chain_params *params;
    const struct p2p_network *network;
    struct header_tree *tree;
    struct filters *filters;
    char folder[PATH_SIZE];
    int lock_fd;
    struct address proxy;
    bool proxied;
    bool given; /* peers are the user's */
    struct u256 min_work;
    uint32_t candidate_max;
    int64_t timeout_ms;
    int64_t patience_ms;
    unsigned peers_wanted, agree_wanted;
    bool agree_strict; /* fewer than agree_wanted will not do */

    pthread_t thread;
    pthread_mutex_t lock; /* guards all below; the thread gives it up only while it waits */
    pthread_cond_t changed;
    int wake_fd;
    bool stop;
    struct peer peers[P2P_PEER_MAX];
    uint64_t next_serial;
    struct known known;
    struct resolver *resolver;
    bool news;

    enum task task;
    bool task_done;
    int task_code;
    struct err task_err;
    int64_t task_since_ms;
    int64_t progress_ms; /* when something useful last came */
    char last_ban[ERR_TEXT_SIZE];

    /* headers.c */
    uint32_t best;
    int headers_fd;
    uint32_t headers_kept; /* written, from genesis */
    struct candidate candidate;
    /* agree.c */
    int agreed_fd;
    uint32_t agreed_count; /* filter headers that are agreed on, from genesis */
    uint32_t *branch;      /* nodes by height */
    uint32_t branch_count;
    uint32_t span_to; /* the span that is compared: agreed_count to this */
    int64_t span_ms;  /* when enough had answered */
    bool doubt;       /* somebody contradicts what was agreed on: everybody is waited for */
    uint32_t back;    /* how far to go back at the next contradiction */
    bool judging;
    uint32_t judged_height;
    struct want judge_want;
    struct buf judge_block;
    /* ranges.c */
    struct range *ranges;
    uint32_t range_count, range_next, ranges_done;
    struct progress *filter_progress;
    /* blocks.c */
    struct want *wants;

    struct p2p_report report;
};

/* Whatever is useful restarts the patience. */
void net_progress(struct p2p *p2p);
void net_task_end(struct p2p *p2p, int code);
/* Sends a message. */
void net_send(struct p2p *p2p, struct peer *peer, enum wire_command command, struct bytes payload);
/* Notes a request and starts its clock; there must be room. */
struct request *net_request(struct peer *peer, struct request request);
void net_request_end(struct peer *peer, struct request *request);
struct request *net_request_find(struct peer *peer, enum request_kind kind,
                                 const struct hash256 *hash);
unsigned net_request_count(const struct peer *peer, enum request_kind kind);
/* Closes the connection: it failed, or it broke a rule. */
void net_drop(struct p2p *p2p, struct peer *peer, const char *why);
void net_ban(struct p2p *p2p, struct peer *peer, const char *why);
unsigned net_ready(const struct p2p *p2p);
bool net_is_filter_peer(const struct peer *peer);
/* Whether peers are still being connected that have not failed yet. */
bool net_connecting(const struct p2p *p2p);
void net_say(const struct p2p *p2p, const struct peer *peer, const char *text);

int net_start(struct p2p *p2p, struct err *err); /* the thread (net.c) */
void net_stop(struct p2p *p2p);
void net_wake(struct p2p *p2p);

/* connect.c: which address is tried next, and the handshake with a proxy. */
void connect_more(struct p2p *p2p);
/* Given peers that are not banned. */
unsigned connect_possible(const struct p2p *p2p);
/* The connection is there, or is not. */
void connect_finish(struct p2p *p2p, struct peer *peer);
/* Bytes of a proxy's answer; they stand in peer->in. */
void connect_socks(struct p2p *p2p, struct peer *peer);
void connect_greet(struct p2p *p2p, struct peer *peer);

/* resolve.c: names to addresses in a thread of its own. */
struct resolver *resolver_start(const char *const *names, uint16_t port);
/* The next address that was found; false: none (now). */
bool resolver_take(struct resolver *resolver, struct address *ret_address);
void resolver_free(struct resolver *resolver);
/* In the calling thread. */
int resolve_now(struct address *ret_addresses, size_t *ret_count, size_t max,
                const struct address *name, struct err *err);

/* dispatch.c: a whole message came. */
void dispatch(struct p2p *p2p, struct peer *peer, enum wire_command command, struct bytes payload);

/* headers.c */
int headers_load(struct p2p *p2p, struct err *err);
void headers_close(struct p2p *p2p);
void headers_begin(struct p2p *p2p);
void headers_schedule(struct p2p *p2p, int64_t now);
void headers_answer(struct p2p *p2p, struct peer *peer, const struct wire_headers *headers);
void headers_lost(struct p2p *p2p, const struct peer *peer);

/* agree.c, judge.c */
int agree_load(struct p2p *p2p, struct err *err);
void agree_close(struct p2p *p2p);
void agree_begin(struct p2p *p2p, uint32_t tip);
void agree_schedule(struct p2p *p2p, int64_t now);
void agree_answer(struct p2p *p2p, struct peer *peer, const struct wire_cfheaders *cfheaders);
void agree_restart(struct p2p *p2p);
int agree_read(const struct p2p *p2p, struct hash256 *ret_header, uint32_t height, struct err *err);
void judge_begin(struct p2p *p2p, uint32_t height);
void judge_schedule(struct p2p *p2p);
void judge_filter(struct p2p *p2p, struct peer *peer, struct bytes filter);
void judge_end(struct p2p *p2p);
/* NULL, or the rule that a filter breaks if it is to be that of a block, whatever its prevouts:
 * it decodes, every output script is in it, and no more elements than there can be. */
const char *judge_rule(const struct block *block, struct bytes filter);

/* ranges.c */
int ranges_begin(struct p2p *p2p, uint32_t from, uint32_t to, struct err *err);
void ranges_schedule(struct p2p *p2p, int64_t now);
void ranges_end(struct p2p *p2p);
void ranges_answer(struct p2p *p2p, struct peer *peer, const struct wire_cfilter *cfilter);
void ranges_lost(struct p2p *p2p, const struct request *request);

/* blocks.c */
void blocks_add(struct p2p *p2p, struct want *want);
void blocks_schedule(struct p2p *p2p, int64_t now);
void blocks_answer(struct p2p *p2p, struct peer *peer, struct bytes raw);
void blocks_not_found(struct p2p *p2p, struct peer *peer, const struct hash256 *hash);
void blocks_lost(struct p2p *p2p, const struct peer *peer);

#endif
