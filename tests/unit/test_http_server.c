/* The HTTP server over real connections: routes, framing, files, limits of size and time. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "archive/http/http.h"
#include "tests/unit/loopback.h"

enum { FILE_SIZE = 300000, MOST_BODY = 1000 };

typedef struct fixture {
    rp_http_server *server;
    uint16_t port;
    char file[64];
    pthread_mutex_t lock;
    char last[2048]; /* the last line of the log */
    int lines;
} fixture;

static void serve_echo(void *service, const rp_http_request *request, rp_http_reply *reply)
{
    (void)service;
    char *text = malloc(request->body_size + 200);
    const int n =
        sprintf(text, "rest=%.50s a=%.50s body=%zu:", request->rest,
                rp_http_parameter(request, "a") ? rp_http_parameter(request, "a") : "none", request->body_size);
    memcpy(text + n, request->body, request->body_size);
    rp_http_answer(reply, 200, "text/plain", text, (size_t)n + request->body_size);
    rp_http_add_header(reply, "X-Test", "yes");
}

static void serve_file(void *service, const rp_http_request *request, rp_http_reply *reply)
{
    (void)request;
    const fixture *f = service;
    rp_http_send_file(reply, "application/octet-stream", open(f->file, O_RDONLY), FILE_SIZE, 784111777, "\"tag\"");
}

static void serve_nothing(void *service, const rp_http_request *request, rp_http_reply *reply)
{
    (void)service, (void)request, (void)reply;
}

static const rp_http_route routes[] = {
    {RP_HTTP_GET | RP_HTTP_POST, "/echo/*", serve_echo, MOST_BODY},
    {RP_HTTP_GET, "/file", serve_file, 0},
    {RP_HTTP_GET, "/nothing", serve_nothing, 0},
};

static void note(void *payload, const char *line)
{
    fixture *f = payload;
    (void)pthread_mutex_lock(&f->lock);
    (void)snprintf(f->last, sizeof f->last, "%s", line);
    f->lines++;
    (void)pthread_mutex_unlock(&f->lock);
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    (void)pthread_mutex_init(&f->lock, NULL);
    strcpy(f->file, "/tmp/rampart-http.XXXXXX");
    const int fd = mkstemp(f->file);
    char *bytes = malloc(FILE_SIZE);
    for (int i = 0; i < FILE_SIZE; i++)
        bytes[i] = (char)('a' + i % 26);
    assert_int_equal(write(fd, bytes, FILE_SIZE), FILE_SIZE);
    free(bytes);
    (void)close(fd);
    const rp_http_options options = {
        .head_s = 2, .body_s = 2, .idle_s = 2, .least_rate = 1u << 30, .access = note, .payload = f};
    rp_error err;
    assert_int_equal(rp_http_open(&f->server, &options, &err), RP_OK);
    f->port = rp_http_port(f->server);
    assert_true(f->port > 0);
    assert_int_equal(rp_http_serve(f->server, &(rp_http_mount){"/m", routes, 3, f}, 1, &err), RP_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    rp_http_close(f->server);
    (void)unlink(f->file);
    free(f);
    return 0;
}

static void expect(const fixture *f, const char *request, int status, const char *text)
{
    size_t size;
    char *answer = loopback_ask(f->port, request, &size);
    if (loopback_status(answer) != status || (text && !strstr(answer, text)))
        fail_msg("%s\n-> %s", request, answer ? answer : "no connection");
    free(answer);
}

#define END " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static void test_routes(void **state)
{
    fixture *f = *state;
    expect(f, "GET /m/echo/x/y?a=1%202" END, 200, "rest=x/y a=1 2 body=0:");
    expect(f, "GET /m/echo/x" END, 200, "X-Test: yes");
    expect(f, "GET http://h/m/echo/abs" END, 200, "rest=abs");
    expect(f, "POST /m/echo/p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", 200,
           "body=5:hello");
    expect(f,
           "POST /m/echo/p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: "
           "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
           200, "body=5:abcde");
    expect(f, "GET /m/none" END, 404, NULL);
    expect(f, "GET /mm/echo/" END, 404, NULL);
    expect(f, "POST /m/file HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 405, "Allow:");
    expect(f, "BREW /m/file" END, 501, NULL);
    expect(f, "GET /m/nothing" END, 500, NULL);
    expect(f, "GET /m/../etc/passwd" END, 400, NULL);
    expect(f, "GET /m/%2e%2e/x" END, 400, NULL);
}

static void test_framing(void **state)
{
    fixture *f = *state;
    static const char *const bad[] = {"Content-Length: 5\r\nContent-Length: 50\r\n\r\nabcde",
                                      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                      "Content-Length: -1\r\n\r\n",
                                      "Content-Length: +5\r\n\r\nabcde",
                                      "Content-Length: 99999999999999999999\r\n\r\nx",
                                      "Content-Length: 2000\r\n\r\nx",
                                      "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                                      "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
                                      "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char request[512];
        size_t size;
        (void)snprintf(request, sizeof request, "POST /m/echo/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s", bad[i]);
        char *answer = loopback_ask(f->port, request, &size);
        const int status = loopback_status(answer);
        if (status != 0 && (status < 400 || status > 505))
            fail_msg("%s -> %d", bad[i], status);
        free(answer);
    }
    expect(f, "GET /m/echo/ HTTP/1.1\r\nConnection: close\r\n\r\n", 400, NULL);
    expect(f, "GET /m/echo/ HTTP/1.1\r\nHost: h\r\nHost: i\r\nConnection: close\r\n\r\n", 400, NULL);
    /* a body that grows beyond the limit without saying so */
    char long_body[3000] =
        "POST /m/echo/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n";
    size_t n = strlen(long_body), size;
    memset(long_body + n, 'x', 2000);
    strcpy(long_body + n + 2000, "\r\n0\r\n\r\n");
    char *answer = loopback_ask(f->port, long_body, &size);
    assert_true(loopback_status(answer) != 200);
    free(answer);
}

static void test_files(void **state)
{
    fixture *f = *state;
    size_t size;
    char *answer = loopback_ask(f->port, "GET /m/file" END, &size);
    assert_int_equal(loopback_status(answer), 200);
    char *body = strstr(answer, "\r\n\r\n") + 4;
    assert_int_equal(size - (size_t)(body - answer), FILE_SIZE);
    for (int i = 0; i < FILE_SIZE; i += 997)
        assert_int_equal(body[i], 'a' + i % 26);
    assert_non_null(strstr(answer, "ETag: \"tag\""));
    assert_non_null(strstr(answer, "Accept-Ranges: bytes"));
    assert_non_null(strstr(answer, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
    free(answer);
    answer = loopback_ask(f->port, "HEAD /m/file" END, &size);
    assert_int_equal(loopback_status(answer), 200);
    assert_non_null(strstr(answer, "Content-Length: 300000"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    free(answer);
    answer = loopback_ask(f->port, "GET /m/file HTTP/1.1\r\nHost: h\r\nConnection: close\r\nRange: bytes=26-30\r\n\r\n",
                          &size);
    assert_int_equal(loopback_status(answer), 206);
    assert_non_null(strstr(answer, "Content-Range: bytes 26-30/300000"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\nabcde");
    free(answer);
    expect(f, "GET /m/file HTTP/1.1\r\nHost: h\r\nConnection: close\r\nRange: bytes=300000-\r\n\r\n", 416,
           "Content-Range: bytes */300000");
    expect(f, "GET /m/file HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIf-None-Match: \"tag\"\r\n\r\n", 304,
           "ETag: \"tag\"");
}

static void test_two_requests_on_one_connection(void **state)
{
    fixture *f = *state;
    size_t size;
    char *answer = loopback_ask(f->port, "GET /m/echo/one HTTP/1.1\r\nHost: h\r\n\r\nGET /m/echo/two" END, &size);
    assert_non_null(strstr(answer, "rest=one"));
    assert_non_null(strstr(answer, "rest=two"));
    free(answer);
}

static void test_large_head_is_refused(void **state)
{
    fixture *f = *state;
    size_t size;
    char *request = malloc(100000);
    strcpy(request, "GET /m/echo/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: ");
    memset(request + strlen(request), 'x', 70000);
    strcpy(request + 70000, "\r\n\r\n");
    char *answer = loopback_ask(f->port, request, &size);
    assert_true(loopback_status(answer) != 200);
    free(answer);
    free(request);
}

/* A head that never ends, a byte now and then: cut off though the connection is never idle. */
static void test_slow_head_is_cut_off(void **state)
{
    fixture *f = *state;
    const int fd = loopback_connect(f->port);
    loopback_send(fd, "GET /m/echo/ HTTP/1.1\r\n", 23);
    bool open = true;
    for (int i = 0; i < 100 && open; i++) {
        char byte;
        (void)send(fd, "X", 1, MSG_NOSIGNAL);
        (void)usleep(100000);
        open = recv(fd, &byte, 1, MSG_DONTWAIT) != 0; /* 0: the other side has closed */
    }
    (void)close(fd);
    assert_false(open);
}

/* Who does not read gets no more than the rate asks for. */
static void test_reader_that_stops_is_cut_off(void **state)
{
    fixture *f = *state;
    const int fd = loopback_connect(f->port), small = 4096;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    static const char request[] = "GET /m/file HTTP/1.1\r\nHost: h\r\n\r\n";
    for (int i = 0; i < 100; i++) /* more than any buffer holds */
        loopback_send(fd, request, strlen(request));
    (void)sleep(5);
    size_t size;
    char *answer = loopback_read(fd, &size);
    (void)close(fd);
    assert_true(size < 100u * FILE_SIZE);
    free(answer);
}

static void test_log(void **state)
{
    fixture *f = *state;
    expect(f, "GET /m/echo/logged?token=secret" END, 200, NULL);
    for (int i = 0; i < 50 && !strstr(f->last, "logged"); i++)
        (void)usleep(20000);
    (void)pthread_mutex_lock(&f->lock);
    assert_non_null(strstr(f->last, "\"path\":\"/m/echo/logged\""));
    assert_non_null(strstr(f->last, "\"status\":200"));
    assert_null(strstr(f->last, "secret"));
    (void)pthread_mutex_unlock(&f->lock);
}

static void test_port_in_use(void **state)
{
    fixture *f = *state;
    rp_http_server *second = NULL;
    rp_error err;
    assert_int_equal(rp_http_open(&second, &(rp_http_options){.port = f->port}, &err), RP_E_IO);
    assert_null(second);
    assert_int_equal(rp_http_open(&second, &(rp_http_options){.host = "example.org"}, &err), RP_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_two_requests_on_one_connection),
        cmocka_unit_test(test_large_head_is_refused),
        cmocka_unit_test(test_slow_head_is_cut_off),
        cmocka_unit_test(test_reader_that_stops_is_cut_off),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_port_in_use),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
