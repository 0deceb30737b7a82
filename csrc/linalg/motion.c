/* Matrices that move the plane: made of factors, taken apart, inverted, and led from one to another.
 *
 * Problem. A map of the plane is M = [A t; 0 0 1], A = [a b; d e], on columns (x, y, 1). Find
 * the matrix of given factors, the factors of a given matrix, its inverse, its fixed directions,
 * and a path from one map to another that neither collapses nor shears on the way.
 * Assumptions: finite elements; what divides by the determinant needs it not to be 0.
 *
 * Factors. M = T(t) T(p) R(angle) H(k) S(sx, sy) T(-p), with a pivot p, H = [1 k; 0 1].
 *
 *   (D1) R H S = [c sx, (c k - s) sy; s sx, (s k + c) sy],  c = cos, s = sin of the angle;
 *        the pivot moves the origin to t + p - A p.
 *   (D2) An angle in degrees is 90 q + r, |r| <= 45, without rounding; a quarter turn exchanges
 *        c and s and changes a sign, so that multiples of 90 degrees are exact.
 *   (D3) Back: the first column has length sx and direction (c, s); turned back by it, the second
 *        is (k sy, sy). So sx = |(a, d)|, sy = det / sx, k = (a b + d e) / det.
 *   (D4) If the first column is 0, the second fixes the angle: (b, e) = sy (-s, c), and k = 0.
 *   (D5) det = a e - b d with one rounding more than an exact product: the error of b d is found
 *        by a fused multiply-add and added (Kahan).
 *
 * Inverse.
 *   (D6) M^-1 = adj(M) / det(M), the adjugate of minors formed as in (D5).
 *
 * Polar factors. A = R G: the rotation nearest to A, and what remains.
 *   (D7) For det >= 0 the R that maximises trace(R' A) = cos (a + e) + sin (d - b) has the angle
 *        atan2(d - b, a + e); G = R' A is then symmetric and not negative. For det < 0 let
 *        F = diag(1, -1): A F has a positive determinant, R its angle, and G = (R' A F) F.
 *   (D8) The path R(angle + u turn) ((1 - u) G0 + u G1) turns by the shorter way, at an even speed. If
 *        neither end reflects, or both, a mean of the symmetric positive parts is positive, so the
 *        determinant has no zero on the way; if one does, it has exactly one, as any path must.
 *   (D9) The image of the pivot moves on a straight line: M(u) p = (1 - u) M0 p + u M1 p.
 *
 * Fixed directions of A.
 *   (D10) The eigenvalues are m +- sqrt(q), m = (a + e) / 2, h = (a - e) / 2, q = h^2 + b d; complex
 *         for q < 0. The one further from 0 has no cancellation: m + sign(m) sqrt(q); their
 *         product det gives the other.
 *   (D11) A - v I has rank 1, so its larger row (f, g) gives the eigenvector (-g, f).
 *
 * References: K. Shoemake, T. Duff (1992), Matrix animation and polar decomposition, Graphics
 * Interface, sections 3 and 4 (D7, D8). W. Kahan (2004), On the cost of floating-point computation
 * without extra-precise arithmetic, section 2 (D5). Where the code differs: in the plane the polar
 * factor has the closed form (D7) in place of their iteration. */
#include "minigrad/linalg.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const double DEGREE = 0x1.1df46a2529d39p-6; /* pi / 180 */

static void turn(double degrees, double *c, double *s)
{
    double whole = fmod(degrees, 360.0), quarter = rint(whole / 90.0);
    double r = (whole - 90.0 * quarter) * DEGREE; /* (D2) */
    double cosine = cos(r), sine = sin(r);
    double place = quarter - 4.0 * floor(quarter / 4.0); /* 0 to 3, or NaN */
    bool odd = place == 1 || place == 3, back = place == 2 || place == 3;
    double x = odd ? -sine : cosine, y = odd ? cosine : sine;
    *c = back ? -x : x;
    *s = back ? -y : y;
}

static double minor(double a, double b, double c, double d)
{
    double product = b * c, error = fma(-b, c, product);
    return fma(a, d, -product) + error; /* (D5): a d - b c */
}

static double linear_det(const double *m)
{
    return minor(m[0], m[1], m[3], m[4]);
}

static bool all_finite(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

void mg_transform_from_factors_f64(size_t n, const double *factors, const double *pivots, double *out)
{
    for (size_t i = 0; i < n; i++, factors += 6, out += 9) {
        double sx = factors[3], sy = factors[4], k = factors[5], c, s;
        double px = pivots ? pivots[2 * i] : 0, py = pivots ? pivots[2 * i + 1] : 0;
        turn(factors[2], &c, &s);
        double a = c * sx + 0.0, b = (c * k - s) * sy + 0.0; /* (D1); + 0.0 turns -0 into 0 */
        double d = s * sx + 0.0, e = (s * k + c) * sy + 0.0;
        double tx = factors[0] + (px - (a * px + b * py)), ty = factors[1] + (py - (d * px + e * py));
        memcpy(out, (double[9]){a, b, tx, d, e, ty, 0, 0, 1}, 9 * sizeof(double));
    }
}

mg_status_t mg_transform_factors_f64(const double *m, double *factors)
{
    if (!all_finite(m, 6)) return MG_ERR_NOT_FINITE;
    double a = m[0], b = m[1], d = m[3], e = m[4], det = linear_det(m);
    double sx = hypot(a, d), sy, k = 0, angle;
    if (sx == 0) {
        sy = hypot(b, e);
        angle = sy == 0 ? 0 : atan2(-b, e); /* (D4) */
    } else {
        sy = det / sx;
        angle = atan2(d, a);
        double along = a / sx * b + d / sx * e; /* k sy */
        if (det == 0 && along != 0) return MG_ERR_SINGULAR;
        if (det != 0) k = along / sy; /* (D3) */
        if (!isfinite(k)) return MG_ERR_SINGULAR;
    }
    memcpy(factors, (double[6]){m[2], m[5], angle / DEGREE, sx, sy, k}, 6 * sizeof(double));
    return MG_OK;
}

void mg_transform_compose_f64(size_t n, const double *a, const double *b, double *out)
{
    for (size_t i = 0; i < n; i++, a += 9, b += 9, out += 9) {
        double product[9];
        for (size_t r = 0; r < 3; r++)
            for (size_t c = 0; c < 3; c++)
                product[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c];
        memcpy(out, product, sizeof product);
    }
}

double mg_transform_determinant_f64(const double *m)
{
    return m[6] * minor(m[1], m[2], m[4], m[5]) - m[7] * minor(m[0], m[2], m[3], m[5]) + m[8] * linear_det(m);
}

mg_status_t mg_transform_invert_f64(const double *m, double *out)
{
    double det = mg_transform_determinant_f64(m);
    if (!all_finite(m, 9)) return MG_ERR_NOT_FINITE;
    double inverse[9] = {
        minor(m[4], m[5], m[7], m[8]), minor(m[2], m[1], m[8], m[7]), minor(m[1], m[2], m[4], m[5]),
        minor(m[5], m[3], m[8], m[6]), minor(m[0], m[2], m[6], m[8]), minor(m[2], m[0], m[5], m[3]),
        minor(m[3], m[4], m[6], m[7]), minor(m[1], m[0], m[7], m[6]), minor(m[0], m[1], m[3], m[4]),
    };
    for (size_t i = 0; i < 9; i++) inverse[i] /= det; /* (D6) */
    if (det == 0 || !all_finite(inverse, 9)) return MG_ERR_SINGULAR;
    if (m[6] == 0 && m[7] == 0 && m[8] == 1) inverse[6] = inverse[7] = 0, inverse[8] = 1;
    memcpy(out, inverse, sizeof inverse);
    return MG_OK;
}

/* The angle of R, radians, and G (four elements), of A = R G. */
static double polar(const double *m, double *g)
{
    double flip = linear_det(m) < 0 ? -1 : 1;
    double a = m[0], b = flip * m[1], d = m[3], e = flip * m[4];
    double x = a + e, y = d - b, length = hypot(x, y); /* (D7) */
    double c = length == 0 ? 1 : x / length, s = length == 0 ? 0 : y / length;
    double across = ((c * b + s * e) + (c * d - s * a)) / 2; /* equal but for rounding */
    memcpy(g, (double[4]){c * a + s * d, flip * across, across, flip * (c * e - s * b)}, 4 * sizeof(double));
    return atan2(s + 0.0, c); /* 180 degrees rather than -180 */
}

void mg_transform_polar_f64(const double *m, double *angle, double *rest)
{
    *angle = polar(m, rest) / DEGREE;
}

void mg_transform_interpolate_f64(size_t n, const double *from, const double *to, const double *u, const double *pivots,
                                  double *out)
{
    for (size_t i = 0; i < n; i++, from += 9, to += 9, out += 9) {
        double g0[4], g1[4], g[4], c, s, v = 1 - u[i];
        double px = pivots ? pivots[2 * i] : 0, py = pivots ? pivots[2 * i + 1] : 0;
        double start = polar(from, g0), way = remainder((polar(to, g1) - start) / DEGREE, 360.0);
        turn(start / DEGREE + u[i] * way, &c, &s);
        for (size_t j = 0; j < 4; j++) g[j] = v * g0[j] + u[i] * g1[j]; /* (D8) */
        double a = c * g[0] - s * g[2], b = c * g[1] - s * g[3], d = s * g[0] + c * g[2], e = s * g[1] + c * g[3];
        double x = v * (from[0] * px + from[1] * py + from[2]) + u[i] * (to[0] * px + to[1] * py + to[2]); /* (D9) */
        double y = v * (from[3] * px + from[4] * py + from[5]) + u[i] * (to[3] * px + to[4] * py + to[5]);
        double result[9] = {a, b, x - (a * px + b * py), d, e, y - (d * px + e * py), 0, 0, 1};
        memcpy(out, result, sizeof result);
    }
}

/* The unit eigenvector of A for v; false if A = v I. */
static bool direction(const double *m, double v, double *vector)
{
    double f0 = m[0] - v, g0 = m[1], f1 = m[3], g1 = m[4] - v;
    bool first = hypot(f0, g0) >= hypot(f1, g1);
    double f = first ? f0 : f1, g = first ? g0 : g1, length = hypot(f, g);
    if (length == 0) return false;
    double sign = -g < 0 || (g == 0 && f < 0) ? -1 : 1;
    vector[0] = sign * -g / length; /* (D11) */
    vector[1] = sign * f / length;
    return true;
}

int mg_transform_eigen_f64(const double *m, double *values, double *vectors)
{
    double middle = m[0] / 2 + m[4] / 2, half = m[0] / 2 - m[4] / 2;
    double q = half * half + m[1] * m[3]; /* (D10) */
    memcpy(vectors, (double[4]){1, 0, 0, 1}, 4 * sizeof(double));
    if (!(q >= 0)) {
        memcpy(values, (double[4]){middle, sqrt(-q), middle, -sqrt(-q)}, 4 * sizeof(double));
        return 0;
    }
    double far = middle < 0 ? middle - sqrt(q) : middle + sqrt(q);
    double near = far == 0 ? 0 : linear_det(m) / far;
    memcpy(values, (double[4]){far, 0, near, 0}, 4 * sizeof(double));
    if (m[1] == 0 && m[3] == 0 && half == 0) return 2;
    direction(m, far, vectors);
    if (q == 0 || !direction(m, near, vectors + 2)) {
        memcpy(vectors + 2, vectors, 2 * sizeof(double));
        return 1;
    }
    return 2;
}
