/* Kernels of arithmetic on rows of n elements; csrc/nn/arithmetic.inc and sum.inc drive them.
 *
 * binary: z = x op y, where an operand with step 0 is one number. where: z = mask ? x : y, the
 * same way. copy: z = x, the same way.
 *
 * sum: of a row. add_rows: total[j] += the sum of the j-th elements of rows <= MG_SUM_TOGETHER
 * rows that lie `stride` apart; total has room for a multiple of 16 elements. Both add up to MG_SUM_TOGETHER elements
 * in working precision and these sums in double. */
#ifndef MG_KERNELS_ARITHMETIC_H
#define MG_KERNELS_ARITHMETIC_H

#include "minigrad/nn_arithmetic.h"

enum { MG_SUM_TOGETHER = 8 };

typedef struct {
    void (*binary)(mg_binary_t op, size_t n, const float *x, size_t x_step, const float *y, size_t y_step, float *z);
    void (*where)(size_t n, const uint8_t *mask, size_t mask_step, const float *x, size_t x_step, const float *y,
                  size_t y_step, float *z);
    void (*copy)(size_t n, const float *x, size_t step, float *z);
    double (*sum)(size_t n, const float *x);
    void (*add_rows)(size_t rows, size_t n, size_t stride, const float *x, double *total);
} mg_arithmetic_kernels_f32_t;

typedef struct {
    void (*binary)(mg_binary_t op, size_t n, const double *x, size_t x_step, const double *y, size_t y_step, double *z);
    void (*where)(size_t n, const uint8_t *mask, size_t mask_step, const double *x, size_t x_step, const double *y,
                  size_t y_step, double *z);
    void (*copy)(size_t n, const double *x, size_t step, double *z);
    double (*sum)(size_t n, const double *x);
    void (*add_rows)(size_t rows, size_t n, size_t stride, const double *x, double *total);
} mg_arithmetic_kernels_f64_t;

#endif
