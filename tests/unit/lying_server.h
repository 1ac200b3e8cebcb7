/* A CRDS server that does what its file names say: "good", "short" (dies in the middle), "long" (sends more than it
 * announced), "wrong" (other bytes), "stall", "error", "flaky" (dies at the first try).  One thread, in the test
 * itself. */
#ifndef RP_TESTS_LYING_SERVER_H
#define RP_TESTS_LYING_SERVER_H

#include <pthread.h>
#include <stdio.h>

#include "tests/unit/loopback.h"

enum { LYING_SIZE = 2000 };
/* sha1 of 2000 times 'x' */
#define LYING_SHA1 "8e894dd1aef94637f347af568e934075a69d1b79"

typedef struct lying_server {
    int listener;
    uint16_t port;
    pthread_t thread;
    int requests;     /* for files */
    int flaky;        /* requests for flaky ones */
    const char *info; /* instead of the honest answer to get_server_info */
    volatile bool stop;
} lying_server;

static void lying_reply(int fd, const char *type, const char *text)
{
    char head[200];
    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", type,
                   strlen(text));
    loopback_send(fd, head, strlen(head));
    loopback_send(fd, text, strlen(text));
}

static void lying_rpc(lying_server *s, int fd, const char *request)
{
    static const char *const files[] = {"jwst_nircam_good_0001.fits",  "jwst_nircam_short_0001.fits",
                                        "jwst_nircam_long_0001.fits",  "jwst_nircam_wrong_0001.fits",
                                        "jwst_nircam_stall_0001.fits", "jwst_nircam_error_0001.fits",
                                        "jwst_nircam_flaky_0001.fits"};
    char text[4096], *at = text;
    if (s->info) {
        lying_reply(fd, "application/json", s->info);
        return;
    }
    if (!strstr(request, "get_server_info")) {
        lying_reply(fd, "application/json", "{\"error\": {\"message\": \"no &lt;such&gt; method\"}, \"result\": null}");
        return;
    }
    at +=
        sprintf(at,
                "{\"error\": null, \"result\": {\"observatory\": \"jwst\", \"operational_context\": "
                "\"jwst_0002.pmap\", \"edit_context\": \"jwst_0003.pmap\","
                "\"bad_files_list\": [\"jwst_nircam_bad_0001.fits\"], \"reference_url\": {\"jwst\": "
                "\"http://127.0.0.1:%u/files/\"},"
                "\"mapping_url\": {\"unchecked\": {\"jwst\": \"http://127.0.0.1:%u/maps\"}}, \"download_metadata\": {",
                (unsigned)s->port, (unsigned)s->port);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        at += sprintf(at, "%s\"%s\": {\"size\": \"%d\", \"sha1sum\": \"%s\"}", i ? ", " : "", files[i], LYING_SIZE,
                      LYING_SHA1);
    (void)strcpy(at, "}}}");
    lying_reply(fd, "application/json", text);
}

static void lying_file(lying_server *s, int fd, const char *request)
{
    char body[3 * LYING_SIZE], head[200];
    const bool dies = strstr(request, "_short_") || (strstr(request, "_flaky_") && s->flaky++ == 0);
    memset(body, strstr(request, "_wrong_") ? 'y' : 'x', sizeof body);
    s->requests++;
    if (strstr(request, "_error_")) {
        static const char error[] = "HTTP/1.1 500 Oops\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry";
        loopback_send(fd, error, strlen(error));
        return;
    }
    const size_t claimed = strstr(request, "_long_") ? sizeof body : LYING_SIZE;
    (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", claimed);
    loopback_send(fd, head, strlen(head));
    if (strstr(request, "_stall_"))
        for (int i = 0; i < 100 && !s->stop; i++)
            (void)usleep(100000);
    else
        loopback_send(fd, body, dies ? 700 : claimed);
}

static void *lying_run(void *payload)
{
    lying_server *s = payload;
    for (int fd; !s->stop && (fd = accept(s->listener, NULL, NULL)) >= 0;) {
        char request[8192];
        const ssize_t n = recv(fd, request, sizeof request - 1, 0);
        request[n > 0 ? n : 0] = '\0';
        if (strstr(request, "/json/")) {
            (void)usleep(20000); /* a body in a packet of its own */
            lying_rpc(s, fd, request);
        } else if (n > 0) {
            lying_file(s, fd, request);
        }
        (void)shutdown(fd, SHUT_WR);
        while (recv(fd, request, sizeof request, MSG_DONTWAIT) > 0)
            ;
        (void)close(fd);
    }
    return NULL;
}

static void lying_start(lying_server *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    *s = (lying_server){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    (void)bind(s->listener, (const struct sockaddr *)&address, size);
    (void)listen(s->listener, 16);
    (void)getsockname(s->listener, (struct sockaddr *)&address, &size);
    s->port = ntohs(address.sin_port);
    (void)pthread_create(&s->thread, NULL, lying_run, s);
}

static void lying_stop(lying_server *s)
{
    s->stop = true;
    const int fd = loopback_connect(s->port); /* wakes accept */
    if (fd >= 0)
        (void)close(fd);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->listener);
}

#endif
