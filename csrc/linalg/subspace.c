#include "minigrad/linalg.h"

#include <float.h>
#include <string.h>
#include <tgmath.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "linalg/symmetric.h"

/* Vectors carried beyond those asked for: a quarter of them, at least GUARD_LEAST, and what
 * fills the last tile of the matrix product. Steps of the Lanczos process that estimates the lower end of the spectrum.
 */
enum { GUARD_LEAST = 6, WIDTH = 16, LANCZOS_STEPS = 6 };

/* Highest degree of one filter, and the largest factor by which it may favour the first
 * vector over the last one wanted: rounding in the first must not drown the last. */
enum { DEGREE_MOST = 14 };
static const double FAVOUR_MOST = 1e7;

/* The filter's edge stays below the last wanted value by this part of its distance to
 * the spectrum's lower end. Where many eigenvalues crowd around the edge, the block's
 * last value is one of them, and a filter that begins there would separate nothing. */
static const double EDGE_MARGIN = 0.03;

/* Columns multiplied so far, in units of n, after which the whole spectrum is cheaper. */
enum { PATIENCE = 6 };

/* A block of more than n / WHOLE_FRACTION columns costs more than the whole spectrum. */
enum { WHOLE_FRACTION = 6 };

/* Orthonormalisation is done after a pass whose columns each stood at more than some 45
 * degrees from the span of those before. Two passes are the rule, three or four follow only
 * dependent columns: what Householder's QR puts in their place may lean on vectors already
 * found. */
enum { PASSES_MOST = 4 };
static const double WELL_CONDITIONED = 0.7;

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/vector.inc"

#include "linalg/subspace.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/vector.inc"

#include "linalg/subspace.inc"
