/* Names to addresses. getaddrinfo cannot be told to hurry: seeds are asked in a thread of their
 * own, which nobody waits for; who ends last frees what both share. */
#include "p2p/p2p_priv.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { RESOLVED_MAX = 512, RESOLVED_A_NAME = 64 };

struct resolver {
    pthread_mutex_t lock;
    unsigned owners;
    const char *const *names;
    uint16_t port;
    struct address found[RESOLVED_MAX];
    size_t count;
    size_t taken;
};

static bool info_address(struct address *ret_address, const struct addrinfo *info, uint16_t port)
{
    struct address address = {.port = port};
    const void *ip;
    if (info->ai_family == AF_INET)
        ip = &((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr;
    else if (info->ai_family == AF_INET6)
        ip = &((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr;
    else
        return false;
    if (!inet_ntop(info->ai_family, ip, address.host, sizeof address.host))
        return false;
    *ret_address = address;
    return true;
}

int resolve_now(struct address *ret_addresses, size_t *ret_count, size_t max,
                const struct address *name, struct err *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    size_t count = 0;
    int failed = getaddrinfo(name->host, NULL, &hints, &list);
    if (failed)
        return err_set(err, SANAD_MISSING, "peer %s: %s", name->host, gai_strerror(failed));
    for (const struct addrinfo *info = list; info && count < max; info = info->ai_next)
        count += info_address(&ret_addresses[count], info, name->port);
    freeaddrinfo(list);
    *ret_count = count;
    return 0;
}

static void release(struct resolver *resolver)
{
    (void)pthread_mutex_lock(&resolver->lock);
    unsigned left = --resolver->owners;
    (void)pthread_mutex_unlock(&resolver->lock);
    if (left > 0)
        return;
    (void)pthread_mutex_destroy(&resolver->lock);
    free(resolver);
}

static void *resolver_main(void *context)
{
    struct resolver *resolver = context;
    for (size_t i = 0; resolver->names[i]; i++) {
        struct address found[RESOLVED_A_NAME];
        size_t count;
        struct address name = {.port = resolver->port};
        (void)snprintf(name.host, sizeof name.host, "%s", resolver->names[i]);
        if (resolve_now(found, &count, RESOLVED_A_NAME, &name, NULL) != 0)
            continue;
        (void)pthread_mutex_lock(&resolver->lock);
        for (size_t j = 0; j < count && resolver->count < RESOLVED_MAX; j++)
            if (address_is_public(&found[j]))
                resolver->found[resolver->count++] = found[j];
        (void)pthread_mutex_unlock(&resolver->lock);
    }
    release(resolver);
    return NULL;
}

struct resolver *resolver_start(const char *const *names, uint16_t port)
{
    pthread_t thread;
    struct resolver *resolver = mem_zalloc(1, sizeof *resolver);
    int code = pthread_mutex_init(&resolver->lock, NULL);
    sanad_assert(code == 0);
    resolver->owners = 2;
    resolver->names = names;
    resolver->port = port;
    if (pthread_create(&thread, NULL, resolver_main, resolver) == 0) {
        (void)pthread_detach(thread);
    } else {
        resolver->owners = 1; /* nothing will be found: who connects says so in time */
    }
    return resolver;
}

bool resolver_take(struct resolver *resolver, struct address *ret_address)
{
    bool found;
    (void)pthread_mutex_lock(&resolver->lock);
    found = resolver->taken < resolver->count;
    if (found)
        *ret_address = resolver->found[resolver->taken++];
    (void)pthread_mutex_unlock(&resolver->lock);
    return found;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver)
        release(resolver);
}
