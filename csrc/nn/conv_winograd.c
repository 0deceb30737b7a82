/* 3 x 3 convolution with stride 1 by minimal filtering, float32.
 *
 * Problem. y[k] = b[k] + sum_c w[k, c] * x[c], a correlation with 3 x 3 taps, and its
 * gradients, with fewer multiplications than nine for each pixel and pair (k, c).
 *
 * kernels/conv_winograd.inc derives matrices A, B, G for tiles of 4 x 4 outputs, such that
 * for one pair y = A' [(G w G') . (B' x B)] A, with . elementwise on 6 x 6. The sum over c may
 * stand inside the outer transform:
 *
 *   (D1)  U_e[c, k] = (G w[k, c] G')_e                      for each of the 36 coefficients e
 *   (D2)  V_e[tile, c] = (B' x[tile, c] B)_e
 *   (D3)  M_e = V_e U_e, a matrix product: 36 multiply-adds per tile and pair in place of 144
 *   (D4)  y[tile, k] = A' M[tile, k] A + b[k]
 *
 * The gradient by x is the same convolution of dy with the taps reversed, k and c
 * exchanged, and 2 - pad in place of pad. The
 * gradient by the weights is derived in conv_winograd_weights.c.
 *
 * Inside, channels are innermost, so that the transforms work on vectors of channels and
 * any tile is read in place. A block of tiles is carried through all steps while it is in
 * cache.
 *
 * Reference: A. Lavin and S. Gray (2016), Fast algorithms for convolutional neural
 * networks, section 4; their tiles are 4 x 4 too, with other points. */
#include <string.h>

#include "nn/conv_winograd.h"

#include "core/arena.h"
#include "core/pool.h"

/* Between planes: distances of a power of two would map all 36 of a tile to a few sets of the cache. */
enum { PLANE_GAP = 16 };

static size_t rounded(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

bool mg_winograd_suits(const mg_conv_shape_t *shape)
{
    enum { LEAST_CHANNELS = 12, LEAST_WORK = 1 << 21 };
    static const size_t kernel[3] = {1, 3, 3};
    if (shape->groups != 1 || shape->in_channels < LEAST_CHANNELS || shape->out_channels < LEAST_CHANNELS) return false;
    for (int axis = 0; axis < 3; axis++)
        if (shape->kernel[axis] != kernel[axis] || shape->stride[axis] != 1 || shape->dilation[axis] != 1) return false;
    if (shape->in_size[0] != 1 || shape->out_size[0] != 1 || shape->pad[0] != 0 || shape->pad[1] > 2 ||
        shape->pad[2] > 2)
        return false;
    double pixels = (double)shape->out_size[1] * (double)shape->out_size[2];
    double tiled = (double)rounded(shape->out_size[1], 4) * (double)rounded(shape->out_size[2], 4);
    double grad = (double)rounded(shape->in_size[1], 4) * (double)rounded(shape->in_size[2], 4);
    if (pixels * 2 < tiled || pixels * 2 < grad) return false;
    return pixels * (double)shape->batch * (double)(shape->in_channels * shape->out_channels) > LEAST_WORK;
}

mg_winograd_block_t mg_winograd_block(const mg_winograd_plan_t *plan, size_t index, float *scratch)
{
    mg_winograd_block_t block = {.n = index / plan->row_blocks * plan->images,
                                 .row = index % plan->row_blocks * plan->tile_rows};
    size_t images = plan->batch - block.n, rows = plan->tiles_y - block.row;
    block.images = images < plan->images ? images : plan->images;
    block.rows = rows < plan->tile_rows ? rows : plan->tile_rows;
    block.tiles = block.images * block.rows * plan->tiles_x;
    block.v_plane = block.tiles * plan->padded_in + PLANE_GAP;
    block.m_plane = block.tiles * plan->padded_out + PLANE_GAP;
    block.v = scratch;
    block.m = block.v + MG_WINOGRAD_COEFFICIENTS * (plan->tiles * plan->padded_in + PLANE_GAP);
    block.pixels = block.m + MG_WINOGRAD_COEFFICIENTS * (plan->tiles * plan->padded_out + PLANE_GAP);
    block.pooled = block.pixels + plan->pixels_size;
    return block;
}

/* The rows of maxima that pixel rows first .. first + rows of image n see, channels innermost, in
 * block->pooled; returns the first of them. */
static size_t read_maxima(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block,
                          const mg_winograd_source_t *source, size_t n, ptrdiff_t first, size_t rows)
{
    size_t height = source->height / 2, width = source->width / 2, begin = first < 0 ? 0 : (size_t)first / 2;
    size_t end = ((size_t)(first + (ptrdiff_t)rows) + 1) / 2;
    if (end > height) end = height;
    if (begin < end)
        plan->kernels->to_pixels(source->channels, source->padded, (end - begin) * width,
                                 source->images + (n * source->channels * height + begin) * width, height * width,
                                 block->pooled);
    return begin;
}

void mg_winograd_read(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block,
                      const mg_winograd_source_t *source, const uint8_t *taken, size_t n, ptrdiff_t first, size_t rows,
                      size_t pad, size_t columns)
{
    size_t padded = source->padded, half = source->width / 2, plane = source->height * source->width, above = 0;
    size_t height = taken == NULL ? source->height : source->height / 2 * 2;
    size_t width = taken == NULL ? source->width : half * 2;
    size_t count = columns < pad + width ? columns - pad : width, right = columns - pad - count;
    const float *image = source->images + n * source->channels * plane;
    float *pixels = block->pixels;
    if (taken != NULL) above = read_maxima(plan, block, source, n, first, rows);
    for (size_t i = 0; i < rows; i++, pixels += columns * padded) {
        size_t y = (size_t)(first + (ptrdiff_t)i); /* beyond every size if negative */
        if (y >= height) {
            memset(pixels, 0, columns * padded * sizeof(float));
            continue;
        }
        memset(pixels, 0, pad * padded * sizeof(float));
        if (taken == NULL)
            plan->kernels->to_pixels(source->channels, padded, count, image + y * source->width, plane,
                                     pixels + pad * padded);
        else
            mg_kernels()->conv_pool->unpool(padded, half, y % 2 != 0, block->pooled + (y / 2 - above) * half * padded,
                                            taken + (n * (height / 2) + y / 2) * half * padded, pixels + pad * padded);
        memset(pixels + (pad + count) * padded, 0, right * padded * sizeof(float));
    }
}

/* (D2) */
void mg_winograd_input(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block)
{
    const size_t columns = 4 * plan->tiles_x + 2, padded = plan->padded_in;
    const mg_winograd_source_t source = {plan->x, plan->channels_in, padded, plan->height, plan->width};
    float *v = block->v;
    for (size_t n = block->n; n < block->n + block->images; n++) {
        mg_winograd_read(plan, block, &source, plan->flipped ? plan->taken : NULL, n,
                         (ptrdiff_t)(4 * block->row) - (ptrdiff_t)plan->pad_y, 4 * block->rows + 2, plan->pad_x,
                         columns);
        for (size_t i = 0; i < block->rows; i++)
            for (size_t j = 0; j < plan->tiles_x; j++, v += padded)
                plan->kernels->input(padded, block->pixels + 4 * (i * columns + j) * padded, columns * padded, v,
                                     block->v_plane);
    }
}

void mg_winograd_multiply(const mg_winograd_plan_t *plan, mg_a_layout_t layout, size_t rows, size_t cols, size_t depth,
                          const float *a, size_t a_stride, const float *b, size_t b_stride, float beta, float *c,
                          size_t ldc)
{
    const mg_gemm_update_f32_t update = {1, beta, NULL, MG_ACTIVATION_NONE};
    for (size_t j = 0, width; j < cols; j += width) {
        width = cols - j >= plan->gemm->nr ? plan->gemm->nr : plan->gemm->lanes;
        plan->gemm->tile(layout, rows, width, depth, a, a_stride, b + j, b_stride, &update, c + j, ldc, NULL);
    }
}

/* M of a block (D3). */
static void multiply_block(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block)
{
    size_t nr = plan->gemm->nr, mr = plan->gemm->mr, strips = (block->tiles + mr - 1) / mr;
    for (size_t e = 0; e < MG_WINOGRAD_COEFFICIENTS; e++) {
        const float *v = block->v + e * block->v_plane;
        float *m = block->m + e * block->m_plane;
        for (size_t strip = 0, i = 0, height; strip < strips; strip++, i += height) {
            height = (block->tiles - i + strips - strip - 1) / (strips - strip);
            for (size_t k = 0; k < plan->padded_out; k += nr)
                mg_winograd_multiply(plan, MG_A_ROWS, height, plan->padded_out - k < nr ? plan->padded_out - k : nr,
                                     plan->channels_in, v + i * plan->padded_in, plan->padded_in,
                                     plan->u + e * plan->u_plane + k * plan->channels_in, nr, 0,
                                     m + i * plan->padded_out + k, plan->padded_out);
        }
    }
}

/* Pixels from one row of a block's outputs to the next: no more than there are, so that rows follow each
 * other without a gap. What the last tile of a row has beyond them falls on the next row's first pixels, which
 * are written after it; a single tile would spoil its own. */
static size_t output_columns(const mg_winograd_plan_t *plan)
{
    return plan->tiles_x > 1 ? plan->out_width : 4;
}

/* The maxima of rows of outputs, from pixels to planes. */
static void write_maxima(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block, size_t n)
{
    size_t height = plan->out_height / 2, width = plan->out_width / 2, padded = plan->padded_out;
    size_t first = 2 * block->row, line = output_columns(plan) * padded;
    size_t rows = first >= height ? 0 : height - first < 2 * block->rows ? height - first : 2 * block->rows;
    uint8_t *kept = plan->kept + (n * height + first) * width * padded;
    for (size_t i = 0; i < rows; i++)
        mg_kernels()->conv_pool->pool(padded, width, block->pixels + 2 * i * line, block->pixels + (2 * i + 1) * line,
                                      block->pooled + i * width * padded, kept + i * width * padded);
    plan->kernels->to_planes(plan->channels_out, padded, rows * width, block->pooled,
                             plan->out + (n * plan->channels_out * height + first) * width, height * width);
}

/* Rows of outputs, from pixels to planes. */
static void write_outputs(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block, size_t n)
{
    size_t columns = output_columns(plan), padded = plan->padded_out, first = 4 * block->row;
    size_t rows = plan->out_height - first < 4 * block->rows ? plan->out_height - first : 4 * block->rows;
    size_t positions = plan->out_height * plan->out_width;
    float *out = plan->out + n * plan->channels_out * positions + first * plan->out_width;
    bool whole = columns == plan->out_width;
    for (size_t i = 0; i < (whole ? 1 : rows); i++)
        plan->kernels->to_planes(plan->channels_out, padded, whole ? rows * columns : plan->out_width,
                                 block->pixels + i * columns * padded, out + i * plan->out_width, positions);
}

/* The outputs of a block (D4). */
static void transform_output(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block)
{
    size_t columns = output_columns(plan), padded = plan->padded_out;
    const float *m = block->m;
    for (size_t n = block->n; n < block->n + block->images; n++) {
        for (size_t i = 0; i < block->rows; i++, m += plan->tiles_x * padded)
            for (size_t j = plan->tiles_x; j-- > 0;)
                plan->kernels->output(padded, m + j * padded, block->m_plane, plan->bias, plan->activation,
                                      block->pixels + 4 * (i * columns + j) * padded, columns * padded);
        if (plan->kept == NULL)
            write_outputs(plan, block, n);
        else
            write_maxima(plan, block, n);
    }
}

static void convolve_block(void *context, size_t index, size_t worker)
{
    const mg_winograd_plan_t *plan = context;
    mg_winograd_block_t block = mg_winograd_block(plan, index, plan->scratch + worker * plan->scratch_size);
    mg_winograd_input(plan, &block);
    multiply_block(plan, &block);
    transform_output(plan, &block);
}

/* U for one input channel (D1). The weights are out x in x 9, or in x out x 9 reversed. */
static void transform_weights(void *context, size_t c, size_t worker)
{
    const mg_winograd_plan_t *plan = context;
    size_t nr = plan->gemm->nr, padded = plan->padded_out;
    float *taps = plan->taps + worker * 9 * padded;
    const float *w = plan->w + c * 9 * (plan->flipped ? plan->channels_out : 1);
    plan->kernels->to_pixels(plan->channels_out, padded, 9, w, plan->flipped ? 9 : 9 * plan->channels_in, taps);
    for (size_t k = 0; k < padded; k += plan->kernels->lanes)
        plan->kernels->weights(plan->flipped, taps + k, padded,
                               plan->u + k / nr * nr * plan->channels_in + c * nr + k % nr, plan->u_plane);
}

void mg_winograd_plan(mg_winograd_plan_t *plan)
{
    enum { SCRATCH_BYTES = 1 << 20, MOST_TILES = 128 };
    plan->kernels = mg_kernels()->winograd;
    plan->gemm = mg_kernels()->gemm_f32;
    plan->padded_in = rounded(plan->channels_in, plan->kernels->lanes);
    plan->padded_out = rounded(plan->channels_out, plan->kernels->lanes);
    plan->tiles_y = (plan->out_height + 3) / 4;
    plan->tiles_x = (plan->out_width + 3) / 4;
    size_t most = SCRATCH_BYTES / sizeof(float) / MG_WINOGRAD_COEFFICIENTS / (plan->padded_in + plan->padded_out);
    most = most > MOST_TILES ? MOST_TILES : most < 2 * plan->gemm->mr ? 2 * plan->gemm->mr : most;
    plan->images = most / (plan->tiles_y * plan->tiles_x);
    plan->tile_rows = plan->tiles_y;
    if (plan->images == 0) {
        plan->images = 1;
        plan->tile_rows = most / plan->tiles_x > 0 ? most / plan->tiles_x : 1;
    }
    plan->row_blocks = (plan->tiles_y + plan->tile_rows - 1) / plan->tile_rows;
    plan->blocks = (plan->batch + plan->images - 1) / plan->images * plan->row_blocks;
    plan->tiles = plan->images * plan->tile_rows * plan->tiles_x;
    size_t wide = plan->padded_in > plan->padded_out ? plan->padded_in : plan->padded_out;
    plan->pixels_size = (4 * plan->tile_rows + 2) * (4 * plan->tiles_x + 2) * wide;
    if (plan->kept != NULL || plan->taken != NULL)
        plan->pooled_size = (2 * plan->tile_rows + 2) * (2 * plan->tiles_x + 1) * wide;
    plan->scratch_size =
        rounded(MG_WINOGRAD_COEFFICIENTS * (plan->tiles * (plan->padded_in + plan->padded_out) + 2 * PLANE_GAP) +
                    plan->pixels_size + plan->pooled_size,
                16);
}

static mg_status_t convolve(mg_winograd_plan_t *plan, const float *bias)
{
    enum { FEW_WEIGHTS = 4096 };
    mg_winograd_plan(plan);
    size_t workers = mg_pool_workers();
    plan->u_plane = rounded(plan->padded_out, plan->gemm->nr) * plan->channels_in + PLANE_GAP;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, MG_WINOGRAD_COEFFICIENTS * plan->u_plane, sizeof(float));
    mg_arena_plan(&arena, plan->padded_out, sizeof(float));
    mg_arena_plan(&arena, 9 * plan->padded_out * workers, sizeof(float));
    mg_arena_plan(&arena, plan->scratch_size * workers, sizeof(float));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    plan->u = mg_arena_take(&arena, MG_WINOGRAD_COEFFICIENTS * plan->u_plane, sizeof(float));
    plan->bias = mg_arena_take(&arena, plan->padded_out, sizeof(float));
    plan->taps = mg_arena_take(&arena, 9 * plan->padded_out * workers, sizeof(float));
    plan->scratch = mg_arena_take(&arena, plan->scratch_size * workers, sizeof(float));
    memset(plan->bias, 0, plan->padded_out * sizeof(float));
    if (bias != NULL) memcpy(plan->bias, bias, plan->channels_out * sizeof(float));
    bool few = plan->channels_in * plan->padded_out < FEW_WEIGHTS; /* done before another thread begins */
    mg_parallel_for_workers(few ? 1 : workers, plan->channels_in, transform_weights, plan);
    mg_parallel_for_workers(workers, plan->blocks, convolve_block, plan);
    mg_arena_close(&arena);
    return MG_OK;
}

mg_winograd_plan_t mg_winograd_plan_of(const mg_conv_shape_t *shape)
{
    return (mg_winograd_plan_t){.batch = shape->batch,
                                .channels_in = shape->in_channels,
                                .channels_out = shape->out_channels,
                                .height = shape->in_size[1],
                                .width = shape->in_size[2],
                                .out_height = shape->out_size[1],
                                .out_width = shape->out_size[2],
                                .pad_y = shape->pad[1],
                                .pad_x = shape->pad[2]};
}

mg_status_t mg_winograd_forward(const mg_conv_shape_t *shape, const float *x, const float *w, const float *bias,
                                mg_activation_t activation, float *y, uint8_t *kept)
{
    mg_winograd_plan_t plan = mg_winograd_plan_of(shape);
    plan.activation = activation;
    plan.x = x;
    plan.w = w;
    plan.out = y;
    plan.kept = kept;
    return convolve(&plan, bias);
}

mg_status_t mg_winograd_input_grad(const mg_conv_shape_t *shape, const float *dy, const uint8_t *taken, const float *w,
                                   const float *bias, float *dx)
{
    mg_winograd_plan_t plan = {.batch = shape->batch,
                               .channels_in = shape->out_channels,
                               .channels_out = shape->in_channels,
                               .height = shape->out_size[1],
                               .width = shape->out_size[2],
                               .out_height = shape->in_size[1],
                               .out_width = shape->in_size[2],
                               .pad_y = 2 - shape->pad[1],
                               .pad_x = 2 - shape->pad[2],
                               .flipped = true,
                               .x = dy,
                               .taken = taken,
                               .w = w,
                               .out = dx};
    return convolve(&plan, bias);
}
