/* Elementary functions and activations over contiguous arrays; csrc/nn/elementwise.c
 * drives them. The functions on one vector, which other kernels use, are in vecmath.inc.
 *
 * map: y[i] = f(x[i]). map_backward: dx[i] = dy[i] f'(s[i]), where s is f's input or its
 * output (minigrad/nn_elementwise.h says which). Both go from the first element to the
 * last, so y may be x, and dx may be s or dy. p: three parameters. Any n. Each element's
 * result depends on that element alone, not on its place in the array. stream: write past the
 * caches, for results that they could not hold, to where 64-byte lines begin.
 *
 * column_sums: sums[j] = sum_i x[i * ld + j] for cols columns, blocks of 64 rows in order,
 * then the blocks. */
#ifndef MG_KERNELS_VECMATH_H
#define MG_KERNELS_VECMATH_H

#include <stdbool.h>
#include <stddef.h>

#include "minigrad/nn_elementwise.h"

typedef struct {
    void (*map)(mg_unary_t op, size_t n, const float *x, const float *p, float *y, bool stream);
    void (*map_backward)(mg_unary_t op, size_t n, const float *s, const float *dy, const float *p, float *dx,
                         bool stream);
    void (*column_sums)(size_t rows, size_t cols, const float *x, size_t ld, float *sums);
} mg_vecmath_kernels_f32_t;

typedef struct {
    void (*map)(mg_unary_t op, size_t n, const double *x, const double *p, double *y, bool stream);
    void (*map_backward)(mg_unary_t op, size_t n, const double *s, const double *dy, const double *p, double *dx,
                         bool stream);
    void (*column_sums)(size_t rows, size_t cols, const double *x, size_t ld, double *sums);
} mg_vecmath_kernels_f64_t;

#endif
