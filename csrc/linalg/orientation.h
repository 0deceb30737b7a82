/* orientation: on which side of a line a point lies, without rounding errors. */
#ifndef MG_LINALG_ORIENTATION_H
#define MG_LINALG_ORIENTATION_H

#include <stddef.h>

#include "minigrad/core.h"

/* Coordinates for which the predicate is exact: 0, and those of magnitude from 2^-450 up
 * to (not including) 2^500. MG_ERR_NOT_FINITE for NaN or infinity, MG_ERR_ARGUMENT for
 * another one, among the n of xy. */
mg_status_t mg_coordinates_check(size_t n, const double *xy);

/* 1 if a, b, c (x and y each) turn counter-clockwise, y pointing up; -1 if clockwise; 0 if
 * they lie on one line. Exact for coordinates that mg_coordinates_check lets through. */
int mg_orientation(const double *a, const double *b, const double *c);

#endif
