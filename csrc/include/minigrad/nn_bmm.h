/* nn, batches of matrix products.
 *
 * Alphabet as in linalg: C (m x n) = op(A) (m x k) op(B) (k x n), and batch of them. */
#ifndef MINIGRAD_NN_BMM_H
#define MINIGRAD_NN_BMM_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"
#include "minigrad/linalg.h"

/* cdef: begin */

/* C_i = op(A_i) op(B_i) + beta C_i for i < batch, as mg_gemm. A_i begins a_at[i] elements
 * after a, and B_i b_at[i] after b, so that a matrix may serve several products; C_i begins
 * i m n elements after c and is contiguous (m x n). No C_i may overlap an A or a B.
 * MG_ERR_ARGUMENT for a leading dimension that is too small; MG_ERR_OVERFLOW, MG_ERR_MEMORY
 * for the packing buffers, with some of C written. Every product has the bits of mg_gemm. */
mg_status_t mg_bmm_f32(mg_trans_t trans_a, mg_trans_t trans_b, size_t batch, size_t m, size_t n, size_t k,
                       const float *a, size_t lda, const int64_t *a_at, const float *b, size_t ldb, const int64_t *b_at,
                       float beta, float *c);
mg_status_t mg_bmm_f64(mg_trans_t trans_a, mg_trans_t trans_b, size_t batch, size_t m, size_t n, size_t k,
                       const double *a, size_t lda, const int64_t *a_at, const double *b, size_t ldb,
                       const int64_t *b_at, double beta, double *c);

/* The same for integers, which wrap around; matrices are contiguous, without transposes. */
void mg_bmm_i64(size_t batch, size_t m, size_t n, size_t k, const int64_t *a, const int64_t *a_at, const int64_t *b,
                const int64_t *b_at, int64_t *c);

/* dst[o, index[i], j] += src[o, i, j] for o < outer, i < count, j < inner; dst has rows rows,
 * every index is below that (the caller has checked). Summands are added in the order of i. */
void mg_rows_add_f32(size_t outer, size_t count, size_t inner, size_t rows, const int64_t *index, const float *src,
                     float *dst);
void mg_rows_add_f64(size_t outer, size_t count, size_t inner, size_t rows, const int64_t *index, const double *src,
                     double *dst);
void mg_rows_add_i64(size_t outer, size_t count, size_t inner, size_t rows, const int64_t *index, const int64_t *src,
                     int64_t *dst);

/* cdef: end */

#endif
