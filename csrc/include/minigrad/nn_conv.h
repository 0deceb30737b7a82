/* nn_conv: convolutions over up to three spatial dimensions, forward and backward.
 *
 * Arrays are contiguous: images batch x (groups channels) x depth x height x width,
 * weights (groups out_channels) x in_channels x kernel. A convolution of fewer spatial
 * dimensions has leading ones (and pad 0). Alphabet: x input, w weights, y output;
 * dx, dw, dy the gradients of a loss by them. */
#ifndef MINIGRAD_NN_CONV_H
#define MINIGRAD_NN_CONV_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"
#include "minigrad/linalg.h"

/* cdef: begin */

/* Channels are counted per group. Output position o reads the input positions
 * o stride + t dilation - pad for 0 <= t < kernel; beyond the input's border it reads
 * zeros, so any out_size is legal and pad is that before the first position. */
typedef struct {
    size_t batch, groups, in_channels, out_channels;
    size_t in_size[3], out_size[3], kernel[3], stride[3], pad[3], dilation[3];
} mg_conv_shape_t;

/* y = activation(w * x + bias); bias has groups out_channels elements, or is NULL.
 *
 * MG_ERR_ARGUMENT for a stride or dilation of 0; MG_ERR_OVERFLOW for sizes beyond
 * memory; MG_ERR_MEMORY for the packing buffers: this holds for all functions here.
 * Error: each y is a sum of r = in_channels kernel products in one chain of fused
 * multiply-adds, |y - exact| <= 1.01 r eps sum |w||x|. In float32, 3 x 3 kernels with stride 1
 * and dilation 1 over many channels take a quarter of the multiplications (see
 * csrc/nn/conv_winograd.c) and are measured to err about twice as much. */
mg_status_t mg_conv_forward_f32(const mg_conv_shape_t *shape, const float *x, const float *w, const float *bias,
                                mg_activation_t activation, float *y);
mg_status_t mg_conv_forward_f64(const mg_conv_shape_t *shape, const double *x, const double *w, const double *bias,
                                mg_activation_t activation, double *y);

/* dx = the gradient by x, given dy; also the forward direction of a transposed convolution, whose
 * bias (groups in_channels elements, or NULL) is then added to every position. */
mg_status_t mg_conv_input_grad_f32(const mg_conv_shape_t *shape, const float *dy, const float *w, const float *bias,
                                   float *dx);
mg_status_t mg_conv_input_grad_f64(const mg_conv_shape_t *shape, const double *dy, const double *w, const double *bias,
                                   double *dx);

/* dw = the gradient by w, given x and dy, and db = that by the bias unless it is NULL. The sums over
 * images and positions are cut into parts that depend on the shape alone. */
mg_status_t mg_conv_weight_grad_f32(const mg_conv_shape_t *shape, const float *x, const float *dy, float *dw,
                                    float *db);
mg_status_t mg_conv_weight_grad_f64(const mg_conv_shape_t *shape, const double *x, const double *dy, double *dw,
                                    double *db);

/* A convolution, ReLU and the largest of every 2 x 2 side by side (a last odd row or column of
 * positions is left out) in one pass: y is batch x out_channels x out_size / 2, and choice
 * batch x positions of y x out_channels rounded up to 16, bytes in an order of their own, says
 * which positions the elements of y come from. Backward takes choice and the gradient by y; dx, dw and db
 * (by the bias) may be NULL. A position that is not the first of the largest, or not positive, gets no
 * gradient. NaN counts as larger than any number.
 *
 * suits: nonzero if this way is open: 3 x 3 kernels with stride and dilation 1 and groups 1,
 * two positions or more each way, and either as many channels as Winograd's way wants, or
 * at most 4 input channels and no gradient by x (input_grad 0). The others return MG_ERR_ARGUMENT if not. */
int mg_conv_pool_suits(const mg_conv_shape_t *shape, int input_grad);
mg_status_t mg_conv_pool_forward_f32(const mg_conv_shape_t *shape, const float *x, const float *w, const float *bias,
                                     float *y, uint8_t *choice);
mg_status_t mg_conv_pool_backward_f32(const mg_conv_shape_t *shape, const float *x, const float *w, const float *dy,
                                      const uint8_t *choice, float *dx, float *dw, float *db);

/* sums[c] = the sum of x[n, c, p] over n < batch and p < positions: the gradient of a bias. */
mg_status_t mg_channel_sum_f32(size_t batch, size_t channels, size_t positions, const float *x, float *sums);
mg_status_t mg_channel_sum_f64(size_t batch, size_t channels, size_t positions, const double *x, double *sums);

/* The columns that a convolution multiplies (im2col): columns[n, c, t, o] = the input of
 * channel c that kernel element t meets at output position o, and the sum of columns back
 * into an image (its adjoint). shape.out_channels and shape.groups are not used but for
 * channels = groups in_channels. */
mg_status_t mg_conv_unfold_f32(const mg_conv_shape_t *shape, const float *x, float *columns);
mg_status_t mg_conv_unfold_f64(const mg_conv_shape_t *shape, const double *x, double *columns);
mg_status_t mg_conv_fold_f32(const mg_conv_shape_t *shape, const float *columns, float *x);
mg_status_t mg_conv_fold_f64(const mg_conv_shape_t *shape, const double *columns, double *x);

/* cdef: end */

#endif
