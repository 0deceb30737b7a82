#include "minigrad/nn_loss.h"

#include <stdbool.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "nn/chunk.h"

/* Pairs of a chunk: its sum is formed in one piece, so this is fixed. */
enum { CHUNK = 4096 };

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/loss.inc"
#include "nn/nll.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/loss.inc"
#include "nn/nll.inc"
