/* Raw bytes over loopback connections, for tests of servers and clients. */
#ifndef RP_TESTS_LOOPBACK_H
#define RP_TESTS_LOOPBACK_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static inline int loopback_connect(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const struct timeval limit = {.tv_sec = 8};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static inline void loopback_send(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes += n;
        size -= (size_t)n;
    }
}

/* Everything until the other side closes; terminated; caller frees. */
static inline char *loopback_read(int fd, size_t *size)
{
    size_t capacity = 65536;
    char *bytes = malloc(capacity);
    *size = 0;
    for (ssize_t n; (n = recv(fd, bytes + *size, capacity - *size - 1, 0)) > 0;) {
        *size += (size_t)n;
        if (*size + 1 == capacity)
            bytes = realloc(bytes, capacity *= 2);
    }
    bytes[*size] = '\0';
    return bytes;
}

/* One request on a connection of its own. */
static inline char *loopback_ask(uint16_t port, const char *request, size_t *size)
{
    const int fd = loopback_connect(port);
    if (fd < 0)
        return NULL;
    loopback_send(fd, request, strlen(request));
    char *answer = loopback_read(fd, size);
    (void)close(fd);
    return answer;
}

static inline int loopback_status(const char *answer)
{
    return answer && strncmp(answer, "HTTP/1.", 7) == 0 ? atoi(answer + 9) : 0;
}

#endif
