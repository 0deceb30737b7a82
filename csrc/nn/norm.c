#include "minigrad/nn_norm.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "nn/chunk.h"

enum {
    CHUNK = 1 << 14,        /* elements of a chunk of work */
    RUN = 1 << 13,          /* elements summed in working precision before a sum in double */
    SHARES = 32,            /* of the rows of a layer norm, each with sums of its own, at most */
    SHARES_TOGETHER = 4,    /* of them in a chunk of work */
    STREAM_CHUNK = 1 << 18, /* elements of a chunk of work whose end waits for memory */
    PREFETCH = 1 << 13,
    SHARE_ROWS = 16,        /* at least */
    NARROW = 32,            /* a batch norm's plane with fewer elements is treated by columns */
    COLUMNS = 64,           /* columns of a chunk there */
    COLUMN_ROWS = 64,       /* and rows between two sums in double */
    CHANNEL_BYTES = 1 << 14 /* that a chunk of channels reads in one piece */
};

/* Count, mean and sum of squared differences from the mean. */
typedef struct {
    double count, mean, square;
} moments_t;

/* The moments of two sets together: Chan, Golub and LeVeque (1983), equation 2.1. */
static moments_t moments_add(moments_t a, moments_t b)
{
    if (a.count == 0) return b;
    double count = a.count + b.count, step = b.mean - a.mean;
    return (moments_t){count, a.mean + step * (b.count / count),
                       a.square + b.square + step * step * (a.count * b.count / count)};
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/norm.inc"

#include "nn/batch_norm.inc"
#include "nn/group_norm.inc"
#include "nn/layer_norm.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/norm.inc"

#include "nn/batch_norm.inc"
#include "nn/group_norm.inc"
#include "nn/layer_norm.inc"
