/* nn, softmax: softmax and its logarithm along one dimension, log-sum-exp, and the cross
 * entropy of logits that never forms a probability it does not need.
 *
 * An array of outer x n x inner, row-major without gaps, is seen as outer * inner lines
 * of n elements that lie inner apart. Alphabet: outer, n, inner; rows x classes for
 * logits. Outputs may be inputs of the same type and shape. */
#ifndef MINIGRAD_NN_SOFTMAX_H
#define MINIGRAD_NN_SOFTMAX_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

typedef enum { MG_SOFTMAX = 0, MG_LOG_SOFTMAX = 1 } mg_softmax_t;

/* y = softmax(x) or log(softmax(x)) along the middle dimension. A line that holds NaN or
 * +inf, or nothing but -inf, becomes NaN. MG_ERR_ARGUMENT for an unknown kind,
 * MG_ERR_OVERFLOW if the size does not fit in size_t. */
mg_status_t mg_softmax_f32(mg_softmax_t kind, size_t outer, size_t n, size_t inner, const float *x, float *y);
mg_status_t mg_softmax_f64(mg_softmax_t kind, size_t outer, size_t n, size_t inner, const double *x, double *y);

/* dx from the output y and the gradient dy of the same kind. Status as above. */
mg_status_t mg_softmax_backward_f32(mg_softmax_t kind, size_t outer, size_t n, size_t inner, const float *y,
                                    const float *dy, float *dx);
mg_status_t mg_softmax_backward_f64(mg_softmax_t kind, size_t outer, size_t n, size_t inner, const double *y,
                                    const double *dy, double *dx);

/* y = log(sum exp(x)) along the middle dimension, outer x inner values: -inf for n = 0
 * and for a line of -inf, inf for a line that holds +inf. MG_ERR_OVERFLOW as above. */
mg_status_t mg_logsumexp_f32(size_t outer, size_t n, size_t inner, const float *x, float *y);
mg_status_t mg_logsumexp_f64(size_t outer, size_t n, size_t inner, const double *x, double *y);

/* Cross entropy of rows x classes logits x and one class per row.
 *
 *     loss_r = (1 - smoothing) w_t (L - x_t) + smoothing / classes * sum_c w_c (L - x_c)
 *
 * with L = log(sum exp x_r), t = target[r], w = weight (classes values; NULL: all 1). A row
 * whose target is ignore_index has loss 0. loss: rows values; stats: 2 x rows values for
 * the backward pass (the largest logit, the sum of exp(x - largest)); totals[0] = sum of
 * the losses, totals[1] = sum of w_t over the rows that are not ignored.
 * MG_ERR_ARGUMENT, with *bad_row set and everything else untouched, if a target is neither
 * in [0, classes) nor ignore_index; MG_ERR_OVERFLOW if rows * classes does not fit. */
mg_status_t mg_cross_entropy_f32(size_t rows, size_t classes, const float *x, const int64_t *target,
                                 const float *weight, int64_t ignore_index, double smoothing, float *loss, float *stats,
                                 double *totals, size_t *bad_row);
mg_status_t mg_cross_entropy_f64(size_t rows, size_t classes, const double *x, const int64_t *target,
                                 const double *weight, int64_t ignore_index, double smoothing, double *loss,
                                 double *stats, double *totals, size_t *bad_row);

/* Its gradient, from the stats of the forward pass: dx = g_r factor dloss_r / dx with
 * g_r = dloss[r * dloss_stride]; a stride of 0 gives every row the same. dx may be x.
 * Targets must be those that the forward pass accepted. MG_ERR_OVERFLOW as above. */
mg_status_t mg_cross_entropy_backward_f32(size_t rows, size_t classes, const float *x, const int64_t *target,
                                          const float *weight, int64_t ignore_index, double smoothing,
                                          const float *stats, const float *dloss, size_t dloss_stride, double factor,
                                          float *dx);
mg_status_t mg_cross_entropy_backward_f64(size_t rows, size_t classes, const double *x, const int64_t *target,
                                          const double *weight, int64_t ignore_index, double smoothing,
                                          const double *stats, const double *dloss, size_t dloss_stride, double factor,
                                          double *dx);

/* cdef: end */

#endif
