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

#include <stdbool.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef uint64_t vec_u64 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef int64_t vec_s64 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef uint32_t vec_u32 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef int32_t vec_s32 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef uint64_t vec_mem_u64 __attribute__((vector_size(MG_VECTOR_BYTES), aligned(4), may_alias));

enum { PHILOX_ROUNDS = 10, PHILOX_WAYS = 4, PHILOX_LANES = MG_VECTOR_BYTES / 8 };

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

/* The upper halves, in the lower halves. A shuffle and not a shift: where 64-byte shifts
 * share their port with the multiplications, shuffles do not. */
MG_INLINE vec_u64 vec_high_halves(vec_u64 a)
{
#if MG_VECTOR_BYTES == 64
    return (vec_u64)__builtin_shufflevector((vec_u32)a, (vec_u32)a, 1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13, 13, 15,
                                            15);
#elif MG_VECTOR_BYTES == 32
    return (vec_u64)__builtin_shufflevector((vec_u32)a, (vec_u32)a, 1, 1, 3, 3, 5, 5, 7, 7);
#else
    return (vec_u64)__builtin_shufflevector((vec_u32)a, (vec_u32)a, 1, 1, 3, 3);
#endif
}

MG_INLINE vec_u64 vec_swap_halves(vec_u64 a)
{
    return a >> 32 | a << 32;
}

/* What all blocks of a call have in common. Only word x0 of the counter differs between
 * them (kernels/random.h), so half of the first two rounds is done once, here. */
typedef struct {
    uint64_t k0[PHILOX_ROUNDS], k1[PHILOX_ROUNDS]; /* round keys */
    uint64_t x2_after_0;                           /* what x2 is xored with in round 0 */
    uint64_t x0_after_1, x2_after_1;               /* the same in round 1 */
    uint64_t x3_after_1;                           /* x3 itself after round 1 */
} philox_call_t;

static philox_call_t philox_call(mg_blocks_t blocks)
{
    philox_call_t call;
    for (uint32_t r = 0; r < PHILOX_ROUNDS; r++) {
        call.k0[r] = (uint32_t)blocks.seed + r * PHILOX_W0;         /* (D4) */
        call.k1[r] = (uint32_t)(blocks.seed >> 32) + r * PHILOX_W1; /* (D4) */
    }
    uint64_t p1 = PHILOX_M1 * (blocks.stream & LOW_HALF);         /* (D1) */
    uint64_t x0 = (p1 >> 32) ^ (blocks.first >> 32) ^ call.k0[0]; /* (D2) */
    uint64_t p0 = PHILOX_M0 * x0;                                 /* (D1) */
    call.x2_after_0 = (blocks.stream >> 32) ^ call.k1[0];         /* (D3) */
    call.x0_after_1 = p1 ^ call.k0[1];                            /* (D2) */
    call.x2_after_1 = (p0 >> 32) ^ call.k1[1];                    /* (D3) */
    call.x3_after_1 = p0;                                         /* (D3) */
    return call;
}

/* Each multiplication waits for the one before it, five cycles, while two could start in
 * every cycle. So PHILOX_WAYS vectors of blocks go through the rounds side by side, here
 * and in the samplers: EACH_WAY stands before a step that all of them take. */
#define EACH_WAY for (size_t way = 0; way < PHILOX_WAYS; way++)

/* The output words of PHILOX_WAYS * PHILOX_LANES blocks, joined in pairs: word 0 over word
 * 1, word 2 over word 3. */
typedef struct {
    vec_u64 w01[PHILOX_WAYS], w23[PHILOX_WAYS];
} philox_words_t;

/* The first product of the first vector of blocks. Block numbers go up by one, so the
 * products go up by M0 (the low half of the number does not wrap within a call): what
 * follows adds instead of multiplying. */
MG_INLINE vec_u64 philox_product(mg_blocks_t blocks)
{
    return vec_mul_low_halves(philox_lanes + blocks.first, vec_set1_u64(PHILOX_M0)); /* (D1) */
}

/* From one call of philox to the next. */
#define PHILOX_STRIDE (PHILOX_M0 * PHILOX_WAYS * PHILOX_LANES)

MG_INLINE philox_words_t philox(const philox_call_t *call, vec_u64 product)
{
    vec_u64 x0[PHILOX_WAYS], x1[PHILOX_WAYS], x2[PHILOX_WAYS], x3[PHILOX_WAYS], p0[PHILOX_WAYS], p1[PHILOX_WAYS];
    vec_u64 m0 = vec_set1_u64(PHILOX_M0), m1 = vec_set1_u64(PHILOX_M1);
    EACH_WAY p0[way] = product + PHILOX_M0 * PHILOX_LANES * way;    /* (D1) */
    EACH_WAY x2[way] = vec_high_halves(p0[way]) ^ call->x2_after_0; /* (D3) */
    EACH_WAY p1[way] = vec_mul_low_halves(x2[way], m1);             /* (D1) */
    EACH_WAY x0[way] = vec_high_halves(p1[way]) ^ call->x0_after_1; /* (D2) */
    EACH_WAY x1[way] = p1[way];                                     /* (D2) */
    EACH_WAY x2[way] = p0[way] ^ call->x2_after_1;                  /* (D3) */
    EACH_WAY x3[way] = vec_set1_u64(call->x3_after_1);              /* (D3) */
#pragma GCC unroll 8
    for (int r = 2; r < PHILOX_ROUNDS - 1; r++) {
        EACH_WAY p0[way] = vec_mul_low_halves(x0[way], m0);                  /* (D1) */
        EACH_WAY p1[way] = vec_mul_low_halves(x2[way], m1);                  /* (D1) */
        EACH_WAY x0[way] = vec_high_halves(p1[way]) ^ x1[way] ^ call->k0[r]; /* (D2) */
        EACH_WAY x2[way] = vec_high_halves(p0[way]) ^ x3[way] ^ call->k1[r]; /* (D3) */
        EACH_WAY x1[way] = p1[way];                                          /* (D2) */
        EACH_WAY x3[way] = p0[way];                                          /* (D3) */
    }
    /* In the last round the halves of a product are already where the joined words want
     * them, and the other terms move up to them. */
    uint64_t k0 = call->k0[PHILOX_ROUNDS - 1] << 32, k1 = call->k1[PHILOX_ROUNDS - 1] << 32;
    philox_words_t words;
    EACH_WAY p0[way] = vec_mul_low_halves(x0[way], m0);     /* (D1) */
    EACH_WAY p1[way] = vec_mul_low_halves(x2[way], m1);     /* (D1) */
    EACH_WAY words.w01[way] = p1[way] ^ x1[way] << 32 ^ k0; /* (D2) */
    EACH_WAY words.w23[way] = p0[way] ^ x3[way] << 32 ^ k1; /* (D3) */
    return words;
}

/* A store to a line that is not in the cache waits for the line to be read first. Asked for
 * this far ahead, some two groups, it is there in time. Going past the end is harmless. */
MG_INLINE void prefetch_output(const void *to)
{
    enum { AHEAD = 1024, LINE = 64, BYTES = PHILOX_WAYS * PHILOX_LANES * 16 };
    for (uintptr_t line = 0; line < BYTES; line += LINE)
        __builtin_prefetch((const void *)((uintptr_t)to + AHEAD + line), 1);
}

static void random_bits_u32(mg_blocks_t blocks, size_t groups, uint32_t *out)
{
    philox_call_t call = philox_call(blocks);
    vec_u64 product = philox_product(blocks);
    for (size_t i = 0; i < groups * MG_RANDOM_GROUP; i += PHILOX_WAYS * PHILOX_LANES) {
        philox_words_t w = philox(&call, product);
        product += PHILOX_STRIDE;
        vec_mem_u64 *to = (vec_mem_u64 *)(out + 4 * i);
        prefetch_output(to);
        EACH_WAY
        {
            vec_u64 a = vec_swap_halves(w.w01[way]), b = vec_swap_halves(w.w23[way]);
            to[2 * way] = INTERLEAVE_LOW(a, b);
            to[2 * way + 1] = INTERLEAVE_HIGH(a, b);
        }
    }
}

static void random_bits_u64(mg_blocks_t blocks, size_t groups, uint64_t *out)
{
    philox_call_t call = philox_call(blocks);
    vec_u64 product = philox_product(blocks);
    for (size_t i = 0; i < groups * MG_RANDOM_GROUP; i += PHILOX_WAYS * PHILOX_LANES) {
        philox_words_t w = philox(&call, product);
        product += PHILOX_STRIDE;
        vec_mem_u64 *to = (vec_mem_u64 *)(out + 2 * i);
        prefetch_output(to);
        EACH_WAY
        {
            to[2 * way] = INTERLEAVE_LOW(w.w01[way], w.w23[way]);
            to[2 * way + 1] = INTERLEAVE_HIGH(w.w01[way], w.w23[way]);
        }
    }
}

#endif
