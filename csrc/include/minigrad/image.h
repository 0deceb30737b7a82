/* image: inverse-mapped warps. */
#ifndef MINIGRAD_IMAGE_H
#define MINIGRAD_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */
/* cdef: end */

#endif
