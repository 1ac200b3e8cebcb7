/* Clipped means in one floating type: included by refpix_clip.c with RP_REAL (float, double), RP_REAL_SQRT and
 * RP_REAL_NAME(function) defined. */

/* values are sorted out in place; squares: n elements of scratch.  NaN anywhere drops everything and gives NaN. */
static RP_REAL RP_REAL_NAME(clip)(RP_REAL *values, size_t n, RP_REAL limit, RP_REAL *squares)
{
    for (;;) {
        const RP_REAL mean = RP_REAL_NAME(rp_pairwise_sum)(values, n) / (RP_REAL)n;
        for (size_t k = 0; k < n; k++) {
            const RP_REAL deviation = values[k] - mean;
            squares[k] = deviation * deviation;
        }
        const RP_REAL sigma = RP_REAL_SQRT(RP_REAL_NAME(rp_pairwise_sum)(squares, n) / (RP_REAL)n);
        const RP_REAL low = mean - sigma * limit, high = mean + sigma * limit;
        size_t kept = 0;
        for (size_t k = 0; k < n; k++) {
            values[kept] = values[k];
            kept += values[k] >= low && values[k] <= high;
        }
        if (kept == n)
            return mean;
        n = kept;
    }
}
