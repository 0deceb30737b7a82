/* Pooling and resampling, both element types. */
#include <stdbool.h>
#include <string.h>

#include "minigrad/nn_pool.h"

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"

enum { CHUNK_ELEMENTS = 1 << 14 }; /* large against the cost of handing a chunk out */

/* Planes to hand out together. */
static size_t planes_per_chunk(size_t planes, size_t elements)
{
    size_t per = elements >= CHUNK_ELEMENTS ? 1 : CHUNK_ELEMENTS / (elements + 1) + 1, least = planes / 4096 + 1;
    return per > least ? per : least;
}

/* Elements of a plane on both sides, checked as the header says. */
static mg_status_t pool_sizes(const mg_pool_shape_t *shape, const int64_t *windows, size_t *in, size_t *out)
{
    *in = *out = 1;
    for (int axis = 0; axis < 3; axis++) {
        if (!mg_size_mul(*in, shape->in_size[axis], in) || !mg_size_mul(*out, shape->out_size[axis], out))
            return MG_ERR_OVERFLOW;
    }
    size_t all_in, all_out;
    if (*in > INT32_MAX || !mg_size_mul(*in, shape->planes, &all_in) || !mg_size_mul(*out, shape->planes, &all_out))
        return MG_ERR_OVERFLOW;
    if (*out == 0) return MG_OK;
    for (int axis = 0; axis < 3; axis++) {
        for (size_t o = 0; o < shape->out_size[axis]; o++, windows += 2) {
            int64_t first = windows[0], count = windows[1], size = (int64_t)shape->in_size[axis];
            if (first < 0 || count < 1 || first >= size || shape->step[axis] > INT32_MAX ||
                count - 1 > (size - 1 - first) / (shape->step[axis] == 0 ? 1 : (int64_t)shape->step[axis]))
                return MG_ERR_ARGUMENT;
        }
    }
    return MG_OK;
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/pool.inc"
#include "nn/resample.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/pool.inc"
#include "nn/resample.inc"
