#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <tgmath.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "linalg/symmetric.h"
#include "minigrad/linalg.h"

/* Convergence is quadratic: six to ten sweeps. */
enum { MAX_SWEEPS = 60 };

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/vector.inc"

#include "linalg/svd.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/vector.inc"

#include "linalg/svd.inc"
