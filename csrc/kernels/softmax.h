/* Kernels of the softmax family, on one row (n adjacent values) or on count adjacent
 * columns of n values each, whose elements lie `stride` apart.
 *
 * In every kernel n >= 1, and an output may be an input.
 *
 * row_stats, columns_stats: the maximum, and the sum of exp(x - maximum). row, columns:
 * softmax, or its logarithm; row_backward, columns_backward: its gradient dx from its
 * output y and dy. row_probability: dx = scale exp(x - max) + factor w, where w is
 * weight[i], or 1 if weight is NULL. row_dot: the sum of x[i] y[i]; of x[i] if y is NULL. */
#ifndef MG_KERNELS_SOFTMAX_H
#define MG_KERNELS_SOFTMAX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    void (*row_stats)(size_t n, const float *x, float *max, float *sum);
    void (*row)(size_t n, const float *x, float *y, bool logarithm);
    void (*row_backward)(size_t n, const float *y, const float *dy, float *dx, bool logarithm);
    void (*row_probability)(size_t n, const float *x, float max, float scale, float factor, const float *weight,
                            float *dx);
    float (*row_dot)(size_t n, const float *x, const float *y);
    void (*columns_stats)(size_t n, size_t stride, size_t count, const float *x, float *max, float *sum);
    void (*columns)(size_t n, size_t stride, size_t count, const float *x, float *y, bool logarithm);
    void (*columns_backward)(size_t n, size_t stride, size_t count, const float *y, const float *dy, float *dx,
                             bool logarithm);
} mg_softmax_kernels_f32_t;

typedef struct {
    void (*row_stats)(size_t n, const double *x, double *max, double *sum);
    void (*row)(size_t n, const double *x, double *y, bool logarithm);
    void (*row_backward)(size_t n, const double *y, const double *dy, double *dx, bool logarithm);
    void (*row_probability)(size_t n, const double *x, double max, double scale, double factor, const double *weight,
                            double *dx);
    double (*row_dot)(size_t n, const double *x, const double *y);
    void (*columns_stats)(size_t n, size_t stride, size_t count, const double *x, double *max, double *sum);
    void (*columns)(size_t n, size_t stride, size_t count, const double *x, double *y, bool logarithm);
    void (*columns_backward)(size_t n, size_t stride, size_t count, const double *y, const double *dy, double *dx,
                             bool logarithm);
} mg_softmax_kernels_f64_t;

#endif
