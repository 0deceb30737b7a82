/* Kernel of matrix factorisation by stochastic gradients; csrc/learn/factor.c drives it. */
#ifndef MG_KERNELS_SGD_H
#define MG_KERNELS_SGD_H

#include <stddef.h>
#include <stdint.h>

/* Vectors are padded with zeros to a multiple of this many elements. */
#define MG_SGD_LANES ((size_t)16)

/* What all steps have in common; the first element of a vector is its bias. */
typedef struct {
    size_t stride;          /* a multiple of MG_SGD_LANES */
    float mean, rate, keep; /* keep = 1 - rate * penalty */
} mg_sgd_step_t;

/* One step per rating of one user, in turn: x is the user's vector, items all items'.
 * row: e = value - mean - x[0] - y[0] - <rest of x, rest of y>, then
 *     x = keep x + rate e y and y = keep y + rate e x, the bias as if its partner were 1.
 * row_joined: x is joined by `sum` (first element 0) in e and in y's step, and
 *     gradient += e y.
 * All levels write the same bits. */
typedef struct {
    void (*row)(const mg_sgd_step_t *step, size_t count, const int32_t *index, const float *value, float *x,
                float *items);
    void (*row_joined)(const mg_sgd_step_t *step, size_t count, const int32_t *index, const float *value, float *x,
                       float *items, const float *sum, float *gradient);
} mg_sgd_kernels_t;

#endif
