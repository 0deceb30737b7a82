/* Convolution over up to three spatial dimensions.
 *
 * Problem. For each image n, group g and output channel k of it, with input channels c and
 * taps t = (t0, t1, t2) of the kernel, positions o = (o0, o1, o2),
 *
 *   (D1)  y[k, o] = b[k] + sum_{c, t} w[k, c, t] x[c, o stride + t dilation - pad]
 *
 * where x is zero beyond its border. Assumption: stride, dilation and kernel are at least 1.
 *
 * Let r = (c, t) number the pairs and X[r, o] be the element of x in (D1). X depends on x
 * linearly, X = U x, where U only copies and drops. Then per image and group
 *
 *   (D2)  y = w X + b 1'                    a matrix product: w is k x r, X is r x o
 *   (D3)  the bias is one more row of X, all ones, and one more column of w
 *   (D4)  dx = U' (w' dy)                   U' adds each copy back where it came from
 *   (D5)  dw' = sum over images of X dy'    r x k, with dy transposed
 *   (D6)  db[k] = sum over images and o of dy[k, o]
 *
 * X is never in memory: a strip of it, as wide as the product's register tile, is made
 * in cache, used by all output channels, and overwritten by the next (for (D4) in reverse
 * order; for (D5) a block). That costs one move per r and vector of positions, against
 * out_channels multiply-adds.
 *
 * The strips and tiles of (D2) and (D4) are distinct outputs, so threads share them. The sum (D5)
 * is cut into parts that depend on the shape alone; (D6) is summed per channel.
 *
 * Reference: K. Chellapilla, S. Puri, P. Simard (2006), High performance convolutional
 * neural networks for document processing, section 3.2, which stores X whole.
 *
 * Code in conv.inc; float32 goes by conv_winograd.c where that takes fewer operations. */
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
