/* What the forward and the backward direction of Winograd's minimal filtering share; see
 * conv_winograd.c. */
#ifndef MG_NN_CONV_WINOGRAD_H
#define MG_NN_CONV_WINOGRAD_H

#include "nn/conv.h"

#include "core/dispatch.h"

enum { MG_WINOGRAD_COEFFICIENTS = 36 };

/* A correlation of images of channels_in planes to channels_out planes, and the buffers. A
 * block is `images` images whole, or `tile_rows` rows of tiles of one. */
typedef struct {
    const mg_winograd_kernels_t *kernels;
    const mg_gemm_kernels_f32_t *gemm;
    size_t batch, channels_in, channels_out, padded_in, padded_out; /* padded: to whole vectors */
    size_t height, width, out_height, out_width, pad_y, pad_x;
    size_t tiles_y, tiles_x, images, tile_rows, tiles, blocks, row_blocks; /* tiles: at most, in a block */
    mg_activation_t activation;
    bool flipped;
    const float *x, *w, *dy;
    float *out;
    float *u, *bias, *taps, *scratch; /* u: 36 x strips x channels_in x nr; taps: weights, channels innermost */
    size_t u_plane, scratch_size, pixels_size, pooled_size, parts;
    uint8_t *kept;        /* of the maxima that follow the convolution, or NULL (kernels/conv_pool.h) */
    const uint8_t *taken; /* the gradient that comes in is by those maxima, or NULL */
} mg_winograd_plan_t;

/* One block: images n .. n + images, rows of tiles from row on, and its buffers. A plane of v or m, the
 * tiles' values of one coefficient, begins v_plane or m_plane elements after the one before. */
typedef struct {
    size_t n, images, row, rows, tiles, v_plane, m_plane;
    float *v, *m, *pixels, *pooled;
} mg_winograd_block_t;

/* The buffers of one image after another: where a planar image lies, and its size. */
typedef struct {
    const float *images;
    size_t channels, padded, height, width;
} mg_winograd_source_t;

/* The sizes that the shape names. */
mg_winograd_plan_t mg_winograd_plan_of(const mg_conv_shape_t *shape);

/* Derive the sizes that follow from the others. */
void mg_winograd_plan(mg_winograd_plan_t *plan);
mg_winograd_block_t mg_winograd_block(const mg_winograd_plan_t *plan, size_t index, float *scratch);

/* Pixels of rows first .. first + rows and columns -pad .. columns - pad of image n, channels
 * innermost, zero where the image has none. If taken, the source's size is that of the image, its
 * values are the gradient by the maxima, and each pixel gets what is its own. */
void mg_winograd_read(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block,
                      const mg_winograd_source_t *source, const uint8_t *taken, size_t n, ptrdiff_t first, size_t rows,
                      size_t pad, size_t columns);

/* V of a block. */
void mg_winograd_input(const mg_winograd_plan_t *plan, const mg_winograd_block_t *block);

/* One strip of rows of a product, cols columns of it. */
void mg_winograd_multiply(const mg_winograd_plan_t *plan, mg_a_layout_t layout, size_t rows, size_t cols, size_t depth,
                          const float *a, size_t a_stride, const float *b, size_t b_stride, float beta, float *c,
                          size_t ldc);

#endif
