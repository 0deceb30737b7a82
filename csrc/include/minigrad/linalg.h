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

/* Covariance of the columns of X (n_samples x n_features, ldx >= n_features):
 *     mean[j] = sum_i X[i, j] / n_samples
 *     covariance[j, l] = sum_i (X[i, j] - mean[j]) (X[i, l] - mean[l]) / (n_samples - ddof)
 * mean has n_features elements, covariance is n_features x n_features without padding,
 * both triangles written. MG_ERR_ARGUMENT unless n_samples > ddof and ldx >= n_features;
 * MG_ERR_OVERFLOW, MG_ERR_MEMORY for scratch. NaN and infinity spread to what they touch. */
mg_status_t mg_covariance_f32(size_t n_samples, size_t n_features, const float *x, size_t ldx, size_t ddof,
                              double *mean, double *covariance);
mg_status_t mg_covariance_f64(size_t n_samples, size_t n_features, const double *x, size_t ldx, size_t ddof,
                              double *mean, double *covariance);

/* The covariance as an operator, in one pass over X and without the matrix:
 *     w[j] = sum_i (X[i] - mean) (X[i] - mean)^T v[j]
 * v, w: k x n_features without padding, a vector per row. shift: n_features elements, any
 * fixed vector near the mean (it decides the rounding, not the result), or NULL for zeros,
 * which is quicker where X needs no centring. sums and squares,
 * n_features elements each, receive sum_i (X[i] - shift) and the sum of its elementwise
 * squares; if squares is NULL, sums is read instead: those of an earlier pass with the same
 * shift. Divide w by n_samples - 1 for the unbiased covariance. MG_ERR_ARGUMENT unless
 * n_samples >= 1 and ldx >= n_features. */
mg_status_t mg_covariance_apply_f32(size_t n_samples, size_t n_features, size_t k, const float *x, size_t ldx,
                                    const float *shift, const float *v, double *w, double *sums, double *squares);
mg_status_t mg_covariance_apply_f64(size_t n_samples, size_t n_features, size_t k, const double *x, size_t ldx,
                                    const double *shift, const double *v, double *w, double *sums, double *squares);

typedef enum { MG_LOWER = 0, MG_UPPER = 1 } mg_triangle_t;

typedef enum { MG_NON_UNIT = 0, MG_UNIT = 1 } mg_diagonal_t;

/* B = op(T)^-1 B: solve op(T) X = B in place. T is n x n triangular (ldt >= n); only the
 * named triangle is read, and its diagonal is taken as 1 if diagonal is MG_UNIT. B is
 * n x n_rhs (ldb >= n_rhs) and must not overlap T. MG_ERR_SINGULAR, B untouched, if a
 * diagonal element is zero.
 * Error: (T + E) x = b for each column, |E| <= n eps |T| elementwise. */
mg_status_t mg_triangular_solve_f32(mg_triangle_t triangle, mg_trans_t trans, mg_diagonal_t diagonal, size_t n,
                                    size_t n_rhs, const float *t, size_t ldt, float *b, size_t ldb);
mg_status_t mg_triangular_solve_f64(mg_triangle_t triangle, mg_trans_t trans, mg_diagonal_t diagonal, size_t n,
                                    size_t n_rhs, const double *t, size_t ldt, double *b, size_t ldb);

/* A = L, in place: the Cholesky factor, A = L L', L lower triangular with positive
 * diagonal. A is n x n (lda >= n), symmetric; only its lower triangle is read, and the
 * strict upper one is set to zero. MG_ERR_NOT_POSITIVE_DEFINITE (A partly overwritten)
 * if a pivot is not positive or not finite. */
mg_status_t mg_cholesky_factor_f32(size_t n, float *a, size_t lda);
mg_status_t mg_cholesky_factor_f64(size_t n, double *a, size_t lda);

/* A = Q R, in place: A is m x n (lda >= n), k = min(m, n). R takes the upper triangle;
 * below it stand the vectors of k Householder reflectors (their first element, 1, is not
 * stored), and tau (k elements) their factors: Q = H_1 ... H_k, H = I - tau v v'. The
 * diagonal of R may be negative. */
mg_status_t mg_qr_factor_f32(size_t m, size_t n, float *a, size_t lda, float *tau);
mg_status_t mg_qr_factor_f64(size_t m, size_t n, double *a, size_t lda, double *tau);

/* C = op(Q) C for C of m x n (ldc >= n); Q of m x m from the first k <= m reflectors of
 * mg_qr_factor's a and tau. */
mg_status_t mg_qr_apply_f32(mg_trans_t trans, size_t m, size_t n, size_t k, const float *a, size_t lda,
                            const float *tau, float *c, size_t ldc);
mg_status_t mg_qr_apply_f64(mg_trans_t trans, size_t m, size_t n, size_t k, const double *a, size_t lda,
                            const double *tau, double *c, size_t ldc);

/* q (m x n, ldq >= n) = the first n columns of that Q; k <= n <= m. */
mg_status_t mg_qr_form_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *tau, float *q,
                           size_t ldq);
mg_status_t mg_qr_form_f64(size_t m, size_t n, size_t k, const double *a, size_t lda, const double *tau, double *q,
                           size_t ldq);

/* B = A^-1 B in place, A n x n (lda >= n), B n x n_rhs (ldb >= n_rhs), by Householder QR.
 * MG_ERR_SINGULAR, B untouched, if a column of A lies within n eps of its length of the
 * span of those before it; MG_ERR_NOT_FINITE if A holds NaN or infinity. */
mg_status_t mg_linear_solve_f32(size_t n, size_t n_rhs, const float *a, size_t lda, float *b, size_t ldb);
mg_status_t mg_linear_solve_f64(size_t n, size_t n_rhs, const double *a, size_t lda, double *b, size_t ldb);

/* Least squares: x (n x n_rhs, ldx >= n_rhs) = the shortest of the columns that make
 * |A x - b| smallest for each column b of B (m x n_rhs, ldb >= n_rhs); A is m x n (lda >= n), of any
 * shape and rank. By QR with column pivoting; rank (one element) counts the diagonal
 * elements of R above rcond times the first. residuals (n_rhs) = |A x - b|^2.
 * MG_ERR_NOT_FINITE if A or B holds NaN or infinity. */
mg_status_t mg_least_squares_f32(size_t m, size_t n, size_t n_rhs, const float *a, size_t lda, const float *b,
                                 size_t ldb, float rcond, float *x, size_t ldx, float *residuals, uint64_t *rank);
mg_status_t mg_least_squares_f64(size_t m, size_t n, size_t n_rhs, const double *a, size_t lda, const double *b,
                                 size_t ldb, double rcond, double *x, size_t ldx, double *residuals, uint64_t *rank);

/* The largest |a_ij - a_ji| of the n x n matrix A; NaN if an element compared is NaN. */
float mg_asymmetry_f32(size_t n, const float *a, size_t lda);
double mg_asymmetry_f64(size_t n, const double *a, size_t lda);

/* A = V diag(values) V' of a symmetric A (n x n, lda >= n; only the lower triangle is
 * read), by Householder tridiagonalisation and implicit QL. values (n) ascend; column j
 * of vectors (n x n, ldv >= n) belongs to values[j]. vectors may be NULL for values
 * alone. MG_ERR_NOT_FINITE for NaN or infinity, MG_ERR_NO_CONVERGENCE.
 * Error: of each value, and of A V - V diag(values), a small multiple of n eps |A|, in
 * practice some 10 eps |A| for n in the hundreds; V'V - I likewise, without |A|. vectors may be
 * written to before MG_ERR_MEMORY. */
mg_status_t mg_symmetric_eigen_f32(size_t n, const float *a, size_t lda, float *values, float *vectors, size_t ldv);
mg_status_t mg_symmetric_eigen_f64(size_t n, const double *a, size_t lda, double *values, double *vectors, size_t ldv);

/* The same by cyclic Jacobi rotations; vectors must be given. For small n (the cost is
 * several times that of QL from n = 20 on); small eigenvalues of a well scaled positive
 * definite A keep their relative accuracy. */
mg_status_t mg_symmetric_jacobi_f32(size_t n, const float *a, size_t lda, float *values, float *vectors, size_t ldv);
mg_status_t mg_symmetric_jacobi_f64(size_t n, const double *a, size_t lda, double *values, double *vectors, size_t ldv);

/* A = U diag(s) V' of any A (m x n, lda >= n), k = min(m, n), by one-sided Jacobi
 * rotations: u (m x k, ldu >= k) and vt (k x n, ldv >= n) with orthonormal columns and
 * rows, s (k) descending. u and vt may both be NULL for the values alone.
 * MG_ERR_NOT_FINITE for NaN or infinity; MG_ERR_NO_CONVERGENCE. s may be written to
 * before an error.
 * Error: of each value, and of A - U diag(s) V', a small multiple of k eps |A|. */
mg_status_t mg_svd_f32(size_t m, size_t n, const float *a, size_t lda, float *u, size_t ldu, float *s, float *vt,
                       size_t ldv);
mg_status_t mg_svd_f64(size_t m, size_t n, const double *a, size_t lda, double *u, size_t ldu, double *s, double *vt,
                       size_t ldv);

/* One eigenpair of a symmetric A (n x n, lda >= n) by power iteration: the one with the
 * largest |value| among those orthogonal to the n_found unit vectors in the rows of
 * found (n_found x n, contiguous; NULL if 0).
 *
 * Stops when |A v - value v| <= tol max(|value|, scale); scale lets later components be
 * judged by the first one's size. Starts from uniform numbers that depend on seed and
 * n_found. value, residual and n_iter are single elements, vector has n. steps (max_iter
 * x n) and step_residuals (max_iter), if not NULL, take the vector before each
 * multiplication and its residual; n_iter of them are set.
 * MG_ERR_ARGUMENT if n_found >= n or max_iter = 0; MG_ERR_NOT_FINITE; MG_ERR_NO_CONVERGENCE
 * at max_iter, with every output set to the best reached. */
mg_status_t mg_power_iteration_f32(size_t n, const float *a, size_t lda, size_t n_found, const float *found,
                                   float scale, float tol, size_t max_iter, uint64_t seed, float *value, float *vector,
                                   float *residual, uint64_t *n_iter, float *steps, float *step_residuals);
mg_status_t mg_power_iteration_f64(size_t n, const double *a, size_t lda, size_t n_found, const double *found,
                                   double scale, double tol, size_t max_iter, uint64_t seed, double *value,
                                   double *vector, double *residual, uint64_t *n_iter, double *steps,
                                   double *step_residuals);

/* The k algebraically largest eigenpairs of a symmetric A (n x n, lda >= n; only the
 * lower triangle is read), by subspace iteration with a Chebyshev filter and
 * Rayleigh-Ritz projection. values (k) descend; column j of vectors (n x k, ldv >= k)
 * belongs to values[j]; residuals[j] = |A v - values[j] v|, at most tol |A|; n_iter is
 * one element, the number of projections. The block starts from uniform numbers that depend
 * on seed. Where k is a large part of n, or the spectrum resists, the whole of it is computed
 * instead, which is then quicker, with the residuals of mg_symmetric_eigen.
 * MG_ERR_ARGUMENT if k > n or max_iter = 0; MG_ERR_NOT_FINITE; MG_ERR_NO_CONVERGENCE
 * after max_iter projections, with every output set to the best reached. */
mg_status_t mg_subspace_iteration_f32(size_t n, size_t k, const float *a, size_t lda, float tol, size_t max_iter,
                                      uint64_t seed, float *values, float *vectors, size_t ldv, float *residuals,
                                      uint64_t *n_iter);
mg_status_t mg_subspace_iteration_f64(size_t n, size_t k, const double *a, size_t lda, double tol, size_t max_iter,
                                      uint64_t seed, double *values, double *vectors, size_t ldv, double *residuals,
                                      uint64_t *n_iter);

/* Plane geometry. Points are x, y pairs; coordinates are 0 or of magnitude from 2^-450 up to
 * 2^500, where the signs below are exact: MG_ERR_NOT_FINITE for NaN or infinity,
 * MG_ERR_ARGUMENT for any other coordinate.
 *
 * sign[i] (n) = 1 if a[i], b[i], c[i] (n x 2 each) turn counter-clockwise with y pointing
 * up, -1 if clockwise, 0 if they lie on one line. */
mg_status_t mg_orientation_f64(size_t n, const double *a, const double *b, const double *c, int32_t *sign);

/* winding[i] (n_points) = how often the closed polygon (n_vertices x 2) goes around
 * points[i] (n_points x 2), counter-clockwise positive, and boundary[i] = 1 if the point
 * lies on it (its winding is then that of one side). The polygon may cross itself; without
 * vertices it winds around nothing. */
mg_status_t mg_polygon_winding_f64(size_t n_vertices, const double *vertices, size_t n_points, const double *points,
                                   int32_t *winding, uint8_t *boundary);

/* turn (one element) = 1 if the convex polygon (n x 2) goes around counter-clockwise, -1 if
 * clockwise, 0 if it has no area. MG_ERR_ARGUMENT if it is not convex, goes around more
 * than once, or n = 0. */
mg_status_t mg_convex_turn_f64(size_t n, const double *vertices, int32_t *turn);

/* touching (one element) = 1 if the bodies a and b have a point in common, else 0: exactly. A
 * body is n convex polygons, of which the i-th has the vertices starts[i] <= k <
 * starts[i + 1]; MG_ERR_ARGUMENT if one is not convex or has no vertex. */
mg_status_t mg_convex_touch_f64(size_t n_a, const uint64_t *a_starts, const double *a, size_t n_b,
                                const uint64_t *b_starts, const double *b, int32_t *touching);

/* The signed distance (one element) of two convex polygons (n_a x 2, n_b x 2), and the unit
 * vector normal (2) from a to b along which it is measured: > 0 exactly if they are apart;
 * else minus the shortest way that b can be moved, along normal, to touch a from outside. Error:
 * a few eps times the largest coordinate. MG_ERR_ARGUMENT as mg_convex_turn. */
mg_status_t mg_convex_distance_f64(size_t n_a, const double *a, size_t n_b, const double *b, double *distance,
                                   double *normal);

/* Points of the plane, adjacent (x, y), moved by a 3 x 3 matrix (row-major, on columns (x, y, 1)):
 *     out = (m0 x + m1 y + m2, m3 x + m4 y + m5) / (m6 x + m7 y + m8)
 * without the division where the last row is (0, 0, 1). points and out: n x 2, the same array or
 * two that do not overlap. The matrix is rounded to the points' type. NaN and infinity spread to
 * the point they touch. MG_ERR_OVERFLOW. */
mg_status_t mg_transform_points_f32(size_t n, const double *matrix, const float *points, float *out);
mg_status_t mg_transform_points_f64(size_t n, const double *matrix, const double *points, double *out);

/* The same with a matrix (matrices: n_groups x 9) for each group of points: group g ends before
 * point ends[g], where the next one begins. MG_ERR_ARGUMENT if ends descend. */
mg_status_t mg_transform_groups_f32(size_t n_groups, const uint64_t *ends, const double *matrices, const float *points,
                                    float *out);
mg_status_t mg_transform_groups_f64(size_t n_groups, const uint64_t *ends, const double *matrices, const double *points,
                                    double *out);

/* Such matrices of n sets of factors (x, y, angle in degrees, sx, sy, k), about pivots (n x 2, NULL:
 * the origin): move by (x, y) after turning after shearing by [1 k; 0 1] after scaling. out: n x 9. */
void mg_transform_from_factors_f64(size_t n, const double *factors, const double *pivots, double *out);

/* The factors (6 elements) of one affine matrix; sx >= 0, the angle in (-180, 180]. MG_ERR_NOT_FINITE;
 * MG_ERR_SINGULAR where a singular matrix has none. */
mg_status_t mg_transform_factors_f64(const double *matrix, double *factors);

/* out[i] = a[i] b[i] for n pairs: b acts first. out may be a or b. */
void mg_transform_compose_f64(size_t n, const double *a, const double *b, double *out);

double mg_transform_determinant_f64(const double *matrix);

/* out = matrix^-1, perhaps in place. MG_ERR_NOT_FINITE; MG_ERR_SINGULAR if the determinant is 0 or
 * too small for its inverse to be held. */
mg_status_t mg_transform_invert_f64(const double *matrix, double *out);

/* A = R(angle) rest for the upper left 2 x 2 part A: R the rotation nearest to A (degrees), rest
 * (4 elements) symmetric and not negative, or such a matrix times diag(1, -1) if A reflects. */
void mg_transform_polar_f64(const double *matrix, double *angle, double *rest);

/* n affine matrices on the way from one to another, 0 <= u <= 1 the part of the way (n elements): the
 * polar factors go each by itself, the image of the pivot (n x 2, NULL: the origin) straight. */
void mg_transform_interpolate_f64(size_t n, const double *from, const double *to, const double *u, const double *pivots,
                                  double *out);

/* Eigenvalues (re, im, re, im; the first is the larger in size) and unit eigenvectors (2 x 2, a vector
 * per row) of the upper left 2 x 2 part. Returns how many independent real eigenvectors there are:
 * 0 (vectors are then the axes), 1 (both rows are the one) or 2. */
int mg_transform_eigen_f64(const double *matrix, double *values, double *vectors);

/* cdef: end */

#endif
