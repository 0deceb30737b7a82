#include "core/arena.h"
#include "core/dispatch.h"
#include "minigrad/calculus.h"

#include "core/real_end.h"
#include "core/real_f32.h"

#include "calculus/lbfgs.inc"

#include "core/real_end.h"
#include "core/real_f64.h"

#include "calculus/lbfgs.inc"
