#include "minigrad/linalg.h"

#include <float.h>
#include <string.h>
#include <tgmath.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "linalg/reflector.h"

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/vector.inc"

#include "linalg/solve.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/vector.inc"

#include "linalg/solve.inc"
