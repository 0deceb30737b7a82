/* Kernels of max pooling over 2 x 2; csrc/nn/pool.inc drives them. */
#ifndef MG_KERNELS_POOL_H
#define MG_KERNELS_POOL_H

#include <stddef.h>
#include <stdint.h>

/* take: rows x count outputs y and taps of one plane x, whose rows are width elements apart.
 * give: the gradients by those 2 rows x 2 count inputs. See mg_max_pool2_forward. */
typedef struct {
    void (*take)(size_t rows, size_t count, size_t width, const float *x, float *y, uint8_t *tap);
    void (*give)(size_t rows, size_t count, size_t width, const float *dy, const uint8_t *tap, float *dx);
} mg_pool_kernels_f32_t;

typedef struct {
    void (*take)(size_t rows, size_t count, size_t width, const double *x, double *y, uint8_t *tap);
    void (*give)(size_t rows, size_t count, size_t width, const double *dy, const uint8_t *tap, double *dx);
} mg_pool_kernels_f64_t;

#endif
