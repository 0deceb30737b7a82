/* The baseline: what a rating is before taste comes in.
 *
 * Problem. Find biases b_u of users and c_i of items that explain the ratings r_ui about their
 * mean m. Assumption: few ratings of a user or an item should move its bias little.
 *
 * (D1) Minimise F = sum (r_ui - m - b_u - c_i)^2 + reg_user sum b_u^2 + reg_item sum c_i^2.
 * (D2) dF/dc_i = 0 with b held:  c_i = sum_u (r_ui - m - b_u) / (reg_item + n_i).
 * (D3) dF/db_u = 0 with c held:  b_u = sum_i (r_ui - m - c_i) / (reg_user + n_u).
 * F is convex and each step minimises it in one block, so it falls until both equations hold.
 * A row without ratings and without damping keeps the bias 0.
 *
 * Reference: Y. Koren (2010), Factor in the neighbors, ACM TKDD 4(1), section 2.2. It stops
 * after one pass of (D2) and (D3); here they alternate. */
#include <math.h>
#include <string.h>

#include "core/pool.h"
#include "learn/table.h"

typedef struct {
    const mg_table_t *table;
    double mean, reg;
    const double *other;
    double *bias;
} sweep_t;

enum { ROWS_PER_CHUNK = 256 };

static void sweep_chunk(void *context, size_t chunk, size_t worker)
{
    const sweep_t *sweep = context;
    const mg_table_t *table = sweep->table;
    (void)worker;
    size_t first = chunk * ROWS_PER_CHUNK, last = first + ROWS_PER_CHUNK;
    if (last > table->n_rows) last = table->n_rows;
    for (size_t r = first; r < last; r++) {
        double sum = 0, weight = sweep->reg + (double)(table->start[r + 1] - table->start[r]);
        for (int64_t e = table->start[r]; e < table->start[r + 1]; e++)
            sum += (double)table->value[e] - sweep->mean - sweep->other[table->index[e]]; /* (D1) */
        sweep->bias[r] = weight > 0 ? sum / weight : 0;
    }
}

static void sweep_rows(const mg_table_t *table, double mean, double reg, const double *other, double *bias)
{
    if (table->n_rows == 0) return;
    sweep_t sweep = {table, mean, reg, other, bias};
    mg_parallel_for((table->n_rows - 1) / ROWS_PER_CHUNK + 1, sweep_chunk, &sweep);
}

mg_status_t mg_baseline_fit(const mg_table_t *by_user, const mg_table_t *by_item, double mean, double reg_user,
                            double reg_item, size_t sweeps, double *user_bias, double *item_bias)
{
    if (!isfinite(mean) || !(reg_user >= 0) || !(reg_item >= 0)) return MG_ERR_ARGUMENT;
    if (!mg_table_pair_valid(by_user, by_item)) return MG_ERR_ARGUMENT;
    memset(user_bias, 0, by_user->n_rows * sizeof *user_bias);
    memset(item_bias, 0, by_item->n_rows * sizeof *item_bias);
    for (size_t k = 0; k < sweeps; k++) {
        sweep_rows(by_item, mean, reg_item, user_bias, item_bias); /* (D2) */
        sweep_rows(by_user, mean, reg_user, item_bias, user_bias); /* (D3) */
    }
    return MG_OK;
}
