/* Kernels of the similarities of sparse rows; csrc/learn/similarity.c drives them. */
#ifndef MG_KERNELS_PAIRS_H
#define MG_KERNELS_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/learn.h"

/* So many rows a are paired with a row b at once: a lane each. Bit l of a mask stands for lane l. */
#define MG_PAIR_LANES ((size_t)16)

/* Sums over the columns that a and b have in common, x of a and y of b; a kind of similarity
 * needs the first 1, 3 or 5. Each is MG_PAIR_LANES doubles, those of one b side by side; where
 * only XY is needed nothing is subtracted later, and it is floats in the same memory. */
enum { MG_PAIR_XY, MG_PAIR_XX, MG_PAIR_YY, MG_PAIR_SX, MG_PAIR_SY };

typedef struct {
    mg_similarity_t kind;
    size_t parts; /* sums per pair */
    double shrinkage;
    const double *inverse; /* of the lanes' rows: 1 / length */
} mg_pair_rule_t;

/* count: the rows index[0 ... count - 1] have a column in common with the lanes of `present`: one
 *     more in n, MG_PAIR_LANES elements a row.
 * add: the same for the sums, where x holds the lanes' values and 0 in the others.
 * judge: known = mask of the lanes with n >= least.
 * tally: found = how many lanes known names; totals[lane] += 1 for each.
 * finish: the similarities out of the sums of `rows` rows b, whose 1 / length is inverse.
 * left: the elements of x, MG_PAIR_LANES, in lanes of the mask known go side by side to value, and
 *     first + lane to index; returns how many.
 * right: the same down one lane of `rows` rows b: known has a mask and x MG_PAIR_LANES elements a
 *     row, first is the first row's index; at most `room` are written.
 * All levels write the same bits. */
typedef struct {
    void (*count)(uint16_t present, size_t count, const int32_t *index, int32_t *n);
    void (*add)(size_t parts, uint16_t present, const float *x, size_t count, const int32_t *index, const float *value,
                double *sums);
    void (*judge)(size_t rows, const int32_t *n, int32_t least, uint16_t *known);
    void (*tally)(size_t rows, const uint16_t *known, int32_t *found, int32_t *totals);
    void (*finish)(const mg_pair_rule_t *rule, size_t rows, const double *sums, const int32_t *n, const double *inverse,
                   float *out);
    size_t (*left)(uint16_t known, int32_t first, const float *x, int32_t *index, float *value);
    size_t (*right)(size_t rows, size_t lane, const uint16_t *known, const float *x, int32_t first, size_t room,
                    int32_t *index, float *value);
} mg_pair_kernels_t;

#endif
