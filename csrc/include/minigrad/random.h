/* random: counter-based bit streams and samplers. */
#ifndef MINIGRAD_RANDOM_H
#define MINIGRAD_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */
/* cdef: end */

#endif
