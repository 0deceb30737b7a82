#include "minigrad/linalg.h"

#include <float.h>
#include <string.h>
#include <tgmath.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "linalg/reflector.h"
#include "linalg/symmetric.h"

/* Sweeps of rotations that are gathered before they are applied to the vectors: enough
 * that a panel of vectors is worth loading into the second-level cache. */
enum { SWEEPS = 64 };

/* QL needs two sweeps per eigenvalue on average and rarely five. */
enum { SWEEPS_PER_VALUE = 50 };

/* Rows of the trailing matrix that one product updates; what it does left of the diagonal
 * is in vain. */
enum { UPDATE_ROWS = 96 };

typedef struct {
    size_t last, count;
} sweep_t;

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/vector.inc"

#include "linalg/eigen.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/vector.inc"

#include "linalg/eigen.inc"
