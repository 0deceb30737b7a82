/* small: dense systems of a few dozen unknowns, solved where they are set up.
 *
 * Matrices are n x n of stride ld, row-major, n <= ld; the lower triangle counts. Rows are
 * read along, so that the inner loops run over neighbours. */
#ifndef MG_LEARN_SMALL_H
#define MG_LEARN_SMALL_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* Vectors of taste are padded with zeros to a multiple of this many elements. */
#define MG_SMALL_PACK ((size_t)8)

/* a = L L^T in place of the lower triangle; false if a pivot is not positive. */
static inline bool mg_small_cholesky(size_t n, size_t ld, double *a)
{
    for (size_t j = 0; j < n; j++) {
        double *row = a + j * ld;
        for (size_t k = 0; k < j; k++) {
            const double *above = a + k * ld;
            double sum = row[k];
            for (size_t i = 0; i < k; i++) sum -= row[i] * above[i];
            row[k] = sum / above[k];
        }
        double pivot = row[j];
        for (size_t i = 0; i < j; i++) pivot -= row[i] * row[i];
        if (!(pivot > 0)) return false;
        row[j] = sqrt(pivot);
    }
    return true;
}

/* x = L^-1 x. */
static inline void mg_small_forward(size_t n, size_t ld, const double *l, double *x)
{
    for (size_t j = 0; j < n; j++) {
        double sum = x[j];
        for (size_t i = 0; i < j; i++) sum -= l[j * ld + i] * x[i];
        x[j] = sum / l[j * ld + j];
    }
}

/* x = L^-T x. */
static inline void mg_small_backward(size_t n, size_t ld, const double *l, double *x)
{
    for (size_t j = n; j-- > 0;) {
        x[j] /= l[j * ld + j];
        for (size_t i = 0; i < j; i++) x[i] -= l[j * ld + i] * x[j];
    }
}

#endif
