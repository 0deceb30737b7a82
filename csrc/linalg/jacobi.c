#include "minigrad/linalg.h"

#include <float.h>
#include <tgmath.h>

#include "core/arena.h"
#include "linalg/symmetric.h"

/* Convergence is quadratic: six to ten sweeps. */
enum { MAX_SWEEPS = 60 };

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/jacobi.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/jacobi.inc"
