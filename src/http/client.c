/* The client: libcurl, told to trust nobody: http and https only, no redirects, a ceiling for the
 * answer as it is after unpacking, and a time for the whole of it. */
#include "http/http_priv.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

enum { LARGE_SIZE = 1 << 20, LARGE_BUFFER = 1 << 18 };

struct http_client {
    CURL *curl;
    char *credentials; /* or NULL */
    char *body_type;   /* or NULL */
    bool direct;
    char why[CURL_ERROR_SIZE];
};

static void curl_begin(void)
{
    sanad_assert(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

struct http_client *http_client_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* libcurl wants to be begun once */
    struct http_client *client = mem_zalloc(1, sizeof *client);
    (void)pthread_once(&once, curl_begin);
    client->curl = curl_easy_init();
    sanad_assert(client->curl);
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client->credentials);
    free(client->body_type);
    free(client);
}

void http_client_set(struct http_client *client, const struct http_client_options *options)
{
    free(client->credentials);
    free(client->body_type);
    client->credentials = options->credentials ? mem_strdup(options->credentials) : NULL;
    client->body_type = options->body_type ? mem_strdup(options->body_type) : NULL;
    client->direct = options->direct;
}

int http_url_check(const char *url, struct err *err)
{
    const char *host = strncmp(url, "http://", 7) == 0    ? url + 7
                       : strncmp(url, "https://", 8) == 0 ? url + 8
                                                          : NULL;
    if (!host)
        return err_set(err, SANAD_REFUSED, "%.200s: not an http or https address", url);
    if (strlen(url) >= HTTP_URL_MAX)
        return err_set(err, SANAD_REFUSED, "%.200s: address too long", url);
    size_t size = strcspn(host, "/");
    if (size == 0 || host[0] == ':' || memchr(host, '@', size))
        return err_set(err, SANAD_REFUSED, "%.200s: no host, or a user's name before it", url);
    for (const char *at = url; *at; at++)
        if (*at <= 0x20 || *at >= 0x7f || strchr("\"<>\\^`{|}#", *at))
            return err_set(err, SANAD_REFUSED, "%.200s: a character that no address has", url);
    return 0;
}

int http_url_join(char ret_url[HTTP_URL_MAX], const char *folder, const char *path, struct err *err)
{
    size_t size = strlen(folder);
    bool slash = size > 0 && folder[size - 1] != '/';
    int length = snprintf(ret_url, HTTP_URL_MAX, "%s%s%s", folder, slash ? "/" : "", path);
    if (length < 0 || length >= HTTP_URL_MAX)
        return err_set(err, SANAD_REFUSED, "%.200s: address too long", folder);
    return 0;
}

static size_t on_data(char *data, size_t one, size_t size, void *context)
{
    struct buf *body = context;
    (void)one; /* always 1 */
    buf_add(body, bytes_of(data, size));
    return body->bad ? 0 : size; /* another number than it was told ends the transfer */
}

static void options_set(struct http_client *client, const char *url, struct buf *body,
                        const struct http_limits *limits)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl); /* keeps the connection */
    client->why[0] = 0;
    bool set =
        curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "sanad/" SANAD_VERSION) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_ms) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)limits->total_ms) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)limits->size_max) ==
            CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->why) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK;
    if (limits->size_max > LARGE_SIZE) /* fewer and larger reads */
        set = set && curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)LARGE_BUFFER) == CURLE_OK;
    if (client->credentials)
        set = set && curl_easy_setopt(curl, CURLOPT_USERPWD, client->credentials) == CURLE_OK;
    if (client->direct)
        set = set && curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK;
    sanad_assert(set);
}

/* What stands above a body that is posted. */
static struct curl_slist *headers_make(const struct http_client *client)
{
    char line[32 + HTTP_TYPE_SIZE];
    (void)snprintf(line, sizeof line, "Content-Type: %.*s", HTTP_TYPE_SIZE - 1,
                   client->body_type ? client->body_type : "application/octet-stream");
    /* A server that has to be asked first costs a second where it does not answer that. */
    return curl_slist_append(curl_slist_append(NULL, "Expect:"), line);
}

static int perform(struct http_client *client, struct http_response *response, const char *url,
                   struct err *err)
{
    long status = 0;
    const char *type = NULL;
    CURLcode code = curl_easy_perform(client->curl);
    if (response->body.bad || code == CURLE_FILESIZE_EXCEEDED)
        return err_set(err, SANAD_REFUSED, "%s: its answer is over %zu bytes", url,
                       response->body.max);
    if (code != CURLE_OK)
        return err_set(err, SANAD_IO, "%s: %s", url,
                       client->why[0] ? client->why : curl_easy_strerror(code));
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(client->curl, CURLINFO_CONTENT_TYPE, &type);
    if (status < 200 || (status >= 300 && status < 400))
        return err_set(err, SANAD_REFUSED, "%s: answers %ld; redirects are not followed", url,
                       status);
    response->status = (unsigned)status;
    (void)snprintf(response->type, sizeof response->type, "%s", type ? type : "");
    return 0;
}

static int request(struct http_client *client, struct http_response *ret_response, const char *url,
                   const struct bytes *body, const struct http_limits *limits, struct err *err)
{
    struct curl_slist *headers = NULL;
    struct http_response response = {.status = 0};
    int code = http_url_check(url, err);
    if (code)
        return code;
    sanad_assert(limits->size_max > 0 && limits->size_max <= HTTP_BODY_CEILING);
    sanad_assert(limits->connect_ms > 0 && limits->total_ms > 0);
    response.body = buf_with_max(limits->size_max);
    options_set(client, url, &response.body, limits);
    if (body) {
        headers = headers_make(client);
        bool set = headers &&
                   curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                                    (curl_off_t)body->size) == CURLE_OK &&
                   curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS,
                                    body->size ? (const char *)body->data : "") == CURLE_OK &&
                   curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
        sanad_assert(set);
    }
    code = perform(client, &response, url, err);
    curl_slist_free_all(headers);
    if (code)
        buf_free(&response.body);
    else
        *ret_response = response;
    return code;
}

int http_get(struct http_client *client, struct http_response *ret_response, const char *url,
             const struct http_limits *limits, struct err *err)
{
    return request(client, ret_response, url, NULL, limits, err);
}

int http_post(struct http_client *client, struct http_response *ret_response, const char *url,
              struct bytes body, const struct http_limits *limits, struct err *err)
{
    return request(client, ret_response, url, &body, limits, err);
}
