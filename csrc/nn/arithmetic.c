#include "minigrad/nn_arithmetic.h"

#include <stdbool.h>
#include <string.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "nn/chunk.h"

enum {
    CHUNK = 1 << 15,    /* elements of a chunk of work */
    THREADED = 1 << 16, /* elements from which on a second thread pays for being woken */
    PIECES = 64,        /* that a sum is cut into at most */
    STEP = 1 << 10,     /* a piece of a row has a multiple of these elements */
    COLUMNS = 1024,     /* columns summed at a time */
    TILE = 16,          /* rows and columns of a transpose's tile: floats of a line */
    PIECES_MAX = 512,   /* of columns, and of rows: their product is below what the pool can count */
    TILED = 256,        /* rows and columns of its chunk, which touches that many pages at each end */
    NARROW = 32         /* columns: fewer are summed as if several rows were one */
};

static size_t workers_for(size_t elements)
{
    return elements < THREADED ? 1 : mg_pool_workers();
}

/* Where an operand's row begins. */
static size_t row_start(const size_t *steps, size_t outer, size_t row, size_t column)
{
    return outer * steps[0] + row * steps[1] + column * steps[2];
}

/* How many of `count` rows or columns make a piece: `wanted`, or more if the pieces were too many. */
static size_t piece_of(size_t count, size_t wanted)
{
    size_t least = (count / PIECES_MAX / TILE + 1) * TILE;
    return least > wanted ? least : wanted;
}

static void take_steps(size_t *held, const size_t *steps)
{
    memcpy(held, steps, 3 * sizeof(size_t));
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/arithmetic.inc"
#include "nn/sum.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/arithmetic.inc"
#include "nn/sum.inc"
