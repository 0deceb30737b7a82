/* Kernels of the losses of pairs: n predictions x against n targets t. The kinds and what
 * delta and scale mean stand in minigrad/nn_loss.h.
 *
 * value: returns the sum of the losses; each goes to loss unless it is NULL. gradient:
 * dx = g d loss / dx, dt = g d loss / dt, each unless NULL, g = factor dloss[i * stride],
 * stride 0 or 1. in_unit: whether every x is in [0, 1]; NaN is not. */
#ifndef MG_KERNELS_LOSS_H
#define MG_KERNELS_LOSS_H

#include <stdbool.h>
#include <stddef.h>

#include "minigrad/nn_loss.h"

typedef struct {
    double (*value)(mg_loss_t kind, size_t n, const float *x, const float *t, float delta, float scale, float *loss);
    void (*gradient)(mg_loss_t kind, size_t n, const float *x, const float *t, float delta, float scale,
                     const float *dloss, size_t stride, float factor, float *dx, float *dt);
    bool (*in_unit)(size_t n, const float *x);
} mg_loss_kernels_f32_t;

typedef struct {
    double (*value)(mg_loss_t kind, size_t n, const double *x, const double *t, double delta, double scale,
                    double *loss);
    void (*gradient)(mg_loss_t kind, size_t n, const double *x, const double *t, double delta, double scale,
                     const double *dloss, size_t stride, double factor, double *dx, double *dt);
    bool (*in_unit)(size_t n, const double *x);
} mg_loss_kernels_f64_t;

#endif
