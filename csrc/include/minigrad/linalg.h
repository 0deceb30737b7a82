/* linalg: matrix products, factorisations, eigenvectors.
 *
 * Matrices are row-major with a leading dimension. Alphabet: m, n, k as in
 * C (m x n) = A (m x k) B (k x n); n also the order of a square matrix; lda, ldb, ldc
 * leading dimensions; x, y vectors. */
#ifndef MINIGRAD_LINALG_H
#define MINIGRAD_LINALG_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

typedef enum { MG_NO_TRANS = 0, MG_TRANS = 1 } mg_trans_t;

typedef enum { MG_ACTIVATION_NONE = 0, MG_ACTIVATION_RELU = 1 } mg_activation_t;

/* C = alpha op(A) op(B) + beta C, op(X) = X or its transpose.
 *
 * op(A) is m x k: A is stored m x k (lda >= k), or k x m (lda >= m) if trans_a.
 * op(B) is k x n: B is stored k x n (ldb >= n), or n x k (ldb >= k) if trans_b.
 * C is m x n (ldc >= n) and must not overlap A or B. With beta = 0, C is only written
 * (NaN in it does not survive). k = 0 or alpha = 0 gives C = beta C.
 * MG_ERR_ARGUMENT for a leading dimension that is too small; MG_ERR_OVERFLOW,
 * MG_ERR_MEMORY for the packing buffers.
 * Error: |C - exact| <= 1.01 k eps |alpha| |A||B| + eps |beta C| elementwise. */
mg_status_t mg_gemm_f32(mg_trans_t trans_a, mg_trans_t trans_b, size_t m, size_t n, size_t k, float alpha,
                        const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);
mg_status_t mg_gemm_f64(mg_trans_t trans_a, mg_trans_t trans_b, size_t m, size_t n, size_t k, double alpha,
                        const double *a, size_t lda, const double *b, size_t ldb, double beta, double *c, size_t ldc);

/* C = activation(op(A) op(B) + beta C + bias): the same product with an epilogue that
 * is applied to each piece of C while it is in cache. bias has n elements and is added
 * to every row; NULL for none. */
mg_status_t mg_gemm_bias_f32(mg_trans_t trans_a, mg_trans_t trans_b, size_t m, size_t n, size_t k, const float *a,
                             size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc,
                             const float *bias, mg_activation_t activation);
mg_status_t mg_gemm_bias_f64(mg_trans_t trans_a, mg_trans_t trans_b, size_t m, size_t n, size_t k, const double *a,
                             size_t lda, const double *b, size_t ldb, double beta, double *c, size_t ldc,
                             const double *bias, mg_activation_t activation);

/* y = alpha op(A) x + beta y; A is stored m x n (lda >= n). x has n elements and y has
 * m, or x has m and y has n if trans_a. y must not overlap A or x. */
mg_status_t mg_gemv_f32(mg_trans_t trans_a, size_t m, size_t n, float alpha, const float *a, size_t lda, const float *x,
                        float beta, float *y);
mg_status_t mg_gemv_f64(mg_trans_t trans_a, size_t m, size_t n, double alpha, const double *a, size_t lda,
                        const double *x, double beta, double *y);

/* cdef: end */

#endif
