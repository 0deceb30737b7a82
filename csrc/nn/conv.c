/* Convolution over up to three spatial dimensions: sizes, and both element types. */
#include "nn/conv.h"

#include <float.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"

#define CHUNK_WORK 3e5 /* multiply-adds: several times what handing out a chunk costs */
#define MOST_CHUNKS ((size_t)4096)

static bool product(const size_t *factors, size_t count, size_t *result)
{
    *result = 1;
    for (size_t i = 0; i < count; i++)
        if (!mg_size_mul(*result, factors[i], result)) return false;
    return true;
}

mg_status_t mg_conv_sizes(const mg_conv_shape_t *shape, mg_conv_sizes_t *sizes)
{
    const size_t most = PTRDIFF_MAX / 8 / sizeof(double);
    for (int axis = 0; axis < 3; axis++) {
        size_t reach, spread;
        if (shape->stride[axis] == 0 || shape->dilation[axis] == 0 || shape->kernel[axis] == 0) return MG_ERR_ARGUMENT;
        if (!mg_size_mul(shape->out_size[axis], shape->stride[axis], &reach) ||
            !mg_size_mul(shape->kernel[axis], shape->dilation[axis], &spread) || reach > most || spread > most ||
            shape->pad[axis] > most || shape->in_size[axis] > most)
            return MG_ERR_OVERFLOW;
    }
    size_t images, outputs, weights;
    bool fits = product(shape->kernel, 3, &sizes->taps) && product(shape->in_size, 3, &sizes->pixels) &&
                product(shape->out_size, 3, &sizes->positions) &&
                mg_size_mul(shape->in_channels, sizes->taps, &sizes->rows) &&
                product((size_t[]){shape->batch, shape->groups, shape->in_channels, sizes->pixels}, 4, &images) &&
                product((size_t[]){shape->batch, shape->groups, shape->out_channels, sizes->positions}, 4, &outputs) &&
                product((size_t[]){shape->groups, shape->out_channels, sizes->rows}, 3, &weights);
    return fits && images <= most && outputs <= most && weights <= most ? MG_OK : MG_ERR_OVERFLOW;
}

size_t mg_conv_per_chunk(size_t items, double item_work)
{
    double wanted = CHUNK_WORK / (item_work + 1);
    size_t per = wanted >= (double)items ? items : (size_t)wanted + 1;
    size_t least = items / MOST_CHUNKS + 1;
    return per > least ? per : least;
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/conv.inc"
#include "nn/conv_columns.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/conv.inc"
#include "nn/conv_columns.inc"
