/* Kernels of the plane's maps on rows of points (x, y), adjacent in memory; csrc/linalg/transform.inc
 * drives them. */
#ifndef MG_KERNELS_TRANSFORM_H
#define MG_KERNELS_TRANSFORM_H

#include <stddef.h>

/* m: a 3 x 3 matrix, row after row. affine does not read its last row; project divides by what
 * that row gives. out is points, or does not overlap it. */
typedef struct {
    void (*affine)(size_t n, const float *m, const float *points, float *out);
    void (*project)(size_t n, const float *m, const float *points, float *out);
} mg_transform_kernels_f32_t;

typedef struct {
    void (*affine)(size_t n, const double *m, const double *points, double *out);
    void (*project)(size_t n, const double *m, const double *points, double *out);
} mg_transform_kernels_f64_t;

#endif
