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

#endif
