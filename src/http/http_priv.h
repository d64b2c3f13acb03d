/* What the parts of http share. */
#ifndef SANAD_HTTP_PRIV_H
#define SANAD_HTTP_PRIV_H

#include "http/http.h"

/* Whether a path of a request is plain (struct http_request says what that is). */
bool http_path_ok(const char *path);
/* Connections that are open: for tests. */
unsigned http_server_connections(const struct http_server *server);

#endif
