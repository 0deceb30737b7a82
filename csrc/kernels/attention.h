/* Kernels on the rows of attention scores; csrc/nn/attention.c drives them. */
#ifndef MG_KERNELS_ATTENTION_H
#define MG_KERNELS_ATTENTION_H

#include <stddef.h>

/* forward: x = exp(x + mask - top), top the largest element of x + mask (0 if that is -inf);
 * *sum the sum of the result; returns top. mask may be NULL.
 * backward: x = exp(x + mask - top) inverse, d = x (d - sum x d).
 * scale: x *= factor. Any n. */
typedef struct {
    float (*forward)(size_t n, const float *mask, float *x, float *sum);
    void (*backward)(size_t n, const float *mask, float top, float inverse, float *x, float *d);
    void (*scale)(size_t n, float factor, float *x);
} mg_attention_kernels_f32_t;

typedef struct {
    double (*forward)(size_t n, const double *mask, double *x, double *sum);
    void (*backward)(size_t n, const double *mask, double top, double inverse, double *x, double *d);
    void (*scale)(size_t n, double factor, double *x);
} mg_attention_kernels_f64_t;

#endif
