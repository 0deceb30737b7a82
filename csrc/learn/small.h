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

typedef double mg_pack_t __attribute__((vector_size(8 * sizeof(double)), aligned(8), may_alias));

/* A rating enters normal equations: a += weight y y^T in whole packs of the lower triangle,
 * h += weight t y. ld is a multiple of MG_SMALL_PACK. */
static inline void mg_small_add(size_t n, size_t ld, double weight, double t, const double *y, double *a, double *h)
{
    const mg_pack_t *in = (const mg_pack_t *)y;
    mg_pack_t *to = (mg_pack_t *)h;
    double weighted = weight * t;
    for (size_t b = 0; b < ld / MG_SMALL_PACK; b++) to[b] += weighted * in[b];
    for (size_t i = 0; i < n; i++) {
        double factor = weight * y[i];
        mg_pack_t *row = (mg_pack_t *)(a + i * ld);
        for (size_t b = 0; b <= i / MG_SMALL_PACK; b++) row[b] += factor * in[b];
    }
}

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
