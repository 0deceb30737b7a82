/* Kernels of the random streams; csrc/random/ drives them. */
#ifndef MG_KERNELS_RANDOM_H
#define MG_KERNELS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Kernels make whole groups of this many consecutive Philox blocks of four 32-bit words:
 * what the widest level makes at once. */
#define MG_RANDOM_GROUP 32

/* Where the blocks lie: number first, first + 1, ... of a stream. `first` is a multiple of
 * the group, and all of a call's blocks have the same upper 32 bits in their numbers, which
 * saves the kernels a part of two rounds. */
typedef struct {
    uint64_t seed, stream, first;
} mg_blocks_t;

/* The outputs hold groups * MG_RANDOM_GROUP blocks: 4 words or float32 each, or
 * 2 64-bit words or float64.
 * All levels write the same bits. */
typedef struct {
    void (*bits_u32)(mg_blocks_t blocks, size_t groups, uint32_t *out);
    /* word 0 << 32 | word 1, word 2 << 32 | word 3 of each block */
    void (*bits_u64)(mg_blocks_t blocks, size_t groups, uint64_t *out);
    /* min(low + range u, last), u uniform in [0, 1); last >= range (1 - u's step) where low is 0 */
    void (*uniform_f32)(mg_blocks_t blocks, size_t groups, float low, float range, float last, float *out);
    void (*uniform_f64)(mg_blocks_t blocks, size_t groups, double low, double range, double last, double *out);
    /* loc + scale z, z standard normal */
    void (*normal_f32)(mg_blocks_t blocks, size_t groups, float loc, float scale, float *out);
    void (*normal_f64)(mg_blocks_t blocks, size_t groups, double loc, double scale, double *out);
} mg_random_kernels_t;

#endif
