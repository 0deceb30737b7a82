/* Recurrence along a sequence: at each step one product with the state's weights for the whole
 * batch, then the cells (kernels/rnn.inc), and back through the steps in the opposite order. */
#include <stdbool.h>
#include <string.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "minigrad/linalg.h"
#include "minigrad/nn_rnn.h"

static size_t gates_of(mg_rnn_t kind)
{
    return kind == MG_LSTM ? 4 : kind == MG_GRU ? 3 : 1;
}

/* The step that is done as number i. */
static size_t step_at(size_t i, size_t steps, int reverse)
{
    return reverse ? steps - 1 - i : i;
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/rnn.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/rnn.inc"
