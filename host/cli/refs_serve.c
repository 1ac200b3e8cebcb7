/* rampart refs serve: a CRDS server for the rules and references of a folder. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/cli/cli.h"
#include "host/cli/console.h"
#include "host/cli/refs.h"
#include "host/cli/signals.h"
#include "rampart/refserver.h"

static const char help[] =
    "Usage: rampart refs serve --crds-path DIR [OPTION ...]\n\n"
    "Serves the rules (DIR/mappings/jwst) and reference files (DIR/references/jwst, flat or in a folder for each\n"
    "instrument) to CRDS clients: set CRDS_SERVER_URL to the address that it prints.  DIR/server.json says which "
    "context is\n"
    "operational; without it the newest one is.  Ends on SIGINT or SIGTERM.\n\n"
    "  --crds-path DIR       what to serve\n"
    "  --listen HOST:PORT    address in digits and port (127.0.0.1:8000); port 0: any free one\n"
    "  --public-url URL      what clients call the server behind a proxy, with /crds at its end\n"
    "  --index FILE          keeps checksums, so that the next start hashes only what has changed\n"
    "  --observatory NAME    of the files (jwst)\n"
    "  --threads N           that answer (4)\n"
    "  --quiet, -q           no line for each request on standard error\n";

enum { CRDS_PATH = 256, LISTEN, PUBLIC_URL, OBSERVATORY, INDEX, THREADS };

typedef struct options {
    rp_refserver_options server;
    char host[64];
    bool quiet;
} options;

static bool parse_port(const char *text, uint16_t *port)
{
    char *end;
    const long value = strtol(text, &end, 10);
    *port = (uint16_t)value;
    return end != text && *end == '\0' && value >= 0 && value <= 65535;
}

/* "127.0.0.1:8000", "[::1]:8000" */
static bool parse_listen(const char *text, options *o)
{
    const char *colon = strrchr(text, ':');
    const bool bracketed = text[0] == '[' && colon > text && colon[-1] == ']';
    if (!colon || !parse_port(colon + 1, &o->server.port))
        return false;
    const char *begin = text + bracketed;
    const size_t n = (size_t)(colon - begin) - bracketed;
    if (n == 0 || n >= sizeof o->host)
        return false;
    memcpy(o->host, begin, n);
    o->host[n] = '\0';
    o->server.host = o->host;
    return true;
}

static bool parse_threads(const char *text, int *out)
{
    char *end;
    const long value = strtol(text, &end, 10);
    *out = (int)value;
    return end != text && *end == '\0' && value >= 1 && value <= 1024;
}

static void print_request(void *payload, const char *line)
{
    (void)payload;
    (void)fprintf(stderr, "%s\n", line);
}

static void wait_for(const volatile sig_atomic_t *stop)
{
    const struct timespec pause = {.tv_nsec = 100000000};
    while (!*stop)
        (void)nanosleep(&pause, NULL);
}

static int serve(options *o)
{
    rp_error err = {0};
    rp_console *console = NULL;
    rp_console_options log = rp_console_defaults();
    log.quiet = o->quiet;
    rp_code code = rp_console_open(&console, &log, &err);
    if (code)
        return rp_refs_error("serve", err.text, RP_EXIT_FAILED);
    o->server.log = rp_console_log(console);
    o->server.access = o->quiet ? NULL : print_request;
    const volatile sig_atomic_t *stop = rp_signals_catch();
    rp_refserver *server = NULL;
    code = rp_refserver_open(&server, &o->server, &err);
    if (!code) {
        size_t mappings;
        const size_t files = rp_refserver_files(server, &mappings);
        (void)printf("Serving %zu rules and %zu references, context %s, at %s\n", mappings, files - mappings,
                     rp_refserver_context(server), rp_refserver_url(server));
        (void)fflush(stdout);
        wait_for(stop);
    }
    rp_refserver_close(server);
    rp_console_close(console);
    return code ? rp_refs_error("serve", err.text, rp_exit_code(code)) : RP_EXIT_OK;
}

int rp_refs_serve(int argc, char **argv)
{
    static const struct option longs[] = {
        {"crds-path", required_argument, NULL, CRDS_PATH},
        {"listen", required_argument, NULL, LISTEN},
        {"public-url", required_argument, NULL, PUBLIC_URL},
        {"observatory", required_argument, NULL, OBSERVATORY},
        {"index", required_argument, NULL, INDEX},
        {"threads", required_argument, NULL, THREADS},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    options o = {.server = {.port = 8000}};
    for (int c; (c = getopt_long(argc, argv, "hq", longs, NULL)) != -1;) {
        if (c == 'h')
            return fputs(help, stdout) < 0 ? RP_EXIT_FAILED : RP_EXIT_OK;
        else if (c == 'q')
            o.quiet = true;
        else if (c == CRDS_PATH)
            o.server.crds_path = optarg;
        else if (c == PUBLIC_URL)
            o.server.public_url = optarg;
        else if (c == INDEX)
            o.server.index_path = optarg;
        else if (c == OBSERVATORY)
            o.server.observatory = optarg;
        else if ((c == LISTEN && parse_listen(optarg, &o)) ||
                 (c == THREADS && parse_threads(optarg, &o.server.threads)))
            continue;
        else
            return rp_refs_usage_error("serve", "an option is unknown or its value out of range");
    }
    if (!o.server.crds_path || optind != argc)
        return rp_refs_usage_error("serve", "give --crds-path DIR");
    return serve(&o);
}
