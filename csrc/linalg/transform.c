#include "minigrad/linalg.h"

#include <stdbool.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"

/* Points of a chunk: what takes a thread longer than to be woken. A job of one chunk runs in the
 * calling thread. */
enum { CHUNK = 1 << 15 };

/* Whether the last row is (0, 0, 1): then there is nothing to divide by. */
static bool is_affine(const double *matrix)
{
    return matrix[6] == 0 && matrix[7] == 0 && matrix[8] == 1;
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/transform.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/transform.inc"
