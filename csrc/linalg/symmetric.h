/* What the symmetric eigenproblems share; inside the room only. */
#ifndef MG_LINALG_SYMMETRIC_H
#define MG_LINALG_SYMMETRIC_H

#include <stddef.h>
#include <stdint.h>

/* copy = 2^-e A, full and exactly symmetric, from the lower triangle of A; e, which
 * goes to *exponent, makes its largest element lie in [1/2, 1) unless that would
 * overflow the factor. A power of two rounds nothing, and squares of scaled elements
 * cannot overflow. MG_ERR_NOT_FINITE for NaN or infinity. */
mg_status_t mg_symmetric_copy_f32(size_t n, const float *a, size_t lda, float *copy, int *exponent);
mg_status_t mg_symmetric_copy_f64(size_t n, const double *a, size_t lda, double *copy, int *exponent);

/* values *= 2^exponent: takes the scaling back. */
void mg_symmetric_unscale_f32(size_t n, int exponent, float *values);
void mg_symmetric_unscale_f64(size_t n, int exponent, double *values);

/* order = the indices that sort values upwards; equal values keep their order. */
void mg_sort_order_f32(size_t n, const float *values, size_t *order);
void mg_sort_order_f64(size_t n, const double *values, size_t *order);

/* A number in [-1, 1) that depends on (seed, index) alone. */
double mg_start_value(uint64_t seed, uint64_t index);

#endif
