/* Matrix factorisation by stochastic gradients and by alternating least squares.
 *
 * Problem. Find vectors p_u, q_i and biases b_u, c_i that explain the ratings.
 *
 * (D1) F = sum over ratings of e^2 + reg (b^2 + c^2 + |p|^2 + |q|^2), e = r - m - b - c - <p, q>.
 * (D2) A step against half the gradient of one summand: b += rate (e - reg b), c alike,
 *      p += rate (e q - reg p), q += rate (e p - reg q), both from the old values.
 * (D3) Implicit feedback: p_u becomes p_u + n_u^(-1/2) sum z_j over the items that u rated (at
 *      all). Every summand of u has the same gradient in all of u's z_j but for the penalty, so
 *      their steps are taken together: z_j <- (1 - rate reg)^n z_j + rate n^(-1/2) sum e q.
 * (D4) With the items held F falls apart into one least-squares problem per user, in
 *      x = (b, p), with regressors z = (1, q) and t = r - m - c:
 *      (sum z z^T + reg n I) x = sum t z.
 *
 * References: Y. Koren, R. Bell and C. Volinsky (2009), Matrix factorization techniques for
 * recommender systems, IEEE Computer 42(8); Y. Koren (2008), Factorization meets the neighborhood,
 * KDD, section 4 (SVD++: it steps the z_j at every rating, here once per user); Y. Zhou et al.
 * (2008), Large-scale parallel collaborative filtering for the Netflix prize, section 3 (D4). */
#include <math.h>
#include <string.h>

#include "core/arena.h"
#include "core/dispatch.h"
#include "core/pool.h"
#include "learn/small.h"
#include "learn/table.h"

enum { ROWS_PER_CHUNK = 32, USERS_IN_TURN = 8 };

typedef float lanes_t __attribute__((vector_size(8 * sizeof(float)), aligned(4), may_alias));

static bool sgd_valid(const mg_sgd_t *model, const mg_table_t *table)
{
    return model->factors > 0 && model->factors <= model->stride && model->stride % MG_SGD_LANES == 0 &&
           mg_table_valid(table);
}

static bool permuted(size_t n, const int64_t *order)
{
    for (size_t k = 0; k < n; k++)
        if (order[k] < 0 || (size_t)order[k] >= n) return false;
    return true;
}

static mg_sgd_step_t step_of(const mg_sgd_t *model)
{
    return (mg_sgd_step_t){model->stride, model->mean, model->rate, 1 - model->rate * model->reg}; /* (D2) */
}

mg_status_t mg_sgd_epoch(const mg_sgd_t *model, const mg_table_t *by_user, const int64_t *order)
{
    if (!sgd_valid(model, by_user) || !permuted(by_user->n_rows, order)) return MG_ERR_ARGUMENT;
    const mg_sgd_kernels_t *kernels = &mg_kernels()->sgd;
    mg_sgd_step_t step = step_of(model);
    /* A step waits for the one before it of the same user, so users take turns. */
    for (size_t v = 0; v < by_user->n_rows; v += USERS_IN_TURN) {
        size_t ways = by_user->n_rows - v < USERS_IN_TURN ? by_user->n_rows - v : USERS_IN_TURN, left = ways;
        for (size_t k = 0; left > 0; k++) {
            left = 0;
            for (size_t w = 0; w < ways; w++) {
                size_t u = (size_t)order[v + w], e = (size_t)by_user->start[u] + k;
                if (e >= (size_t)by_user->start[u + 1]) continue;
                left++;
                kernels->row(&step, 1, by_user->index + e, by_user->value + e, model->users + u * model->stride,
                             model->items); /* (D1) */
            }
        }
    }
    return MG_OK;
}

/* sum = n^(-1/2) sum of the implicit vectors of row u; returns n^(-1/2). */
static float gather(const mg_table_t *table, size_t u, size_t stride, const float *implicit, float *sum)
{
    memset(sum, 0, stride * sizeof *sum);
    int64_t first = table->start[u], last = table->start[u + 1];
    if (first == last) return 0;
    float weight = 1 / sqrtf((float)(last - first));
    for (int64_t e = first; e < last; e++) {
        const float *z = implicit + (size_t)table->index[e] * stride;
        for (size_t k = 0; k < stride; k += MG_SMALL_PACK) *(lanes_t *)(sum + k) += *(const lanes_t *)(z + k);
    }
    for (size_t k = 0; k < stride; k++) sum[k] *= weight; /* (D3) */
    return weight;
}

mg_status_t mg_sgd_epoch_implicit(const mg_sgd_t *model, const mg_table_t *by_user, float *implicit,
                                  const int64_t *order)
{
    if (!sgd_valid(model, by_user) || !permuted(by_user->n_rows, order)) return MG_ERR_ARGUMENT;
    size_t ld = model->stride;
    mg_sgd_step_t step = step_of(model);
    mg_arena_t arena = MG_ARENA_EMPTY;
    for (int k = 0; k < 2; k++) mg_arena_plan(&arena, ld, sizeof(float));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    float *sum = mg_arena_take(&arena, ld, sizeof(float)), *gradient = mg_arena_take(&arena, ld, sizeof(float));
    for (size_t v = 0; v < by_user->n_rows; v++) {
        size_t u = (size_t)order[v];
        int64_t first = by_user->start[u], last = by_user->start[u + 1];
        float weight = gather(by_user, u, ld, implicit, sum);
        memset(gradient, 0, ld * sizeof *gradient);
        mg_kernels()->sgd.row_joined(&step, (size_t)(last - first), by_user->index + first, by_user->value + first,
                                     model->users + u * ld, model->items, sum, gradient); /* (D1), (D3) */
        gradient[0] = 0;
        float keep = powf(1 - model->rate * model->reg, (float)(last - first)), take = model->rate * weight;
        for (int64_t e = first; e < last; e++) {
            float *z = implicit + (size_t)by_user->index[e] * ld;
            for (size_t k = 0; k < ld; k += MG_SMALL_PACK) /* (D3) */
                *(lanes_t *)(z + k) = keep * *(lanes_t *)(z + k) + take * *(lanes_t *)(gradient + k);
        }
    }
    mg_arena_close(&arena);
    return MG_OK;
}

mg_status_t mg_sgd_join(const mg_sgd_t *model, const mg_table_t *by_user, const float *implicit, float *joined)
{
    if (!sgd_valid(model, by_user)) return MG_ERR_ARGUMENT;
    for (size_t u = 0; u < by_user->n_rows; u++) {
        float *to = joined + u * model->stride;
        gather(by_user, u, model->stride, implicit, to);
        for (size_t k = 0; k < model->stride; k++) to[k] += model->users[u * model->stride + k]; /* (D3) */
    }
    return MG_OK;
}

typedef struct {
    const mg_table_t *table;
    size_t factors, stride;
    double mean, reg;
    const double *other;
    double *vectors;
    double *scratch; /* per worker: (factors + 2) x stride */
    bool *singular;  /* per row */
} als_t;

static void als_row(const als_t *work, size_t r, double *a)
{
    const mg_table_t *table = work->table;
    size_t d = work->factors, ld = work->stride;
    double *x = work->vectors + r * ld, *z = a + d * ld, *h = z + ld;
    double weight = work->reg * (double)(table->start[r + 1] - table->start[r]);
    memset(x, 0, ld * sizeof *x);
    work->singular[r] = false;
    if (table->start[r] == table->start[r + 1]) return;
    memset(a, 0, (d + 2) * ld * sizeof *a);
    for (size_t k = 0; k < d; k++) a[k * ld + k] = weight; /* (D4) */
    for (int64_t e = table->start[r]; e < table->start[r + 1]; e++) {
        const double *y = work->other + (size_t)table->index[e] * ld;
        memcpy(z, y, d * sizeof *z);
        z[0] = 1;
        mg_small_add(d, ld, 1, (double)table->value[e] - work->mean - y[0], z, a, h); /* (D4) */
    }
    work->singular[r] = !mg_small_cholesky(d, ld, a);
    if (work->singular[r]) return;
    mg_small_forward(d, ld, a, h);
    mg_small_backward(d, ld, a, h);
    memcpy(x, h, d * sizeof *x);
}

static void als_chunk(void *context, size_t chunk, size_t worker)
{
    const als_t *work = context;
    size_t first = chunk * ROWS_PER_CHUNK, last = first + ROWS_PER_CHUNK;
    if (last > work->table->n_rows) last = work->table->n_rows;
    for (size_t r = first; r < last; r++) als_row(work, r, work->scratch + worker * (work->factors + 2) * work->stride);
}

mg_status_t mg_als_solve(const mg_table_t *table, size_t factors, size_t stride, double mean, double reg,
                         const double *other, double *vectors)
{
    if (factors == 0 || factors > stride || stride % MG_SMALL_PACK != 0 || stride > 4096 || !(reg >= 0) ||
        !mg_table_valid(table))
        return MG_ERR_ARGUMENT;
    size_t n = table->n_rows, workers = mg_pool_workers();
    if (n == 0) return MG_OK;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, workers, (factors + 2) * stride * sizeof(double));
    mg_arena_plan(&arena, n, sizeof(bool));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    als_t work = {table, factors, stride, mean, reg, other, vectors, NULL, NULL};
    work.scratch = mg_arena_take(&arena, workers, (factors + 2) * stride * sizeof(double));
    work.singular = mg_arena_take(&arena, n, sizeof(bool));
    mg_parallel_for_workers(workers, (n - 1) / ROWS_PER_CHUNK + 1, als_chunk, &work);
    for (size_t r = 0; r < n; r++)
        if (work.singular[r]) status = MG_ERR_NOT_POSITIVE_DEFINITE;
    mg_arena_close(&arena);
    return status;
}
