/* Vectors at the end of a row, for kernels whose rows have any length: count lanes are
 * real, 1 <= count <= lanes, and only those are touched in memory. */
#ifndef MG_KERNELS_LANES_H
#define MG_KERNELS_LANES_H

#include <stdbool.h>

#include "kernels/vec.h"

/* How many of the remaining elements the next vector takes. */
MG_INLINE size_t lanes_next(size_t rest, size_t width)
{
    return rest < width ? rest : width;
}

MG_INLINE vec_f32 lanes_load_f32(const float *p, size_t count)
{
    return count == MG_LANES_F32 ? vec_load_f32(p) : vec_load_partial_f32(p, count);
}
MG_INLINE vec_f64 lanes_load_f64(const double *p, size_t count)
{
    return count == MG_LANES_F64 ? vec_load_f64(p) : vec_load_partial_f64(p, count);
}
MG_INLINE void lanes_store_f32(float *p, vec_f32 v, size_t count)
{
    if (count == MG_LANES_F32)
        vec_store_f32(p, v);
    else
        vec_store_partial_f32(p, v, count);
}
MG_INLINE void lanes_store_f64(double *p, vec_f64 v, size_t count)
{
    if (count == MG_LANES_F64)
        vec_store_f64(p, v);
    else
        vec_store_partial_f64(p, v, count);
}

/* Store a whole vector to an address aligned to it; with `stream` past the caches, which
 * spares reading what is overwritten. lanes_stream_end makes such stores visible to other
 * threads. */
#if MG_VECTOR_BYTES == 64
#define MG_STREAM_F32(p, v) _mm512_stream_ps(p, (__m512)(v))
#define MG_STREAM_F64(p, v) _mm512_stream_pd(p, (__m512d)(v))
#elif MG_VECTOR_BYTES == 32
#define MG_STREAM_F32(p, v) _mm256_stream_ps(p, (__m256)(v))
#define MG_STREAM_F64(p, v) _mm256_stream_pd(p, (__m256d)(v))
#else
#define MG_STREAM_F32(p, v) vec_store_f32(p, v)
#define MG_STREAM_F64(p, v) vec_store_f64(p, v)
#endif
MG_INLINE void lanes_put_f32(float *p, vec_f32 v, size_t count, const bool stream)
{
    if (stream)
        MG_STREAM_F32(p, v);
    else
        lanes_store_f32(p, v, count);
}
MG_INLINE void lanes_put_f64(double *p, vec_f64 v, size_t count, const bool stream)
{
    if (stream)
        MG_STREAM_F64(p, v);
    else
        lanes_store_f64(p, v, count);
}
MG_INLINE void lanes_stream_end(void)
{
#if MG_VECTOR_BYTES > 16
    _mm_sfence();
#endif
}

/* The real lanes of v, and fill in the others. */
static const int32_t lanes_numbers_i32[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const int64_t lanes_numbers_i64[] = {0, 1, 2, 3, 4, 5, 6, 7};
typedef int32_t lanes_mem_i32 __attribute__((vector_size(MG_VECTOR_BYTES), aligned(4), may_alias));
typedef int64_t lanes_mem_i64 __attribute__((vector_size(MG_VECTOR_BYTES), aligned(8), may_alias));
MG_INLINE vec_f32 lanes_fill_f32(vec_f32 v, size_t count, float fill)
{
    vec_i32 real = *(const lanes_mem_i32 *)lanes_numbers_i32 < (int32_t)count;
    return vec_select_f32(real, v, vec_set1_f32(fill));
}
MG_INLINE vec_f64 lanes_fill_f64(vec_f64 v, size_t count, double fill)
{
    vec_i64 real = *(const lanes_mem_i64 *)lanes_numbers_i64 < (int64_t)count;
    return vec_select_f64(real, v, vec_set1_f64(fill));
}

#endif
