/* nn_embedding: rows of a table by number.
 *
 * The table has rows x width elements, contiguous; `index` has count numbers of rows. */
#ifndef MINIGRAD_NN_EMBEDDING_H
#define MINIGRAD_NN_EMBEDDING_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

/* y[i] = table[index[i]], row by row. MG_ERR_ARGUMENT if an index is not in [0, rows);
 * MG_ERR_OVERFLOW for sizes beyond memory. */
mg_status_t mg_embedding_f32(size_t rows, size_t width, size_t count, const int64_t *index, const float *table,
                             float *y);
mg_status_t mg_embedding_f64(size_t rows, size_t width, size_t count, const int64_t *index, const double *table,
                             double *y);

/* dtable[r] = the sum of dy[i] over all i with index[i] = r, in their order; 0 for rows that nobody
 * used and for row `padding` (negative: none). Otherwise as above; MG_ERR_MEMORY. */
mg_status_t mg_embedding_backward_f32(size_t rows, size_t width, size_t count, const int64_t *index, int64_t padding,
                                      const float *dy, float *dtable);
mg_status_t mg_embedding_backward_f64(size_t rows, size_t width, size_t count, const int64_t *index, int64_t padding,
                                      const double *dy, double *dtable);

/* cdef: end */

#endif
