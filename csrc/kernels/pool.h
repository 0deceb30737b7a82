/* Kernels of max pooling over 2 x 2; csrc/nn/pool.inc drives them. */
#ifndef MG_KERNELS_POOL_H
#define MG_KERNELS_POOL_H

#include <stddef.h>
#include <stdint.h>

/* take: count outputs y and taps from two rows of 2 count inputs. give: the gradients by two rows
 * of 2 count inputs from those by count outputs. See mg_max_pool2_forward. */
typedef struct {
    void (*take)(size_t count, const float *upper, const float *lower, float *y, uint8_t *tap);
    void (*give)(size_t count, const float *dy, const uint8_t *tap, float *upper, float *lower);
} mg_pool_kernels_f32_t;

typedef struct {
    void (*take)(size_t count, const double *upper, const double *lower, double *y, uint8_t *tap);
    void (*give)(size_t count, const double *dy, const uint8_t *tap, double *upper, double *lower);
} mg_pool_kernels_f64_t;

#endif
