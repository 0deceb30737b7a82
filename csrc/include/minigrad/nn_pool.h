/* nn_pool: pooling over windows of up to three spatial dimensions, and resampling.
 *
 * Arrays are contiguous: planes x depth x height x width; fewer dimensions have leading
 * ones. x is the input, y the output, dx and dy the gradients of a loss by them. */
#ifndef MINIGRAD_NN_POOL_H
#define MINIGRAD_NN_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

/* Which inputs each output sees. Along axis a, output o sees the inputs first + i step[a],
 * 0 <= i < count, all of them inside, where (first, count) stand at windows[2 j] for
 * j = o, out_size[0] + o, out_size[0] + out_size[1] + o on the three axes. MG_ERR_ARGUMENT
 * if a window is empty or not inside; MG_ERR_OVERFLOW for sizes beyond memory or planes of
 * 2^31 elements or more: this holds for all functions that take a shape. */
typedef struct {
    size_t planes;
    size_t in_size[3], out_size[3], step[3];
} mg_pool_shape_t;

/* y = the largest element of each window, the first of several; NaN if there is one. index: where
 * it is within the plane. */
mg_status_t mg_max_pool_forward_f32(const mg_pool_shape_t *shape, const int64_t *windows, const float *x, float *y,
                                    int32_t *index);
mg_status_t mg_max_pool_forward_f64(const mg_pool_shape_t *shape, const int64_t *windows, const double *x, double *y,
                                    int32_t *index);

/* out[plane, o] = x[plane, index[plane, o]] for in and out elements per plane, and its adjoint,
 * x = 0, then x[plane, index[plane, o]] += y[plane, o]. MG_ERR_ARGUMENT if an index is not in [0, in). */
mg_status_t mg_plane_gather_f32(size_t planes, size_t in, size_t out, const float *x, const int32_t *index, float *y);
mg_status_t mg_plane_gather_f64(size_t planes, size_t in, size_t out, const double *x, const int32_t *index, double *y);
mg_status_t mg_plane_scatter_f32(size_t planes, size_t in, size_t out, const float *y, const int32_t *index, float *x);
mg_status_t mg_plane_scatter_f64(size_t planes, size_t in, size_t out, const double *y, const int32_t *index,
                                 double *x);

/* The same for windows of 2 x 2 side by side on planes of height x width: tap = 0, 1, 2, 3 says which
 * of the four was taken, row by row. A last odd row or column is not seen; its dx is 0. */
mg_status_t mg_max_pool2_forward_f32(size_t planes, size_t height, size_t width, const float *x, float *y,
                                     uint8_t *tap);
mg_status_t mg_max_pool2_forward_f64(size_t planes, size_t height, size_t width, const double *x, double *y,
                                     uint8_t *tap);
mg_status_t mg_max_pool2_backward_f32(size_t planes, size_t height, size_t width, const float *dy, const uint8_t *tap,
                                      float *dx);
mg_status_t mg_max_pool2_backward_f64(size_t planes, size_t height, size_t width, const double *dy, const uint8_t *tap,
                                      double *dx);

/* y = the sum over each window, divided by the product of the divisors of its place on the three
 * axes (laid out as windows is, one for each), and its adjoint. */
mg_status_t mg_avg_pool_forward_f32(const mg_pool_shape_t *shape, const int64_t *windows, const double *divisors,
                                    const float *x, float *y);
mg_status_t mg_avg_pool_forward_f64(const mg_pool_shape_t *shape, const int64_t *windows, const double *divisors,
                                    const double *x, double *y);
mg_status_t mg_avg_pool_backward_f32(const mg_pool_shape_t *shape, const int64_t *windows, const double *divisors,
                                     const float *dy, float *dx);
mg_status_t mg_avg_pool_backward_f64(const mg_pool_shape_t *shape, const int64_t *windows, const double *divisors,
                                     const double *dy, double *dx);

/* Linear resampling of the middle axis of outer x in x inner to outer x out x inner:
 *     y[p, o, q] = sum_{i < taps} weights[o taps + i] x[p, places[o taps + i], q]
 * and its adjoint. MG_ERR_ARGUMENT if a place is not in [0, in). */
mg_status_t mg_resample_forward_f32(size_t outer, size_t in, size_t out, size_t inner, size_t taps,
                                    const int64_t *places, const double *weights, const float *x, float *y);
mg_status_t mg_resample_forward_f64(size_t outer, size_t in, size_t out, size_t inner, size_t taps,
                                    const int64_t *places, const double *weights, const double *x, double *y);
mg_status_t mg_resample_backward_f32(size_t outer, size_t in, size_t out, size_t inner, size_t taps,
                                     const int64_t *places, const double *weights, const float *dy, float *dx);
mg_status_t mg_resample_backward_f64(size_t outer, size_t in, size_t out, size_t inner, size_t taps,
                                     const int64_t *places, const double *weights, const double *dy, double *dx);

/* cdef: end */

#endif
