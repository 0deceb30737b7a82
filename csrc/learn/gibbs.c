/* Bayesian matrix factorisation by Gibbs sampling.
 *
 * Problem. Explain ratings r_ui by vectors x_u = (b_u, p_u) of users and y_i = (c_i, q_i) of
 * items, and say how sure that is: draw from the posterior of all unknowns, one part at a time.
 *
 * (D1) r_ui = m + b_u + c_i + <p_u, q_i> + e, e ~ N(0, 1 / (alpha w_u v_i)): with the item held,
 *      a regression of t = r - m - c_i on the regressor (1, q_i); for the other side alike.
 * (D2) Prior: x_u ~ N(mu + g_u, Lambda^-1); the shift g = F B is linear in features F of the
 *      row, which here say what it rated at all (implicit feedback).
 * (D3) Given the rest, x_u is normal with precision P = Lambda + alpha w_u sum v_i y y^T and mean
 *      P^-1 h, h = Lambda (mu + g_u) + alpha w_u sum v_i t y; with P = L L^T and z ~ N(0, I) a draw
 *      is L^-T (L^-1 h + z).
 * (D4) Prior of (mu, Lambda): normal-Wishart with mu_0 = 0, beta_0 = 1, W_0 = I and nu_0 = D + 1.
 *      For N rows d = x - g of mean d~ and links B of prior (D6):
 *      W^-1 = I + sum (d - d~)(d - d~)^T + beta_0 N / (beta_0 + N) d~ d~^T + kappa B^T B,
 *      nu = nu_0 + N + number of features.
 * (D5) Lambda = C^-T A A^T C^-1, C C^T = W^-1, A from Bartlett's decomposition; then
 *      mu ~ N(N d~ / (beta_0 + N), ((beta_0 + N) Lambda)^-1).
 * (D6) Prior of the links: row k ~ N(0, (kappa Lambda)^-1). The columns of F are orthogonal, of
 *      squared lengths s_k, so the rows are independent given the rest:
 *      B_k ~ N((F^T (x - mu))_k / (s_k + kappa), ((s_k + kappa) Lambda)^-1).
 * (D7) kappa ~ Gamma(1 + D n_features / 2, 1 + sum_k B_k^T Lambda B_k / 2), shape and rate.
 * (D8) alpha ~ Gamma(1 + n / 2, 1 + sum w v e^2 / 2); w_u ~ Gamma((f + n_u) / 2,
 *      (f + alpha sum v e^2) / 2): Student errors per row, f degrees of freedom.
 *
 * References: R. Salakhutdinov and A. Mnih (2008), Bayesian probabilistic matrix factorization
 * using Markov chain Monte Carlo, ICML; J. Simm et al. (2015), Macau, section 3, for features and
 * their links; S. Rendle, L. Zhang and Y. Koren (2019), On the difficulty of evaluating baselines,
 * for implicit features. The bias is one more element of the vector, where Salakhutdinov and Mnih
 * have none; orthogonal features (D6) replace Macau's linear solver; the noise (D8) is per row. */
#include <stdbool.h>
#include <string.h>

#include "core/arena.h"
#include "core/pool.h"
#include "learn/draw.h"
#include "learn/small.h"
#include "learn/table.h"
#include "minigrad/linalg.h"
#include "minigrad/random.h"

enum { ROWS_PER_CHUNK = 32 };
/* Random streams of a sweep, and of a side within it. */
enum { SWEEP_STREAMS = 2048, SIDE_STREAMS = 1024 };
enum { MEAN_STREAM, LINK_STREAM, KAPPA_STREAM, ROW_STREAM, NOISE_STREAM, ALPHA_STREAM, WISHART_STREAM };
#define BETA_0 1.0

typedef struct {
    mg_gibbs_t *model;
    mg_gibbs_side_t *side, *other;
    uint64_t stream;
    size_t n, d, ld;
    double *prior;      /* n x ld: mu + g, then the draws' shifts */
    double *regressors; /* of the other side: n_other x ld, (1, q) */
    double *normals;    /* n x ld */
    double *scratch;    /* per worker: ld x ld + 2 ld; the first also serves the serial parts */
    double *sums;       /* n: squared errors per row */
    double *shapes;     /* n */
    size_t workers;
} phase_t;

static mg_status_t normals(const phase_t *phase, uint64_t stream, size_t n, double *out)
{
    return mg_random_normal_f64(phase->model->seed, phase->stream + stream, 0, n, 0, 1, out);
}

static mg_status_t gamma_of(const phase_t *phase, uint64_t stream, double shape, double rate, double *out)
{
    double draw;
    mg_status_t status = mg_gamma_fill(phase->model->seed, phase->stream + stream, 1, &shape, &draw);
    if (status == MG_OK) *out = draw / rate;
    return status;
}

/* prior = F B, or 0. */
static mg_status_t shift(phase_t *phase)
{
    const mg_gibbs_side_t *side = phase->side;
    memset(phase->prior, 0, phase->n * phase->ld * sizeof(double));
    if (side->n_features == 0) return MG_OK;
    return mg_gemm_f64(MG_NO_TRANS, MG_NO_TRANS, phase->n, phase->ld, side->n_features, 1, side->features,
                       side->n_features, side->links, phase->ld, 0, phase->prior, phase->ld);
}

/* W^-1 of (D4) to w, and the mean of x - g to centre. */
static void scatter(const phase_t *phase, double *w, double *centre)
{
    const mg_gibbs_side_t *side = phase->side;
    size_t d = phase->d, ld = phase->ld, n = phase->n;
    memset(w, 0, ld * ld * sizeof *w);
    memset(centre, 0, ld * sizeof *centre);
    for (size_t a = 0; a < d; a++) w[a * ld + a] = 1; /* (D4) */
    double *row = centre + ld;
    for (size_t r = 0; r < n; r++) {
        for (size_t a = 0; a < d; a++) row[a] = side->vectors[r * ld + a] - phase->prior[r * ld + a];
        for (size_t a = 0; a < d; a++) {
            centre[a] += row[a];
            for (size_t b = 0; b <= a; b++) w[a * ld + b] += row[a] * row[b];
        }
    }
    for (size_t k = 0; k < side->n_features; k++) {
        const double *link = side->links + k * ld;
        for (size_t a = 0; a < d; a++)
            for (size_t b = 0; b <= a; b++) w[a * ld + b] += side->link_precision * link[a] * link[b]; /* (D4) */
    }
    /* sum (d - d~)(d - d~)^T + beta_0 N / (beta_0 + N) d~ d~^T = sum d d^T - s s^T / (beta_0 + N), s = N d~. */
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b <= a; b++) w[a * ld + b] -= centre[a] * centre[b] / (BETA_0 + (double)n); /* (D4) */
    for (size_t a = 0; a < d; a++) centre[a] /= BETA_0 + (double)n;
}

/* precision = M M^T, M upper triangular times lower: all of M is stored. */
static void outer_product(size_t d, size_t ld, const double *m, double *precision)
{
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++) sum += m[a * ld + k] * m[b * ld + k];
            precision[a * ld + b] = sum;
        }
}

/* (mu, Lambda) given the vectors and links. */
static mg_status_t draw_prior(phase_t *phase)
{
    mg_gibbs_side_t *side = phase->side;
    size_t d = phase->d, ld = phase->ld;
    double *w = phase->scratch, *centre = w + ld * ld, *m = centre + 2 * ld, *column = m + ld * ld;
    scatter(phase, w, centre);
    if (!mg_small_cholesky(d, ld, w)) return MG_ERR_NOT_POSITIVE_DEFINITE;
    memset(m, 0, ld * ld * sizeof *m);
    double freedom = (double)(d + 1 + phase->n + side->n_features); /* (D4) */
    mg_status_t status = mg_wishart_factor(phase->model->seed, phase->stream + WISHART_STREAM, d, ld, freedom, m);
    if (status != MG_OK) return status;
    for (size_t k = 0; k < d; k++) { /* M = C^-T A, column by column: (D5) */
        for (size_t a = 0; a < d; a++) column[a] = m[a * ld + k];
        mg_small_backward(d, ld, w, column);
        for (size_t a = 0; a < d; a++) m[a * ld + k] = column[a];
    }
    outer_product(d, ld, m, side->precision); /* (D5) */
    memcpy(w, side->precision, d * ld * sizeof *w);
    if (!mg_small_cholesky(d, ld, w)) return MG_ERR_NOT_POSITIVE_DEFINITE;
    status = normals(phase, MEAN_STREAM, d, column);
    if (status != MG_OK) return status;
    mg_small_backward(d, ld, w, column);
    for (size_t a = 0; a < d; a++) side->mean[a] = centre[a] + column[a] / sqrt(BETA_0 + (double)phase->n); /* (D5) */
    return MG_OK;
}

/* The links given the vectors, and their precision. scratch holds Lambda's factor. */
static mg_status_t draw_links(phase_t *phase)
{
    mg_gibbs_side_t *side = phase->side;
    size_t d = phase->d, ld = phase->ld, count = side->n_features;
    if (count == 0) return MG_OK;
    double *centred = phase->prior, *l = phase->scratch, *z = l + ld * ld, total = 0;
    for (size_t r = 0; r < phase->n; r++)
        for (size_t a = 0; a < ld; a++) centred[r * ld + a] = side->vectors[r * ld + a] - side->mean[a];
    mg_status_t status = mg_gemm_f64(MG_TRANS, MG_NO_TRANS, count, ld, phase->n, 1, side->features, count, centred, ld,
                                     0, side->links, ld);
    for (size_t k = 0; k < count && status == MG_OK; k++) {
        double weight = side->feature_norms[k] + side->link_precision, *link = side->links + k * ld;
        status = mg_random_normal_f64(phase->model->seed, phase->stream + LINK_STREAM, k * ld, d, 0, 1, z);
        mg_small_backward(d, ld, l, z);
        for (size_t a = 0; a < d; a++) link[a] = link[a] / weight + z[a] / sqrt(weight); /* (D6) */
        for (size_t b = 0; b < d; b++) {
            double along = 0; /* (L^T B_k)_b */
            for (size_t a = b; a < d; a++) along += l[a * ld + b] * link[a];
            total += along * along;
        }
    }
    if (status != MG_OK) return status;
    return gamma_of(phase, KAPPA_STREAM, 1 + 0.5 * (double)(d * count), 1 + 0.5 * total,
                    &side->link_precision); /* (D7) */
}

static void draw_row(const phase_t *phase, size_t r, double *p, double *h)
{
    const mg_gibbs_side_t *side = phase->side, *other = phase->other;
    const mg_table_t *table = side->ratings;
    size_t d = phase->d, ld = phase->ld;
    double *x = side->vectors + r * ld;
    memcpy(p, side->precision, d * ld * sizeof *p);
    for (size_t a = 0; a < ld; a++) h[a] = 0;
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) h[a] += side->precision[a * ld + b] * phase->prior[r * ld + b]; /* (D3) */
    for (int64_t e = table->start[r]; e < table->start[r + 1]; e++) {
        size_t c = (size_t)table->index[e];
        double weight = phase->model->alpha * side->noise[r] * other->noise[c];
        double t = (double)table->value[e] - phase->model->mean - other->vectors[c * ld]; /* (D1) */
        mg_small_add(d, ld, weight, t, phase->regressors + c * ld, p, h);                 /* (D3) */
    }
    if (!mg_small_cholesky(d, ld, p)) {
        x[0] = NAN; /* found by the sum of squared errors */
        return;
    }
    mg_small_forward(d, ld, p, h);
    for (size_t a = 0; a < d; a++) x[a] = h[a] + phase->normals[r * ld + a];
    mg_small_backward(d, ld, p, x); /* (D3) */
}

static void draw_chunk(void *context, size_t chunk, size_t worker)
{
    const phase_t *phase = context;
    size_t first = chunk * ROWS_PER_CHUNK, last = first + ROWS_PER_CHUNK, ld = phase->ld;
    double *p = phase->scratch + worker * (2 * ld * ld + 4 * ld);
    if (last > phase->n) last = phase->n;
    for (size_t r = first; r < last; r++) draw_row(phase, r, p, p + ld * ld);
}

/* The squared errors of a row's ratings, weighed by the columns' noise. */
static void error_chunk(void *context, size_t chunk, size_t worker)
{
    const phase_t *phase = context;
    const mg_table_t *table = phase->side->ratings;
    (void)worker;
    size_t first = chunk * ROWS_PER_CHUNK, last = first + ROWS_PER_CHUNK, ld = phase->ld;
    if (last > phase->n) last = phase->n;
    for (size_t r = first; r < last; r++) {
        const double *x = phase->side->vectors + r * ld;
        double sum = 0;
        for (int64_t e = table->start[r]; e < table->start[r + 1]; e++) {
            size_t c = (size_t)table->index[e];
            const double *y = phase->other->vectors + c * ld;
            double error = (double)table->value[e] - phase->model->mean - x[0] - y[0]; /* (D1) */
            for (size_t a = 1; a < phase->d; a++) error -= x[a] * y[a];
            sum += phase->other->noise[c] * error * error;
        }
        phase->sums[r] = sum;
    }
}

static mg_status_t draw_noise(phase_t *phase)
{
    double freedom = phase->model->noise_freedom;
    const mg_table_t *table = phase->side->ratings;
    if (freedom == 0 || phase->n == 0) return MG_OK;
    mg_parallel_for((phase->n - 1) / ROWS_PER_CHUNK + 1, error_chunk, phase);
    for (size_t r = 0; r < phase->n; r++)
        phase->shapes[r] = 0.5 * (freedom + (double)(table->start[r + 1] - table->start[r])); /* (D8) */
    mg_status_t status =
        mg_gamma_fill(phase->model->seed, phase->stream + NOISE_STREAM, phase->n, phase->shapes, phase->side->noise);
    if (status != MG_OK) return status;
    for (size_t r = 0; r < phase->n; r++)
        phase->side->noise[r] /= 0.5 * (freedom + phase->model->alpha * phase->sums[r]); /* (D8) */
    return MG_OK;
}

static mg_status_t draw_alpha(phase_t *phase)
{
    const mg_table_t *table = phase->side->ratings;
    double total = 0;
    if (phase->n > 0) mg_parallel_for((phase->n - 1) / ROWS_PER_CHUNK + 1, error_chunk, phase);
    for (size_t r = 0; r < phase->n; r++) total += phase->side->noise[r] * phase->sums[r];
    if (!isfinite(total)) return MG_ERR_NOT_POSITIVE_DEFINITE;
    double count = (double)table->start[phase->n];
    return gamma_of(phase, ALPHA_STREAM, 1 + 0.5 * count, 1 + 0.5 * total, &phase->model->alpha); /* (D8) */
}

/* All of one side. */
static mg_status_t draw_side(phase_t *phase)
{
    size_t ld = phase->ld, n_other = phase->other->ratings->n_rows;
    mg_status_t status = shift(phase); /* (D2) */
    if (status == MG_OK) status = draw_prior(phase);
    if (status == MG_OK) status = draw_links(phase);
    if (status == MG_OK) status = shift(phase); /* (D2) */
    if (status == MG_OK) status = normals(phase, ROW_STREAM, phase->n * ld, phase->normals);
    if (status != MG_OK) return status;
    for (size_t r = 0; r < phase->n; r++)
        for (size_t a = 0; a < phase->d; a++) phase->prior[r * ld + a] += phase->side->mean[a]; /* (D2) */
    memcpy(phase->regressors, phase->other->vectors, n_other * ld * sizeof(double));
    for (size_t c = 0; c < n_other; c++) phase->regressors[c * ld] = 1; /* (D1) */
    if (phase->n > 0) mg_parallel_for_workers(phase->workers, (phase->n - 1) / ROWS_PER_CHUNK + 1, draw_chunk, phase);
    return draw_noise(phase);
}

static bool belong_together(const mg_gibbs_t *model, const mg_gibbs_side_t *users, const mg_gibbs_side_t *items)
{
    return model->factors > 0 && model->factors <= model->stride && model->stride % MG_SMALL_PACK == 0 &&
           model->factors <= 256 && model->noise_freedom >= 0 && model->alpha > 0 &&
           mg_table_pair_valid(users->ratings, items->ratings);
}

mg_status_t mg_gibbs_sweep(mg_gibbs_t *model, mg_gibbs_side_t *users, mg_gibbs_side_t *items)
{
    if (!belong_together(model, users, items)) return MG_ERR_ARGUMENT;
    size_t ld = model->stride, n_users = users->ratings->n_rows, n_items = items->ratings->n_rows;
    size_t most = n_users > n_items ? n_users : n_items, workers = mg_pool_workers();
    mg_arena_t arena = MG_ARENA_EMPTY;
    size_t rows;
    if (!mg_size_mul(most, ld, &rows)) return MG_ERR_OVERFLOW;
    for (int k = 0; k < 3; k++) mg_arena_plan(&arena, rows, sizeof(double));
    mg_arena_plan(&arena, workers, (2 * ld * ld + 4 * ld) * sizeof(double));
    for (int k = 0; k < 2; k++) mg_arena_plan(&arena, most, sizeof(double));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    phase_t phase = {.model = model, .d = model->factors, .ld = ld, .workers = workers};
    phase.prior = mg_arena_take(&arena, rows, sizeof(double));
    phase.regressors = mg_arena_take(&arena, rows, sizeof(double));
    phase.normals = mg_arena_take(&arena, rows, sizeof(double));
    phase.scratch = mg_arena_take(&arena, workers, (2 * ld * ld + 4 * ld) * sizeof(double));
    phase.sums = mg_arena_take(&arena, most, sizeof(double));
    phase.shapes = mg_arena_take(&arena, most, sizeof(double));
    for (uint64_t turn = 0; turn < 2 && status == MG_OK; turn++) {
        phase.side = turn == 0 ? users : items;
        phase.other = turn == 0 ? items : users;
        phase.n = phase.side->ratings->n_rows;
        phase.stream = (model->sweep * SWEEP_STREAMS) + turn * SIDE_STREAMS;
        status = draw_side(&phase);
    }
    if (status == MG_OK) status = draw_alpha(&phase);
    mg_arena_close(&arena);
    return status;
}
