/* A visitor taken in by a fitted model of factors, and what the model then expects.
 *
 * Problem. Items have vectors y_i = (c_i, q_i), users x = (b, p) with a prior N(x_0, Lambda^-1),
 * ratings r_i = m + b + c_i + <p, q_i> + e, e ~ N(0, 1 / (alpha v_i)). A visitor rates some
 * items: what is x, and what follows for all items? Several versions of (y, x_0, Lambda, alpha)
 * stand for what is uncertain about the model itself.
 *
 * (D1) With t_i = r_i - m - c_i and z_i = (1, q_i) the posterior of x has precision
 *      P = Lambda + alpha sum v_i z_i z_i^T = L L^T.
 * (D2) Its mean is x_0 + P^-1 alpha sum v_i z_i (t_i - <z_i, x_0>).
 * (D3) A draw is the mean + L^-T e, e ~ N(0, I).
 * (D4) If the visitor's ratings scatter by a factor 1 / w of their own, w ~ Gamma(f / 2, f / 2),
 *      the n errors e at the mean give E[1 / w] = (f + alpha sum v e^2) / (f + n - 2), f > 2.
 * (D5) Of an item's rating, the expectation is the mean over versions of m + <z, mean of x> + c;
 *      the variance is that of the predictions of draws over versions, plus the mean of
 *      E[1 / w] / (alpha v) (law of total variance).
 * (D6) Rating j moves the expectation of item i by <z_i, P^-1 z_j> alpha v_j (t_j - <z_j, x_0>):
 *      these shares add up to the difference from the prior's expectation, by (D2).
 *
 * References: Y. Hu, Y. Koren and C. Volinsky (2008), Collaborative filtering for implicit
 * feedback datasets, ICDM, sections 4 and 5 (fold-in and explanation by least squares); here with
 * biases, a prior mean, and versions. */
#include <math.h>
#include <string.h>

#include "core/arena.h"
#include "core/pool.h"
#include "learn/small.h"
#include "learn/table.h"
#include "minigrad/random.h"

enum { ITEMS_PER_CHUNK = 256, MOST_FACTORS = 512 };

typedef float lanes_t __attribute__((vector_size(8 * sizeof(float)), aligned(4), may_alias));

/* <x, y> over a stride that is a multiple of MG_SMALL_PACK. */
static inline float dot(size_t stride, const float *x, const float *y)
{
    lanes_t sum = {0};
    for (size_t k = 0; k < stride; k += MG_SMALL_PACK) sum += *(const lanes_t *)(x + k) * *(const lanes_t *)(y + k);
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

static bool sizes_valid(const mg_taste_t *taste)
{
    return taste->n_samples > 0 && taste->factors > 0 && taste->factors <= taste->stride &&
           taste->stride <= MOST_FACTORS && taste->stride % MG_SMALL_PACK == 0;
}

static bool items_valid(const mg_taste_t *taste, size_t n, const int64_t *items)
{
    for (size_t k = 0; k < n; k++)
        if (items[k] < 0 || (size_t)items[k] >= taste->n_items) return false;
    return true;
}

static const float *item_vector(const mg_taste_t *taste, size_t sample, size_t item)
{
    return taste->items + (sample * taste->n_items + item) * taste->stride;
}

/* What rating k adds to the posterior: z to z, its precision, and its residual about the prior. */
static void rating(const mg_taste_t *taste, size_t s, size_t item, double value, double *z, double *weight,
                   double *residual)
{
    const float *y = item_vector(taste, s, item);
    const double *prior = taste->prior + s * taste->stride;
    *weight = taste->alpha[s] * (double)taste->noise[s * taste->n_items + item];
    *residual = value - taste->mean - (double)y[0] - prior[0];
    z[0] = 1;
    for (size_t a = 1; a < taste->factors; a++) {
        z[a] = (double)y[a];
        *residual -= z[a] * prior[a];
    }
}

/* L of (D1) to p, and the mean's distance from the prior (D2) to x. */
static bool posterior(const mg_taste_t *taste, size_t s, size_t n_rated, const int64_t *rated, const float *values,
                      double *p, double *z, double *x)
{
    size_t d = taste->factors, ld = taste->stride;
    memcpy(p, taste->precision + s * d * ld, d * ld * sizeof *p);
    memset(x, 0, ld * sizeof *x);
    for (size_t k = 0; k < n_rated; k++) {
        double weight, residual;
        rating(taste, s, (size_t)rated[k], (double)values[k], z, &weight, &residual);
        for (size_t a = 0; a < d; a++) {
            double factor = weight * z[a];
            x[a] += factor * residual;
            for (size_t b = 0; b <= a; b++) p[a * ld + b] += factor * z[b]; /* (D1) */
        }
    }
    if (!mg_small_cholesky(d, ld, p)) return false;
    mg_small_forward(d, ld, p, x);
    mg_small_backward(d, ld, p, x); /* (D2) */
    return true;
}

/* E[1 / w] for the visitor of posterior mean x. */
static double expected_spread(const mg_taste_t *taste, size_t s, size_t n_rated, const int64_t *rated,
                              const float *values, const double *x)
{
    double freedom = taste->noise_freedom, total = 0;
    if (!(freedom > 2)) return 1;
    for (size_t k = 0; k < n_rated; k++) {
        const float *y = item_vector(taste, s, (size_t)rated[k]);
        double error = (double)values[k] - taste->mean - (double)y[0] - x[0];
        for (size_t a = 1; a < taste->factors; a++) error -= (double)y[a] * x[a];
        total += taste->alpha[s] * (double)taste->noise[s * taste->n_items + (size_t)rated[k]] * error * error;
    }
    return (freedom + total) / (freedom + (double)n_rated - 2); /* (D4) */
}

mg_status_t mg_taste_fold(const mg_taste_t *taste, size_t n_rated, const int64_t *rated, const float *values,
                          uint64_t seed, double *means, double *draws, double *spread)
{
    if (!sizes_valid(taste) || !items_valid(taste, n_rated, rated)) return MG_ERR_ARGUMENT;
    size_t d = taste->factors, ld = taste->stride;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, ld, ld * sizeof(double));
    mg_arena_plan(&arena, ld, sizeof(double));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    double *p = mg_arena_take(&arena, ld, ld * sizeof(double)), *z = mg_arena_take(&arena, ld, sizeof(double));
    for (size_t s = 0; s < taste->n_samples && status == MG_OK; s++) {
        double *mean = means + s * ld, *draw = draws + s * ld;
        const double *prior = taste->prior + s * ld;
        if (!posterior(taste, s, n_rated, rated, values, p, z, mean)) {
            status = MG_ERR_NOT_POSITIVE_DEFINITE;
            break;
        }
        memset(draw, 0, ld * sizeof *draw);
        status = mg_random_normal_f64(seed, s, 0, d, 0, 1, draw);
        mg_small_backward(d, ld, p, draw);
        for (size_t a = 0; a < d; a++) {
            mean[a] += prior[a];
            draw[a] += mean[a]; /* (D3) */
        }
        spread[s] = expected_spread(taste, s, n_rated, rated, values, mean);
    }
    mg_arena_close(&arena);
    return status;
}

typedef struct {
    const mg_taste_t *taste;
    const float *means, *draws; /* in single precision, the first element 1 */
    const double *mean_bias, *draw_bias, *spread;
    double *expected, *variance;
} expect_t;

static void expect_item(const expect_t *work, size_t i)
{
    const mg_taste_t *taste = work->taste;
    size_t count = taste->n_samples, ld = taste->stride;
    double sum = 0, first = 0, second = 0, noise = 0;
    for (size_t s = 0; s < count; s++) {
        const float *y = item_vector(taste, s, i);
        double mean = work->mean_bias[s] + (double)dot(ld, work->means + s * ld, y);
        sum += mean;
        if (work->variance == NULL) continue;
        double draw = work->draw_bias[s] + (double)dot(ld, work->draws + s * ld, y);
        first += draw;
        second += draw * draw;
        noise += work->spread[s] / (taste->alpha[s] * (double)taste->noise[s * taste->n_items + i]);
    }
    double n = (double)count;
    work->expected[i] = taste->mean + sum / n; /* (D5) */
    if (work->variance == NULL) return;
    double between = count > 1 ? (second - first * first / n) / (n - 1) : 0;
    work->variance[i] = fmax(between, 0) + noise / n; /* (D5) */
}

static void expect_chunk(void *context, size_t chunk, size_t worker)
{
    const expect_t *work = context;
    (void)worker;
    size_t first = chunk * ITEMS_PER_CHUNK, last = first + ITEMS_PER_CHUNK;
    if (last > work->taste->n_items) last = work->taste->n_items;
    for (size_t i = first; i < last; i++) expect_item(work, i);
}

/* Vectors in single precision with 1 in place of the bias, which goes to bias. */
static void narrow(const mg_taste_t *taste, const double *vectors, float *out, double *bias)
{
    size_t ld = taste->stride;
    for (size_t s = 0; s < taste->n_samples; s++) {
        for (size_t a = 0; a < ld; a++) out[s * ld + a] = a < taste->factors ? (float)vectors[s * ld + a] : 0;
        out[s * ld] = 1;
        bias[s] = vectors[s * ld];
    }
}

mg_status_t mg_taste_expect(const mg_taste_t *taste, const double *means, const double *draws, const double *spread,
                            double *expected, double *variance)
{
    if (!sizes_valid(taste)) return MG_ERR_ARGUMENT;
    if (taste->n_items == 0) return MG_OK;
    size_t ld = taste->stride, count = taste->n_samples;
    mg_arena_t arena = MG_ARENA_EMPTY;
    for (int k = 0; k < 2; k++) mg_arena_plan(&arena, count, ld * sizeof(float));
    for (int k = 0; k < 2; k++) mg_arena_plan(&arena, count, sizeof(double));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    float *mean = mg_arena_take(&arena, count, ld * sizeof(float));
    float *draw = mg_arena_take(&arena, count, ld * sizeof(float));
    double *mean_bias = mg_arena_take(&arena, count, sizeof(double));
    double *draw_bias = mg_arena_take(&arena, count, sizeof(double));
    narrow(taste, means, mean, mean_bias);
    narrow(taste, draws, draw, draw_bias);
    expect_t work = {taste, mean, draw, mean_bias, draw_bias, spread, expected, variance};
    mg_parallel_for((taste->n_items - 1) / ITEMS_PER_CHUNK + 1, expect_chunk, &work);
    mg_arena_close(&arena);
    return MG_OK;
}

mg_status_t mg_taste_explain(const mg_taste_t *taste, size_t n_rated, const int64_t *rated, const float *values,
                             size_t item, double *shares)
{
    if (!sizes_valid(taste) || !items_valid(taste, n_rated, rated) || item >= taste->n_items) return MG_ERR_ARGUMENT;
    size_t d = taste->factors, ld = taste->stride;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, ld, ld * sizeof(double));
    for (int k = 0; k < 2; k++) mg_arena_plan(&arena, ld, sizeof(double));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    double *p = mg_arena_take(&arena, ld, ld * sizeof(double)), *z = mg_arena_take(&arena, ld, sizeof(double));
    double *x = mg_arena_take(&arena, ld, sizeof(double)), weight, residual;
    memset(shares, 0, n_rated * sizeof *shares);
    for (size_t s = 0; s < taste->n_samples; s++) {
        if (!posterior(taste, s, n_rated, rated, values, p, z, x)) {
            status = MG_ERR_NOT_POSITIVE_DEFINITE;
            break;
        }
        rating(taste, s, item, 0, x, &weight, &residual);
        mg_small_forward(d, ld, p, x);
        mg_small_backward(d, ld, p, x);
        for (size_t k = 0; k < n_rated; k++) {
            rating(taste, s, (size_t)rated[k], (double)values[k], z, &weight, &residual);
            double along = 0;
            for (size_t a = 0; a < d; a++) along += x[a] * z[a];
            shares[k] += along * weight * residual / (double)taste->n_samples; /* (D6) */
        }
    }
    mg_arena_close(&arena);
    return status;
}

mg_status_t mg_taste_cosine(const mg_taste_t *taste, const double *means, size_t n, const int64_t *items,
                            double *cosines)
{
    if (!sizes_valid(taste) || !items_valid(taste, n, items)) return MG_ERR_ARGUMENT;
    for (size_t k = 0; k < n; k++) {
        double total = 0;
        for (size_t s = 0; s < taste->n_samples; s++) {
            const float *y = item_vector(taste, s, (size_t)items[k]);
            const double *x = means + s * taste->stride;
            double xy = 0, xx = 0, yy = 0;
            for (size_t a = 1; a < taste->factors; a++) {
                xy += x[a] * (double)y[a];
                xx += x[a] * x[a];
                yy += (double)y[a] * (double)y[a];
            }
            if (xx > 0 && yy > 0) total += xy / sqrt(xx * yy);
        }
        cosines[k] = total / (double)taste->n_samples;
    }
    return MG_OK;
}

typedef struct {
    const mg_taste_t *taste;
    size_t n_users, n;
    const float *users, *user_noise;
    const int64_t *user, *item;
    double *expected, *variance;
} pairs_t;

static void pairs_chunk(void *context, size_t chunk, size_t worker)
{
    const pairs_t *work = context;
    const mg_taste_t *taste = work->taste;
    size_t ld = taste->stride, first = chunk * ITEMS_PER_CHUNK, last = first + ITEMS_PER_CHUNK;
    double count = (double)taste->n_samples;
    (void)worker;
    if (last > work->n) last = work->n;
    for (size_t k = first; k < last; k++) {
        size_t u = (size_t)work->user[k], i = (size_t)work->item[k];
        double sum = 0, squares = 0, noise = 0;
        for (size_t s = 0; s < taste->n_samples; s++) {
            const float *x = work->users + (s * work->n_users + u) * ld, *y = item_vector(taste, s, i);
            double one = (double)(dot(ld, x, y) - x[0] * y[0]) + (double)x[0] + (double)y[0];
            sum += one;
            squares += one * one;
            noise += 1 / (taste->alpha[s] * (double)work->user_noise[s * work->n_users + u] *
                          (double)taste->noise[s * taste->n_items + i]);
        }
        work->expected[k] = taste->mean + sum / count; /* (D5) */
        if (work->variance == NULL) continue;
        double between = count > 1 ? (squares - sum * sum / count) / (count - 1) : 0;
        work->variance[k] = fmax(between, 0) + noise / count; /* (D5) */
    }
}

mg_status_t mg_taste_pairs(const mg_taste_t *taste, size_t n_users, const float *users, const float *user_noise,
                           size_t n, const int64_t *user, const int64_t *item, double *expected, double *variance)
{
    if (!sizes_valid(taste) || !items_valid(taste, n, item)) return MG_ERR_ARGUMENT;
    for (size_t k = 0; k < n; k++)
        if (user[k] < 0 || (size_t)user[k] >= n_users) return MG_ERR_ARGUMENT;
    if (n == 0) return MG_OK;
    pairs_t work = {taste, n_users, n, users, user_noise, user, item, expected, variance};
    mg_parallel_for((n - 1) / ITEMS_PER_CHUNK + 1, pairs_chunk, &work);
    return MG_OK;
}
