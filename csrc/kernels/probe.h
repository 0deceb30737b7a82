/* Kernels that measure the machine, for the benchmarks' denominators. */
#ifndef MG_KERNELS_PROBE_H
#define MG_KERNELS_PROBE_H

#include <stddef.h>

/* See mg_fma_probe_f32 in minigrad/core.h. */
typedef struct {
    size_t (*fma_f32)(size_t iterations, float *sink);
    size_t (*fma_f64)(size_t iterations, double *sink);
} mg_probe_kernels_t;

#endif
