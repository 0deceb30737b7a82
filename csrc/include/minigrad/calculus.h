/* calculus: the steps of gradient-based minimisers.
 *
 * Alphabet: t counts tensors, n the elements of one; p a parameter, g its gradient, s an
 * array of state with p's shape; lr the learning rate. */
#ifndef MINIGRAD_CALCULUS_H
#define MINIGRAD_CALCULUS_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

/* The tensors of one step, each a compact array. Tensor t has sizes[t] elements at
 * params[t], its gradient at grads[t], its k-th array of state at state[t * S + k] and its
 * k-th cell at cells[t * C + k]. S and C are the optimizer's: each function below names its
 * arrays and cells in order. Cell 0 is always the number of steps done so far, which
 * the step raises by one. Arrays and cells of different tensors must not overlap. */
typedef struct {
    size_t n_tensors;
    const size_t *sizes;
    float *const *params;
    const float *const *grads;
    float *const *state;
    float *const *cells;
} mg_tensors_f32_t;

typedef struct {
    size_t n_tensors;
    const size_t *sizes;
    double *const *params;
    const double *const *grads;
    double *const *state;
    float *const *cells;
} mg_tensors_f64_t;

/* Options, to be added up. */
typedef enum {
    MG_STEP_PLAIN = 0,
    MG_STEP_MAXIMIZE = 1,  /* climb: the gradient's sign is turned */
    MG_STEP_DECOUPLED = 2, /* weight decay shrinks the parameter and stays out of the gradient */
    MG_STEP_NESTEROV = 4,
    MG_STEP_AMSGRAD = 8,
    MG_STEP_CENTERED = 16
} mg_step_options_t;

/* One step of every tensor, in one pass over its memory. The formulas stand in
 * kernels/optimizer.inc and calculus/optimizer.c. Weight decay adds weight_decay * p to
 * the gradient unless MG_STEP_DECOUPLED multiplies p by 1 - lr * weight_decay.
 * MG_ERR_MEMORY, MG_ERR_OVERFLOW: nothing was changed. A result does not depend on the
 * instruction-set level.
 *
 * sgd: state momentum_buffer if momentum != 0 (its content is ignored at step 0), else
 *      none; cells step. Options MAXIMIZE, NESTEROV. */
mg_status_t mg_sgd_step_f32(const mg_tensors_f32_t *tensors, double lr, double momentum, double dampening,
                            double weight_decay, unsigned options);
mg_status_t mg_sgd_step_f64(const mg_tensors_f64_t *tensors, double lr, double momentum, double dampening,
                            double weight_decay, unsigned options);

/* adam: state exp_avg, exp_avg_sq and, with AMSGRAD, max_exp_avg_sq; cells step. Options
 *       MAXIMIZE, DECOUPLED, AMSGRAD. */
mg_status_t mg_adam_step_f32(const mg_tensors_f32_t *tensors, double lr, double beta1, double beta2, double eps,
                             double weight_decay, unsigned options);
mg_status_t mg_adam_step_f64(const mg_tensors_f64_t *tensors, double lr, double beta1, double beta2, double eps,
                             double weight_decay, unsigned options);

/* nadam: state exp_avg, exp_avg_sq; cells step, mu_product (1 before the first step).
 *        Options MAXIMIZE, DECOUPLED. */
mg_status_t mg_nadam_step_f32(const mg_tensors_f32_t *tensors, double lr, double beta1, double beta2, double eps,
                              double weight_decay, double momentum_decay, unsigned options);
mg_status_t mg_nadam_step_f64(const mg_tensors_f64_t *tensors, double lr, double beta1, double beta2, double eps,
                              double weight_decay, double momentum_decay, unsigned options);

/* radam: state exp_avg, exp_avg_sq; cells step. Options MAXIMIZE, DECOUPLED. */
mg_status_t mg_radam_step_f32(const mg_tensors_f32_t *tensors, double lr, double beta1, double beta2, double eps,
                              double weight_decay, unsigned options);
mg_status_t mg_radam_step_f64(const mg_tensors_f64_t *tensors, double lr, double beta1, double beta2, double eps,
                              double weight_decay, unsigned options);

/* adamax: state exp_avg, exp_inf; cells step. Option MAXIMIZE. */
mg_status_t mg_adamax_step_f32(const mg_tensors_f32_t *tensors, double lr, double beta1, double beta2, double eps,
                               double weight_decay, unsigned options);
mg_status_t mg_adamax_step_f64(const mg_tensors_f64_t *tensors, double lr, double beta1, double beta2, double eps,
                               double weight_decay, unsigned options);

/* rmsprop: state square_avg, then momentum_buffer if momentum != 0, then grad_avg with
 *          CENTERED; cells step. Options MAXIMIZE, CENTERED. */
mg_status_t mg_rmsprop_step_f32(const mg_tensors_f32_t *tensors, double lr, double alpha, double eps,
                                double weight_decay, double momentum, unsigned options);
mg_status_t mg_rmsprop_step_f64(const mg_tensors_f64_t *tensors, double lr, double alpha, double eps,
                                double weight_decay, double momentum, unsigned options);

/* adagrad: state sum; cells step. Option MAXIMIZE. */
mg_status_t mg_adagrad_step_f32(const mg_tensors_f32_t *tensors, double lr, double lr_decay, double eps,
                                double weight_decay, unsigned options);
mg_status_t mg_adagrad_step_f64(const mg_tensors_f64_t *tensors, double lr, double lr_decay, double eps,
                                double weight_decay, unsigned options);

/* adadelta: state square_avg, acc_delta; cells step. Option MAXIMIZE. */
mg_status_t mg_adadelta_step_f32(const mg_tensors_f32_t *tensors, double lr, double rho, double eps,
                                 double weight_decay, unsigned options);
mg_status_t mg_adadelta_step_f64(const mg_tensors_f64_t *tensors, double lr, double rho, double eps,
                                 double weight_decay, unsigned options);

/* asgd: state ax; cells step, eta (lr before the first step), mu (1 before it). Option
 *       MAXIMIZE. */
mg_status_t mg_asgd_step_f32(const mg_tensors_f32_t *tensors, double lr, double lambd, double alpha, double t0,
                             double weight_decay, unsigned options);
mg_status_t mg_asgd_step_f64(const mg_tensors_f64_t *tensors, double lr, double lambd, double alpha, double t0,
                             double weight_decay, unsigned options);

/* rprop: state prev, step_size (lr before the first step); cells step. Option MAXIMIZE. */
mg_status_t mg_rprop_step_f32(const mg_tensors_f32_t *tensors, double eta_minus, double eta_plus, double step_min,
                              double step_max, unsigned options);
mg_status_t mg_rprop_step_f64(const mg_tensors_f64_t *tensors, double eta_minus, double eta_plus, double step_min,
                              double step_max, unsigned options);

/* muon: one step of a rows x cols parameter. buffer is its moving average of gradients;
 * p and g its value and gradient. Options NESTEROV. a, b, c and iterations are the
 * Newton-Schulz polynomial's; shrink multiplies p before the step of length rate.
 * MG_ERR_MEMORY, MG_ERR_OVERFLOW: nothing was changed. */
mg_status_t mg_muon_step_f32(size_t rows, size_t cols, const float *g, double rate, double shrink, double momentum,
                             double a, double b, double c, double eps, size_t iterations, unsigned options,
                             float *buffer, float *p);
mg_status_t mg_muon_step_f64(size_t rows, size_t cols, const double *g, double rate, double shrink, double momentum,
                             double a, double b, double c, double eps, size_t iterations, unsigned options,
                             double *buffer, double *p);

/* The direction -H g of limited-memory BFGS. steps and changes hold `count` pairs, oldest
 * first: pair i is the step s_i of n elements at steps[i] and the gradient's change y_i at
 * changes[i]; rho[i] = 1 / (y_i's_i). H starts from gamma times the identity. direction has
 * n elements and may be g. MG_ERR_MEMORY, MG_ERR_OVERFLOW. */
mg_status_t mg_lbfgs_direction_f32(size_t n, size_t count, const float *const *steps, const float *const *changes,
                                   const double *rho, double gamma, const float *g, float *direction);
mg_status_t mg_lbfgs_direction_f64(size_t n, size_t count, const double *const *steps, const double *const *changes,
                                   const double *rho, double gamma, const double *g, double *direction);

/* y = x + alpha d and the sums x'y, with one fixed order of additions. */
double mg_inner_product_f32(size_t n, const float *x, const float *y);
double mg_inner_product_f64(size_t n, const double *x, const double *y);
void mg_move_f32(size_t n, double alpha, const float *d, float *x);
void mg_move_f64(size_t n, double alpha, const double *d, double *x);

/* The norm of all elements of all arrays taken together: order 1, 2, infinity or any other
 * number p != 0, (sum |x|^p)^(1/p); -infinity gives the smallest magnitude, 0 the number
 * of elements that are not 0. NaN comes through. No elements: 0. MG_ERR_MEMORY,
 * MG_ERR_OVERFLOW. */
mg_status_t mg_arrays_norm_f32(size_t n_arrays, const size_t *sizes, const float *const *arrays, double order,
                               double *norm);
mg_status_t mg_arrays_norm_f64(size_t n_arrays, const size_t *sizes, const double *const *arrays, double order,
                               double *norm);

/* Multiply every element of every array by factor; bring every element into [low, high]
 * (NaN stays NaN). */
void mg_arrays_scale_f32(size_t n_arrays, const size_t *sizes, float *const *arrays, double factor);
void mg_arrays_scale_f64(size_t n_arrays, const size_t *sizes, double *const *arrays, double factor);
void mg_arrays_clamp_f32(size_t n_arrays, const size_t *sizes, float *const *arrays, double low, double high);
void mg_arrays_clamp_f64(size_t n_arrays, const size_t *sizes, double *const *arrays, double low, double high);

/* cdef: end */

#endif
