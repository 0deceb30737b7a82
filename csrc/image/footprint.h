/* footprint: which pixels of an image, made smaller as often as need be, one output pixel of a
 * shrinking warp averages. */
#ifndef MG_IMAGE_FOOTPRINT_H
#define MG_IMAGE_FOOTPRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "minigrad/image.h"

/* Halved so often, the longest side allowed is one pixel. */
#define MG_MAX_LEVELS ((size_t)30)

/* The image, about halved a number of times: pixel (x, y) of the image itself lies at
 * (scale_x x + shift_x, scale_y y + shift_y) of this level. */
typedef struct {
    size_t height, width;
    double scale_x, shift_x, scale_y, shift_y;
} mg_level_t;

/* Source pixel (dx, dy) from the centre, on its level, has the weight k(u) k(v) with
 * u = a[0] dx + a[1] dy, v = a[2] dx + a[3] dy; it is 0 beyond the reach. */
typedef struct {
    bool shrinks; /* the rest only if so */
    size_t level;
    double a[4];
    double reach_x, reach_y;
    double width_x, width_y; /* of an output pixel, in pixels of the level */
} mg_footprint_t;

/* The level after another. */
mg_level_t mg_level_next(const mg_level_t *level);

/* For pixel i of `size` along one side of the level after one with `before` pixels there: the
 * first of MG_SHRINK_TAPS pixels of the latter, and their weights. */
ptrdiff_t mg_level_taps(size_t i, size_t size, size_t before, double *weights);

/* Source pixels per output pixel at output pixel (i, j) of a map from output to input, row-major,
 * and there the source. False where there is none. */
bool mg_jacobian(const double *map, double i, double j, double *jacobian, double *x, double *y);

/* Whether the Jacobian changes so little from pixel first to pixel last of row j that they may
 * share a footprint. */
bool mg_even(const double *map, double first, double last, double j);

/* The footprint on the best of n_levels, and the level that would be best of any number. */
mg_footprint_t mg_footprint(const double *jacobian, const mg_level_t *levels, size_t n_levels);
size_t mg_footprint_level(const double *jacobian);

/* Whether an output pixel whose source is (x, y) may not lie wholly on the level. */
static inline bool mg_footprint_fades(const mg_footprint_t *print, const mg_level_t *level, double x, double y)
{
    return !(x > print->width_x && y > print->width_y && x < (double)level->width - 1 - print->width_x &&
             y < (double)level->height - 1 - print->width_y);
}

/* How much of an output pixel whose source is (x, y) lies on the level, from 0 to 1. */
double mg_footprint_cover(const mg_footprint_t *print, const mg_level_t *level, double x, double y);

/* How much of a pixel of the output, `width` wide, lies on a side of `size` pixels if its source
 * is x. */
double mg_side_cover(double x, double size, double width);

/* Whether the map shrinks enough to need an average. */
bool mg_shrinks(const double *jacobian);

#endif
