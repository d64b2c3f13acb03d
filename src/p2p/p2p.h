/* p2p: a light client of the Bitcoin network (BIP157). One thread speaks with 8 to 16 peers: it
 * brings headers into a tree, agrees with several peers on the chain of filter headers, and
 * fetches filters and blocks, each checked before it is used. What it accepts, its limits and
 * the files it keeps: doc/formats/p2p.md. I/O. */
#ifndef SANAD_P2P_H
#define SANAD_P2P_H

#include "base/base.h"
#include "chain/chain.h"
#include "filters/filters.h"

enum {
    P2P_PEER_MAX = 16,       /* at once */
    P2P_PEERS_WANTED = 8,    /* where the peers are found and not given */
    P2P_AGREE_WANTED = 3,    /* peers whose filter headers must be the same, likewise */
    P2P_GIVEN_MAX = 64,      /* HOST:PORT in one list */
    P2P_TIMEOUT_MS = 20000,  /* for an answer, or for the least that must come in the meantime */
    P2P_PATIENCE_MS = 120000 /* without any progress, before a call gives up */
};

struct p2p;
struct p2p_options {
    const struct chain_params *params;
    struct header_tree *tree; /* from genesis; outlives the client. p2p_sync_headers alone adds */
    struct filters *filters;  /* where filters are kept; may be NULL until they are asked for */
    const char *folder;       /* made where it is not there; locked */
    const char *peers;        /* "HOST:PORT,HOST:PORT"; NULL: found by DNS seeds */
    const char *proxy;        /* SOCKS5 "HOST:PORT", or NULL. With it no name is looked up here */
    unsigned peer_count;      /* 0: all that are given, or P2P_PEERS_WANTED */
    unsigned agree_count;     /* 0: P2P_AGREE_WANTED, or all that are given where they are fewer */
    unsigned timeout_ms;      /* 0: P2P_TIMEOUT_MS */
    unsigned patience_ms;     /* 0: P2P_PATIENCE_MS */
    const struct u256 *min_work; /* NULL: the network's own */
    uint32_t candidate_max;      /* headers without enough work, on disk. 0: 4,000,000 */
    /* Told of bans and differences, a sentence each, in the client's thread; or NULL. */
    void (*say)(void *context, const char *text);
    void *say_context;
};

/* Reads what is kept (headers are checked anew), and starts the thread. USAGE: no address, or one
 * that is none. ENVIRONMENT: another process works in the folder. */
int p2p_open(struct p2p **ret_p2p, const struct p2p_options *options, struct err *err);
/* Ends the thread and keeps what was learned. NULL is fine. */
void p2p_close(struct p2p *p2p);

/* The most-work header known. */
uint32_t p2p_best(const struct p2p *p2p);
/* Asks peers for headers until none has more. Nobody may read the tree meanwhile. IO: no peer
 * was reached in time. MISSING: all given are banned, or none knows a chain with enough work. What
 * was known stays. */
int p2p_sync_headers(struct p2p *p2p, struct err *err);
/* Whether a peer told of a block that is not known yet. */
bool p2p_has_news(struct p2p *p2p);

/* Agrees with the peers on the filter headers of the branch up to `tip`. MISSING: fewer than
 * asked for answered, or they differ at a height and no block decides who is right. */
int p2p_sync_filter_headers(struct p2p *p2p, uint32_t tip, struct err *err);
/* Of the agreed branch; false where there is none at that height. */
bool p2p_filter_header(struct p2p *p2p, struct hash256 *ret_header, uint32_t height);
/* Fetches the filters of the agreed branch from a height to a height that are not kept yet, each
 * held against its filter header, and commits. */
int p2p_sync_filters(struct p2p *p2p, uint32_t from_height, uint32_t to_height,
                     struct progress *progress, struct err *err);

/* One block by node, its merkle root and witness commitment checked. Any thread. MISSING: no
 * peer has it (a pruned peer keeps only the newest 288). */
int p2p_block(struct p2p *p2p, struct buf *ret_raw, uint32_t node, struct err *err);

/* What happened, for evidence and reports. */
struct p2p_report {
    unsigned ready;  /* peers that we speak with now */
    unsigned agreed; /* peers that said the same of the filter headers that were last agreed on */
    unsigned wanted; /* how many were asked for */
    unsigned banned; /* in this run */
    uint32_t judged; /* differences that a block decided */
    uint64_t bytes;  /* received */
    uint64_t stolen; /* ranges of a slow peer that another one finished */
};
void p2p_report_get(struct p2p_report *ret_report, struct p2p *p2p);

#endif
