/* nn, the affine layer.
 *
 * Alphabet: m rows of input (the batch), k features of input, n of output; x (m x k),
 * w (n x k), y (m x n), all without padding; d before a name means the gradient of the
 * loss with respect to it. */
#ifndef MINIGRAD_NN_LINEAR_H
#define MINIGRAD_NN_LINEAR_H

#include <stddef.h>

#include "minigrad/core.h"
#include "minigrad/linalg.h"

/* cdef: begin */

/* y = activation(x w' + bias), bias of n elements or NULL. y must not overlap the inputs.
 * Status and error bound as mg_gemm. */
mg_status_t mg_linear_f32(size_t m, size_t k, size_t n, const float *x, const float *w, const float *bias,
                          mg_activation_t activation, float *y);
mg_status_t mg_linear_f64(size_t m, size_t k, size_t n, const double *x, const double *w, const double *bias,
                          mg_activation_t activation, double *y);

/* dx = dy w (m x k), dw = dy' x (n x k), dbias = column sums of dy (n elements); each may be
 * NULL, if it is not wanted. With no activation: for y = relu(z), first turn dy into dz with
 * mg_unary_backward. Outputs must not overlap the inputs or each other. If the status is
 * not MG_OK, some outputs may have been written. */
mg_status_t mg_linear_backward_f32(size_t m, size_t k, size_t n, const float *x, const float *w, const float *dy,
                                   float *dx, float *dw, float *dbias);
mg_status_t mg_linear_backward_f64(size_t m, size_t k, size_t n, const double *x, const double *w, const double *dy,
                                   double *dx, double *dw, double *dbias);

/* sums[j] = sum_i x[i, j] for x of m x n without padding: blocks of 64 rows are summed in
 * order, then the blocks: |error| <= (64 + m/64) eps sum_i |x[i, j]|. m = 0 gives zeros. */
void mg_column_sums_f32(size_t m, size_t n, const float *x, float *sums);
void mg_column_sums_f64(size_t m, size_t n, const double *x, double *sums);

/* cdef: end */

#endif
