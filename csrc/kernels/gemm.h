/* Kernels of the matrix product; csrc/linalg/gemm.inc drives them.
 *
 * tile: C[0:rows, 0:cols] = update(A B) for one register tile, where A is rows x k and
 * B is k x cols. The rows of B are b_stride apart and contiguous. A is addressed by
 * one of two layouts,
 *     MG_A_ROWS   A[i, p] = a[i * a_stride + p]     (a row-major matrix, or a copy of it)
 *     MG_A_COLS   A[i, p] = a[p * a_stride + i]     (a transposed matrix)
 * rows <= mr. cols = nr, or any 1 <= cols <= lanes: columns beyond cols are neither
 * read nor written. What `ahead` describes, unless it is NULL, is fetched into the cache
 * on the way, a call of mg_prefetch_some every MG_TILE_BURST steps of k. Every element of C is one chain of k fused
 * multiply-adds in the order of p, so its bits do not depend on how a product was cut into tiles. */
#ifndef MG_KERNELS_GEMM_H
#define MG_KERNELS_GEMM_H

#include <stddef.h>

#include "kernels/prefetch.h"
#include "minigrad/linalg.h"

enum { MG_TILE_BURST = 16 };

typedef enum { MG_A_ROWS, MG_A_COLS } mg_a_layout_t;

/* update(S) = activation(alpha S + beta C + bias); with beta = 0, C is not read. */
typedef struct {
    float alpha, beta;
    const float *bias; /* cols elements, or NULL */
    mg_activation_t activation;
} mg_gemm_update_f32_t;

typedef struct {
    double alpha, beta;
    const double *bias;
    mg_activation_t activation;
} mg_gemm_update_f64_t;

typedef void (*mg_gemm_tile_f32_t)(mg_a_layout_t layout, size_t rows, size_t cols, size_t k, const float *a,
                                   size_t a_stride, const float *b, size_t b_stride, const mg_gemm_update_f32_t *update,
                                   float *c, size_t ldc, mg_prefetch_t *ahead);
typedef void (*mg_gemm_tile_f64_t)(mg_a_layout_t layout, size_t rows, size_t cols, size_t k, const double *a,
                                   size_t a_stride, const double *b, size_t b_stride,
                                   const mg_gemm_update_f64_t *update, double *c, size_t ldc, mg_prefetch_t *ahead);

typedef struct {
    size_t mr, nr, lanes; /* the tile: mr rows, nr = 2 lanes columns */
    mg_gemm_tile_f32_t tile;
    /* C[i, j] = sum_p A[i, p] B[j, p] for few columns: A rows x k, B cols x k. Unless ahead is 0,
     * what lies so many elements beyond those of A that are read is fetched into the cache. */
    void (*dots)(size_t rows, size_t cols, size_t k, const float *a, size_t lda, size_t ahead, const float *b,
                 size_t ldb, float *c, size_t ldc);
    /* y = A x and y = transpose(A) x, A m x n */
    void (*gemv)(size_t m, size_t n, const float *a, size_t lda, const float *x, float *y);
    void (*gemv_trans)(size_t m, size_t n, const float *a, size_t lda, const float *x, float *y);
    /* out[i * ld_out + j] = in[i * ld_in + j], rows x cols */
    void (*copy)(size_t rows, size_t cols, const float *in, size_t ld_in, float *out, size_t ld_out);
    /* out[j / nr * strip + i * nr + j % nr] = in[i * ld_in + j], rows x cols */
    void (*pack)(size_t rows, size_t cols, const float *in, size_t ld_in, float *out, size_t strip);
    /* z[i, j] = in[i * ld_in + j] - shift[j] for rows x cols, stored at
     * out[i * row + j / nr * strip + j % nr], zero up to the end of the last strip;
     * sums[j] += z[i, j], squares[j] += z[i, j]^2. shift, sums and squares are padded to
     * whole strips, shift with zeros. sums and squares may be NULL. */
    void (*centre)(size_t rows, size_t cols, const float *in, size_t ld_in, const float *shift, float *out, size_t row,
                   size_t strip, float *sums, float *squares);
    /* sums[i * ld + j] += in[i * ld_in + j], rows x cols */
    void (*add)(size_t rows, size_t cols, const float *in, size_t ld_in, double *sums, size_t ld);
    /* out[j * ld_out + i] = in[i * ld_in + j], rows x cols */
    void (*transpose)(size_t rows, size_t cols, const float *in, size_t ld_in, float *out, size_t ld_out);
} mg_gemm_kernels_f32_t;

typedef struct {
    size_t mr, nr, lanes;
    mg_gemm_tile_f64_t tile;
    /* C[i, j] = sum_p A[i, p] B[j, p] for few columns: A rows x k, B cols x k. Unless ahead is 0,
     * what lies so many elements beyond those of A that are read is fetched into the cache. */
    void (*dots)(size_t rows, size_t cols, size_t k, const double *a, size_t lda, size_t ahead, const double *b,
                 size_t ldb, double *c, size_t ldc);
    /* y = A x and y = transpose(A) x, A m x n */
    void (*gemv)(size_t m, size_t n, const double *a, size_t lda, const double *x, double *y);
    void (*gemv_trans)(size_t m, size_t n, const double *a, size_t lda, const double *x, double *y);
    /* out[i * ld_out + j] = in[i * ld_in + j], rows x cols */
    void (*copy)(size_t rows, size_t cols, const double *in, size_t ld_in, double *out, size_t ld_out);
    /* out[j / nr * strip + i * nr + j % nr] = in[i * ld_in + j], rows x cols */
    void (*pack)(size_t rows, size_t cols, const double *in, size_t ld_in, double *out, size_t strip);
    /* z[i, j] = in[i * ld_in + j] - shift[j] for rows x cols, stored at
     * out[i * row + j / nr * strip + j % nr], zero up to the end of the last strip;
     * sums[j] += z[i, j], squares[j] += z[i, j]^2. shift, sums and squares are padded to
     * whole strips, shift with zeros. sums and squares may be NULL. */
    void (*centre)(size_t rows, size_t cols, const double *in, size_t ld_in, const double *shift, double *out,
                   size_t row, size_t strip, double *sums, double *squares);
    /* sums[i * ld + j] += in[i * ld_in + j], rows x cols */
    void (*add)(size_t rows, size_t cols, const double *in, size_t ld_in, double *sums, size_t ld);
    /* out[j * ld_out + i] = in[i * ld_in + j], rows x cols */
    void (*transpose)(size_t rows, size_t cols, const double *in, size_t ld_in, double *out, size_t ld_out);
} mg_gemm_kernels_f64_t;

#endif
