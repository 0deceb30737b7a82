/* dispatch: the kernels of the best instruction-set level that this CPU has.
 *
 * A kernel is what must know the instruction set: a fixed tile on packed or strided
 * input, a row, a block of random bits. It allocates nothing, keeps no state, and
 * starts no threads. Everything else lives in the rooms and calls through this table. */
#ifndef MG_CORE_DISPATCH_H
#define MG_CORE_DISPATCH_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/arithmetic.h"
#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/conv_pool.h"
#include "kernels/filter.h"
#include "kernels/gemm.h"
#include "kernels/level1.h"
#include "kernels/loss.h"
#include "kernels/norm.h"
#include "kernels/optimizer.h"
#include "kernels/pairs.h"
#include "kernels/pool.h"
#include "kernels/probe.h"
#include "kernels/random.h"
#include "kernels/resample.h"
#include "kernels/rnn.h"
#include "kernels/sgd.h"
#include "kernels/softmax.h"
#include "kernels/transform.h"
#include "kernels/vecmath.h"

typedef struct {
    const char *name; /* "base", "avx2", "avx512" */
    const mg_gemm_kernels_f32_t *gemm_f32;
    const mg_gemm_kernels_f64_t *gemm_f64;
    const mg_conv_kernels_f32_t *conv_f32;
    const mg_conv_kernels_f64_t *conv_f64;
    const mg_winograd_kernels_t *winograd;
    const mg_conv_pool_kernels_t *conv_pool;
    const mg_pool_kernels_f32_t *pool_f32;
    const mg_pool_kernels_f64_t *pool_f64;
    mg_level1_kernels_f32_t level1_f32;
    mg_level1_kernels_f64_t level1_f64;
    const mg_optimizer_kernels_f32_t *optimizer_f32;
    const mg_optimizer_kernels_f64_t *optimizer_f64;
    mg_attention_kernels_f32_t attention_f32;
    mg_attention_kernels_f64_t attention_f64;
    mg_rnn_kernels_f32_t rnn_f32;
    mg_rnn_kernels_f64_t rnn_f64;
    const mg_arithmetic_kernels_f32_t *arithmetic_f32;
    const mg_arithmetic_kernels_f64_t *arithmetic_f64;
    const mg_softmax_kernels_f32_t *softmax_f32;
    const mg_softmax_kernels_f64_t *softmax_f64;
    const mg_loss_kernels_f32_t *loss_f32;
    const mg_loss_kernels_f64_t *loss_f64;
    const mg_norm_kernels_f32_t *norm_f32;
    const mg_norm_kernels_f64_t *norm_f64;
    mg_filter_kernels_t filter;
    mg_probe_kernels_t probe;
    mg_random_kernels_t random;
    mg_pair_kernels_t pairs;
    mg_sgd_kernels_t sgd;
    mg_transform_kernels_f32_t transform_f32;
    mg_transform_kernels_f64_t transform_f64;
    const mg_resample_kernels_t *resample;
    mg_vecmath_kernels_f32_t vecmath_f32;
    mg_vecmath_kernels_f64_t vecmath_f64;
} mg_kernels_t;

/* The table in use; chosen on first use, never NULL. */
const mg_kernels_t *mg_kernels(void);

#endif
