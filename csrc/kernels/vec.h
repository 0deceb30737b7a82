/* Vectors of MG_VECTOR_BYTES bytes in the compiler's own vector types: + - * / and
 * comparisons are operators. vec_f32 and vec_f64 hold values; the _mem twins may be
 * loaded from and stored to any REAL address.
 *
 * Only what the types cannot say is an intrinsic here: a broadcast, and the fused
 * multiply-add, which is written out because the compiler is forbidden to form one. */
#ifndef MG_KERNELS_VEC_H
#define MG_KERNELS_VEC_H

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define MG_INLINE static inline __attribute__((always_inline))
#define MG_LANES_F32 (MG_VECTOR_BYTES / 4)
#define MG_LANES_F64 (MG_VECTOR_BYTES / 8)

typedef float vec_f32 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef double vec_f64 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef float vec_mem_f32 __attribute__((vector_size(MG_VECTOR_BYTES), aligned(4), may_alias));
typedef double vec_mem_f64 __attribute__((vector_size(MG_VECTOR_BYTES), aligned(8), may_alias));

MG_INLINE vec_f32 vec_load_f32(const float *p)
{
    return *(const vec_mem_f32 *)p;
}
MG_INLINE vec_f64 vec_load_f64(const double *p)
{
    return *(const vec_mem_f64 *)p;
}
MG_INLINE void vec_store_f32(float *p, vec_f32 v)
{
    *(vec_mem_f32 *)p = v;
}
MG_INLINE void vec_store_f64(double *p, vec_f64 v)
{
    *(vec_mem_f64 *)p = v;
}

/* vec_set1: every lane x. vec_fma: a b + c with one rounding (two at the base level of
 * x86, which has no such instruction). */
#if MG_VECTOR_BYTES == 64
MG_INLINE vec_f32 vec_set1_f32(float x)
{
    return (vec_f32)_mm512_set1_ps(x);
}
MG_INLINE vec_f64 vec_set1_f64(double x)
{
    return (vec_f64)_mm512_set1_pd(x);
}
MG_INLINE vec_f32 vec_fma_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return (vec_f32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
MG_INLINE vec_f64 vec_fma_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return (vec_f64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
#elif MG_VECTOR_BYTES == 32
MG_INLINE vec_f32 vec_set1_f32(float x)
{
    return (vec_f32)_mm256_set1_ps(x);
}
MG_INLINE vec_f64 vec_set1_f64(double x)
{
    return (vec_f64)_mm256_set1_pd(x);
}
MG_INLINE vec_f32 vec_fma_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return (vec_f32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
MG_INLINE vec_f64 vec_fma_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return (vec_f64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
#else
MG_INLINE vec_f32 vec_set1_f32(float x)
{
    return (vec_f32){x, x, x, x};
}
MG_INLINE vec_f64 vec_set1_f64(double x)
{
    return (vec_f64){x, x};
}
#if defined(__aarch64__)
MG_INLINE vec_f32 vec_fma_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return (vec_f32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
MG_INLINE vec_f64 vec_fma_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return (vec_f64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
#else
MG_INLINE vec_f32 vec_fma_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return a * b + c;
}
MG_INLINE vec_f64 vec_fma_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return a * b + c;
}
#endif
#endif

/* The first count lanes of a vector in memory, the rest zero, and the store of only
 * those: nothing beyond them is touched. 1 <= count <= lanes. */
#if MG_VECTOR_BYTES == 64
MG_INLINE vec_f32 vec_load_partial_f32(const float *p, size_t count)
{
    return (vec_f32)_mm512_maskz_loadu_ps((__mmask16)(0xffffu >> (16 - count)), p);
}
MG_INLINE vec_f64 vec_load_partial_f64(const double *p, size_t count)
{
    return (vec_f64)_mm512_maskz_loadu_pd((__mmask8)(0xffu >> (8 - count)), p);
}
MG_INLINE void vec_store_partial_f32(float *p, vec_f32 v, size_t count)
{
    _mm512_mask_storeu_ps(p, (__mmask16)(0xffffu >> (16 - count)), (__m512)v);
}
MG_INLINE void vec_store_partial_f64(double *p, vec_f64 v, size_t count)
{
    _mm512_mask_storeu_pd(p, (__mmask8)(0xffu >> (8 - count)), (__m512d)v);
}
#else
#define MG_PARTIAL(TYPE_, SUFFIX, LANES_)                                                                              \
    MG_INLINE vec_##SUFFIX vec_load_partial_##SUFFIX(const TYPE_ *p, size_t count)                                     \
    {                                                                                                                  \
        if (count == LANES_) return vec_load_##SUFFIX(p);                                                              \
        vec_##SUFFIX v = vec_set1_##SUFFIX(0);                                                                         \
        for (size_t i = 0; i < count; i++) v[i] = p[i];                                                                \
        return v;                                                                                                      \
    }                                                                                                                  \
    MG_INLINE void vec_store_partial_##SUFFIX(TYPE_ *p, vec_##SUFFIX v, size_t count)                                  \
    {                                                                                                                  \
        if (count == LANES_) {                                                                                         \
            vec_store_##SUFFIX(p, v);                                                                                  \
        } else {                                                                                                       \
            for (size_t i = 0; i < count; i++) p[i] = v[i];                                                            \
        }                                                                                                              \
    }
MG_PARTIAL(float, f32, MG_LANES_F32)
MG_PARTIAL(double, f64, MG_LANES_F64)
#undef MG_PARTIAL
#endif

/* vec_load_pieces: 16 bytes from each of as many addresses as fill a vector.
 * vec_zip_low, vec_zip_high: within each 16 bytes, the elements of the lower (upper) half of
 * a and those of b in turn. */
typedef int64_t vec_piece __attribute__((vector_size(16), aligned(4), may_alias));
#if MG_VECTOR_BYTES == 64
#define MG_PIECES(p) __builtin_shufflevector(MG_PIECE_PAIR(p, 0), MG_PIECE_PAIR(p, 2), 0, 1, 2, 3, 4, 5, 6, 7)
#elif MG_VECTOR_BYTES == 32
#define MG_PIECES(p) MG_PIECE_PAIR(p, 0)
#else
#define MG_PIECES(p) (*(const vec_piece *)p[0])
#endif
#define MG_PIECE_PAIR(p, i)                                                                                            \
    __builtin_shufflevector(*(const vec_piece *)p[i], *(const vec_piece *)p[(i) + 1], 0, 1, 2, 3)
MG_INLINE vec_f32 vec_load_pieces_f32(const float *const *p)
{
    return (vec_f32)MG_PIECES(p);
}
MG_INLINE vec_f64 vec_load_pieces_f64(const double *const *p)
{
    return (vec_f64)MG_PIECES(p);
}
#undef MG_PIECES
#undef MG_PIECE_PAIR

#if MG_VECTOR_BYTES == 64
#define MG_ZIP_F32(a, b, i)                                                                                            \
    __builtin_shufflevector(a, b, i, 16 + i, 1 + i, 17 + i, 4 + i, 20 + i, 5 + i, 21 + i, 8 + i, 24 + i, 9 + i,        \
                            25 + i, 12 + i, 28 + i, 13 + i, 29 + i)
#define MG_ZIP_F64(a, b, i) __builtin_shufflevector(a, b, i, 8 + i, 2 + i, 10 + i, 4 + i, 12 + i, 6 + i, 14 + i)
#elif MG_VECTOR_BYTES == 32
#define MG_ZIP_F32(a, b, i) __builtin_shufflevector(a, b, i, 8 + i, 1 + i, 9 + i, 4 + i, 12 + i, 5 + i, 13 + i)
#define MG_ZIP_F64(a, b, i) __builtin_shufflevector(a, b, i, 4 + i, 2 + i, 6 + i)
#else
#define MG_ZIP_F32(a, b, i) __builtin_shufflevector(a, b, i, 4 + i, 1 + i, 5 + i)
#define MG_ZIP_F64(a, b, i) __builtin_shufflevector(a, b, i, 2 + i)
#endif
MG_INLINE vec_f32 vec_zip_low_f32(vec_f32 a, vec_f32 b)
{
    return MG_ZIP_F32(a, b, 0);
}
MG_INLINE vec_f32 vec_zip_high_f32(vec_f32 a, vec_f32 b)
{
    return MG_ZIP_F32(a, b, 2);
}
MG_INLINE vec_f64 vec_zip_low_f64(vec_f64 a, vec_f64 b)
{
    return MG_ZIP_F64(a, b, 0);
}
MG_INLINE vec_f64 vec_zip_high_f64(vec_f64 a, vec_f64 b)
{
    return MG_ZIP_F64(a, b, 1);
}
#undef MG_ZIP_F32
#undef MG_ZIP_F64

/* Lane by lane: a where mask is all ones (the result of a comparison), b where it is 0. */
typedef int32_t vec_i32 __attribute__((vector_size(MG_VECTOR_BYTES)));
typedef int64_t vec_i64 __attribute__((vector_size(MG_VECTOR_BYTES)));
MG_INLINE vec_f32 vec_select_f32(vec_i32 mask, vec_f32 a, vec_f32 b)
{
    return (vec_f32)((mask & (vec_i32)a) | (~mask & (vec_i32)b));
}
MG_INLINE vec_f64 vec_select_f64(vec_i64 mask, vec_f64 a, vec_f64 b)
{
    return (vec_f64)((mask & (vec_i64)a) | (~mask & (vec_i64)b));
}

/* A byte for every lane, widened. Compilers take the general conversion apart, byte by byte. */
MG_INLINE vec_i32 vec_load_bytes_f32(const uint8_t *p)
{
#if MG_VECTOR_BYTES == 64
    return (vec_i32)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
#elif MG_VECTOR_BYTES == 32
    return (vec_i32)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
#else
    return (vec_i32){p[0], p[1], p[2], p[3]};
#endif
}
MG_INLINE vec_i64 vec_load_bytes_f64(const uint8_t *p)
{
#if MG_VECTOR_BYTES == 64
    return (vec_i64)_mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)p));
#else
    vec_i64 v;
    for (size_t i = 0; i < MG_LANES_F64; i++) v[i] = p[i];
    return v;
#endif
}

/* x where it is larger (smaller) than the bound, or NaN; else the bound. The instructions give
 * their second operand if there is no telling, which is what saves a comparison and a choice. */
#if MG_VECTOR_BYTES == 64
#define MG_MAX_F32(a, b) _mm512_max_ps((__m512)(a), (__m512)(b))
#define MG_MAX_F64(a, b) _mm512_max_pd((__m512d)(a), (__m512d)(b))
#define MG_MIN_F32(a, b) _mm512_min_ps((__m512)(a), (__m512)(b))
#define MG_MIN_F64(a, b) _mm512_min_pd((__m512d)(a), (__m512d)(b))
#elif MG_VECTOR_BYTES == 32
#define MG_MAX_F32(a, b) _mm256_max_ps((__m256)(a), (__m256)(b))
#define MG_MAX_F64(a, b) _mm256_max_pd((__m256d)(a), (__m256d)(b))
#define MG_MIN_F32(a, b) _mm256_min_ps((__m256)(a), (__m256)(b))
#define MG_MIN_F64(a, b) _mm256_min_pd((__m256d)(a), (__m256d)(b))
#else
#define MG_MAX_F32(a, b) vec_select_f32((vec_i32)((b) < (a)), a, b)
#define MG_MAX_F64(a, b) vec_select_f64((vec_i64)((b) < (a)), a, b)
#define MG_MIN_F32(a, b) vec_select_f32((vec_i32)((b) > (a)), a, b)
#define MG_MIN_F64(a, b) vec_select_f64((vec_i64)((b) > (a)), a, b)
#endif
MG_INLINE vec_f32 vec_at_least_f32(vec_f32 x, float bound)
{
    return (vec_f32)MG_MAX_F32(vec_set1_f32(bound), x);
}
MG_INLINE vec_f64 vec_at_least_f64(vec_f64 x, double bound)
{
    return (vec_f64)MG_MAX_F64(vec_set1_f64(bound), x);
}
MG_INLINE vec_f32 vec_at_most_f32(vec_f32 x, float bound)
{
    return (vec_f32)MG_MIN_F32(vec_set1_f32(bound), x);
}
MG_INLINE vec_f64 vec_at_most_f64(vec_f64 x, double bound)
{
    return (vec_f64)MG_MIN_F64(vec_set1_f64(bound), x);
}

/* The sum of all lanes, in a fixed tree. */
MG_INLINE float vec_sum_f32(vec_f32 v)
{
#if MG_VECTOR_BYTES == 64
    return _mm512_reduce_add_ps((__m512)v);
#else
    float sum[MG_LANES_F32];
    vec_store_f32(sum, v);
    for (size_t half = MG_LANES_F32 / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++) sum[i] += sum[i + half];
    }
    return sum[0];
#endif
}

MG_INLINE double vec_sum_f64(vec_f64 v)
{
#if MG_VECTOR_BYTES == 64
    return _mm512_reduce_add_pd((__m512d)v);
#else
    double sum[MG_LANES_F64];
    vec_store_f64(sum, v);
    for (size_t half = MG_LANES_F64 / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++) sum[i] += sum[i + half];
    }
    return sum[0];
#endif
}

/* The largest of all lanes, none of which may be NaN. */
MG_INLINE float vec_max_f32(vec_f32 v)
{
#if MG_VECTOR_BYTES == 64
    return _mm512_reduce_max_ps((__m512)v);
#else
    float all[MG_LANES_F32];
    vec_store_f32(all, v);
    for (size_t i = 1; i < MG_LANES_F32; i++) all[0] = all[i] > all[0] ? all[i] : all[0];
    return all[0];
#endif
}

MG_INLINE double vec_max_f64(vec_f64 v)
{
#if MG_VECTOR_BYTES == 64
    return _mm512_reduce_max_pd((__m512d)v);
#else
    double all[MG_LANES_F64];
    vec_store_f64(all, v);
    for (size_t i = 1; i < MG_LANES_F64; i++) all[0] = all[i] > all[0] ? all[i] : all[0];
    return all[0];
#endif
}

#endif
