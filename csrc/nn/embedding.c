#include "minigrad/nn_embedding.h"

#include <stdbool.h>
#include <string.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "nn/chunk.h"

enum { CHUNK = 1 << 15 }; /* elements of a chunk of rows */

static bool all_within(size_t rows, size_t count, const int64_t *index)
{
    for (size_t i = 0; i < count; i++)
        if (index[i] < 0 || (uint64_t)index[i] >= rows) return false;
    return true;
}

/* Which uses a row has, by a counting sort: those of row r, in their order, are use[start[r]]
 * to use[start[r + 1] - 1]. start has rows + 1 elements. */
static void sort_uses(size_t rows, size_t count, const int64_t *index, size_t *start, size_t *use)
{
    memset(start, 0, (rows + 1) * sizeof(size_t));
    for (size_t i = 0; i < count; i++) start[index[i] + 1]++;
    for (size_t r = 0; r < rows; r++) start[r + 1] += start[r];
    /* Each start moves on to the row's end, which is the next one's start: hence backwards. */
    for (size_t i = count; i-- > 0;) use[--start[index[i] + 1]] = i;
    memmove(start, start + 1, rows * sizeof(size_t));
    start[rows] = count;
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/embedding.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/embedding.inc"
