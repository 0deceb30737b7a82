/* draw: gamma, Wishart and Gaussian draws for the samplers, from counter-based streams. */
#ifndef MG_LEARN_DRAW_H
#define MG_LEARN_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* Normal and uniform numbers that one gamma draw may use up. */
#define MG_GAMMA_TRIES ((size_t)8)

/* A gamma draw of shape >= 1 and rate 1, from MG_GAMMA_TRIES normal and uniform numbers. */
double mg_gamma_draw(double shape, const double *normals, const double *uniforms);

/* out[i] = a gamma draw of shape[i] >= 1 and rate 1, element i from a place of its own in the
 * streams `stream` (both of normal and of uniform numbers). Serial. */
mg_status_t mg_gamma_fill(uint64_t seed, uint64_t stream, size_t n, const double *shape, double *out);

/* a = A, the lower triangular factor of a Wishart draw A A^T of scale I (Bartlett): n x n of
 * stride ld. freedom >= n + 1. */
mg_status_t mg_wishart_factor(uint64_t seed, uint64_t stream, size_t n, size_t ld, double freedom, double *a);

#endif
