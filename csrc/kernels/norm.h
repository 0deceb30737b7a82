/* Kernels of the normalisations, on one row (n adjacent values) or on count adjacent
 * columns of n values each, whose elements lie `stride` apart. n >= 1; an output may be
 * an input of the same elements.
 *
 * moments: the mean m of a row and the sum of (x - m)^2. normalize: y = (x - mean) scale
 * + bias. dots: sum dy and sum dy (x - mean). combine: dx = a dy - c0 - c1 (x - mean).
 * The columns_ kernels do the same with one mean, scale ... for each column.
 *
 * stream: write past the caches, for outputs that they could not hold; the output and its
 * rows are then aligned to 64 bytes, and stream_end follows before another thread reads.
 *
 * row_normalize: y = ((x - mean) scale) weight + bias with a weight and a bias for each
 * element (NULL: 1 and 0). row_backward: from dy, with h = (x - mean) scale and g = dy weight,
 *     dx = scale (g - sum(g) / n - h sum(g h) / n)    centred; without sum(g) otherwise
 *     dweight += dy h    dbias += dy                  each unless NULL, as dx may be */
#ifndef MG_KERNELS_NORM_H
#define MG_KERNELS_NORM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    void (*stream_end)(void);
    void (*moments)(size_t n, const float *x, double *mean, double *square);
    void (*normalize)(size_t n, const float *x, float mean, float scale, float bias, float *y, bool stream);
    void (*dots)(size_t n, const float *x, float mean, const float *dy, double *sum, double *dot);
    void (*combine)(size_t n, const float *x, float mean, const float *dy, float a, float c0, float c1, float *dx,
                    bool stream);
    void (*row_normalize)(size_t n, const float *x, float mean, float scale, const float *weight, const float *bias,
                          float *y, bool stream);
    void (*row_backward)(size_t n, const float *x, float mean, float scale, bool centred, const float *weight,
                         const float *dy, float *dx, float *dweight, float *dbias, bool stream);
    void (*columns_moments)(size_t n, size_t stride, size_t count, const float *x, float *mean, float *square);
    void (*columns_normalize)(size_t n, size_t stride, size_t count, const float *x, const float *mean,
                              const float *scale, const float *bias, float *y);
    void (*columns_dots)(size_t n, size_t stride, size_t count, const float *x, const float *mean, const float *dy,
                         float *sum, float *dot);
    void (*columns_combine)(size_t n, size_t stride, size_t count, const float *x, const float *mean, const float *dy,
                            const float *a, const float *c0, const float *c1, float *dx);
} mg_norm_kernels_f32_t;

typedef struct {
    void (*stream_end)(void);
    void (*moments)(size_t n, const double *x, double *mean, double *square);
    void (*normalize)(size_t n, const double *x, double mean, double scale, double bias, double *y, bool stream);
    void (*dots)(size_t n, const double *x, double mean, const double *dy, double *sum, double *dot);
    void (*combine)(size_t n, const double *x, double mean, const double *dy, double a, double c0, double c1,
                    double *dx, bool stream);
    void (*row_normalize)(size_t n, const double *x, double mean, double scale, const double *weight,
                          const double *bias, double *y, bool stream);
    void (*row_backward)(size_t n, const double *x, double mean, double scale, bool centred, const double *weight,
                         const double *dy, double *dx, double *dweight, double *dbias, bool stream);
    void (*columns_moments)(size_t n, size_t stride, size_t count, const double *x, double *mean, double *square);
    void (*columns_normalize)(size_t n, size_t stride, size_t count, const double *x, const double *mean,
                              const double *scale, const double *bias, double *y);
    void (*columns_dots)(size_t n, size_t stride, size_t count, const double *x, const double *mean, const double *dy,
                         double *sum, double *dot);
    void (*columns_combine)(size_t n, size_t stride, size_t count, const double *x, const double *mean,
                            const double *dy, const double *a, const double *c0, const double *c1, double *dx);
} mg_norm_kernels_f64_t;

#endif
