/* Philox4x32-10 on vectors of counters.
 *
 * Problem. A bijection of 128-bit counters for each 64-bit key whose outputs, for the
 * counters 0, 1, 2, ..., pass as independent random bits.
 *
 * A round takes the words (x0, x1, x2, x3) and the round key (k0, k1) to
 *
 *   (D1)  p0 = M0 x0,  p1 = M1 x2                       (64-bit products)
 *   (D2)  x0' = hi(p1) ^ x1 ^ k0,   x1' = lo(p1)
 *   (D3)  x2' = hi(p0) ^ x3 ^ k1,   x3' = lo(p0)
 *
 * and the key of round r is
 *
 *   (D4)  k0 + r W0,  k1 + r W1                         (modulo 2^32)
 *
 * for r = 0 ... 9. Multiplication by an odd constant is invertible, hence so is a round:
 * different counters give different outputs, and streams that share no counter share no
 * block. Reference: Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as
 * easy as 1, 2, 3, SC '11, section 3.3 and table 2.
 *
 * Differs from the reference in layout only. Each 32-bit word lives in the low half of a
 * 64-bit lane, because the instruction for (D1) reads low halves and writes 64-bit
 * products; lo() is then free, and whatever stands in the upper halves is ignored. */
#ifndef MG_KERNELS_PHILOX_H
#define MG_KERNELS_PHILOX_H

#include "kernels/random.h"
#include "kernels/vec.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef uint64_t vec_u64 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef int64_t vec_s64 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef uint32_t vec_u32 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef int32_t vec_s32 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef uint64_t vec_mem_u64 __attribute__((vector_size(MG_VECTOR_BYTES), aligned(4), may_alias));

enum { PHILOX_ROUNDS = 10, PHILOX_LANES = MG_VECTOR_BYTES / 8 };

#define PHILOX_M0 UINT64_C(0xD2511F53)
#define PHILOX_M1 UINT64_C(0xCD9E8D57)
#define PHILOX_W0 UINT32_C(0x9E3779B9)
#define PHILOX_W1 UINT32_C(0xBB67AE85)
#define LOW_HALF UINT64_C(0xFFFFFFFF)

MG_INLINE vec_u64 vec_set1_u64(uint64_t x)
{
    return x - (vec_u64){0};
}

/* Interleave the even-numbered (or the odd-numbered) 64-bit lanes of a and b: the only
 * shuffle that every level has within its 16-byte parts. philox_lanes numbers the lanes
 * so that the low result, then the high result, hold the counters in order. */
#if MG_VECTOR_BYTES == 64
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define INTERLEAVE_LOW_32(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define INTERLEAVE_HIGH_32(a, b)                                                                                       \
    __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
static const vec_u64 philox_lanes = {0, 4, 1, 5, 2, 6, 3, 7};
#elif MG_VECTOR_BYTES == 32
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#define INTERLEAVE_LOW_32(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define INTERLEAVE_HIGH_32(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
static const vec_u64 philox_lanes = {0, 2, 1, 3};
#else
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#define INTERLEAVE_LOW_32(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define INTERLEAVE_HIGH_32(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
static const vec_u64 philox_lanes = {0, 1};
#endif

/* 64-bit products of the low halves. */
MG_INLINE vec_u64 vec_mul_low_halves(vec_u64 a, vec_u64 b)
{
#if MG_VECTOR_BYTES == 64
    return (vec_u64)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif MG_VECTOR_BYTES == 32
    return (vec_u64)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (vec_u64)_mm_mul_epu32((__m128i)a, (__m128i)b);
#elif defined(__aarch64__)
    return (vec_u64)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
#else
    return (a & LOW_HALF) * (b & LOW_HALF);
#endif
}

/* The round keys, each as the word that a 64-bit lane is xored with. */
typedef struct {
    uint64_t k0[PHILOX_ROUNDS], k1[PHILOX_ROUNDS];
} philox_keys_t;

static philox_keys_t philox_keys(uint64_t seed)
{
    philox_keys_t keys;
    for (uint32_t r = 0; r < PHILOX_ROUNDS; r++) {
        keys.k0[r] = (uint32_t)seed + r * PHILOX_W0;         /* (D4) */
        keys.k1[r] = (uint32_t)(seed >> 32) + r * PHILOX_W1; /* (D4) */
    }
    return keys;
}

/* The four output words of PHILOX_LANES blocks; only the low halves count. */
typedef struct {
    vec_u64 x0, x1, x2, x3;
} philox_words_t;

MG_INLINE philox_words_t philox(const philox_keys_t *keys, uint64_t stream, uint64_t block)
{
    vec_u64 x0 = philox_lanes + block, x1 = x0 >> 32;
    vec_u64 x2 = vec_set1_u64(stream), x3 = x2 >> 32;
    vec_u64 m0 = vec_set1_u64(PHILOX_M0), m1 = vec_set1_u64(PHILOX_M1);
    for (int r = 0; r < PHILOX_ROUNDS; r++) {
        vec_u64 p0 = vec_mul_low_halves(x0, m0), p1 = vec_mul_low_halves(x2, m1); /* (D1) */
        x0 = (p1 >> 32) ^ x1 ^ keys->k0[r];                                       /* (D2) */
        x1 = p1;
        x2 = (p0 >> 32) ^ x3 ^ keys->k1[r]; /* (D3) */
        x3 = p0;
    }
    return (philox_words_t){x0, x1, x2, x3};
}

/* high << 32 | low, of the low halves. */
MG_INLINE vec_u64 vec_join_halves(vec_u64 high, vec_u64 low)
{
    return high << 32 | (low & LOW_HALF);
}

/* 2 * PHILOX_LANES consecutive 64-bit words, in two vectors. */
typedef struct {
    vec_u64 first, second;
} vec_pair_u64;

/* The words of PHILOX_LANES blocks in order, as 32-bit words or as 64-bit words of which
 * the earlier 32-bit word is the upper half. */
MG_INLINE vec_pair_u64 philox_u32(const philox_keys_t *keys, uint64_t stream, uint64_t block)
{
    philox_words_t w = philox(keys, stream, block);
    vec_u64 a = vec_join_halves(w.x1, w.x0), b = vec_join_halves(w.x3, w.x2);
    return (vec_pair_u64){INTERLEAVE_LOW(a, b), INTERLEAVE_HIGH(a, b)};
}

MG_INLINE vec_pair_u64 philox_u64(const philox_keys_t *keys, uint64_t stream, uint64_t block)
{
    philox_words_t w = philox(keys, stream, block);
    vec_u64 a = vec_join_halves(w.x0, w.x1), b = vec_join_halves(w.x2, w.x3);
    return (vec_pair_u64){INTERLEAVE_LOW(a, b), INTERLEAVE_HIGH(a, b)};
}

static void random_bits_u32(mg_blocks_t blocks, size_t groups, uint32_t *out)
{
    philox_keys_t keys = philox_keys(blocks.seed);
    for (size_t i = 0; i < groups * MG_RANDOM_GROUP; i += PHILOX_LANES) {
        vec_pair_u64 words = philox_u32(&keys, blocks.stream, blocks.first + i);
        *(vec_mem_u64 *)(out + 4 * i) = words.first;
        *(vec_mem_u64 *)(out + 4 * i + MG_VECTOR_BYTES / 4) = words.second;
    }
}

static void random_bits_u64(mg_blocks_t blocks, size_t groups, uint64_t *out)
{
    philox_keys_t keys = philox_keys(blocks.seed);
    for (size_t i = 0; i < groups * MG_RANDOM_GROUP; i += PHILOX_LANES) {
        vec_pair_u64 words = philox_u64(&keys, blocks.stream, blocks.first + i);
        *(vec_mem_u64 *)(out + 2 * i) = words.first;
        *(vec_mem_u64 *)(out + 2 * i + MG_VECTOR_BYTES / 8) = words.second;
    }
}

#endif
