/* learn: recommendation from sparse tables of ratings.
 *
 * A table of ratings is given in compressed rows: row r holds the entries start[r] ...
 * start[r + 1] - 1 of index (the column, ascending within a row) and value. start has one
 * element more than there are rows, begins with 0 and does not descend. Where a routine
 * needs the table by users and by items, both are given, and they hold the same ratings.
 *
 * Alphabet: n_users, n_items; n_rows, n_columns of a table in general; factors, the length of
 * a vector of taste. Routines that take a table return MG_ERR_ARGUMENT, and write nothing, if
 * start or an index is out of its range. */
#ifndef MINIGRAD_LEARN_H
#define MINIGRAD_LEARN_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

/* A sparse table in compressed rows, borrowed. */
typedef struct {
    size_t n_rows, n_columns;
    const int64_t *start; /* n_rows + 1 */
    const int32_t *index; /* start[n_rows] */
    const float *value;   /* start[n_rows] */
} mg_table_t;

/* The damped biases of users and items about `mean`: minimise the sum over ratings of
 * (r - mean - user_bias - item_bias)^2 plus reg_user |user_bias|^2 + reg_item |item_bias|^2,
 * by `sweeps` alternations from user biases of zero. user_bias (n_users) and item_bias
 * (n_items) are written. MG_ERR_ARGUMENT for a negative or NaN reg, or tables that do not
 * belong together. */
mg_status_t mg_baseline_fit(const mg_table_t *by_user, const mg_table_t *by_item, double mean, double reg_user,
                            double reg_item, size_t sweeps, double *user_bias, double *item_bias);

/* cdef: end */

#endif
