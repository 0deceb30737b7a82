#include <float.h>
#include <stdbool.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "minigrad/linalg.h"

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/gemm.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/gemm.inc"
