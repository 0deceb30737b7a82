#include <float.h>
#include <math.h>

#include "minigrad/random.h"
#include "random/stream.h"

#include "core/real_end.h"
#include "core/real_f32.h"
#include "random/samplers.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "random/samplers.inc"
