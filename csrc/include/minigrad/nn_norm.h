/* nn, normalisations: subtract a mean, divide by a deviation, scale and shift.
 *
 *     y = (x - mean) / sqrt(var + eps) weight + bias
 *
 * They differ in what mean and var (that of all values, not n - 1) are taken over. Every
 * array is row-major without gaps. weight and bias may be NULL (1 and 0). Of the
 * gradients, each may be NULL if it is not wanted. Alphabet: rows x n; batch x channels
 * x spatial. All return MG_ERR_OVERFLOW if a size does not fit in size_t, MG_ERR_MEMORY. */
#ifndef MINIGRAD_NN_NORM_H
#define MINIGRAD_NN_NORM_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

/* Layer norm: over each row; weight and bias have n values. centred = 0 is RMS norm: mean
 * is 0 and var the mean of x^2. stats: 2 x rows values for the backward pass, the means
 * and then the variances. y may be x. */
mg_status_t mg_layer_norm_f32(size_t rows, size_t n, const float *x, const float *weight, const float *bias, double eps,
                              int centred, float *y, float *stats);
mg_status_t mg_layer_norm_f64(size_t rows, size_t n, const double *x, const double *weight, const double *bias,
                              double eps, int centred, double *y, double *stats);
mg_status_t mg_layer_norm_backward_f32(size_t rows, size_t n, const float *x, const float *weight, const float *stats,
                                       double eps, int centred, const float *dy, float *dx, float *dweight,
                                       float *dbias);
mg_status_t mg_layer_norm_backward_f64(size_t rows, size_t n, const double *x, const double *weight,
                                       const double *stats, double eps, int centred, const double *dy, double *dx,
                                       double *dweight, double *dbias);

/* Group norm: over channels / groups neighbouring channels of one batch entry; weight and
 * bias have `channels` values. stats: 2 x batch * groups values, means and variances.
 * MG_ERR_ARGUMENT unless groups >= 1 divides channels. */
mg_status_t mg_group_norm_f32(size_t batch, size_t channels, size_t spatial, size_t groups, const float *x,
                              const float *weight, const float *bias, double eps, float *y, float *stats);
mg_status_t mg_group_norm_f64(size_t batch, size_t channels, size_t spatial, size_t groups, const double *x,
                              const double *weight, const double *bias, double eps, double *y, double *stats);
mg_status_t mg_group_norm_backward_f32(size_t batch, size_t channels, size_t spatial, size_t groups, const float *x,
                                       const float *weight, const float *stats, double eps, const float *dy, float *dx,
                                       float *dweight, float *dbias);
mg_status_t mg_group_norm_backward_f64(size_t batch, size_t channels, size_t spatial, size_t groups, const double *x,
                                       const double *weight, const double *stats, double eps, const double *dy,
                                       double *dx, double *dweight, double *dbias);

/* Batch norm: mean and variance of each channel over batch and space (0 if there is
 * nothing to average); then the normalisation with these or any others. y may be x. */
mg_status_t mg_batch_moments_f32(size_t batch, size_t channels, size_t spatial, const float *x, float *mean,
                                 float *var);
mg_status_t mg_batch_moments_f64(size_t batch, size_t channels, size_t spatial, const double *x, double *mean,
                                 double *var);
mg_status_t mg_batch_normalize_f32(size_t batch, size_t channels, size_t spatial, const float *x, const float *mean,
                                   const float *var, const float *weight, const float *bias, double eps, float *y);
mg_status_t mg_batch_normalize_f64(size_t batch, size_t channels, size_t spatial, const double *x, const double *mean,
                                   const double *var, const double *weight, const double *bias, double eps, double *y);

/* Gradients of that normalisation. moments = 1: mean and var are those of x, and the
 * gradient goes through them; 0: they are constants. */
mg_status_t mg_batch_norm_backward_f32(size_t batch, size_t channels, size_t spatial, const float *x, const float *mean,
                                       const float *var, const float *weight, double eps, int moments, const float *dy,
                                       float *dx, float *dweight, float *dbias);
mg_status_t mg_batch_norm_backward_f64(size_t batch, size_t channels, size_t spatial, const double *x,
                                       const double *mean, const double *var, const double *weight, double eps,
                                       int moments, const double *dy, double *dx, double *dweight, double *dbias);

/* cdef: end */

#endif
