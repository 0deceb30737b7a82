/* Kernels of the matrix product; csrc/linalg/gemm.inc drives them. */
#ifndef MG_KERNELS_GEMM_H
#define MG_KERNELS_GEMM_H

#include <stddef.h>

typedef struct {
    size_t mr, nr; /* the tile: mr rows x nr columns of C */
} mg_gemm_kernels_f32_t;

typedef struct {
    size_t mr, nr;
} mg_gemm_kernels_f64_t;

#endif
