/* Kernels of a convolution that is followed at once by ReLU and the largest of every 2 x 2;
 * csrc/nn/conv_pool.c and csrc/nn/conv_winograd.c drive them. float32. */
#ifndef MG_KERNELS_CONV_POOL_H
#define MG_KERNELS_CONV_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Pixels stand with their channels innermost, `channels` elements each, a multiple of the
 * lanes. Of each window and channel, choice says which of its four pixels, by rows, is the
 * first of the largest: 0 .. 3, or MG_CHOICE_NONE if it is not positive and ReLU makes it 0. */
enum { MG_CHOICE_NONE = 4, MG_CONV_POOL_TAPS = 9 };

/* Some channels of images and 3 x 3 weights. Pixel (y, x) of input channel c is
 * image[c plane + y row + x]; tap t of it meets weights[(9 c + t) channels ..]. */
typedef struct {
    size_t channels_in, plane, row, channels;
    const float *weights, *bias; /* bias: channels elements */
} mg_conv_rows_t;

/* pool:      the count windows of two rows of pixels: out and choice, a pixel each
 * unpool:    the gradient by the upper (0) or the lower (1) of the two rows: 2 count pixels
 * sum:       sums[c] += what of grad reaches a pixel; all of it if choice is NULL
 * windows:   convolution, ReLU and maximum for count windows whose first reads from image
 *            on; row >= 2 count + 4 elements of each row are read
 * gradient:  dw[(9 c + t) channels ..] += the gradient by the weights of count windows */
typedef struct {
    void (*pool)(size_t channels, size_t count, const float *upper, const float *lower, float *out, uint8_t *choice);
    void (*unpool)(size_t channels, size_t count, int lower, const float *grad, const uint8_t *choice, float *out);
    void (*sum)(size_t channels, size_t count, const float *grad, const uint8_t *choice, float *sums);
    void (*windows)(const mg_conv_rows_t *rows, size_t count, const float *image, float *out, uint8_t *choice);
    void (*gradient)(const mg_conv_rows_t *rows, size_t count, const float *image, const float *grad,
                     const uint8_t *choice, float *dw);
} mg_conv_pool_kernels_t;

#endif
