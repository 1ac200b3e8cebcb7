/* rampart-stream [MOST_THREADS]: memory bandwidth for 1, 2, 4 ... threads, one JSON object per line. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/measure/measure.h"

int main(int argc, char **argv)
{
    const int asked = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
    const int most = asked > 0 ? asked : omp_get_max_threads();
    for (int threads = 1; threads <= most; threads *= 2) {
        rp_stream found;
        rp_error err;
        if (rp_stream_measure(&found, threads, 0, 10, &err)) {
            fprintf(stderr, "rampart-stream: %s\n", err.text);
            return 1;
        }
        printf("{\"threads\":%d,\"copy_bytes_s\":%.0f,\"triad_bytes_s\":%.0f}\n", threads, found.copy_bytes_s,
               found.triad_bytes_s);
    }
    return 0;
}
