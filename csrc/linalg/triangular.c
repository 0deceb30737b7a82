#include "minigrad/linalg.h"

#include <float.h>
#include <string.h>
#include <tgmath.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"

/* Order of the diagonal blocks that are solved by substitution, and the columns of the
 * right-hand side that one task takes through such a block. */
enum { BLOCK = 32, COLUMNS = 256 };

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/vector.inc"

#include "linalg/triangular.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/vector.inc"

#include "linalg/triangular.inc"
