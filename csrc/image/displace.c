/* Many small images, each bent by a map and a displacement field of its own.
 *
 * Problem. For each image I_k, find O_k(p) = I_k(s), s the source of p. Assumptions: I_k is
 * zero beyond its border, and linear in each direction between its pixels.
 *
 * (D1) The source is an affine map of the pixel, plus its displacement in pixels:
 *      s = (a x + b y + c, d x + e y + f) + (u(x, y), v(x, y)).
 * (D2) With s = (i + f, j + g), i and j integers, 0 <= f, g < 1:
 *      I(s) = (1-g) ((1-f) I(i, j) + f I(i+1, j)) + g ((1-f) I(i, j+1) + f I(i+1, j+1)).
 *
 * Reference: P. Y. Simard, D. Steinkraus and J. C. Platt (2003), Best practices for
 * convolutional neural networks applied to visual document analysis, ICDAR, section 2. It
 * displaces only; here a rotation or shift is part of the same one resampling. */
#include <math.h>
#include <stdbool.h>

#include "minigrad/image.h"

#include "core/arena.h"
#include "core/pool.h"

typedef struct {
    size_t n_images, height, width;
    const float *images, *maps, *fields;
    float *output;
    size_t images_per_chunk;
} displace_t;

/* The pixel at (column, row), or 0 beyond the border. */
static float pixel_at(const float *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t column, ptrdiff_t row)
{
    bool inside = column >= 0 && row >= 0 && column < width && row < height;
    return inside ? image[row * width + column] : 0;
}

static float sample(const float *image, ptrdiff_t height, ptrdiff_t width, float x, float y)
{
    /* Written so that NaN, too, is outside. */
    if (!(x > -1 && y > -1 && x < (float)width && y < (float)height)) return 0;
    ptrdiff_t i = (ptrdiff_t)floorf(x), j = (ptrdiff_t)floorf(y);
    float f = x - (float)i, g = y - (float)j;
    float upper, lower;
    if (i >= 0 && j >= 0 && i + 1 < width && j + 1 < height) {
        const float *corner = image + j * width + i;
        upper = (1 - f) * corner[0] + f * corner[1];
        lower = (1 - f) * corner[width] + f * corner[width + 1];
    } else {
        upper = (1 - f) * pixel_at(image, height, width, i, j) + f * pixel_at(image, height, width, i + 1, j);
        lower = (1 - f) * pixel_at(image, height, width, i, j + 1) + f * pixel_at(image, height, width, i + 1, j + 1);
    }
    return (1 - g) * upper + g * lower; /* (D2) */
}

static void displace_image(const displace_t *work, size_t k)
{
    size_t height = work->height, width = work->width, pixels = height * width;
    const float *image = work->images + k * pixels, *map = work->maps + 6 * k;
    const float *u = work->fields == NULL ? NULL : work->fields + 2 * k * pixels;
    float *output = work->output + k * pixels;
    for (size_t row = 0; row < height; row++) {
        for (size_t column = 0; column < width; column++) {
            size_t p = row * width + column;
            float x = map[0] * (float)column + map[1] * (float)row + map[2]; /* (D1) */
            float y = map[3] * (float)column + map[4] * (float)row + map[5];
            if (u != NULL) {
                x += u[p];
                y += u[pixels + p];
            }
            output[p] = sample(image, (ptrdiff_t)height, (ptrdiff_t)width, x, y);
        }
    }
}

static void displace_chunk(void *context, size_t chunk, size_t worker)
{
    const displace_t *work = context;
    (void)worker;
    size_t first = chunk * work->images_per_chunk, last = first + work->images_per_chunk;
    if (last > work->n_images) last = work->n_images;
    for (size_t k = first; k < last; k++) displace_image(work, k);
}

mg_status_t mg_image_displace_f32(size_t n_images, size_t height, size_t width, const float *images, const float *maps,
                                  const float *fields, float *output)
{
    size_t pixels, total;
    if (!mg_size_mul(height, width, &pixels) || !mg_size_mul(pixels, n_images, &total) ||
        !mg_size_mul(total, 2 * sizeof(float), &total))
        return MG_ERR_OVERFLOW;
    /* Coordinates are computed in single precision, which knows whole numbers up to 2^24. */
    if (height > 1u << 20 || width > 1u << 20) return MG_ERR_ARGUMENT;
    if (total == 0) return MG_OK;
    displace_t work = {n_images, height, width, images, maps, fields, output, 4096 / pixels + 1};
    mg_parallel_for((n_images - 1) / work.images_per_chunk + 1, displace_chunk, &work);
    return MG_OK;
}
