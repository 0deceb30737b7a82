/* What the convolution's two ways share. */
#ifndef MG_NN_CONV_H
#define MG_NN_CONV_H

#include <stdbool.h>
#include <stddef.h>

#include "minigrad/nn_conv.h"

/* The sizes that follow from a shape; per group where the shape is. */
typedef struct {
    size_t taps;      /* elements of the kernel */
    size_t rows;      /* in_channels taps: the length of each sum */
    size_t pixels;    /* of one input channel */
    size_t positions; /* of one output channel */
} mg_conv_sizes_t;

/* Check a shape and derive its sizes: MG_ERR_ARGUMENT, MG_ERR_OVERFLOW or MG_OK. Then the
 * elements of every array fit in a size_t of bytes, and positions in a ptrdiff_t. */
mg_status_t mg_conv_sizes(const mg_conv_shape_t *shape, mg_conv_sizes_t *sizes);

/* Items to hand out together so that a chunk is worth its thread; item_work in multiply-adds. */
size_t mg_conv_per_chunk(size_t items, double item_work);

/* The float32 convolution by Winograd's minimal filtering. suits says whether it pays. Unless kept is
 * NULL, ReLU and the largest of every 2 x 2 follow: y then holds those, and kept which they are.
 * Unless taken is NULL, dy is the gradient by them, and taken what forward kept
 * (mg_conv_pool_forward_f32). db, the sum of dy over images and positions, may be NULL. */
bool mg_winograd_suits(const mg_conv_shape_t *shape);
mg_status_t mg_winograd_forward(const mg_conv_shape_t *shape, const float *x, const float *w, const float *bias,
                                mg_activation_t activation, float *y, uint8_t *kept);
mg_status_t mg_winograd_input_grad(const mg_conv_shape_t *shape, const float *dy, const uint8_t *taken, const float *w,
                                   const float *bias, float *dx);
mg_status_t mg_winograd_weight_grad(const mg_conv_shape_t *shape, const float *x, const float *dy, const uint8_t *taken,
                                    float *dw, float *db);

#endif
