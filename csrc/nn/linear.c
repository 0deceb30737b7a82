#include "core/dispatch.h"
#include "core/pool.h"
#include "minigrad/nn_linear.h"

/* Columns that one thread sums at a time, and elements from which on a second one pays. */
enum { SUM_COLUMNS = 256, SUM_THREADED = 65536 };

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/linear.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/linear.inc"
