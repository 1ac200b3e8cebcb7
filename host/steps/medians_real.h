/* Selection in one floating type: included by medians.c with RP_REAL and RP_REAL_NAME(function) defined. */

static void RP_REAL_NAME(swap)(RP_REAL *a, RP_REAL *b)
{
    const RP_REAL t = *a;
    *a = *b;
    *b = t;
}

/* Puts the median of the first, the middle and the last value of [low, high] at `low`. */
static void RP_REAL_NAME(choose_pivot)(RP_REAL *v, size_t low, size_t high)
{
    const size_t middle = low + (high - low) / 2;
    if (v[middle] < v[low])
        RP_REAL_NAME(swap)(&v[middle], &v[low]);
    if (v[high] < v[low])
        RP_REAL_NAME(swap)(&v[high], &v[low]);
    if (v[high] < v[middle])
        RP_REAL_NAME(swap)(&v[high], &v[middle]);
    RP_REAL_NAME(swap)(&v[middle], &v[low]);
}

RP_REAL RP_REAL_NAME(rp_select)(RP_REAL *v, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;
    while (high > low) {
        RP_REAL_NAME(choose_pivot)(v, low, high);
        const RP_REAL pivot = v[low];
        size_t i = low, j = high + 1;
        for (;;) {
            do
                i++;
            while (i < high && v[i] < pivot);
            do
                j--;
            while (v[j] > pivot);
            if (i >= j)
                break;
            RP_REAL_NAME(swap)(&v[i], &v[j]);
        }
        RP_REAL_NAME(swap)(&v[low], &v[j]);
        if (j == k)
            break;
        if (j > k)
            high = j - 1;
        else
            low = j + 1;
    }
    return v[k];
}

RP_REAL RP_REAL_NAME(rp_median)(RP_REAL *v, size_t n)
{
    if (n == 0)
        return (RP_REAL)NAN;
    for (size_t k = 0; k < n; k++)
        if (isnan(v[k]))
            return v[k];
    const RP_REAL upper = RP_REAL_NAME(rp_select)(v, n, n / 2);
    if (n % 2)
        return upper;
    RP_REAL lower = v[0];
    for (size_t k = 1; k < n / 2; k++)
        lower = v[k] > lower ? v[k] : lower;
    return (lower + upper) / 2;
}
