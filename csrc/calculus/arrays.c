/* Norm, scaling and clamping of many arrays taken as one vector. */
#include <math.h>
#include <tgmath.h>

#include "calculus/chunks.h"
#include "core/arena.h"
#include "core/dispatch.h"
#include "minigrad/calculus.h"

/* The larger of two; NaN if one is. */
static double larger(double a, double b)
{
    return a >= b || isnan(a) ? a : b;
}
static double smaller(double a, double b)
{
    return a <= b || isnan(a) ? a : b;
}

/* Joins the contributions of two chunks to a norm. */
static double join(double order, double a, double b)
{
    if (isinf(order)) return order > 0 ? larger(a, b) : smaller(a, b);
    return a + b;
}

static double finish(double order, double sum)
{
    if (isinf(order) || order == 0 || order == 1) return sum;
    return order == 2 ? sqrt(sum) : pow(sum, 1 / order);
}

#include "core/real_end.h"
#include "core/real_f32.h"

#include "calculus/arrays.inc"

#include "core/real_end.h"
#include "core/real_f64.h"

#include "calculus/arrays.inc"
