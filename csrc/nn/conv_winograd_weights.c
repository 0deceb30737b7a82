/* The gradient by the weights of a 3 x 3 convolution, by minimal filtering.
 *
 * Problem. Given dL/dy of the convolution that conv_winograd.c derives, find dL/dw. There
 * M_e = V_e U_e is linear in U, and the transforms are linear in their arguments, so
 *
 *   (D1)  dM_e[tile, k] = (A dy[tile, k] A')_e       for each of the 36 coefficients e
 *   (D2)  dU_e = V_e' dM_e, which sums over the tiles of all images
 *   (D3)  dw[k, c] = G' dU[c, k] G
 *
 * The sum (D2) is cut into parts that depend on the shape alone. */
#include <string.h>

#include "nn/conv_winograd.h"

#include "core/arena.h"
#include "core/pool.h"

/* Add the gradients of a block's image n, which is in block->pixels (by maxima: block->pooled), to those by
 * the bias. */
static void sum_gradients(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block, size_t n, float *shift)
{
    size_t padded = plan->padded_out, height = plan->out_height / 2, width = plan->out_width / 2, row = 2 * block->row;
    if (plan->taken == NULL) {
        mg_kernels()->conv_pool->sum(padded, 16 * block->rows * plan->tiles_x, block->pixels, NULL, shift);
    } else if (row < height) {
        size_t rows = height - row < 2 * block->rows ? height - row : 2 * block->rows;
        mg_kernels()->conv_pool->sum(padded, rows * width, block->pooled,
                                     plan->taken + (n * height + row) * width * padded, shift);
    }
}

/* dM of a block (D1), and its gradients added to those by the bias. */
static void transform_outgrad(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block, float *shift)
{
    const size_t columns = 4 * plan->tiles_x, padded = plan->padded_out;
    const mg_winograd_source_t source = {plan->dy, plan->channels_out, padded, plan->out_height, plan->out_width};
    float *m = block->m;
    for (size_t n = block->n; n < block->n + block->images; n++) {
        mg_winograd_read(plan, block, &source, plan->taken, n, (ptrdiff_t)(4 * block->row), 4 * block->rows, 0,
                         columns);
        if (shift != NULL) sum_gradients(plan, block, n, shift);
        for (size_t i = 0; i < block->rows; i++)
            for (size_t j = 0; j < plan->tiles_x; j++, m += padded)
                plan->kernels->outgrad(padded, block->pixels + 4 * (i * columns + j) * padded, columns * padded, m,
                                       block->m_plane);
    }
}

/* One part of the sum (D2): its blocks one after another. */
static void sum_part(void *context, size_t part, size_t worker)
{
    const mg_winograd_plan_t *plan = context;
    size_t channels = plan->channels_in, padded = plan->padded_out, mr = plan->gemm->mr,
           strips = (channels + mr - 1) / mr;
    float *shift = plan->bias == NULL ? NULL : plan->bias + part * padded;
    float *sum = plan->u + part * MG_WINOGRAD_COEFFICIENTS * channels * padded;
    size_t first = part * plan->blocks / plan->parts, end = (part + 1) * plan->blocks / plan->parts;
    if (shift != NULL) memset(shift, 0, padded * sizeof(float));
    for (size_t index = first; index < end; index++) {
        mg_winograd_block_t block = mg_winograd_block(plan, index, plan->scratch + worker * plan->scratch_size);
        mg_winograd_input(plan, &block);
        transform_outgrad(plan, &block, shift);
        for (size_t e = 0; e < MG_WINOGRAD_COEFFICIENTS; e++) {
            const float *v = block.v + e * block.v_plane, *m = block.m + e * block.m_plane;
            for (size_t strip = 0, c = 0, height; strip < strips; strip++, c += height) {
                height = (channels - c + strips - strip - 1) / (strips - strip);
                mg_winograd_multiply(plan, MG_A_COLS, height, padded, block.tiles, v + c, plan->padded_in, m, padded,
                                     index != first, sum + (e * channels + c) * padded, padded);
            }
        }
    }
}

/* The taps' gradients of one input channel, from the sum of the parts (D3). */
static void transform_weightgrad(void *context, size_t c, size_t worker)
{
    const mg_winograd_plan_t *plan = context;
    size_t padded = plan->padded_out, plane = plan->channels_in * padded;
    float *taps = plan->taps + worker * 9 * padded;
    for (size_t e = 0; e < MG_WINOGRAD_COEFFICIENTS; e++) {
        float *total = plan->u + e * plane + c * padded;
        for (size_t part = 1; part < plan->parts; part++)
            mg_kernels()->level1_f32.axpy(padded, 1, total + part * MG_WINOGRAD_COEFFICIENTS * plane, total);
    }
    for (size_t k = 0; k < padded; k += plan->kernels->lanes)
        plan->kernels->weightgrad(plan->u + c * padded + k, plane, taps + k, padded);
    if (plan->out != NULL)
        plan->kernels->to_planes(plan->channels_out, padded, 9, taps, plan->out + 9 * c, 9 * plan->channels_in);
}

mg_status_t mg_winograd_weight_grad(const mg_conv_shape_t *shape, const float *x, const float *dy, const uint8_t *taken,
                                    float *dw, float *db)
{
    mg_winograd_plan_t plan = mg_winograd_plan_of(shape);
    plan.x = x;
    plan.dy = dy;
    plan.taken = taken;
    plan.out = dw;
    enum { MOST_PARTS = 8, PART_BYTES = 4 << 20 };
    mg_winograd_plan(&plan);
    size_t workers = mg_pool_workers(), sum = MG_WINOGRAD_COEFFICIENTS * plan.channels_in * plan.padded_out;
    plan.parts = PART_BYTES / sizeof(float) / sum + 2;
    if (plan.parts > MOST_PARTS) plan.parts = MOST_PARTS;
    if (plan.parts > plan.blocks) plan.parts = plan.blocks;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, sum * plan.parts, sizeof(float));
    mg_arena_plan(&arena, plan.padded_out * plan.parts, sizeof(float));
    mg_arena_plan(&arena, 9 * plan.padded_out * workers, sizeof(float));
    mg_arena_plan(&arena, plan.scratch_size * workers, sizeof(float));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    plan.u = mg_arena_take(&arena, sum * plan.parts, sizeof(float));
    float *shifts = mg_arena_take(&arena, plan.padded_out * plan.parts, sizeof(float));
    plan.bias = db == NULL ? NULL : shifts;
    plan.taps = mg_arena_take(&arena, 9 * plan.padded_out * workers, sizeof(float));
    plan.scratch = mg_arena_take(&arena, plan.scratch_size * workers, sizeof(float));
    mg_parallel_for_workers(workers, plan.parts, sum_part, &plan);
    mg_parallel_for_workers(workers, plan.channels_in, transform_weightgrad, &plan);
    if (db != NULL) {
        for (size_t part = 1; part < plan.parts; part++)
            mg_kernels()->level1_f32.axpy(plan.padded_out, 1, shifts + part * plan.padded_out, shifts);
        memcpy(db, shifts, plan.channels_out * sizeof(float));
    }
    mg_arena_close(&arena);
    return MG_OK;
}
