/* Gamma and Wishart draws.
 *
 * Problem. Draw g with density proportional to g^(a-1) e^-g, a >= 1, and matrices from the
 * Wishart distribution of scale I, by numbers that lie at fixed places of a random stream.
 *
 * (D1) With d = a - 1/3, c = 1 / sqrt(9 d), z normal and v = (1 + c z)^3, d v has nearly that
 *      density; v is accepted if v > 0 and log u < z^2 / 2 + d - d v + d log v, u uniform.
 * (D2) A candidate is refused with probability below 0.05, so all MG_GAMMA_TRIES of them with
 *      one below 4e-11; then the last positive one stands (1, the mode's place, if none is).
 * (D3) W = A A^T is Wishart of scale I and freedom f if A is lower triangular with independent
 *      elements, normal below the diagonal and A_ii^2 chi-squared with f - i degrees, i from 0.
 *
 * References: G. Marsaglia and W. W. Tsang (2000), A simple method for generating gamma
 * variables, ACM TOMS 26(3); M. S. Bartlett (1933), On the theory of statistical regression,
 * Proc. Royal Society of Edinburgh 53. The fixed number of candidates is ours: element i's
 * numbers do not depend on how many the elements before it needed. */
#include "learn/draw.h"

#include <math.h>

#include "core/arena.h"
#include "minigrad/random.h"

double mg_gamma_draw(double shape, const double *normals, const double *uniforms)
{
    double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d), last = d; /* (D1) */
    for (size_t k = 0; k < MG_GAMMA_TRIES; k++) {
        double z = normals[k], root = 1.0 + c * z, v = root * root * root;
        if (v <= 0) continue;
        last = d * v; /* (D2) */
        if (log(uniforms[k]) < 0.5 * z * z + d - d * v + d * log(v)) break;
    }
    return last;
}

mg_status_t mg_gamma_fill(uint64_t seed, uint64_t stream, size_t n, const double *shape, double *out)
{
    double normals[MG_GAMMA_TRIES], uniforms[MG_GAMMA_TRIES];
    for (size_t i = 0; i < n; i++) {
        uint64_t place = (uint64_t)i * MG_GAMMA_TRIES;
        mg_status_t status = mg_random_normal_f64(seed, stream, place, MG_GAMMA_TRIES, 0, 1, normals);
        if (status == MG_OK) status = mg_random_uniform_f64(seed, stream, place, MG_GAMMA_TRIES, 0, 1, uniforms);
        if (status != MG_OK) return status;
        out[i] = mg_gamma_draw(shape[i], normals, uniforms);
    }
    return MG_OK;
}

mg_status_t mg_wishart_factor(uint64_t seed, uint64_t stream, size_t n, size_t ld, double freedom, double *a)
{
    mg_status_t status = MG_OK;
    for (size_t i = 0; i < n && status == MG_OK; i++) {
        /* Rows of normal numbers and gammas of their own streams: 2 i and 2 i + 1. */
        double shape = 0.5 * (freedom - (double)i), gamma; /* (D3) */
        status = mg_random_normal_f64(seed, stream + 2 * i, 0, i, 0, 1, a + i * ld);
        if (status == MG_OK) status = mg_gamma_fill(seed, stream + 2 * i + 1, 1, &shape, &gamma);
        if (status == MG_OK) a[i * ld + i] = sqrt(2.0 * gamma); /* (D3) */
    }
    return status;
}
