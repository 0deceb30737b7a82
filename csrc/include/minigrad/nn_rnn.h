/* nn, recurrence: a layer of cells along a sequence, after its input has been projected.
 *
 * Alphabet: steps, batch, hidden; G gates per cell: 1 (tanh and relu), 4 (LSTM: input, forget,
 * cell, output), 3 (GRU: reset, update, new). All arrays are compact. */
#ifndef MINIGRAD_NN_RNN_H
#define MINIGRAD_NN_RNN_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

typedef enum { MG_RNN_TANH = 0, MG_RNN_RELU = 1, MG_LSTM = 2, MG_GRU = 3 } mg_rnn_t;

/* Run a layer from h0 (and c0, LSTM; batch x hidden) over x (steps x batch x G hidden), the
 * projected inputs with their bias; w is G hidden x hidden, bias has G hidden elements or
 * is NULL. With reverse != 0 it runs from the last step to the first. out (steps x batch x
 * hidden): the state after each step. For the backward pass: gates (steps x batch x G
 * hidden) after their activations, and extra (steps x batch x hidden), an LSTM's cell states or
 * a GRU's projected state in the new gate; neither is written for the plain cells, and both
 * may be NULL then. MG_ERR_MEMORY, MG_ERR_OVERFLOW. */
mg_status_t mg_rnn_f32(mg_rnn_t kind, size_t steps, size_t batch, size_t hidden, int reverse, const float *x,
                       const float *h0, const float *c0, const float *w, const float *bias, float *out, float *gates,
                       float *extra);
mg_status_t mg_rnn_f64(mg_rnn_t kind, size_t steps, size_t batch, size_t hidden, int reverse, const double *x,
                       const double *h0, const double *c0, const double *w, const double *bias, double *out,
                       double *gates, double *extra);

/* From dout, the gradient with respect to out, to dx and to dp, the gradient with respect to the
 * projected states (of x's shape; for all but a GRU dp is dx, and NULL is given). dh0 and dc0
 * (batch x hidden) come in as the gradients with respect to the last state and cell and go out as
 * those with respect to h0 and c0; dc0 is NULL but for an LSTM. */
mg_status_t mg_rnn_backward_f32(mg_rnn_t kind, size_t steps, size_t batch, size_t hidden, int reverse, const float *h0,
                                const float *c0, const float *w, const float *out, const float *gates,
                                const float *extra, const float *dout, float *dx, float *dp, float *dh0, float *dc0);
mg_status_t mg_rnn_backward_f64(mg_rnn_t kind, size_t steps, size_t batch, size_t hidden, int reverse, const double *h0,
                                const double *c0, const double *w, const double *out, const double *gates,
                                const double *extra, const double *dout, double *dx, double *dp, double *dh0,
                                double *dc0);

/* cdef: end */

#endif
