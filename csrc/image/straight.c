/* Averages of a warp that shrinks and keeps the axes.
 *
 * Problem. The source of output pixel (i, j) is (a i + b, c j + d); average what a footprint
 * (footprint.c) would, without moire, from the image itself and fast.
 * Assumptions: |a|, |c| <= MG_STRAIGHT_MOST.
 *
 * The weight k(u) k(v) of a pixel is a product of one along its row and one down its column: the
 * sums over rows come first, those over columns after, and 2 n pixels are added for n^2.
 *
 * (D1) Along the row, pixel m has the weight k((m - x) / t), t = max(|a|, 1), divided by the sum
 *      of them all, so that a constant stays one.
 * (D2) k is Keys' cubic, (|t| < 2), or Lanczos' kernel L(t) = sinc(t) sinc(t / 3), |t| < 3. With
 *      s = sin(pi t / 3), sin(pi t) = s (3 - 4 s^2), so L(t) = s^2 (9 - 12 s^2) / (pi t)^2.
 * (D3) Both halve the contrast of the finest pattern that the output can hold, and so leave a
 *      third of what is a little finer than that, which comes out as a false pattern. Stretched
 *      by 1.5 more, Lanczos' kernel ends there: contrast 0.88, 0.30 and 0 at 1/2, 3/4 and all
 *      of the limit. From t = 1, where nothing shrinks, to t = 2 the stretch grows from 1.
 *
 * Reference: R. E. Crochiere and L. R. Rabiner (1983), Multirate Digital Signal Processing,
 * section 4.3, for windows of the ideal low-pass; C. E. Duchon (1979), Lanczos filtering in one
 * and two dimensions, Journal of Applied Meteorology 18. */
#include "image/straight.h"

#include <math.h>

#define PI 3.14159265358979323846
#define SMOOTH 0.5

mg_straight_t mg_straight(double pixels, mg_interpolation_t interpolation)
{
    mg_straight_t side = {.stretch = fmax(pixels, 1), .cubic = interpolation == MG_INTERPOLATION_BICUBIC};
    if (interpolation == MG_INTERPOLATION_BILINEAR) side.stretch *= 1 + SMOOTH * fmin(side.stretch - 1, 1); /* (D3) */
    side.reach = (side.cubic ? 2 : 3) * side.stretch;
    side.taps = ((size_t)ceil(2 * side.reach) + 3) / 4 * 4;
    return side;
}

ptrdiff_t mg_straight_first(const mg_straight_t *side, double x)
{
    return (ptrdiff_t)floor(x - side->reach) + 1;
}

static double cubic(double t)
{
    return t < 1 ? 1 + t * t * (1.5 * t - 2.5) : t < 2 ? 2 + t * (t * (2.5 - 0.5 * t) - 4) : 0;
}

static double lanczos(double t)
{
    if (t < 0x1p-20) return 1;
    if (t >= 3) return 0;
    double s = sin(PI * t / 3), square = s * s;
    return square * (9 - 12 * square) / (PI * PI * t * t); /* (D2) */
}

void mg_straight_weights(const mg_straight_t *side, double shift, double *weights)
{
    double sum = 0;
    for (size_t k = 0; k < side->taps; k++) {
        double t = fabs((double)k + shift) / side->stretch; /* (D1) */
        weights[k] = side->cubic ? cubic(t) : lanczos(t);
        sum += weights[k];
    }
    for (size_t k = 0; k < side->taps; k++) weights[k] /= sum;
}
