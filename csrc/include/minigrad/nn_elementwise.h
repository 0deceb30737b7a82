/* nn, elementwise functions: y[i] = f(x[i]) and their gradients.
 *
 * Alphabet: n elements; x input, y output; d before a name means the gradient of the
 * loss with respect to it; a, b, c parameters of f. */
#ifndef MINIGRAD_NN_ELEMENTWISE_H
#define MINIGRAD_NN_ELEMENTWISE_H

#include <stddef.h>

#include "minigrad/core.h"

/* cdef: begin */

/* Behind each name: the function, and after "<" a bound of the error in units of the last place
 * of the exact result, for float32 and float64, where that and its factors are normal numbers.
 * sigma is the logistic function, Phi the normal distribution's. */
typedef enum {
    MG_UNARY_ABS,
    MG_UNARY_NEG,
    MG_UNARY_SQUARE,
    MG_UNARY_RECIPROCAL,  /* 1 / x */
    MG_UNARY_SQRT,        /* correctly rounded */
    MG_UNARY_RSQRT,       /* 1 / sqrt(x); < 2, 2 */
    MG_UNARY_EXP,         /* < 1.1, 1.1 */
    MG_UNARY_EXP2,        /* < 1.2, 1.2 */
    MG_UNARY_EXPM1,       /* exp(x) - 1; < 2, 3 */
    MG_UNARY_LOG,         /* < 1, 1 */
    MG_UNARY_LOG2,        /* < 0.51, 1.5 */
    MG_UNARY_LOG10,       /* < 0.51, 1.5 */
    MG_UNARY_LOG1P,       /* ln(1 + x); < 1, 1.1 */
    MG_UNARY_SIN,         /* |x| < 2^20, beyond as good as the C library's; < 1.6, 1 */
    MG_UNARY_COS,         /* as sin; < 1.6, 1 */
    MG_UNARY_TAN,         /* as sin; < 0.51, 3 */
    MG_UNARY_ASIN,        /* < 0.51, 1.1 */
    MG_UNARY_ACOS,        /* < 0.51, 1.1 */
    MG_UNARY_ATAN,        /* < 0.51, 2 */
    MG_UNARY_SINH,        /* < 0.51, 3 */
    MG_UNARY_COSH,        /* < 0.51, 2 */
    MG_UNARY_TANH,        /* < 3, 3 */
    MG_UNARY_ASINH,       /* < 0.51, 2.5 */
    MG_UNARY_ACOSH,       /* < 0.51, 2.5 */
    MG_UNARY_ATANH,       /* < 0.51, 2.5 */
    MG_UNARY_ERF,         /* < 4, 4 */
    MG_UNARY_ERFC,        /* 1 - erf(x); < 6, 6 */
    MG_UNARY_SIGMOID,     /* 1 / (1 + exp(-x)); < 3, 3 */
    MG_UNARY_LOGIT,       /* ln(x / (1 - x)) */
    MG_UNARY_RELU,        /* x < 0 ? 0 : x */
    MG_UNARY_LEAKY_RELU,  /* x > 0 ? x : a x */
    MG_UNARY_ELU,         /* x > 0 ? b x : a (exp(c x) - 1) */
    MG_UNARY_GELU,        /* x Phi(x); < 8, 10 */
    MG_UNARY_GELU_TANH,   /* x sigma(sqrt(8/pi) (x + 0.044715 x^3)), the tanh form */
    MG_UNARY_SILU,        /* x sigma(x); < 4, 4 */
    MG_UNARY_MISH,        /* x tanh(ln(1 + exp(x))); < 5, 5 */
    MG_UNARY_SOFTPLUS,    /* a x > b ? x : ln(1 + exp(a x)) / a */
    MG_UNARY_LOGSIGMOID,  /* ln sigma(x); < 2, 2 */
    MG_UNARY_HARDTANH,    /* x below a: a, above b: b, else x */
    MG_UNARY_HARDSIGMOID, /* (x + 3)/6 between 0 and 1 */
    MG_UNARY_HARDSWISH,   /* x times that */
    MG_UNARY_SOFTSIGN,    /* x / (1 + |x|) */
    MG_UNARY_TANHSHRINK,  /* x - tanh(x) */
    MG_UNARY_SOFTSHRINK,  /* x towards 0 by a, at most to it */
    MG_UNARY_HARDSHRINK,  /* |x| <= a ? 0 : x */
    MG_UNARY_THRESHOLD,   /* x > a ? x : b */
    MG_UNARY_COUNT        /* not a function: how many there are */
} mg_unary_t;

/* y[i] = f(x[i]) for i < n; y may be x. NaN in, NaN out. MG_ERR_ARGUMENT for an unknown op. */
mg_status_t mg_unary_f32(mg_unary_t op, size_t n, const float *x, double a, double b, double c, float *y);
mg_status_t mg_unary_f64(mg_unary_t op, size_t n, const double *x, double a, double b, double c, double *y);

/* dx[i] = dy[i] f'(.) where s holds f's outputs for EXP, SQRT, TANH, SIGMOID and its inputs for all
 * others (RELU: either). dx may be s or dy. At a kink the derivative is 0 for RELU and HARDTANH, and
 * otherwise PyTorch's. Defined from MG_UNARY_RELU on, and for EXP, LOG, SQRT, TANH, SIGMOID, ERF,
 * SIN, COS, RECIPROCAL, SQUARE, ABS; MG_ERR_ARGUMENT for others. */
mg_status_t mg_unary_backward_f32(mg_unary_t op, size_t n, const float *s, const float *dy, double a, double b,
                                  double c, float *dx);
mg_status_t mg_unary_backward_f64(mg_unary_t op, size_t n, const double *s, const double *dy, double a, double b,
                                  double c, double *dx);

/* cdef: end */

#endif
