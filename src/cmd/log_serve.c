/* `sanad log serve`: a log's folder over HTTP, as the plain static files that it is. Any web server
 * does the same; this one is for trying, and for partners on a private network. */
#include "cmd/cmd.h"
#include "http/http.h"

/* Only what the log is: its checkpoint, its tiles and its anchors. A writer that was killed may
 * have left other files beside them. */
static bool is_served(const char *path)
{
    struct tlog_tile tile;
    return strcmp(path, "/checkpoint") == 0 || tlog_tile_from_path(&tile, path + 1) ||
           cmd_anchor_is_name(path + 1);
}

static void serve_answer(void *context, const struct http_request *request,
                         struct http_answer *ret_answer)
{
    const char *folder = context;
    if (strcmp(request->method, "GET") != 0)
        http_answer_text(ret_answer, 405, "only GET");
    else if (!is_served(request->path))
        http_answer_text(ret_answer, 404, "not there");
    else
        http_answer_file(ret_answer, folder, request->path);
}

int cmd_log_serve(const struct cmd_args *args, struct err *err)
{
    const char *folder;
    const char *listen;
    char port[8];
    struct cmd_log log = {0};
    struct http_server *server;
    int code = cmd_required(&folder, args, "--dir", err);
    if (code == 0)
        code = cmd_required(&listen, args, "--listen", err);
    if (code == 0)
        code = cmd_log_open(&log, folder, err); /* what is no log is not served */
    if (code)
        return code;
    cmd_log_close(&log);
    cmd_stop_prepare();
    struct http_server_options options = {
        .listen = listen, .handle = serve_answer, .context = (void *)(uintptr_t)folder};
    code = http_server_start(&server, &options, err);
    if (code)
        return code;
    (void)snprintf(port, sizeof port, "%u", http_server_port(server));
    log_line("serve", "dir", folder, "listen", listen, "port", port, NULL);
    while (!cmd_stop_wait(UINT32_MAX))
        ;
    log_line("stop", "dir", folder, NULL);
    http_server_stop(server);
    return 0;
}
