#include <stdbool.h>
#include <stdint.h>

#include "core/dispatch.h"
#include "core/pool.h"
#include "minigrad/nn_elementwise.h"
#include "nn/chunk.h"

/* Elements that one thread takes at a time, a multiple of every vector's lanes, and from how
 * many on a second thread pays (waking it costs a microsecond or two). */
enum { CHUNK = 32768, THREADED = 65536 };

static size_t chunks_of(size_t n)
{
    return (n + CHUNK - 1) / CHUNK;
}

static bool has_backward(mg_unary_t op)
{
    switch (op) {
    case MG_UNARY_ABS:
    case MG_UNARY_SQUARE:
    case MG_UNARY_RECIPROCAL:
    case MG_UNARY_SQRT:
    case MG_UNARY_EXP:
    case MG_UNARY_LOG:
    case MG_UNARY_SIN:
    case MG_UNARY_COS:
    case MG_UNARY_TANH:
    case MG_UNARY_ERF:
    case MG_UNARY_SIGMOID: return true;
    default: return op >= MG_UNARY_RELU && op < MG_UNARY_COUNT;
    }
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/elementwise.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/elementwise.inc"
