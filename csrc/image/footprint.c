/* Antialiasing of a warp by the singular values of its local Jacobian.
 *
 * Problem. An output pixel whose neighbours' sources lie s > 1 pixels apart must average its
 * source, or frequencies above 1 / (2 s) come out as others (moire).
 * Assumptions: within a pixel the map is its linear part.
 *
 * (D1) The source of (i, j) is (X, Y) / W, linear functions; so with x = X / W, y = Y / W
 *      J = [dx/di dx/dj; dy/di dy/dj] = [X_i - x W_i  X_j - x W_j; Y_i - y W_i  Y_j - y W_j] / W.
 * (D2) J = U S V', S = diag(s1, s2): source pixels per output pixel along two axes. They are the
 *      roots of the eigenvalues of J J' = [p q; q r]:  (p + r)/2 +- sqrt(((p - r)/2)^2 + q^2),
 *      and u1 is the eigenvector of the first, v1 = J' u1 / s1.
 * (D3) The filter is a kernel made for a grid of output pixels, but is never narrower than that
 *      of the source: weight k(u) k(v), (u, v) = A d, A = V S'^-1 U', S' = max(S, 1).
 * (D4) k is 0 from 2 on; |u|, |v| < 2 means |d_x| < 2 (|B_11| + |B_12|), B = A^-1 = U S' V'.
 * (D5) Halving the image n times, each time with Lanczos' window stretched to the new pixels,
 *      leaves s / 2^n: n = floor(log2 s2) makes the short axis at least 1 and less than 2, and
 *      the cost of a pixel independent of s. Where s1 / 2^n would exceed MAX_STRETCH, more is
 *      averaged along the short axis, as texture hardware does.
 * (D6) From n pixels the next level makes n' = ceil(n / 2), each n / n' wide, so that both cover
 *      the same and mirrored or repeated images keep their period.
 * (D7) An image that is 0 beyond its border has no pixel there to average; its border is a line,
 *      half a pixel beyond the last one. An output pixel is about |(B_11, B_12)| wide across a
 *      vertical line, so one whose source is d from it covers d / |(B_11, B_12)| + 1/2 of the
 *      image, between 0 and 1. With S' = 1 that is how bilinear interpolation fades.
 *
 * References: P. S. Heckbert (1989), Fundamentals of Texture Mapping and Image Warping, master's
 * thesis, University of California, Berkeley, sections 3.5 and 4 (D1-D4); L. Williams (1983),
 * Pyramidal parametrics, SIGGRAPH (D5). Heckbert's filter is a Gaussian of elliptical section;
 * this one is Keys' cubic along both axes of the output, which passes more of what the output
 * can show and less of what it cannot. */
#include "image/footprint.h"

#include <math.h>

#include "kernels/resample.h"

#define PI 3.14159265358979323846

/* Up to this many source pixels per output pixel is not shrinking. */
#define TOLERANCE (1 + 0x1p-10)

/* Neighbours whose Jacobians differ by no more than this part share a footprint. */
#define EVEN 0x1p-5

/* The longest axis on its level: 4 (8 sqrt(2)) is less than MG_SHRINK_REACH. */
#define MAX_STRETCH 8.0

mg_level_t mg_level_next(const mg_level_t *level)
{
    mg_level_t next = {(level->height + 1) / 2, (level->width + 1) / 2, 0, 0, 0, 0}; /* (D6) */
    double ratio_x = (double)next.width / (double)level->width, ratio_y = (double)next.height / (double)level->height;
    next.scale_x = level->scale_x * ratio_x;
    next.scale_y = level->scale_y * ratio_y;
    next.shift_x = (level->shift_x + 0.5) * ratio_x - 0.5;
    next.shift_y = (level->shift_y + 0.5) * ratio_y - 0.5;
    return next;
}

static double lanczos(double t)
{
    if (t == 0) return 1;
    return fabs(t) < 3 ? 3 * sin(PI * t) * sin(PI * t / 3) / (PI * PI * t * t) : 0;
}

ptrdiff_t mg_level_taps(size_t i, size_t size, size_t before, double *weights)
{
    double pixels = (double)before / (double)size;
    double centre = ((double)i + 0.5) * pixels - 0.5, sum = 0;
    ptrdiff_t first = (ptrdiff_t)floor(centre - 3 * pixels) + 1;
    for (ptrdiff_t k = 0; k < MG_SHRINK_TAPS; k++) {
        weights[k] = lanczos(((double)(first + k) - centre) / pixels); /* (D5) */
        sum += weights[k];
    }
    for (size_t k = 0; k < MG_SHRINK_TAPS; k++) weights[k] /= sum;
    return first;
}

bool mg_jacobian(const double *map, double i, double j, double *jacobian, double *x, double *y)
{
    double w = map[6] * i + map[7] * j + map[8];
    if (!(w > 0)) return false;
    *x = (map[0] * i + map[1] * j + map[2]) / w;
    *y = (map[3] * i + map[4] * j + map[5]) / w;
    jacobian[0] = (map[0] - *x * map[6]) / w; /* (D1) */
    jacobian[1] = (map[1] - *x * map[7]) / w;
    jacobian[2] = (map[3] - *y * map[6]) / w;
    jacobian[3] = (map[4] - *y * map[7]) / w;
    double size = fabs(jacobian[0]) + fabs(jacobian[1]) + fabs(jacobian[2]) + fabs(jacobian[3]);
    /* Squares of these are taken; beyond, all of the image is less than a pixel anyway. */
    return size < 0x1p100;
}

bool mg_even(const double *map, double first, double last, double j)
{
    double a[4], b[4], x, y, size = 0, change = 0;
    if (!mg_jacobian(map, first, j, a, &x, &y) || !mg_jacobian(map, last, j, b, &x, &y)) return false;
    for (int k = 0; k < 4; k++) {
        size += fabs(a[k]);
        change += fabs(b[k] - a[k]);
    }
    return change < EVEN * size;
}

/* s1 >= s2, and u1; (D2). */
static void singular(const double *jacobian, double *s1, double *s2, double *u)
{
    const double a = jacobian[0], b = jacobian[1], c = jacobian[2], d = jacobian[3];
    double p = a * a + b * b, q = a * c + b * d, r = c * c + d * d;
    double middle = (p + r) / 2, half = (p - r) / 2, root = sqrt(half * half + q * q);
    *s1 = sqrt(middle + root);
    *s2 = *s1 > 0 ? fabs(a * d - b * c) / *s1 : 0;
    /* (half, q) / root is (cos, sin) of twice the angle of u1; the larger of its cosine and sine
     * is computed from a sum without cancellation. */
    double cosine = root > 0 ? half / root : 1, sine = root > 0 ? q / root : 0;
    if (cosine >= 0) {
        u[0] = sqrt((1 + cosine) / 2);
        u[1] = sine / (2 * u[0]);
    } else {
        u[1] = sqrt((1 - cosine) / 2);
        u[0] = sine / (2 * u[1]);
    }
}

bool mg_shrinks(const double *jacobian)
{
    double s1, s2, u[2];
    singular(jacobian, &s1, &s2, u);
    return s1 > TOLERANCE;
}

size_t mg_footprint_level(const double *jacobian)
{
    double s1, s2, u[2];
    singular(jacobian, &s1, &s2, u);
    int level = s2 >= 1 ? ilogb(s2 * TOLERANCE) : 0; /* (D5) */
    while (level < (int)MG_MAX_LEVELS && ldexp(s1, -level) > MAX_STRETCH) level++;
    return level < (int)MG_MAX_LEVELS ? (size_t)level : MG_MAX_LEVELS;
}

mg_footprint_t mg_footprint(const double *jacobian, const mg_level_t *levels, size_t n_levels)
{
    mg_footprint_t print = {.shrinks = mg_shrinks(jacobian)};
    if (!print.shrinks) return print;
    print.level = mg_footprint_level(jacobian);
    if (print.level >= n_levels) print.level = n_levels - 1;
    const mg_level_t *level = levels + print.level;
    double here[4] = {jacobian[0] * level->scale_x, jacobian[1] * level->scale_x, jacobian[2] * level->scale_y,
                      jacobian[3] * level->scale_y};
    double s1, s2, u[2];
    singular(here, &s1, &s2, u);
    double v[2] = {(here[0] * u[0] + here[2] * u[1]) / s1, (here[1] * u[0] + here[3] * u[1]) / s1}; /* (D2) */
    double sign = here[0] * here[3] - here[1] * here[2] < 0 ? -1 : 1;
    double t1 = fmin(fmax(s1, 1), MAX_STRETCH), t2 = fmin(fmax(s2, 1), MAX_STRETCH);
    /* u2 = (-u[1], u[0]), v2 = sign (-v[1], v[0]) */
    print.a[0] = v[0] * u[0] / t1 + sign * v[1] * u[1] / t2; /* (D3) */
    print.a[1] = v[0] * u[1] / t1 - sign * v[1] * u[0] / t2;
    print.a[2] = v[1] * u[0] / t1 - sign * v[0] * u[1] / t2;
    print.a[3] = v[1] * u[1] / t1 + sign * v[0] * u[0] / t2;
    double b00 = t1 * u[0] * v[0] + sign * t2 * u[1] * v[1], b01 = t1 * u[0] * v[1] - sign * t2 * u[1] * v[0];
    double b10 = t1 * u[1] * v[0] - sign * t2 * u[0] * v[1], b11 = t1 * u[1] * v[1] + sign * t2 * u[0] * v[0];
    print.reach_x = 2 * (fabs(b00) + fabs(b01)); /* (D4) */
    print.reach_y = 2 * (fabs(b10) + fabs(b11));
    print.width_x = sqrt(b00 * b00 + b01 * b01);
    print.width_y = sqrt(b10 * b10 + b11 * b11);
    return print;
}

double mg_side_cover(double x, double size, double width)
{
    double left = (x + 0.5) / width + 0.5, right = (size - 0.5 - x) / width + 0.5; /* (D7) */
    return fmin(fmax(left, 0), 1) * fmin(fmax(right, 0), 1);
}

double mg_footprint_cover(const mg_footprint_t *print, const mg_level_t *level, double x, double y)
{
    return mg_side_cover(x, (double)level->width, print->width_x) *
           mg_side_cover(y, (double)level->height, print->width_y);
}
