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

typedef enum { MG_INTERPOLATION_NEAREST = 0, MG_INTERPOLATION_BILINEAR = 1 } mg_interpolation_t;

/* output(p) = input(inverse of matrix applied to p), for every output pixel p.
 *
 * matrix is 3 x 3, row-major, and takes input coordinates (x, y, 1) to output
 * coordinates; its last row must be 0 0 1. input is height x width x channels, output
 * is out_height x out_width x channels; they must not overlap. The input is zero
 * beyond its border. Nearest takes the pixel at floor(x + 1/2), floor(y + 1/2).
 * uint8 results are rounded to the nearest integer, halves to even.
 * MG_ERR_ARGUMENT for another last row or an unknown interpolation; MG_ERR_NOT_FINITE
 * for NaN or infinity in matrix; MG_ERR_SINGULAR if the matrix has no inverse in double
 * precision, or one that overflows; MG_ERR_OVERFLOW if an image's size does not fit in
 * size_t. */
mg_status_t mg_image_warp_u8(size_t height, size_t width, size_t channels, const uint8_t *input, const double *matrix,
                             size_t out_height, size_t out_width, uint8_t *output, mg_interpolation_t interpolation);
mg_status_t mg_image_warp_f32(size_t height, size_t width, size_t channels, const float *input, const double *matrix,
                              size_t out_height, size_t out_width, float *output, mg_interpolation_t interpolation);

/* output_k(x, y) = input_k((a x + b y + c, d x + e y + f) + (u, v)), for each of n_images
 * one-channel images of height x width: bilinear, zero beyond the border.
 *
 * images and output: n_images x height x width, not overlapping. maps: n_images x 6, rows
 * (a, b, c, d, e, f), from output to input coordinates. fields: n_images x 2 x height x
 * width, displacements u (to the right) and v (down) in pixels; NULL for none. A source that
 * is NaN or infinite lies outside. MG_ERR_ARGUMENT for a side over 2^20, MG_ERR_OVERFLOW. */
mg_status_t mg_image_displace_f32(size_t n_images, size_t height, size_t width, const float *images, const float *maps,
                                  const float *fields, float *output);

/* cdef: end */

#endif
