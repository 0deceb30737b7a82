/* Kernels on one or two vectors: the inner loops of the factorisations. */
#ifndef MG_KERNELS_LEVEL1_H
#define MG_KERNELS_LEVEL1_H

#include <stddef.h>

/* A row of a rotation panel: four of the widest vectors, so that the chain of
 * rotations through one of them hides behind the other three. */
#define MG_ROTATE_BYTES 256
#define MG_ROTATE_WIDTH_F32 (MG_ROTATE_BYTES / 4)
#define MG_ROTATE_WIDTH_F64 (MG_ROTATE_BYTES / 8)

/* dot: the sum of x[i] y[i], in lanes of 128 bytes folded in one fixed order, so that
 * it has the same bits on every level. axpy: y += alpha x. dot_axpy: both in one pass
 * over a: y += alpha a, returning the dot product of a and x.
 *
 * rotate: count plane rotations on neighbouring rows of a panel whose rows hold
 * MG_ROTATE_BYTES bytes each, the i-th on rows last - i - 1 and last - i:
 *     row[last - i]     = s y + c x      x = row[last - i], y = row[last - i - 1]
 *     row[last - i - 1] = c y - s x      c = cs[2 i], s = cs[2 i + 1] */
typedef struct {
    float (*dot)(size_t n, const float *x, const float *y);
    void (*axpy)(size_t n, float alpha, const float *x, float *y);
    float (*dot_axpy)(size_t n, float alpha, const float *a, const float *x, float *y);
    void (*rotate)(size_t count, const float *cs, size_t last, float *panel);
} mg_level1_kernels_f32_t;

typedef struct {
    double (*dot)(size_t n, const double *x, const double *y);
    void (*axpy)(size_t n, double alpha, const double *x, double *y);
    double (*dot_axpy)(size_t n, double alpha, const double *a, const double *x, double *y);
    void (*rotate)(size_t count, const double *cs, size_t last, double *panel);
} mg_level1_kernels_f64_t;

#endif
