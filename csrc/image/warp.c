/* Affine warp by inverse mapping.
 *
 * Problem. Given an image I(x, y) and an affine map x' = A x + t of the plane, find the
 * image O with O(A x + t) = I(x), sampled at the integer points of its own grid.
 * Assumptions: A is invertible; I is zero beyond its border.
 *
 * (D1) Each output pixel looks up its source, so that none is left out or hit twice:
 *      O(p) = I(A^-1 (p - t)).
 * (D2) For A = [a b; d e], det = a e - b d:   A^-1 = [e -b; -d a] / det.
 * (D3) Rounding is monotonic, hence so is each computed source coordinate in i: the i
 *      for which it lies in [low, high) follow each other. Bisection with the very
 *      expression of the loop finds the first and the last, so that the loop between them
 *      needs no test and yet cannot read outside.
 * (D4) For |v| <= 2^51 the sum v + 3 * 2^51 lies where doubles are one apart; the
 *      processor rounds it to an integer, halves to even.
 *
 * Reference: P. S. Heckbert (1989), Fundamentals of Texture Mapping and Image Warping,
 * master's thesis, University of California, Berkeley, chapter 2. It tests each pixel
 * against the border, where (D3) finds the span once per row.
 *
 * How a row is walked and its pixels are interpolated is in warp.inc. */
#include <math.h>
#include <stdbool.h>

#include "minigrad/image.h"

#include "core/arena.h"
#include "core/pool.h"

/* Work of a chunk in bytes or floats: large against the cost of handing it out. */
#define CHUNK_ELEMENTS ((size_t)1 << 15)

/* The inverse map, (x, y) = (ax i + bx j + cx, ay i + by j + cy) for output pixel (i, j). */
typedef struct {
    double ax, bx, cx;
    double ay, by, cy;
} inverse_t;

/* The output columns first <= i < last of one row. */
typedef struct {
    size_t first, last;
} span_t;

static mg_status_t invert(const double *matrix, size_t out_height, size_t out_width, inverse_t *inverse)
{
    for (int i = 0; i < 9; i++)
        if (!isfinite(matrix[i])) return MG_ERR_NOT_FINITE;
    if (matrix[6] != 0 || matrix[7] != 0 || matrix[8] != 1) return MG_ERR_ARGUMENT;
    double a = matrix[0], b = matrix[1], d = matrix[3], e = matrix[4];
    double det = a * e - b * d; /* (D2) */
    inverse->ax = e / det;
    inverse->bx = -b / det;
    inverse->cx = -(inverse->ax * matrix[2] + inverse->bx * matrix[5]); /* (D1) */
    inverse->ay = -d / det;
    inverse->by = a / det;
    inverse->cy = -(inverse->ay * matrix[2] + inverse->by * matrix[5]);
    /* If these bounds are finite, so is every source coordinate. */
    double x = fabs(inverse->ax) * (double)out_width + fabs(inverse->bx) * (double)out_height + fabs(inverse->cx);
    double y = fabs(inverse->ay) * (double)out_width + fabs(inverse->by) * (double)out_height + fabs(inverse->cy);
    return det != 0 && isfinite(x) && isfinite(y) ? MG_OK : MG_ERR_SINGULAR;
}

/* The first i at which start + i step lies on the other side of bound than start does;
 * n if there is none below n. */
static size_t crossing(double start, double step, double bound, size_t n)
{
    bool below = start < bound;
    size_t low = 0, high = n;
    while (low < high) { /* (D3) */
        size_t middle = low + (high - low) / 2;
        if ((start + (double)middle * step < bound) == below)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Narrow a span to the i with 0 <= start + i step < high. */
static span_t narrow(span_t span, double start, double step, double high)
{
    size_t past_low = crossing(start, step, 0, span.last), past_high = crossing(start, step, high, span.last);
    size_t first, last;
    if (start < 0) {
        first = past_low;
        last = past_high;
    } else if (start >= high) {
        first = past_high;
        last = past_low;
    } else {
        first = 0;
        last = past_low < past_high ? past_low : past_high;
    }
    if (first < span.first) first = span.first;
    return (span_t){first, last > first ? last : first};
}

static inline uint8_t pixel_u8(double value)
{
    const double shift = 0x1.8p52; /* (D4) */
    return (uint8_t)(int)((value + shift) - shift);
}

static inline float pixel_f32(double value)
{
    return (float)value;
}

static bool size_fits(size_t height, size_t width, size_t channels, size_t element)
{
    size_t size;
    return mg_size_mul(height, width, &size) && mg_size_mul(size, channels, &size) &&
           mg_size_mul(size, element, &size) && size <= PTRDIFF_MAX;
}

#define PIXEL uint8_t
#define FN(name) name##_u8
#include "image/warp.inc"
#undef PIXEL
#undef FN

#define PIXEL float
#define FN(name) name##_f32
#include "image/warp.inc"
#undef PIXEL
#undef FN
