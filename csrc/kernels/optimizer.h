/* Kernels of the optimizers' steps; csrc/calculus/optimizer.c drives them. */
#ifndef MG_KERNELS_OPTIMIZER_H
#define MG_KERNELS_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>

/* What one tensor's step needs beside its arrays; a kernel reads only its own fields. */
typedef struct {
    double sign;          /* -1 to climb, else 1 */
    double decay;         /* weight decay that goes into the gradient */
    double shrink;        /* factor on the parameter before the step */
    double rate;          /* length of the step, with all that depends on its number */
    double rate_now;      /* nadam: length along the gradient itself */
    double beta1, fresh1; /* a moving average keeps beta1 of itself and takes fresh1 of what is new */
    double beta2, fresh2;
    double scale; /* factor on the root of the second moment */
    double eps;
    double low, high; /* rprop: limits of a step size */
    bool nesterov, amsgrad, nadam, unrectified;
} mg_update_t;

/* One step over n elements: p the parameter, g its gradient, s its arrays of state. */
typedef void (*mg_update_f32_t)(const mg_update_t *update, size_t n, const float *g, float *p, float *const *s);
typedef void (*mg_update_f64_t)(const mg_update_t *update, size_t n, const double *g, double *p, double *const *s);

typedef struct {
    mg_update_f32_t sgd, momentum, adam, amsgrad, adamax, rmsprop[4], adagrad, adadelta, asgd, rprop;
} mg_optimizer_kernels_f32_t;

typedef struct {
    mg_update_f64_t sgd, momentum, adam, amsgrad, adamax, rmsprop[4], adagrad, adadelta, asgd, rprop;
} mg_optimizer_kernels_f64_t;

#endif
