/* image: inverse-mapped warps, of one image or of many small ones.
 *
 * An image is row-major, height x width x channels, without gaps: the channels of a
 * pixel lie side by side. Integer coordinates (x, y) are the centres of pixels, x to
 * the right, y down. Alphabet: height, width, channels of the input; out_height,
 * out_width of the output. */
#ifndef MINIGRAD_IMAGE_H
#define MINIGRAD_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

typedef enum {
    MG_INTERPOLATION_NEAREST = 0,
    MG_INTERPOLATION_BILINEAR = 1,
    MG_INTERPOLATION_BICUBIC = 2, /* Keys, a = -1/2 */
    MG_INTERPOLATION_LANCZOS = 3  /* 3 lobes */
} mg_interpolation_t;

/* What an image is beyond its border: 0; its nearest pixel; itself mirrored, the border's
 * pixels twice (dcba|abcd|dcba); itself again. */
typedef enum { MG_EDGE_CONSTANT = 0, MG_EDGE_REPLICATE = 1, MG_EDGE_REFLECT = 2, MG_EDGE_WRAP = 3 } mg_edge_t;

/* Options of a warp: bits to be added. */
enum {
    MG_WARP_ALPHA = 1,    /* the last of 2 or 4 channels is opacity, and weighs the others */
    MG_WARP_ANTIALIAS = 2 /* average where the map shrinks, unless the interpolation is nearest */
};

/* output(p) = input(inverse of matrix applied to p), for every output pixel p.
 *
 * matrix is 3 x 3, row-major, and takes input coordinates (x, y, 1) to output coordinates, up
 * to a factor. Where the third coordinate has another sign than at the middle of the input,
 * nothing is seen: output pixels that have their source there are 0. input is height x width x
 * channels, output is out_height x out_width x channels, 1 <= channels <= 4; they must not
 * overlap. Nearest takes the pixel at floor(x + 1/2), floor(y + 1/2). Integer results are
 * rounded to the nearest integer, halves to even, and held within their type's range; uint8
 * and float32 are interpolated in float32, uint16 and float64 in float64. Where matrix only
 * moves whole pixels (shifts, quarter turns, mirrors), they are copied.
 * Averages are over a footprint of the output pixel's shape and, in float32 for uint8 and
 * float32, float64 for the others, of the image halved as often as it takes; maps that keep the
 * axes and shrink by at most 16 average the image itself, with the interpolation's own kernel.
 * MG_ERR_ARGUMENT for another number of channels or an unknown interpolation, edge or option;
 * MG_ERR_NOT_FINITE for NaN or infinity in matrix; MG_ERR_SINGULAR if the matrix has no inverse
 * in double precision, or one that overflows; MG_ERR_OVERFLOW if an image's size does not fit
 * in size_t, or a side is over 2^28; MG_ERR_MEMORY. */
mg_status_t mg_image_warp_u8(size_t height, size_t width, size_t channels, const uint8_t *input, const double *matrix,
                             size_t out_height, size_t out_width, uint8_t *output, mg_interpolation_t interpolation,
                             mg_edge_t edge, unsigned options);
mg_status_t mg_image_warp_u16(size_t height, size_t width, size_t channels, const uint16_t *input, const double *matrix,
                              size_t out_height, size_t out_width, uint16_t *output, mg_interpolation_t interpolation,
                              mg_edge_t edge, unsigned options);
mg_status_t mg_image_warp_f32(size_t height, size_t width, size_t channels, const float *input, const double *matrix,
                              size_t out_height, size_t out_width, float *output, mg_interpolation_t interpolation,
                              mg_edge_t edge, unsigned options);
mg_status_t mg_image_warp_f64(size_t height, size_t width, size_t channels, const double *input, const double *matrix,
                              size_t out_height, size_t out_width, double *output, mg_interpolation_t interpolation,
                              mg_edge_t edge, unsigned options);

/* output_k(x, y) = input_k((a x + b y + c, d x + e y + f) + (u, v)), for each of n_images
 * one-channel images of height x width: bilinear, zero beyond the border.
 *
 * images and output: n_images x height x width, not overlapping. maps: n_images x 6, rows
 * (a, b, c, d, e, f), from output to input coordinates. fields: n_images x 2 x height x
 * width, displacements u (to the right) and v (down) in pixels; NULL for none. A source that
 * is NaN or infinite lies outside. MG_ERR_ARGUMENT for a side over 2^20, MG_ERR_OVERFLOW. */
mg_status_t mg_image_displace_f32(size_t n_images, size_t height, size_t width, const float *images, const float *maps,
                                  const float *fields, float *output);

/* Undo, in place, the filters of a PNG's rows: height times a byte 0 to 4 and `size` bytes, `step`
 * to a pixel. MG_ERR_ARGUMENT for another filter or step 0, and then nothing is changed;
 * MG_ERR_OVERFLOW. */
mg_status_t mg_image_unfilter(size_t height, size_t size, size_t step, uint8_t *rows);

/* cdef: end */

#endif
