#include "minigrad/linalg.h"

#include "linalg/symmetric.h"

#include <float.h>
#include <tgmath.h>

/* The finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014): the start of an
 * iteration needs directions without structure, no more. */
double mg_start_value(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-52 - 1.0;
}

#include "core/real_end.h"
#include "core/real_f32.h"
#include "linalg/symmetric.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "linalg/symmetric.inc"
