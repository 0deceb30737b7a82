/* Colours carrying their alpha, and what the colour matrices of color.inc share.
 *
 * Problem. Turn colours that stand beside an alpha into colours that are weighted by it, and
 * back. Assumption: alpha is the last channel and runs from 0 to `full`.
 *
 * (D1) A pixel of colour C and alpha A stands for C on the share A / full of its area, so what
 *      may be averaged with others is C A / full and A. Averages of C alone would let
 *      colours that nobody sees bleed in.
 * (D2) Back: C = (C A / full) full / A, if A > 0; else no colour is left.
 *
 * Reference: T. Porter and T. Duff (1984), Compositing Digital Images, SIGGRAPH, section 3.
 * Their alpha ends at 1. */
#include <stdbool.h>

#include "minigrad/image_filter.h"

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"

/* Pixels whose values, twice over, stay in the nearest cache; and those that make a chunk. */
enum { BLOCK = 512, CHUNK = 64 * BLOCK };

static mg_status_t check_pixels(size_t n_pixels, size_t channels, size_t element)
{
    size_t bytes;
    if (!mg_size_mul(n_pixels, channels, &bytes) || !mg_size_mul(bytes, element, &bytes)) return MG_ERR_OVERFLOW;
    return MG_OK;
}

#define PIXEL uint8_t
#define REAL float
#define DIRECT 0
#define FN(name) name##_u8
#define LOAD mg_kernels()->filter.load_u8
#define STORE mg_kernels()->filter.store_u8
#define COLOR mg_kernels()->filter.color_f32
#include "image/color.inc"

#define PIXEL uint16_t
#define REAL float
#define DIRECT 0
#define FN(name) name##_u16
#define LOAD mg_kernels()->filter.load_u16
#define STORE mg_kernels()->filter.store_u16
#define COLOR mg_kernels()->filter.color_f32
#include "image/color.inc"

#define PIXEL float
#define REAL float
#define DIRECT 1
#define FN(name) name##_f32
#define COLOR mg_kernels()->filter.color_f32
#include "image/color.inc"

#define PIXEL double
#define REAL double
#define DIRECT 1
#define FN(name) name##_f64
#define COLOR mg_kernels()->filter.color_f64
#include "image/color.inc"

typedef struct {
    size_t n_pixels, channels;
    const float *input;
    float full, *output;
    bool forward;
} alpha_t;

static void alpha_chunk(void *context, size_t chunk, size_t worker)
{
    const alpha_t *a = context;
    (void)worker;
    size_t first = chunk * CHUNK, last = first + CHUNK, channels = a->channels;
    if (last > a->n_pixels) last = a->n_pixels;
    for (size_t i = first; i < last; i++) {
        const float *in = a->input + i * channels;
        float *out = a->output + i * channels, alpha = in[channels - 1];
        if (a->forward) {
            for (size_t c = 0; c + 1 < channels; c++) out[c] = in[c] * alpha / a->full; /* (D1) */
        } else {
            for (size_t c = 0; c + 1 < channels; c++) out[c] = alpha > 0 ? in[c] * a->full / alpha : 0; /* (D2) */
        }
        out[channels - 1] = alpha;
    }
}

static mg_status_t run_alpha(alpha_t work)
{
    mg_status_t status = check_pixels(work.n_pixels, work.channels, sizeof(float));
    if (status != MG_OK) return status;
    if (work.channels == 0 || !(work.full > 0)) return MG_ERR_ARGUMENT;
    if (work.n_pixels > 0) mg_parallel_for((work.n_pixels - 1) / CHUNK + 1, alpha_chunk, &work);
    return MG_OK;
}

mg_status_t mg_image_premultiply_f32(size_t n_pixels, size_t channels, const float *input, float full, float *output)
{
    return run_alpha((alpha_t){n_pixels, channels, input, full, output, true});
}

mg_status_t mg_image_unpremultiply_f32(size_t n_pixels, size_t channels, const float *input, float full, float *output)
{
    return run_alpha((alpha_t){n_pixels, channels, input, full, output, false});
}
