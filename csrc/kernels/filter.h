/* Kernels of the filters in csrc/image/filter.c and color.c: rows of n values, whose
 * channels lie side by side.
 *
 * load: to REAL. store: rounded to the nearest integer, halves to even, and clamped; NaN
 * becomes 0. sum: out[i] = sum over taps of weights[t] rows[t][i], in the order of the taps.
 * magnitude: out[i] = sqrt(x[i]^2 + y[i]^2). color: for each of n pixels of `channels`
 * values, 3 or 4, out[c] = sum over d of m[c][d] in[d], + m[c][channels]; m is row-major, of
 * channels x (channels + 1). Inputs and outputs do not overlap, except in store. */
#ifndef MG_KERNELS_FILTER_H
#define MG_KERNELS_FILTER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    void (*load_u8)(size_t n, const uint8_t *in, float *out);
    void (*load_u16)(size_t n, const uint16_t *in, float *out);
    void (*store_u8)(size_t n, const float *in, uint8_t *out);
    void (*store_u16)(size_t n, const float *in, uint16_t *out);
    void (*sum_f32)(size_t n, size_t taps, const float *const *rows, const float *weights, float *out);
    void (*sum_f64)(size_t n, size_t taps, const double *const *rows, const double *weights, double *out);
    void (*magnitude_f32)(size_t n, const float *x, const float *y, float *out);
    void (*magnitude_f64)(size_t n, const double *x, const double *y, double *out);
    void (*color_f32)(size_t n, size_t channels, const float *in, const float *m, float *out);
    void (*color_f64)(size_t n, size_t channels, const double *in, const double *m, double *out);
} mg_filter_kernels_t;

#endif
