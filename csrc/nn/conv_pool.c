/* A 3 x 3 convolution with stride 1, ReLU and the largest of every 2 x 2, in one pass; float32.
 *
 * Problem. The three operations one after another write and read planes several times as
 * large as what remains of them. With few input channels the arithmetic costs less than
 * that. For image n, output channel k and window o, and the four positions p of the window,
 *
 *   (D1)  v[n, k, p] = b[k] + sum_{c, t} w[k, c, t] x[n, c, p + t - pad]
 *   (D2)  y[n, k, o] = max(0, max_p v[n, k, p]), since max(0, .) grows with its argument
 *   (D3)  q[n, k, o] = the first p of the largest v, or none if y = 0
 *
 * and only y and q are ever in memory. A gradient dy reaches v at q alone, so
 *
 *   (D4)  dw[k, c, t] = sum over n, o with q of dy[n, k, o] x[n, c, q + t - pad]
 *   (D5)  db[k] = sum over n, o with q of dy[n, k, o]
 *
 * A vector holds output channels, and x is broadcast to it. With one input channel there
 * are nine multiply-adds for each position and vector, as many as by any way, and nothing is
 * moved but x and y. Convolutions of many channels go by conv_winograd.c, whose last
 * step takes the maxima instead, and whose first one spreads dy to where q says.
 *
 * The sums (D4), (D5) are cut into parts that depend on the shape alone.
 *
 * Assumption: the gradient by x is wanted only of convolutions of many channels. A derivation
 * of the maximum's gradient is in pool.inc. Reference: the same, and conv.inc. */
#include <string.h>

#include "nn/conv.h"

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"

enum { MOST_CHANNELS = 4, BAND_WINDOWS = 512, MOST_PARTS = 8 };

/* A band is `rows` rows of windows of one image. */
typedef struct {
    const mg_conv_shape_t *shape;
    const mg_conv_pool_kernels_t *kernels;
    const mg_winograd_kernels_t *moves; /* between planes and pixels */
    const float *x, *w, *bias, *dy;
    float *y, *dw, *db;
    uint8_t *kept;
    const uint8_t *taken;
    size_t height, width, rows, bands; /* of windows; bands per image */
    size_t padded, line, plane;        /* channels in whole vectors; elements of a row and a channel of a band */
    size_t sums, parts;                /* elements of dw and db, channels innermost */
    float *weights, *totals, *scratch;
    size_t scratch_size;
} plan_t;

static bool suits_directly(const mg_conv_shape_t *shape)
{
    static const size_t kernel[3] = {1, 3, 3};
    if (shape->groups != 1 || shape->in_channels == 0 || shape->in_channels > MOST_CHANNELS) return false;
    for (int axis = 0; axis < 3; axis++)
        if (shape->kernel[axis] != kernel[axis] || shape->stride[axis] != 1 || shape->dilation[axis] != 1) return false;
    return shape->in_size[0] == 1 && shape->out_size[0] == 1 && shape->pad[0] == 0;
}

int mg_conv_pool_suits(const mg_conv_shape_t *shape, int input_grad)
{
    mg_conv_sizes_t sizes;
    if (mg_conv_sizes(shape, &sizes) != MG_OK || shape->batch == 0 || shape->out_channels == 0) return 0;
    if (shape->out_size[1] < 2 || shape->out_size[2] < 2) return 0;
    return mg_winograd_suits(shape) || (!input_grad && suits_directly(shape));
}

static void plan_bands(plan_t *plan, const mg_conv_shape_t *shape)
{
    plan->shape = shape;
    plan->kernels = mg_kernels()->conv_pool;
    plan->moves = mg_kernels()->winograd;
    size_t lanes = plan->moves->lanes;
    plan->height = shape->out_size[1] / 2;
    plan->width = shape->out_size[2] / 2;
    plan->rows = plan->width > BAND_WINDOWS ? 1 : BAND_WINDOWS / plan->width;
    if (plan->rows > plan->height) plan->rows = plan->height;
    plan->bands = (plan->height + plan->rows - 1) / plan->rows;
    plan->padded = (shape->out_channels + lanes - 1) / lanes * lanes;
    plan->line = 2 * plan->width + 4;
    plan->plane = (2 * plan->rows + 2) * plan->line;
    plan->sums = (MG_CONV_POOL_TAPS * shape->in_channels + 1) * plan->padded;
    plan->parts = shape->batch < MOST_PARTS ? shape->batch : MOST_PARTS;
}

/* The pixels that `rows` rows of windows of image n read, from the row-th on, zero beyond the border. */
static void read_band(const plan_t *plan, size_t n, size_t row, size_t rows, float *band)
{
    const mg_conv_shape_t *shape = plan->shape;
    size_t height = shape->in_size[1], width = shape->in_size[2], pad = shape->pad[2], reach = 2 * plan->width + 2;
    size_t count = pad >= reach ? 0 : reach - pad < width ? reach - pad : width;
    for (size_t c = 0; c < shape->in_channels; c++, band += plan->plane) {
        const float *image = plan->x + (n * shape->in_channels + c) * height * width;
        memset(band, 0, plan->plane * sizeof(float));
        for (size_t i = 0; i < 2 * rows + 2; i++) {
            size_t y = 2 * row + i - shape->pad[1]; /* beyond every height if negative */
            if (y < height && count > 0) memcpy(band + i * plan->line + pad, image + y * width, count * sizeof(float));
        }
    }
}

static mg_conv_rows_t rows_of(const plan_t *plan)
{
    const float *bias = plan->weights + plan->sums - plan->padded;
    return (mg_conv_rows_t){plan->shape->in_channels, plan->plane, plan->line, plan->padded, plan->weights, bias};
}

static void forward_band(void *context, size_t index, size_t worker)
{
    const plan_t *plan = context;
    const mg_conv_rows_t windows = rows_of(plan);
    size_t n = index / plan->bands, row = index % plan->bands * plan->rows, padded = plan->padded;
    size_t rows = plan->height - row < plan->rows ? plan->height - row : plan->rows;
    float *band = plan->scratch + worker * plan->scratch_size, *out = band + plan->shape->in_channels * plan->plane;
    uint8_t *kept = plan->kept + (n * plan->height + row) * plan->width * padded;
    read_band(plan, n, row, rows, band);
    for (size_t i = 0; i < rows; i++)
        plan->kernels->windows(&windows, plan->width, band + 2 * i * plan->line, out + i * plan->width * padded,
                               kept + i * plan->width * padded); /* (D1), (D2), (D3) */
    size_t channels = plan->shape->out_channels, positions = plan->height * plan->width;
    plan->moves->to_planes(channels, padded, rows * plan->width, out,
                           plan->y + n * channels * positions + row * plan->width, positions);
}

/* Weights and bias with the output channels innermost. */
static void pack_weights(const plan_t *plan)
{
    size_t channels = plan->shape->in_channels, outputs = plan->shape->out_channels, padded = plan->padded;
    for (size_t c = 0; c < channels; c++)
        plan->moves->to_pixels(outputs, padded, MG_CONV_POOL_TAPS, plan->w + c * MG_CONV_POOL_TAPS,
                               channels * MG_CONV_POOL_TAPS, plan->weights + c * MG_CONV_POOL_TAPS * padded);
    float *bias = plan->weights + plan->sums - padded;
    memset(bias, 0, padded * sizeof(float));
    if (plan->bias != NULL) memcpy(bias, plan->bias, outputs * sizeof(float));
}

/* Run `body` for every chunk; `shared` elements go to *shares, and finish is called at the end. */
static mg_status_t run(plan_t *plan, size_t shared, float **shares, size_t chunks, mg_body_t body,
                       void (*begin)(const plan_t *), void (*finish)(const plan_t *))
{
    size_t workers = mg_pool_workers(), bands = plan->shape->in_channels * plan->plane;
    plan->scratch_size = (bands + plan->rows * plan->width * plan->padded + plan->sums + 15) / 16 * 16;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, shared, sizeof(float));
    mg_arena_plan(&arena, plan->scratch_size * workers, sizeof(float));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    *shares = mg_arena_take(&arena, shared, sizeof(float));
    plan->scratch = mg_arena_take(&arena, plan->scratch_size * workers, sizeof(float));
    if (begin != NULL) begin(plan);
    mg_parallel_for_workers(workers, chunks, body, plan);
    if (finish != NULL) finish(plan);
    mg_arena_close(&arena);
    return MG_OK;
}

mg_status_t mg_conv_pool_forward_f32(const mg_conv_shape_t *shape, const float *x, const float *w, const float *bias,
                                     float *y, uint8_t *choice)
{
    if (!mg_conv_pool_suits(shape, 0)) return MG_ERR_ARGUMENT;
    if (mg_winograd_suits(shape)) return mg_winograd_forward(shape, x, w, bias, MG_ACTIVATION_NONE, y, choice);
    plan_t plan = {.x = x, .w = w, .bias = bias, .y = y, .kept = choice};
    plan_bands(&plan, shape);
    return run(&plan, plan.sums, &plan.weights, shape->batch * plan.bands, forward_band, pack_weights, NULL);
}

/* The sums (D4), (D5) over one part of the images. */
static void sum_part(void *context, size_t part, size_t worker)
{
    const plan_t *plan = context;
    const mg_conv_rows_t windows = {plan->shape->in_channels, plan->plane, plan->line, plan->padded, NULL, NULL};
    size_t channels = plan->shape->out_channels, padded = plan->padded, positions = plan->height * plan->width;
    size_t end = (part + 1) * plan->shape->batch / plan->parts;
    float *total = plan->totals + part * plan->sums, *band = plan->scratch + worker * plan->scratch_size;
    float *grad = band + plan->shape->in_channels * plan->plane, *sums = grad + plan->rows * plan->width * padded;
    memset(total, 0, plan->sums * sizeof(float));
    for (size_t n = part * plan->shape->batch / plan->parts; n < end; n++) {
        memset(sums, 0, plan->sums * sizeof(float)); /* shorter chains of sums: smaller errors */
        for (size_t row = 0, rows; row < plan->height; row += rows) {
            rows = plan->height - row < plan->rows ? plan->height - row : plan->rows;
            const uint8_t *taken = plan->taken + (n * plan->height + row) * plan->width * padded;
            read_band(plan, n, row, rows, band);
            plan->moves->to_pixels(channels, padded, rows * plan->width,
                                   plan->dy + n * channels * positions + row * plan->width, positions, grad);
            for (size_t i = 0, at = 0; i < rows; i++, at += plan->width * padded)
                plan->kernels->gradient(&windows, plan->width, band + 2 * i * plan->line, grad + at, taken + at, sums);
            plan->kernels->sum(padded, rows * plan->width, grad, taken, sums + plan->sums - padded);
        }
        mg_kernels()->level1_f32.axpy(plan->sums, 1, sums, total);
    }
}

static void finish_gradients(const plan_t *plan)
{
    size_t channels = plan->shape->in_channels, outputs = plan->shape->out_channels, taps = MG_CONV_POOL_TAPS;
    for (size_t part = 1; part < plan->parts; part++)
        mg_kernels()->level1_f32.axpy(plan->sums, 1, plan->totals + part * plan->sums, plan->totals);
    for (size_t c = 0; c < channels && plan->dw != NULL; c++)
        plan->moves->to_planes(outputs, plan->padded, taps, plan->totals + c * taps * plan->padded, plan->dw + c * taps,
                               channels * taps);
    if (plan->db != NULL) memcpy(plan->db, plan->totals + plan->sums - plan->padded, outputs * sizeof(float));
}

mg_status_t mg_conv_pool_backward_f32(const mg_conv_shape_t *shape, const float *x, const float *w, const float *dy,
                                      const uint8_t *choice, float *dx, float *dw, float *db)
{
    if (!mg_conv_pool_suits(shape, dx != NULL)) return MG_ERR_ARGUMENT;
    if (!mg_winograd_suits(shape)) {
        plan_t plan = {.x = x, .dy = dy, .taken = choice, .dw = dw, .db = db};
        plan_bands(&plan, shape);
        return run(&plan, plan.sums * plan.parts, &plan.totals, plan.parts, sum_part, NULL, finish_gradients);
    }
    mg_status_t status = MG_OK;
    if (dx != NULL) status = mg_winograd_input_grad(shape, dy, choice, w, NULL, dx);
    if (status != MG_OK || (dw == NULL && db == NULL)) return status;
    return mg_winograd_weight_grad(shape, x, dy, choice, dw, db);
}
