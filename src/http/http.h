/* http: a server over libmicrohttpd and a client over libcurl, with a ceiling on everything that
 * comes from outside: sizes, connections, time. No TLS in the server: a country's web server or
 * its CDN stands before it. I/O. */
#ifndef SANAD_HTTP_H
#define SANAD_HTTP_H

#include "base/base.h"

enum {
    HTTP_PATH_MAX = 1024,
    HTTP_URL_MAX = 2048,
    HTTP_TYPE_SIZE = 128,
    HTTP_SECONDS = 30,               /* for a request with its answer, where nothing else is said */
    HTTP_HEADER_MAX = 32768,         /* bytes of a request's line and headers */
    HTTP_CONNECTION_MAX = 512,       /* at once */
    HTTP_BODY_CEILING = 64 << 20,    /* of what any server or client may be told to take */
    HTTP_CONNECTION_CEILING = 65536, /* likewise */
    HTTP_THREAD_CEILING = 256
};

/* ---- server ---------------------------------------------------------------------------------- */

/* What came; lives as long as the call. The path is plain: it begins with '/', has no escapes,
 * no empty segment but the last, none that is "." or "..", and nothing but printable ASCII. */
struct http_request {
    const char *method; /* "GET" or "POST"; HEAD comes as GET */
    const char *path;
    const char *query; /* behind the '?', as it was sent; NULL: none */
    struct bytes body;
};
/* What goes back: a body, or a file from its beginning. */
struct http_answer {
    unsigned status;
    const char *type;  /* content type: text that outlives the call */
    const char *cache; /* Cache-Control, or NULL; likewise */
    struct buf body;   /* the server frees it */
    bool is_file;
    int file; /* open for reading; the server closes it */
    uint64_t file_size;
};
/* Runs in any of the server's threads, several at once. */
typedef void http_handle(void *context, const struct http_request *request,
                         struct http_answer *ret_answer);

struct http_server_options {
    const char *listen; /* "127.0.0.1:8080", "[::1]:8080", "localhost:0"; 0: any free port */
    http_handle *handle;
    void *context;
    size_t body_max;         /* of a request; more is answered 413 */
    unsigned connection_max; /* 0: HTTP_CONNECTION_MAX. Later ones wait to be accepted */
    unsigned thread_count;   /* 0: one a processor */
    unsigned seconds;        /* 0: HTTP_SECONDS. A connection that has not completed a request for
                                so long is closed, however it trickles */
};
struct http_server;
/* USAGE: an address that is none. ENVIRONMENT: it can't be had. */
int http_server_start(struct http_server **ret_server, const struct http_server_options *options,
                      struct err *err);
uint16_t http_server_port(const struct http_server *server);
/* Ends when all running calls have ended. NULL is fine. */
void http_server_stop(struct http_server *server);

/* An answer of one line of text. */
void http_answer_text(struct http_answer *ret_answer, unsigned status, const char *text);
/* A regular file below a folder, by the path of a request; 404 where it is none. Links are not
 * followed, names that begin with a dot are not there. Tiles (below "/tile/") may be kept for
 * ever, "checkpoint" for seconds. */
void http_answer_file(struct http_answer *ret_answer, const char *folder, const char *path);

/* ---- client ---------------------------------------------------------------------------------- */

struct http_limits {
    size_t size_max; /* bytes of the answer, unpacked */
    unsigned connect_ms;
    unsigned total_ms;
};
struct http_response {
    unsigned status;
    char type[HTTP_TYPE_SIZE]; /* content type, cut to fit; "" where none was given */
    struct buf body;           /* the caller frees it */
};
/* Keeps its connection; belongs to one thread at a time. */
struct http_client;
struct http_client *http_client_new(void);
void http_client_free(struct http_client *client); /* NULL is fine */
/* What every later request of the client is sent with; the texts are copied. */
struct http_client_options {
    const char *credentials; /* "user:password" for basic authorisation; NULL: none */
    const char *body_type;   /* of what is posted; NULL: application/octet-stream */
    bool direct;             /* past any proxy that the environment names */
};
void http_client_set(struct http_client *client, const struct http_client_options *options);
/* REFUSED: not http or https, no host, a user or password in it, white space, too long. */
int http_url_check(const char *url, struct err *err);
/* `folder` and `path` with one '/' between; REFUSED: too long. */
int http_url_join(char ret_url[HTTP_URL_MAX], const char *folder, const char *path,
                  struct err *err);
/* Any status but a redirect is an answer. IO: no connection, no answer in time. REFUSED: too
 * large, a redirect (none is followed). */
int http_get(struct http_client *client, struct http_response *ret_response, const char *url,
             const struct http_limits *limits, struct err *err);
int http_post(struct http_client *client, struct http_response *ret_response, const char *url,
              struct bytes body, const struct http_limits *limits, struct err *err);

#endif
