/* nn, losses: a value for each pair of a prediction x and a target t, and their sum.
 *
 * Alphabet: n pairs. All arrays hold n values unless said otherwise. */
#ifndef MINIGRAD_NN_LOSS_H
#define MINIGRAD_NN_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

typedef enum {
    MG_LOSS_SQUARE = 0,   /* (x - t)^2 */
    MG_LOSS_ABSOLUTE = 1, /* |x - t| */
    MG_LOSS_HUBER = 2,    /* scale (x - t)^2 / 2 within delta of t, scale delta (|x - t| - delta / 2) beyond */
    MG_LOSS_BCE = 3,      /* -t log x - (1 - t) log(1 - x), logarithms not below -100; x in [0, 1] */
    MG_LOSS_LOGIT = 4,    /* the same of sigmoid(x) for any x */
    MG_LOSS_KL = 5,       /* t log t - t x, 0 log 0 = 0 */
    MG_LOSS_KL_LOG = 6    /* e^t (t - x) */
} mg_loss_t;

/* loss[i] = the loss of x[i] and t[i], unless loss is NULL; *total = their sum, in an order
 * that does not depend on the number of threads. delta and scale matter to
 * MG_LOSS_HUBER alone. MG_ERR_ARGUMENT for an unknown kind, or (MG_LOSS_BCE) an x that is
 * not in [0, 1]; MG_ERR_OVERFLOW, MG_ERR_MEMORY. loss may be x or t. */
mg_status_t mg_loss_f32(mg_loss_t kind, size_t n, const float *x, const float *t, double delta, double scale,
                        float *loss, double *total);
mg_status_t mg_loss_f64(mg_loss_t kind, size_t n, const double *x, const double *t, double delta, double scale,
                        double *loss, double *total);

/* dx[i] = g dloss[i] / dx[i] and dt[i] = g dloss[i] / dt[i], each unless NULL, with
 * g = factor * dloss[i * dloss_stride]; a stride of 0 uses one value for all.
 * MG_ERR_ARGUMENT for an unknown kind, MG_ERR_OVERFLOW. */
mg_status_t mg_loss_backward_f32(mg_loss_t kind, size_t n, const float *x, const float *t, double delta, double scale,
                                 const float *dloss, size_t dloss_stride, double factor, float *dx, float *dt);
mg_status_t mg_loss_backward_f64(mg_loss_t kind, size_t n, const double *x, const double *t, double delta, double scale,
                                 const double *dloss, size_t dloss_stride, double factor, double *dx, double *dt);

/* loss[i, j] = -w[t] x[i, t, j] for t = target[i, j], where x is outer x classes x inner
 * and loss and target are outer x inner; 0 where t is ignore_index. weight: classes values,
 * or NULL for 1. totals[0] = sum of the losses, totals[1] = sum of the w[t] that counted.
 * MG_ERR_ARGUMENT, with *bad the position of a target that is neither in [0, classes) nor
 * ignore_index, and nothing else touched; MG_ERR_OVERFLOW. */
mg_status_t mg_nll_f32(size_t outer, size_t classes, size_t inner, const float *x, const int64_t *target,
                       const float *weight, int64_t ignore_index, float *loss, double *totals, size_t *bad);
mg_status_t mg_nll_f64(size_t outer, size_t classes, size_t inner, const double *x, const int64_t *target,
                       const double *weight, int64_t ignore_index, double *loss, double *totals, size_t *bad);

/* Its gradient: dx[i, t, j] = -factor dloss[(i, j) * dloss_stride] w[t], zero elsewhere.
 * Targets must be those that the forward pass accepted. */
mg_status_t mg_nll_backward_f32(size_t outer, size_t classes, size_t inner, const int64_t *target, const float *weight,
                                int64_t ignore_index, const float *dloss, size_t dloss_stride, double factor,
                                float *dx);
mg_status_t mg_nll_backward_f64(size_t outer, size_t classes, size_t inner, const int64_t *target, const double *weight,
                                int64_t ignore_index, const double *dloss, size_t dloss_stride, double factor,
                                double *dx);

/* cdef: end */

#endif
