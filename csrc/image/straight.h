/* straight: the weights of a shrinking warp that keeps the axes, one side at a time. */
#ifndef MG_IMAGE_STRAIGHT_H
#define MG_IMAGE_STRAIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "minigrad/image.h"

/* The kernel of one side, stretched over the pixels of the source. */
typedef struct {
    double stretch;
    double reach; /* in pixels; no tap lies further away */
    size_t taps;  /* a multiple of 4 */
    bool cubic;
} mg_straight_t;

/* Up to so many pixels of the source per pixel of the output, and pixels of the output. */
#define MG_STRAIGHT_MOST 16.0
#define MG_STRAIGHT_SIDE ((size_t)1 << 16)
#define MG_STRAIGHT_TAPS 144

/* For so many (at most MG_STRAIGHT_MOST) source pixels per output pixel. */
mg_straight_t mg_straight(double pixels, mg_interpolation_t interpolation);

/* The first of side->taps pixels about x, |x| <= 2^30. */
ptrdiff_t mg_straight_first(const mg_straight_t *side, double x);

/* The weights of the taps, of which the first is `shift` from the place; their sum is 1. */
void mg_straight_weights(const mg_straight_t *side, double shift, double *weights);

#endif
