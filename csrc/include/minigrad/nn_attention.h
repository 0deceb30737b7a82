/* nn, attention: softmax(scale Q K' + mask) V and its gradients.
 *
 * Alphabet: a unit is one head of one sample; queries and keys count the rows of a unit's Q
 * and of its K and V; depth is the extent of a row of Q and K, width that of a row of V.
 * The matrix of unit u begins at_x[u] elements after x, and its rows are ldx apart. */
#ifndef MINIGRAD_NN_ATTENTION_H
#define MINIGRAD_NN_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

/* out (units x queries x width, compact) = P V, P = softmax of each row of scale Q K' + mask;
 * with causal != 0 query i sees the keys 0 .. i alone. mask: queries x keys per unit, its rows
 * ld_mask apart (0: one row for all), added to the scores; -inf hides a key; NULL for none.
 * A query that sees no key gets zeros. stats (units x queries x 2), for the backward pass: the
 * largest score of each row, and the sum of the exponentials of the scores' distances from it.
 * MG_ERR_ARGUMENT for a leading dimension below the rows' extent; MG_ERR_OVERFLOW,
 * MG_ERR_MEMORY: out is untouched. */
mg_status_t mg_attention_f32(size_t units, size_t queries, size_t keys, size_t depth, size_t width, const float *q,
                             const int64_t *at_q, size_t ldq, const float *k, const int64_t *at_k, size_t ldk,
                             const float *v, const int64_t *at_v, size_t ldv, const float *mask, const int64_t *at_mask,
                             size_t ld_mask, int causal, float scale, float *out, float *stats);
mg_status_t mg_attention_f64(size_t units, size_t queries, size_t keys, size_t depth, size_t width, const double *q,
                             const int64_t *at_q, size_t ldq, const double *k, const int64_t *at_k, size_t ldk,
                             const double *v, const int64_t *at_v, size_t ldv, const double *mask,
                             const int64_t *at_mask, size_t ld_mask, int causal, double scale, double *out,
                             double *stats);

/* The gradients dq, dk and dv (compact, as Q, K and V are laid out by unit) of a scalar whose
 * gradient with respect to out is dout (compact); stats as the forward pass gave them,
 * everything else as it was given there. */
mg_status_t mg_attention_backward_f32(size_t units, size_t queries, size_t keys, size_t depth, size_t width,
                                      const float *q, const int64_t *at_q, size_t ldq, const float *k,
                                      const int64_t *at_k, size_t ldk, const float *v, const int64_t *at_v, size_t ldv,
                                      const float *mask, const int64_t *at_mask, size_t ld_mask, int causal,
                                      float scale, const float *stats, const float *dout, float *dq, float *dk,
                                      float *dv);
mg_status_t mg_attention_backward_f64(size_t units, size_t queries, size_t keys, size_t depth, size_t width,
                                      const double *q, const int64_t *at_q, size_t ldq, const double *k,
                                      const int64_t *at_k, size_t ldk, const double *v, const int64_t *at_v, size_t ldv,
                                      const double *mask, const int64_t *at_mask, size_t ld_mask, int causal,
                                      double scale, const double *stats, const double *dout, double *dq, double *dk,
                                      double *dv);

/* cdef: end */

#endif
