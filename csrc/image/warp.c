/* Projective warp by inverse mapping.
 *
 * Problem. Given an image I(x, y) and a projective map M of the plane, find the image O with
 * O(M (x, y)) = I(x, y), sampled at the integer points of its own grid.
 * Assumptions: M is invertible; the middle of the image is on the side that is seen.
 *
 * (D1) Each output pixel looks up its source, so that none is left out or hit twice:
 *      O(p) = I(M^-1 p), where the third coordinate of M^-1 p is positive.
 * (D2) M^-1 = adj(M) / det(M), adj(M) the transposed cofactors. A positive factor is without
 *      effect on (D1), but not a negative one.
 * (D3) If the third coordinate of M (middle of the image) is negative, -M is meant: it is the
 *      same map, and a matrix from point pairs has no sign of its own.
 * (D4) For an affine map A x + t with A = [a b; d e], det = a e - b d:
 *      A^-1 = [e -b; -d a] / det, and O(p) = I(A^-1 p - A^-1 t).
 * (D5) det is a sum of products, each rounded; where it is no larger than their rounding
 *      errors, M has no inverse in double precision.
 *
 * Reference: P. S. Heckbert (1989), Fundamentals of Texture Mapping and Image Warping,
 * master's thesis, University of California, Berkeley, chapter 2. It leaves (D3) to the user.
 *
 * How the rows are walked is in warp.inc, how pixels are interpolated in kernels/resample.inc. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "minigrad/image.h"

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "image/footprint.h"
#include "image/straight.h"

/* Rows of output that are warped together: with a block of columns, a patch whose sources
 * stay in the cache even where a row of output crosses the rows of the input. */
#define BAND_ROWS ((size_t)16)

/* Sides are held to this, far within what coordinates and the kernels' integers bear. */
#define MAX_SIDE ((size_t)1 << 28)

/* det, refused if it is nothing but rounding errors of its terms, which add up to `size`. */
static bool has_inverse(double det, double size)
{
    return fabs(det) > 4 * DBL_EPSILON * size && isfinite(det); /* (D5) */
}

static mg_status_t invert_affine(const double *m, size_t out_height, size_t out_width, double *inverse)
{
    double a = m[0] / m[8], b = m[1] / m[8], tx = m[2] / m[8], d = m[3] / m[8], e = m[4] / m[8], ty = m[5] / m[8];
    double det = a * e - b * d;
    if (!has_inverse(det, fabs(a * e) + fabs(b * d))) return MG_ERR_SINGULAR;
    double rows[9] = {e / det, -b / det, 0, -d / det, a / det, 0, 0, 0, 1}; /* (D4) */
    rows[2] = -(rows[0] * tx + rows[1] * ty);
    rows[5] = -(rows[3] * tx + rows[4] * ty);
    memcpy(inverse, rows, sizeof rows);
    /* If these bounds are finite, so is every source coordinate. */
    double x = fabs(rows[0]) * (double)out_width + fabs(rows[1]) * (double)out_height + fabs(rows[2]);
    double y = fabs(rows[3]) * (double)out_width + fabs(rows[4]) * (double)out_height + fabs(rows[5]);
    return isfinite(x) && isfinite(y) ? MG_OK : MG_ERR_SINGULAR;
}

static mg_status_t invert_projective(const double *matrix, size_t height, size_t width, double *inverse)
{
    double m[9], largest = 0;
    for (int i = 0; i < 9; i++) largest = fmax(largest, fabs(matrix[i]));
    for (int i = 0; i < 9; i++) m[i] = ldexp(matrix[i], -ilogb(largest));
    double size = 0, det = 0;
    for (int i = 0; i < 9; i++) {
        int r = (i % 3 + 1) % 3, s = (i % 3 + 2) % 3, c = (i / 3 + 1) % 3, d = (i / 3 + 2) % 3;
        double first = m[3 * r + c] * m[3 * s + d], second = m[3 * r + d] * m[3 * s + c];
        inverse[i] = first - second; /* (D2) */
        if (i % 3 != 0) continue;
        det += m[i / 3] * inverse[i];
        size += fabs(m[i / 3]) * (fabs(first) + fabs(second));
    }
    if (!has_inverse(det, size)) return MG_ERR_SINGULAR;
    double middle = m[6] * ((double)width - 1) / 2 + m[7] * ((double)height - 1) / 2 + m[8];
    if ((det < 0) != (middle < 0)) { /* (D3) */
        for (int i = 0; i < 9; i++) inverse[i] = -inverse[i];
    }
    return MG_OK;
}

/* (D1): from output to input coordinates. */
static mg_status_t invert(const double *matrix, size_t height, size_t width, size_t out_height, size_t out_width,
                          double *inverse)
{
    for (int i = 0; i < 9; i++)
        if (!isfinite(matrix[i])) return MG_ERR_NOT_FINITE;
    if (matrix[6] != 0 || matrix[7] != 0) return invert_projective(matrix, height, width, inverse);
    return matrix[8] == 0 ? MG_ERR_SINGULAR : invert_affine(matrix, out_height, out_width, inverse);
}

/* Whether every output pixel is one of the input's, in rows and columns of the input's:
 * shifts by whole pixels, quarter turns and mirrors. */
static bool permutes(const double *m)
{
    bool straight = m[1] == 0 && m[3] == 0 && fabs(m[0]) == 1 && fabs(m[4]) == 1;
    bool turned = m[0] == 0 && m[4] == 0 && fabs(m[1]) == 1 && fabs(m[3]) == 1;
    return (straight || turned) && m[2] == rint(m[2]) && m[5] == rint(m[5]);
}

static bool size_fits(size_t height, size_t width, size_t channels, size_t element)
{
    size_t size;
    return mg_size_mul(height, width, &size) && mg_size_mul(size, channels, &size) &&
           mg_size_mul(size, element, &size) && size <= PTRDIFF_MAX;
}

static bool is_known(size_t channels, mg_interpolation_t interpolation, mg_edge_t edge, unsigned options)
{
    return channels >= 1 && channels <= 4 && interpolation >= MG_INTERPOLATION_NEAREST &&
           interpolation <= MG_INTERPOLATION_LANCZOS && edge >= MG_EDGE_CONSTANT && edge <= MG_EDGE_WRAP &&
           (options & ~(unsigned)(MG_WARP_ALPHA | MG_WARP_ANTIALIAS)) == 0;
}

/* The input's row or column that stands for index i of the endless one; -1 for none. */
static ptrdiff_t edge_index(ptrdiff_t i, ptrdiff_t size, mg_edge_t edge)
{
    if (i >= 0 && i < size) return i;
    if (edge == MG_EDGE_CONSTANT) return -1;
    if (edge == MG_EDGE_REPLICATE) return i < 0 ? 0 : size - 1;
    ptrdiff_t period = edge == MG_EDGE_WRAP ? size : 2 * size;
    i %= period;
    if (i < 0) i += period;
    return i < size ? i : period - 1 - i;
}

/* A coordinate that was not NaN, no further out than the kernels' integers bear. */
static inline double held(double x)
{
    const double bound = 0x1p30;
    return x > -bound ? x < bound ? x : bound : -bound;
}

/* The first integer after x, |x| <= 2^31. */
static inline ptrdiff_t after(double x)
{
    ptrdiff_t whole = (ptrdiff_t)x;
    return whole + ((double)whole <= x);
}

/* What lies beyond the border for an average: how it fades is said in footprint.c. The mirror
 * image has the frequencies of the image, where its last pixels, repeated, would be a false one. */
static mg_edge_t averaged_edge(mg_edge_t edge)
{
    return edge == MG_EDGE_CONSTANT ? MG_EDGE_REFLECT : edge;
}

static const size_t taps_of[] = {1, 2, 4, 6};

/* The map is looked at every so many rows and columns, and at the last ones. */
#define GRID ((size_t)32)

static size_t grid_size(size_t size)
{
    return (size - 1) / GRID + 2;
}

static double grid_at(size_t k, size_t size)
{
    return (double)(k * GRID < size ? k * GRID : size - 1);
}

/* Whether the map shrinks somewhere. */
static bool shrinks(const mg_locate_t *locate, size_t out_height, size_t out_width)
{
    double jacobian[4], x, y;
    if (locate->affine) return mg_jacobian(locate->map, 0, 0, jacobian, &x, &y) && mg_shrinks(jacobian);
    for (size_t l = 0; l < grid_size(out_height); l++) {
        for (size_t k = 0; k < grid_size(out_width); k++) {
            double i = grid_at(k, out_width), j = grid_at(l, out_height);
            if (mg_jacobian(locate->map, i, j, jacobian, &x, &y) && mg_shrinks(jacobian)) return true;
        }
    }
    return false;
}

/* Whether the source of a pixel is far beyond an image that is 0 there. */
static bool far_out(const mg_locate_t *locate, double x, double y)
{
    const double width = (double)locate->width, height = (double)locate->height;
    return locate->edge == MG_EDGE_CONSTANT && (fabs(x) > 2 * width || fabs(y) > 2 * height);
}

/* How many levels the map asks for, the image itself counted. */
static size_t levels_needed(const mg_locate_t *locate, size_t out_height, size_t out_width)
{
    size_t most = 0, longest = locate->width > locate->height ? locate->width : locate->height;
    double jacobian[4], x, y;
    for (size_t l = 0; l < grid_size(out_height); l++) {
        for (size_t k = 0; k < grid_size(out_width); k++) {
            double i = grid_at(k, out_width), j = grid_at(l, out_height);
            if (!mg_jacobian(locate->map, i, j, jacobian, &x, &y) || far_out(locate, x, y)) continue;
            size_t level = mg_footprint_level(jacobian);
            if (level > most) most = level;
        }
    }
    /* Between the points of the grid it may be one more; beyond a single pixel there is none. */
    if (!locate->affine && most > 0) most++;
    while (most > 0 && longest >> (most - 1) <= 1) most--;
    return most + 1;
}

/* Halves to even: added, the constant leaves no bits for fractions. */
static inline uint8_t pixel_u8(float value)
{
    return value > 0 ? value < 255 ? (uint8_t)((value + 0x1.8p23f) - 0x1.8p23f) : 255 : 0;
}
static inline uint16_t pixel_u16(double value)
{
    return value > 0 ? value < 65535 ? (uint16_t)((value + 0x1.8p52) - 0x1.8p52) : 65535 : 0;
}
static inline float pixel_f32(float value)
{
    return value;
}
static inline double pixel_f64(double value)
{
    return value;
}

#define REAL float
#define WEIGHTS weights_f32
#define RN(name) name##_f32
#define PIXEL float
#define FN(name) name##_f32
#include "image/region.inc"
#undef PIXEL
#undef FN
#define PIXEL uint8_t
#define FN(name) name##_u8
#include "image/region.inc"
#undef PIXEL
#undef FN
#define PIXEL float
#define FN(name) name##_f32
#include "image/levels.inc"
#include "image/straight.inc"
#include "image/warp.inc"
#undef PIXEL
#undef FN
#define PIXEL uint8_t
#define FN(name) name##_u8
#include "image/levels.inc"
#include "image/straight.inc"
#include "image/warp.inc"
#undef PIXEL
#undef FN
#undef REAL
#undef WEIGHTS
#undef RN

#define REAL double
#define WEIGHTS weights_f64
#define RN(name) name##_f64
#define PIXEL double
#define FN(name) name##_f64
#include "image/region.inc"
#undef PIXEL
#undef FN
#define PIXEL uint16_t
#define FN(name) name##_u16
#include "image/region.inc"
#undef PIXEL
#undef FN
#define PIXEL double
#define FN(name) name##_f64
#include "image/levels.inc"
#include "image/straight.inc"
#include "image/warp.inc"
#undef PIXEL
#undef FN
#define PIXEL uint16_t
#define FN(name) name##_u16
#include "image/levels.inc"
#include "image/straight.inc"
#include "image/warp.inc"
#undef PIXEL
#undef FN
#undef REAL
#undef WEIGHTS
#undef RN
