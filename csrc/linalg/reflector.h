/* Householder reflectors, one and in blocks; inside the room only.
 *
 * A block of k reflectors of order m is kept as rows: vt is k x m, row i holds the
 * vector v_i with zeros before its leading 1. */
#ifndef MG_LINALG_REFLECTOR_H
#define MG_LINALG_REFLECTOR_H

#include <stddef.h>

/* Reflectors that are gathered before they are applied through a matrix product. */
#define MG_REFLECTOR_BLOCK ((size_t)32)

/* Find H = I - tau v v', v[0] = 1, with H x = (beta, 0, ..., 0)'. x becomes v; returns
 * beta. n >= 1. tau = 0 (H = I) if x is already of that form. */
float mg_reflector_make_f32(size_t n, float *x, float *tau);
double mg_reflector_make_f64(size_t n, double *x, double *tau);

/* The k x k upper triangular t (leading dimension k, zeros below) of the product
 * H_1 H_2 ... H_k = I - V t V'. */
void mg_reflector_triangle_f32(size_t m, size_t k, const float *vt, size_t ldv, const float *tau, float *t);
void mg_reflector_triangle_f64(size_t m, size_t k, const double *vt, size_t ldv, const double *tau, double *t);

/* C = (I - V op(t) V') C for C of m x n; work holds 2 k n elements. */
mg_status_t mg_reflector_apply_f32(mg_trans_t trans, size_t m, size_t n, size_t k, const float *vt, size_t ldv,
                                   const float *t, float *c, size_t ldc, float *work);
mg_status_t mg_reflector_apply_f64(mg_trans_t trans, size_t m, size_t n, size_t k, const double *vt, size_t ldv,
                                   const double *t, double *c, size_t ldc, double *work);

#endif
