/* image: filters that look at a pixel's neighbours, and colours times matrices.
 *
 * Images are as in minigrad/image.h: height x width x channels, without gaps. uint8 and
 * uint16 images are computed in float, rounded to the nearest integer, halves to even, and
 * clamped. Inputs and outputs do not overlap. */
#ifndef MINIGRAD_IMAGE_FILTER_H
#define MINIGRAD_IMAGE_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

/* What lies beyond the border of a b c d: zeros; a a | a b c d | d d; b a | a b c d | d c;
 * c d | a b c d | a b. Mirrors and copies go on for as far as they are asked for. */
typedef enum { MG_BORDER_CONSTANT = 0, MG_BORDER_REPLICATE = 1, MG_BORDER_REFLECT = 2, MG_BORDER_WRAP = 3 } mg_border_t;

/* output(y, x) = sum over i, j of kernel[i][j] input(y + i - kernel_height / 2, x + j - kernel_width / 2):
 * the kernel is laid over the pixel's neighbours as it is written. kernel: kernel_height x
 * kernel_width, both odd. MG_ERR_ARGUMENT for an even or unknown one; MG_ERR_NOT_FINITE for NaN
 * or infinity in kernel; MG_ERR_OVERFLOW, MG_ERR_MEMORY. */
mg_status_t mg_image_correlate_u8(size_t height, size_t width, size_t channels, const uint8_t *input,
                                  size_t kernel_height, size_t kernel_width, const float *kernel, mg_border_t border,
                                  uint8_t *output);
mg_status_t mg_image_correlate_u16(size_t height, size_t width, size_t channels, const uint16_t *input,
                                   size_t kernel_height, size_t kernel_width, const float *kernel, mg_border_t border,
                                   uint16_t *output);
mg_status_t mg_image_correlate_f32(size_t height, size_t width, size_t channels, const float *input,
                                   size_t kernel_height, size_t kernel_width, const float *kernel, mg_border_t border,
                                   float *output);
mg_status_t mg_image_correlate_f64(size_t height, size_t width, size_t channels, const double *input,
                                   size_t kernel_height, size_t kernel_width, const double *kernel, mg_border_t border,
                                   double *output);

/* The same for the kernel column[i] row[j], by rows first and then by columns. column:
 * kernel_height; row: kernel_width. */
mg_status_t mg_image_separable_u8(size_t height, size_t width, size_t channels, const uint8_t *input,
                                  size_t kernel_height, const float *column, size_t kernel_width, const float *row,
                                  mg_border_t border, uint8_t *output);
mg_status_t mg_image_separable_u16(size_t height, size_t width, size_t channels, const uint16_t *input,
                                   size_t kernel_height, const float *column, size_t kernel_width, const float *row,
                                   mg_border_t border, uint16_t *output);
mg_status_t mg_image_separable_f32(size_t height, size_t width, size_t channels, const float *input,
                                   size_t kernel_height, const float *column, size_t kernel_width, const float *row,
                                   mg_border_t border, float *output);
mg_status_t mg_image_separable_f64(size_t height, size_t width, size_t channels, const double *input,
                                   size_t kernel_height, const double *column, size_t kernel_width, const double *row,
                                   mg_border_t border, double *output);

/* sqrt(a^2 + b^2) of what correlate gives for two kernels of one size. kernels: 2 x
 * kernel_height x kernel_width. */
mg_status_t mg_image_magnitude_u8(size_t height, size_t width, size_t channels, const uint8_t *input,
                                  size_t kernel_height, size_t kernel_width, const float *kernels, mg_border_t border,
                                  uint8_t *output);
mg_status_t mg_image_magnitude_u16(size_t height, size_t width, size_t channels, const uint16_t *input,
                                   size_t kernel_height, size_t kernel_width, const float *kernels, mg_border_t border,
                                   uint16_t *output);
mg_status_t mg_image_magnitude_f32(size_t height, size_t width, size_t channels, const float *input,
                                   size_t kernel_height, size_t kernel_width, const float *kernels, mg_border_t border,
                                   float *output);
mg_status_t mg_image_magnitude_f64(size_t height, size_t width, size_t channels, const double *input,
                                   size_t kernel_height, size_t kernel_width, const double *kernels, mg_border_t border,
                                   double *output);

/* out[c] = sum over d of matrix[c][d] in[d], + matrix[c][channels], for each of n_pixels
 * pixels of `channels` values, 3 or 4 (MG_ERR_ARGUMENT for others). matrix: channels x
 * (channels + 1). */
mg_status_t mg_image_color_u8(size_t n_pixels, size_t channels, const uint8_t *input, const float *matrix,
                              uint8_t *output);
mg_status_t mg_image_color_u16(size_t n_pixels, size_t channels, const uint16_t *input, const float *matrix,
                               uint16_t *output);
mg_status_t mg_image_color_f32(size_t n_pixels, size_t channels, const float *input, const float *matrix,
                               float *output);
mg_status_t mg_image_color_f64(size_t n_pixels, size_t channels, const double *input, const double *matrix,
                               double *output);

/* Colours times alpha / full, and back, where the last channel is alpha; back, a pixel
 * whose alpha is not above 0 becomes 0. MG_ERR_ARGUMENT for no channels or full <= 0.
 * input and output may be one. */
mg_status_t mg_image_premultiply_f32(size_t n_pixels, size_t channels, const float *input, float full, float *output);
mg_status_t mg_image_unpremultiply_f32(size_t n_pixels, size_t channels, const float *input, float full, float *output);

/* cdef: end */

#endif
