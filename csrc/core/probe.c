#include "core/dispatch.h"
#include "minigrad/core.h"

size_t mg_fma_probe_f32(size_t iterations, float *sink)
{
    return mg_kernels()->probe.fma_f32(iterations, sink);
}

size_t mg_fma_probe_f64(size_t iterations, double *sink)
{
    return mg_kernels()->probe.fma_f64(iterations, sink);
}
