/* Every kernel of one instruction-set level. CMake compiles this file once per level
 * with that level's flags, MG_LEVEL (its name) and MG_VECTOR_BYTES. All is static but
 * the table at the end, so no function built for a wide register can be linked into
 * common code. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/dispatch.h"
#include "kernels/lanes.h"
#include "kernels/philox.h"
#include "kernels/prefetch.h"
#include "kernels/vec.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define STRING_(a) #a
#define STRING(a) STRING_(a)

#include "core/real_end.h"
#include "core/real_f32.h"
#include "kernels/conv.inc"
#include "kernels/gemm.inc"
#include "kernels/level1.inc"
#include "kernels/pool.inc"
#include "kernels/probe.inc"
#include "kernels/random.inc"
#include "kernels/vecmath.inc"

#include "kernels/arithmetic.inc"
#include "kernels/attention.inc"
#include "kernels/filter.inc" /* takes vec_sqrt from random.inc */
#include "kernels/loss.inc"
#include "kernels/norm.inc"
#include "kernels/optimizer.inc" /* takes vec_sqrt from random.inc */
#include "kernels/rnn.inc"
#include "kernels/softmax.inc"
#include "kernels/transform.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "kernels/conv.inc"
#include "kernels/gemm.inc"
#include "kernels/level1.inc"
#include "kernels/pool.inc"
#include "kernels/probe.inc"
#include "kernels/random.inc"
#include "kernels/vecmath.inc"
#include "kernels/vecmath_double.inc"

/* Again, for float functions that compute in double need those. */
#include "core/real_end.h"
#include "core/real_f32.h"
#include "kernels/vecmath_maps.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "kernels/vecmath_maps.inc"

#include "kernels/arithmetic.inc"
#include "kernels/attention.inc"
#include "kernels/filter.inc" /* takes vec_sqrt from random.inc */
#include "kernels/loss.inc"
#include "kernels/norm.inc"
#include "kernels/optimizer.inc" /* takes vec_sqrt from random.inc */
#include "kernels/rnn.inc"
#include "kernels/softmax.inc"
#include "kernels/transform.inc"

#include "kernels/conv_pool.inc"
#include "kernels/conv_winograd.inc"

#include "core/real_end.h"
#include "kernels/pairs.inc" /* takes vec_sqrt from random.inc */
#include "kernels/resample.inc"
#include "kernels/sgd.inc"

const mg_kernels_t CONCAT(mg_kernels_, MG_LEVEL) = {
    .name = STRING(MG_LEVEL),
    .gemm_f32 = &gemm_kernels_f32,
    .gemm_f64 = &gemm_kernels_f64,
    .conv_f32 = &conv_kernels_f32,
    .conv_f64 = &conv_kernels_f64,
    .winograd = &winograd_kernels,
    .conv_pool = &conv_pool_kernels,
    .pool_f32 = &pool_kernels_f32,
    .pool_f64 = &pool_kernels_f64,
    .level1_f32 = LEVEL1_TABLE_f32,
    .level1_f64 = LEVEL1_TABLE_f64,
    .optimizer_f32 = &optimizer_kernels_f32,
    .optimizer_f64 = &optimizer_kernels_f64,
    .attention_f32 = {attention_forward_f32, attention_backward_f32, attention_scale_f32},
    .attention_f64 = {attention_forward_f64, attention_backward_f64, attention_scale_f64},
    .rnn_f32 = {rnn_forward_f32, rnn_backward_f32},
    .rnn_f64 = {rnn_forward_f64, rnn_backward_f64},
    .arithmetic_f32 = &arithmetic_kernels_f32,
    .arithmetic_f64 = &arithmetic_kernels_f64,
    .softmax_f32 = &softmax_kernels_f32,
    .softmax_f64 = &softmax_kernels_f64,
    .loss_f32 = &loss_kernels_f32,
    .loss_f64 = &loss_kernels_f64,
    .norm_f32 = &norm_kernels_f32,
    .norm_f64 = &norm_kernels_f64,
    .filter = {.load_u8 = filter_load_u8,
               .load_u16 = filter_load_u16,
               .store_u8 = filter_store_u8,
               .store_u16 = filter_store_u16,
               .sum_f32 = filter_sum_f32,
               .sum_f64 = filter_sum_f64,
               .magnitude_f32 = filter_magnitude_f32,
               .magnitude_f64 = filter_magnitude_f64,
               .color_f32 = filter_color_f32,
               .color_f64 = filter_color_f64},
    .probe = {.fma_f32 = probe_fma_f32, .fma_f64 = probe_fma_f64},
    .random = {.bits_u32 = random_bits_u32,
               .bits_u64 = random_bits_u64,
               .uniform_f32 = random_uniform_f32,
               .uniform_f64 = random_uniform_f64,
               .normal_f32 = random_normal_f32,
               .normal_f64 = random_normal_f64},
    .pairs = {pairs_count, pairs_add, pairs_judge, pairs_tally, pairs_finish, pairs_left, pairs_right},
    .sgd = {sgd_row, sgd_row_joined},
    .transform_f32 = {transform_affine_f32, transform_project_f32},
    .transform_f64 = {transform_affine_f64, transform_project_f64},
    .resample = &resample_kernels,
    .vecmath_f32 = {.map = vecmath_map_f32,
                    .map_backward = vecmath_map_backward_f32,
                    .column_sums = vecmath_column_sums_f32},
    .vecmath_f64 = {.map = vecmath_map_f64,
                    .map_backward = vecmath_map_backward_f64,
                    .column_sums = vecmath_column_sums_f64},
};
