/* nn, arithmetic of large arrays: operations with broadcasting, choices, copies and sums.
 *
 * Alphabet: x, y operands, z result. All are seen as shape[0] x shape[1] x shape[2] elements,
 * z without gaps; an operand's steps say how far apart its elements lie along each extent. A
 * step of 0 repeats what lies there. */
#ifndef MINIGRAD_NN_ARITHMETIC_H
#define MINIGRAD_NN_ARITHMETIC_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

typedef enum {
    MG_BINARY_ADD,
    MG_BINARY_SUB,
    MG_BINARY_MUL,
    MG_BINARY_DIV,
    MG_BINARY_MAXIMUM, /* NaN if either is */
    MG_BINARY_MINIMUM, /* NaN if either is */
    MG_BINARY_COUNT    /* not an operation: how many there are */
} mg_binary_t;

/* z = x op y for each element, rounded once, as IEEE 754 says. The last step is 0 or 1. z may be
 * an operand that lies like z, and overlaps neither otherwise. MG_ERR_ARGUMENT for an unknown op
 * or another last step; MG_ERR_OVERFLOW if the elements exceed the address space. */
mg_status_t mg_binary_f32(mg_binary_t op, const size_t *shape, const float *x, const size_t *x_steps, const float *y,
                          const size_t *y_steps, float *z);
mg_status_t mg_binary_f64(mg_binary_t op, const size_t *shape, const double *x, const size_t *x_steps, const double *y,
                          const size_t *y_steps, double *z);

/* z = x where mask is not 0 and y elsewhere, with what mg_binary says of steps, memory and status. */
mg_status_t mg_where_f32(const size_t *shape, const uint8_t *mask, const size_t *mask_steps, const float *x,
                         const size_t *x_steps, const float *y, const size_t *y_steps, float *z);
mg_status_t mg_where_f64(const size_t *shape, const uint8_t *mask, const size_t *mask_steps, const double *x,
                         const size_t *x_steps, const double *y, const size_t *y_steps, double *z);

/* z = x, apart from z, for any steps: a transpose has a last step above 1. Status as mg_binary. */
mg_status_t mg_copy_f32(const size_t *shape, const float *x, const size_t *x_steps, float *z);
mg_status_t mg_copy_f64(const size_t *shape, const double *x, const size_t *x_steps, double *z);

/* z[o, i] = the sum over k < n of x[o, k, i]: outer x n x inner elements become outer x inner.
 * Up to 8 elements are added in working precision, such sums in double, in an order that depends
 * on the shape alone. MG_ERR_MEMORY, MG_ERR_OVERFLOW. */
mg_status_t mg_sum_f32(size_t outer, size_t n, size_t inner, const float *x, float *z);
mg_status_t mg_sum_f64(size_t outer, size_t n, size_t inner, const double *x, double *z);

/* cdef: end */

#endif
