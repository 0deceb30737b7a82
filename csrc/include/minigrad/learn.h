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

/* How alike two rows a, b of a table are, by the columns that both have (n of them), of values
 * x and y there:
 *   DOT            sum x y
 *   COSINE         sum x y / sqrt(sum x^2 sum y^2), sums over the n common columns
 *   COSINE_FULL    the same, each sum of squares over its whole row: absent values count as 0
 *   PEARSON        the correlation of x and y over the common columns
 * each times shrunk(n) = (n - 1) / (n - 1 + shrinkage) where shrinkage > 0; 0 where n is less
 * than min_support, or the denominator is 0. */
typedef enum {
    MG_SIMILARITY_DOT = 0,
    MG_SIMILARITY_COSINE = 1,
    MG_SIMILARITY_COSINE_FULL = 2,
    MG_SIMILARITY_PEARSON = 3
} mg_similarity_t;

/* The number of entries of a similarity matrix in compressed rows: the pairs of different rows
 * with at least min_support >= 1 common columns. `rows` and `columns` are one table both ways.
 * start (n_rows + 1) is written, and for mg_similarity_fill known, n_rows elements for every 16
 * rows begun, and plan, n_rows more. */
mg_status_t mg_similarity_count(const mg_table_t *rows, const mg_table_t *columns, size_t min_support, int64_t *start,
                                int32_t *plan, uint16_t *known);

/* Its entries: index and similarity, start[n_rows] each, indices ascending in a row. start, plan
 * and known must be what mg_similarity_count gave for the same tables. */
mg_status_t mg_similarity_fill(const mg_table_t *rows, const mg_table_t *columns, mg_similarity_t kind,
                               double shrinkage, const int64_t *start, const int32_t *plan, const uint16_t *known,
                               int32_t *index, float *similarity);

/* The similarities of one more row, given by its n columns and values, to all rows of a table;
 * similarity and support have n_rows elements. `columns` holds the table by columns; squares
 * (n_rows) the rows' sums of squares, read for COSINE_FULL only. */
mg_status_t mg_similarity_row(const mg_table_t *columns, size_t n, const int64_t *column, const float *value,
                              const double *squares, mg_similarity_t kind, double shrinkage, size_t min_support,
                              double *similarity, int64_t *support);

/* Predictions of pairs (a[k], b[k]) by neighbours: a is a row of `similar`, in compressed rows,
 * and among the entries of row b of `rated` (columns: rows of `similar`; values: residuals about
 * the offsets) the `most` with the largest positive similarities to a are averaged with them:
 * out[k] = sum s r / (sum s + damping), 0 if there are none; used[k], if used is not NULL, how
 * many there were. Of equal similarities the first column's wins. */
mg_status_t mg_neighbors_predict(const mg_table_t *similar, const mg_table_t *rated, size_t most, double damping,
                                 size_t n, const int64_t *a, const int64_t *b, double *out, int64_t *used);

/* The same for one visitor. By items: the visitor's residuals of n items, and `similar`; out
 * has n_rows elements. */
mg_status_t mg_neighbors_visitor(const mg_table_t *similar, size_t n, const int64_t *items, const float *residuals,
                                 size_t most, double damping, double *out);

/* By users: similarity holds the visitor's to each column of `rated`, whose rows are items. */
mg_status_t mg_neighbors_like(const mg_table_t *rated, const double *similarity, size_t most, double damping,
                              double *out);

/* Biased matrix factorisation by stochastic gradients: r = mean + b + c + <p, q> with vectors
 * (b, p) of users and (c, q) of items, `factors` elements each, `stride` apart (a multiple of 16;
 * the elements between are zero and stay so). rate: length of a step; reg: penalty on squares. */
typedef struct {
    size_t factors, stride;
    float mean, rate, reg;
    float *users, *items; /* n x stride */
} mg_sgd_t;

/* One pass over the ratings, one step each. Users (rows) are taken in `order`, a permutation of
 * them, eight at a time: the first ratings of the eight, then the second ones, and so on. */
mg_status_t mg_sgd_epoch(const mg_sgd_t *model, const mg_table_t *by_user, const int64_t *order);

/* The same with implicit feedback: p_u is joined by n_u^(-1/2) times the sum of the vectors
 * `implicit` (n_items x stride, first element 0) of the items that u rated.
 * Implicit vectors step once per user, by the sum of the
 * user's gradients. */
mg_status_t mg_sgd_epoch_implicit(const mg_sgd_t *model, const mg_table_t *by_user, float *implicit,
                                  const int64_t *order);

/* joined (n_users x stride) = users + n_u^(-1/2) sum of implicit vectors. */
mg_status_t mg_sgd_join(const mg_sgd_t *model, const mg_table_t *by_user, const float *implicit, float *joined);

/* One half of alternating least squares: the vectors (bias, factors) of all rows of a table,
 * n_rows x stride, that minimise sum (r - mean - b - c - <p, q>)^2 + reg n |(b, p)|^2 given the
 * columns' vectors `other`, n_columns x stride; n the row's number of ratings, and rows without
 * any become 0. MG_ERR_NOT_POSITIVE_DEFINITE if a system has no unique solution; then vectors is
 * spoiled. */
mg_status_t mg_als_solve(const mg_table_t *table, size_t factors, size_t stride, double mean, double reg,
                         const double *other, double *vectors);

/* One side, users or items, of Bayesian matrix factorisation: what its vectors are and what
 * their prior is. `factors` counts the elements of a vector, the bias first; vectors lie
 * `stride` elements apart, and the elements between are zero. All is read and written. */
typedef struct {
    const mg_table_t *ratings;   /* a row per vector */
    double *vectors;             /* n_rows x stride */
    double *mean;                /* stride: of the prior */
    double *precision;           /* factors x stride, symmetric: of the prior */
    double *noise;               /* n_rows: how much more certain a row's ratings are than most */
    size_t n_features;           /* of a row, which shift its prior mean; 0 for none */
    const double *features;      /* n_rows x n_features, orthogonal columns */
    const double *feature_norms; /* n_features: squared lengths of the columns */
    double *links;               /* n_features x stride: a feature's shift */
    double link_precision;       /* of the links' prior, relative to `precision` */
} mg_gibbs_side_t;

typedef struct {
    size_t factors, stride;
    double mean;          /* of all ratings */
    double alpha;         /* precision of a rating; read and written */
    double noise_freedom; /* degrees of freedom of `noise`; 0 keeps it as it is */
    uint64_t seed, sweep; /* number of the sweep: its random streams */
} mg_gibbs_t;

/* One sweep of the Gibbs sampler: draw each part of the model once, given the rest; the
 * derivation stands in csrc/learn/gibbs.c. The result is a function of seed and sweep alone,
 * whatever the number of threads. MG_ERR_ARGUMENT if sizes do not belong together, factors is
 * 0 or over stride, or stride is no multiple of 8; MG_ERR_NOT_POSITIVE_DEFINITE if the state is
 * not finite or a precision is not positive definite: then the state is spoiled; MG_ERR_OVERFLOW,
 * MG_ERR_MEMORY. */
mg_status_t mg_gibbs_sweep(mg_gibbs_t *model, mg_gibbs_side_t *users, mg_gibbs_side_t *items);

/* Vectors of taste as a fitted model knows them, in n_samples versions (1, or draws from a
 * posterior): the items', and the prior of a user's. Vectors are as in mg_gibbs_side_t; the
 * predicted rating is mean + x[0] + y[0] + <rest of x, rest of y>. Arrays of several samples
 * hold one after the other. */
typedef struct {
    size_t n_samples, n_items, factors, stride;
    double mean;
    const float *items;      /* n_samples x n_items x stride */
    const double *prior;     /* n_samples x stride: mean of a user's vector */
    const double *precision; /* n_samples x factors x stride, symmetric: of its prior */
    const double *alpha;     /* n_samples: precision of a rating */
    const float *noise;      /* n_samples x n_items: relative precision of an item's ratings */
    double noise_freedom;    /* of the users' noise; 0 if they have none */
} mg_taste_t;

/* A visitor's posterior given n_rated ratings of items `rated`: its mean to means and one
 * draw of it to draws (both n_samples x stride), the expected variance of the visitor's
 * ratings relative to others' to spread (n_samples). MG_ERR_ARGUMENT for an item out of range
 * or sizes as in mg_gibbs_sweep; MG_ERR_NOT_POSITIVE_DEFINITE. */
mg_status_t mg_taste_fold(const mg_taste_t *taste, size_t n_rated, const int64_t *rated, const float *values,
                          uint64_t seed, double *means, double *draws, double *spread);

/* What a visitor will give to each item (n_items): the expectation, and the variance, which
 * is that of the draws' predictions plus the ratings' own. variance may be NULL. */
mg_status_t mg_taste_expect(const mg_taste_t *taste, const double *means, const double *draws, const double *spread,
                            double *expected, double *variance);

/* How much each rating (n_rated) moves the expected rating of `item`, away from the prior's. */
mg_status_t mg_taste_explain(const mg_taste_t *taste, size_t n_rated, const int64_t *rated, const float *values,
                             size_t item, double *shares);

/* The cosine of the visitor's and an item's vectors, biases aside, averaged over samples:
 * 0 for a vector of length 0. */
mg_status_t mg_taste_cosine(const mg_taste_t *taste, const double *means, size_t n, const int64_t *items,
                            double *cosines);

/* Expectation and variance for n pairs of fitted users and items. users: n_samples x n_users x
 * stride; user_noise: n_samples x n_users. variance may be NULL. */
mg_status_t mg_taste_pairs(const mg_taste_t *taste, size_t n_users, const float *users, const float *user_noise,
                           size_t n, const int64_t *user, const int64_t *item, double *expected, double *variance);

/* cdef: end */

#endif
