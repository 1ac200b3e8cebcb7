/* A thread that cuts off connections whose time is over: senders of one byte a second, readers that do not read. */
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "archive/http/server_impl.h"

struct rp_http_watch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping;
    rp_http_client clients; /* the head of a ring */
};

int64_t rp_http_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void drop_unsent(int socket)
{
    const struct linger none = {.l_onoff = 1};
    (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/* The server then closes the socket. */
static void cut_off(int socket)
{
    drop_unsent(socket);
    (void)shutdown(socket, SHUT_RDWR);
}

static void *run(void *payload)
{
    rp_http_watch *watch = payload;
    (void)pthread_mutex_lock(&watch->lock);
    while (!watch->stopping) {
        const int64_t now = rp_http_now_ms();
        for (rp_http_client *c = watch->clients.next; c != &watch->clients; c = c->next)
            if (c->deadline_ms < now)
                cut_off(c->socket);
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 1;
        (void)pthread_cond_timedwait(&watch->stop, &watch->lock, &until);
    }
    (void)pthread_mutex_unlock(&watch->lock);
    return NULL;
}

rp_code rp_http_watch_new(rp_http_watch **out, rp_error *err)
{
    rp_http_watch *watch = calloc(1, sizeof *watch);
    *out = watch;
    if (!watch)
        return rp_fail(err, RP_E_MEMORY, "no memory for the HTTP server");
    watch->clients.next = watch->clients.previous = &watch->clients;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&watch->lock, NULL);
    (void)pthread_cond_init(&watch->stop, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&watch->thread, NULL, run, watch) == 0)
        return RP_OK;
    free(watch);
    *out = NULL;
    return rp_fail(err, RP_E_MEMORY, "no thread for the HTTP server");
}

void rp_http_watch_free(rp_http_watch *watch)
{
    if (!watch)
        return;
    (void)pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    (void)pthread_cond_signal(&watch->stop);
    (void)pthread_mutex_unlock(&watch->lock);
    (void)pthread_join(watch->thread, NULL);
    (void)pthread_cond_destroy(&watch->stop);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
}

rp_http_client *rp_http_client_open(rp_http_watch *watch, int socket, int64_t seconds)
{
    rp_http_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    *client = (rp_http_client){NULL, &watch->clients, watch, socket, rp_http_now_ms() + seconds * 1000};
    (void)pthread_mutex_lock(&watch->lock);
    client->next = watch->clients.next;
    client->next->previous = client;
    watch->clients.next = client;
    (void)pthread_mutex_unlock(&watch->lock);
    return client;
}

void rp_http_client_allow(rp_http_client *client, int64_t seconds)
{
    if (!client)
        return;
    (void)pthread_mutex_lock(&client->watch->lock);
    client->deadline_ms = rp_http_now_ms() + seconds * 1000;
    (void)pthread_mutex_unlock(&client->watch->lock);
}

void rp_http_client_drop(rp_http_client *client)
{
    if (client)
        drop_unsent(client->socket);
}

void rp_http_client_close(rp_http_client *client)
{
    if (!client)
        return;
    rp_http_watch *watch = client->watch;
    (void)pthread_mutex_lock(&watch->lock);
    client->next->previous = client->previous;
    client->previous->next = client->next;
    (void)pthread_mutex_unlock(&watch->lock);
    free(client);
}
