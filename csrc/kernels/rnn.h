/* Kernels of recurrent cells: one sample's step; csrc/nn/rnn.c drives them. */
#ifndef MG_KERNELS_RNN_H
#define MG_KERNELS_RNN_H

#include <stddef.h>

#include "minigrad/nn_rnn.h"

/* n: hidden. x: projected input, p: projected state with its bias (G n each), h0 and h: the state
 * before and after, c0 and c: an LSTM's cell, or c: a GRU's projected state in the new gate.
 * backward: dh in: the gradient of h, out: what reaches h0 beside the projection; dc likewise
 * for the cell. dp is dx but for a GRU. */
typedef struct {
    void (*forward)(mg_rnn_t kind, size_t n, const float *x, const float *p, const float *h0, const float *c0,
                    float *gates, float *c, float *h);
    void (*backward)(mg_rnn_t kind, size_t n, const float *gates, const float *h0, const float *h, const float *c0,
                     const float *c, float *dh, float *dc, float *dx, float *dp);
} mg_rnn_kernels_f32_t;

typedef struct {
    void (*forward)(mg_rnn_t kind, size_t n, const double *x, const double *p, const double *h0, const double *c0,
                    double *gates, double *c, double *h);
    void (*backward)(mg_rnn_t kind, size_t n, const double *gates, const double *h0, const double *h, const double *c0,
                     const double *c, double *dh, double *dc, double *dx, double *dp);
} mg_rnn_kernels_f64_t;

#endif
