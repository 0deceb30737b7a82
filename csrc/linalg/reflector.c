#include "minigrad/linalg.h"

#include "linalg/reflector.h"

#include <float.h>
#include <tgmath.h>

#include "core/dispatch.h"

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/vector.inc"

#include "linalg/reflector.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/vector.inc"

#include "linalg/reflector.inc"
