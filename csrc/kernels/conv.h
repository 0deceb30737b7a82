/* Kernels of the convolutions; csrc/nn/conv.inc and csrc/nn/conv_winograd.c drive them. */
#ifndef MG_KERNELS_CONV_H
#define MG_KERNELS_CONV_H

#include <stdbool.h>
#include <stddef.h>

#include "minigrad/nn_conv.h"

/* The most output positions that one call of unfold or fold takes. */
#define MG_CONV_BLOCK ((size_t)256)

/* unfold: col[r * ld + j] = what kernel element t of channel c meets at output position
 * first + j, r = c taps + t, for channels channels from x on and 0 <= j < count.
 * col[r * ld + j] for count <= j < ld is undefined afterwards, and so is one vector
 * behind the last row. ld >= count.
 *
 * fold: its adjoint, x += columns; what lies beyond the border is dropped.
 *
 * sum: the sum of n elements in lanes of 128 bytes, folded in one fixed order. */
typedef struct {
    void (*unfold)(const mg_conv_shape_t *shape, size_t channels, const float *x, size_t first, size_t count,
                   float *col, size_t ld);
    void (*fold)(const mg_conv_shape_t *shape, size_t channels, const float *col, size_t ld, size_t first, size_t count,
                 float *x);
    float (*sum)(size_t n, const float *x);
} mg_conv_kernels_f32_t;

typedef struct {
    void (*unfold)(const mg_conv_shape_t *shape, size_t channels, const double *x, size_t first, size_t count,
                   double *col, size_t ld);
    void (*fold)(const mg_conv_shape_t *shape, size_t channels, const double *col, size_t ld, size_t first,
                 size_t count, double *x);
    double (*sum)(size_t n, const double *x);
} mg_conv_kernels_f64_t;

/* Winograd's minimal filtering of 4 x 4 outputs by a 3 x 3 kernel: transforms between the
 * pixels of a tile, channels innermost, and 36 coefficients. A pixel is `channels`
 * elements, a multiple of the lanes; coefficient e of channel c stands at plane e + c.
 *
 * input:       coefficients of the 6 x 6 pixels at in, rows `row` elements apart
 * outgrad:     coefficients of the gradient by 4 x 4 outputs
 * output:      4 x 4 pixels, rows `row` apart, from coefficients, plus bias (channels
 *              elements, never NULL), and ReLU if asked for
 * weights:     one vector of channels: coefficients of 9 taps that are `tap` elements apart,
 *              in reverse order if flipped
 * weightgrad:  one vector of channels: the gradient by 9 taps from that by coefficients
 * to_pixels:   out[p padded + c] = in[c ld + p] for p < count, zero for channels <= c < padded
 * to_planes:   out[c ld + p] = in[p padded + c] for p < count, c < channels */
typedef struct {
    size_t lanes;
    void (*input)(size_t channels, const float *in, size_t row, float *out, size_t plane);
    void (*outgrad)(size_t channels, const float *in, size_t row, float *out, size_t plane);
    void (*output)(size_t channels, const float *in, size_t plane, const float *bias, mg_activation_t activation,
                   float *out, size_t row);
    void (*weights)(bool flipped, const float *in, size_t tap, float *out, size_t plane);
    void (*weightgrad)(const float *in, size_t plane, float *out, size_t tap);
    void (*to_pixels)(size_t channels, size_t padded, size_t count, const float *in, size_t ld, float *out);
    void (*to_planes)(size_t channels, size_t padded, size_t count, const float *in, float *out, size_t ld);
} mg_winograd_kernels_t;

#endif
