/* On which side of the line from a to b the point c lies.
 *
 * Problem. The sign of the doubled area of the triangle a, b, c, for points given in
 * double precision. Assumptions: coordinates are 0 or of magnitude in [2^-450, 2^500), so
 * that each is a multiple of 2^-502 and every number below a multiple of 2^-1004: nothing
 * underflows, and nothing reaches 2^1004.
 *
 * (D1) det = l - r,  l = (ax - cx)(by - cy),  r = (ay - cy)(bx - cx).
 * (D2) With u = 2^-53, each computed difference is off by a factor within 1 +- u and so is
 *      each product; l and r thus by (1 +- u)^3. Their difference is off by at most
 *      (3u + 16u^2)(|l| + |r|), the rounding of |l| + |r| and of the bound included; where
 *      |det| exceeds that, its sign is right. (Rounding l - r keeps the sign.)
 * (D3) Otherwise: a difference is exactly h + t, h the rounded one and t found by Knuth's
 *      two-sum; a product is exactly h + t by Dekker's, which cuts each factor in halves of
 *      26 bits. So det is exactly the sum of 16 numbers, of four products of two by two.
 * (D4) They are summed into an expansion: numbers that share no bit, each smaller than the
 *      last bit of the next. Adding a number from the smallest on, keeping what two-sum
 *      leaves over, gives an expansion again. The sign is that of its largest part.
 *
 * Reference: J. R. Shewchuk (1997), Adaptive precision floating-point arithmetic and fast
 * robust geometric predicates, Discrete and Computational Geometry 18, section 4.3 and
 * theorem 10. It refines in four stages; here the first is followed by the last. */
#include "linalg/orientation.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "minigrad/linalg.h"

#include "core/pool.h"

enum { TERMS = 16 };

/* Triples of one chunk. */
#define CHUNK_TRIPLES ((size_t)4096)

static inline void two_sum(double a, double b, double *high, double *low)
{
    double sum = a + b, second = sum - a; /* (D3) */
    *low = (a - (sum - second)) + (b - second);
    *high = sum;
}

static inline void split(double a, double *high, double *low)
{
    double scaled = 134217729.0 * a; /* 2^27 + 1 */
    *high = scaled - (scaled - a);
    *low = a - *high;
}

static inline void two_product(double a, double b, double *terms)
{
    double a_high, a_low, b_high, b_low, product = a * b; /* (D3) */
    split(a, &a_high, &a_low);
    split(b, &b_high, &b_low);
    terms[0] = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
    terms[1] = product;
}

/* The eight terms of (a - c)(b - d). */
static void product_of_differences(double a, double c, double b, double d, double *terms)
{
    double first[2], second[2];
    two_sum(a, -c, &first[1], &first[0]);
    two_sum(b, -d, &second[1], &second[0]);
    for (size_t i = 0; i < 4; i++) two_product(first[i & 1], second[i >> 1], terms + 2 * i);
}

static int sign_of_sum(const double *terms)
{
    double parts[TERMS];
    for (size_t n = 0; n < TERMS; n++) {
        double carry = terms[n];
        for (size_t i = 0; i < n; i++) two_sum(carry, parts[i], &carry, &parts[i]); /* (D4) */
        parts[n] = carry;
    }
    for (size_t i = TERMS; i-- > 0;)
        if (parts[i] != 0) return parts[i] > 0 ? 1 : -1;
    return 0;
}

static int exact_orientation(const double *a, const double *b, const double *c)
{
    double terms[TERMS];
    product_of_differences(a[0], c[0], b[1], c[1], terms);
    product_of_differences(a[1], c[1], b[0], c[0], terms + TERMS / 2);
    for (size_t i = TERMS / 2; i < TERMS; i++) terms[i] = -terms[i];
    return sign_of_sum(terms);
}

int mg_orientation(const double *a, const double *b, const double *c)
{
    const double bound = (3 + 16 * 0x1p-53) * 0x1p-53;
    double left = (a[0] - c[0]) * (b[1] - c[1]), right = (a[1] - c[1]) * (b[0] - c[0]);
    double det = left - right, error = bound * (fabs(left) + fabs(right)); /* (D1) */
    if (det > error) return 1;                                             /* (D2) */
    if (det < -error) return -1;
    return exact_orientation(a, b, c);
}

mg_status_t mg_coordinates_check(size_t n, const double *xy)
{
    uint64_t infinite = 0, outside = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, xy + i, sizeof bits);
        uint64_t exponent = bits >> 52 & 0x7ff;
        infinite |= exponent == 0x7ff;
        outside |= (exponent < 1023 - 450 || exponent >= 1023 + 500) && bits << 1 != 0;
    }
    return infinite ? MG_ERR_NOT_FINITE : outside ? MG_ERR_ARGUMENT : MG_OK;
}

typedef struct {
    size_t n;
    const double *a, *b, *c;
    int32_t *sign;
} triples_t;

static void orient_chunk(void *context, size_t chunk, size_t worker)
{
    const triples_t *work = context;
    (void)worker;
    size_t first = chunk * CHUNK_TRIPLES, last = work->n - first > CHUNK_TRIPLES ? first + CHUNK_TRIPLES : work->n;
    for (size_t i = first; i < last; i++)
        work->sign[i] = mg_orientation(work->a + 2 * i, work->b + 2 * i, work->c + 2 * i);
}

mg_status_t mg_orientation_f64(size_t n, const double *a, const double *b, const double *c, int32_t *sign)
{
    const double *points[] = {a, b, c};
    if (n > SIZE_MAX / (2 * sizeof(double))) return MG_ERR_OVERFLOW;
    for (size_t i = 0; i < 3; i++) {
        mg_status_t status = mg_coordinates_check(2 * n, points[i]);
        if (status != MG_OK) return status;
    }
    triples_t work = {n, a, b, c, sign};
    mg_parallel_for((n + CHUNK_TRIPLES - 1) / CHUNK_TRIPLES, orient_chunk, &work);
    return MG_OK;
}
