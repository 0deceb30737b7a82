#include "minigrad/nn_softmax.h"

#include <math.h>
#include <stdbool.h>
#include <tgmath.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "nn/chunk.h"

/* Elements of a chunk of work, and columns of one where lines are strided. */
enum { CHUNK = 1 << 14, COLUMNS = 64 };

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/cross_entropy.inc"
#include "nn/softmax.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/cross_entropy.inc"
#include "nn/softmax.inc"
