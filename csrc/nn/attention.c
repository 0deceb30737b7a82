#include <stdbool.h>
#include <string.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "minigrad/nn_attention.h"

/* Bytes of a block of rows of scores: two of them and the packed matrices share L2. */
enum { BLOCK_BYTES = 256 << 10, STRIPS = 4 };

/* Multiply-adds below which one thread is done before another is awake. */
#define SERIAL 3e5

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/attention.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/attention.inc"
