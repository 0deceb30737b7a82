/* Similarities of the rows of a sparse table.
 *
 * Problem. For all pairs of rows a, b with columns in common, say how alike they are.
 * Assumption: most pairs have few common columns, so pairs are found through the columns.
 *
 * (D1) With x, y the values in the n common columns: the sums n, xy = sum x y, xx = sum x^2,
 *      yy = sum y^2, sx = sum x, sy = sum y; each column c of row a adds its part to every row b
 *      that has c (Gustavson's product of sparse matrices, with six sums in place of one).
 * (D2) Cosine: xy / sqrt(xx yy).
 * (D3) Pearson: (n xy - sx sy) / sqrt((n xx - sx^2) (n yy - sy^2)).
 * (D4) A similarity that rests on n columns is shrunk to (n - 1) / (n - 1 + lambda) of itself:
 *      the posterior mean of a correlation under a prior at 0 worth lambda columns.
 *
 * References: F. G. Gustavson (1978), Two fast algorithms for sparse matrices, ACM TOMS 4(3);
 * Y. Koren (2010), Factor in the neighbors, ACM TKDD 4(1), section 3 (shrinkage). */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/arena.h"
#include "core/pool.h"
#include "learn/table.h"

enum { ROWS_PER_CHUNK = 8, ROWS_PER_MIRROR = 16 };

/* Sums of a pair, one after the other; a kind of similarity needs the first 2, 4 or 6. */
enum { N, XY, XX, YY, SX, SY };
typedef double two_t __attribute__((vector_size(2 * sizeof(double)), may_alias));

typedef struct {
    const mg_table_t *rows, *columns;
    mg_similarity_t kind;
    double shrinkage;
    size_t min_support, terms;
    const double *squares;
    int64_t *count;
    const int64_t *start;
    int32_t *index, *support;
    float *similarity;
    double *scratch;   /* per worker: terms x n_rows */
    int64_t *past;     /* per entry of rows: where its column goes on with the rows after it */
    int64_t *begin;    /* n_rows: where the entries right of the diagonal begin */
    int64_t *mirrored; /* per worker: n_rows, entries left of the diagonal, or a list */
} work_t;

static size_t terms_of(mg_similarity_t kind)
{
    return kind == MG_SIMILARITY_PEARSON ? 6 : kind == MG_SIMILARITY_COSINE ? 4 : 2;
}

/* Add one column's part to the rows of its entries first ... last - 1. `terms` is a constant where this is called. */
static inline __attribute__((always_inline)) void add_column(const mg_table_t *columns, int64_t first, int64_t last,
                                                             double x, const size_t terms, double *sums)
{
    for (int64_t e = first; e < last; e++) {
        double y = (double)columns->value[e];
        two_t *to = (two_t *)(sums + terms * (size_t)columns->index[e]);
        to[0] += (two_t){1, x * y}; /* (D1) */
        if (terms > 2) to[1] += (two_t){x * x, y * y};
        if (terms > 4) to[2] += (two_t){x, y};
    }
}

static void add_any_column(const mg_table_t *columns, int64_t first, int64_t last, double x, size_t terms, double *sums)
{
    if (terms == 2) add_column(columns, first, last, x, 2, sums);
    if (terms == 4) add_column(columns, first, last, x, 4, sums);
    if (terms == 6) add_column(columns, first, last, x, 6, sums);
}

/* xx, yy: the sums of squares over whole rows, for COSINE_FULL. */
static double similarity_of(mg_similarity_t kind, double shrinkage, const double *sum, double xx, double yy)
{
    double above = sum[XY], below = 1, n = sum[N];
    if (kind == MG_SIMILARITY_COSINE) below = sqrt(sum[XX] * sum[YY]); /* (D2) */
    if (kind == MG_SIMILARITY_COSINE_FULL) below = sqrt(xx * yy);      /* (D2) */
    if (kind == MG_SIMILARITY_PEARSON) {
        double vx = n * sum[XX] - sum[SX] * sum[SX], vy = n * sum[YY] - sum[SY] * sum[SY];
        above = n * sum[XY] - sum[SX] * sum[SY]; /* (D3) */
        below = vx > 0 && vy > 0 ? sqrt(vx * vy) : 0;
    }
    if (!(below > 0)) return 0;
    double plain = above / below;
    return shrinkage > 0 ? plain * (n - 1) / (n - 1 + shrinkage) : plain; /* (D4) */
}

/* Pairs (a, b) are symmetric, so only those with b > a are computed. */
static void count_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    const mg_table_t *rows = work->rows, *columns = work->columns;
    size_t n = rows->n_rows, first = chunk * ROWS_PER_CHUNK, last = first + ROWS_PER_CHUNK;
    int32_t *common = (int32_t *)(work->scratch + worker * work->terms * n);
    int64_t *mirrored = work->mirrored + worker * n;
    if (last > n) last = n;
    for (size_t a = first; a < last; a++) {
        memset(common + a, 0, (n - a) * sizeof *common);
        for (int64_t k = rows->start[a]; k < rows->start[a + 1]; k++)
            for (int64_t e = work->past[k]; e < columns->start[rows->index[k] + 1]; e++)
                common[columns->index[e]]++; /* (D1) */
        int64_t found = 0;
        for (size_t b = a + 1; b < n; b++) {
            int64_t enough = (size_t)common[b] >= work->min_support;
            found += enough;
            mirrored[b] += enough;
        }
        work->count[a] = found;
    }
}

/* Row a right of the diagonal, at its end. */
static void fill_row(const work_t *work, size_t a, double *sums, int32_t *list)
{
    const mg_table_t *rows = work->rows, *columns = work->columns;
    size_t n = rows->n_rows, terms = work->terms;
    memset(sums + terms * a, 0, terms * (n - a) * sizeof *sums);
    for (int64_t k = rows->start[a]; k < rows->start[a + 1]; k++)
        add_any_column(columns, work->past[k], columns->start[rows->index[k] + 1], (double)rows->value[k], terms, sums);
    /* Listed first, without a branch that cannot be foreseen. */
    size_t found = 0, room = (size_t)(work->start[a + 1] - work->start[a]);
    for (size_t b = a + 1; b < n; b++) {
        list[found] = (int32_t)b;
        found += sums[terms * b + N] >= (double)work->min_support;
    }
    if (found > room) found = room;
    int64_t to = work->start[a + 1] - (int64_t)found;
    double xx = work->squares == NULL ? 0 : work->squares[a];
    for (size_t k = 0; k < found; k++, to++) {
        size_t b = (size_t)list[k];
        double yy = work->squares == NULL ? 0 : work->squares[b];
        work->index[to] = (int32_t)b;
        work->support[to] = (int32_t)sums[terms * b + N];
        work->similarity[to] = (float)similarity_of(work->kind, work->shrinkage, sums + terms * b, xx, yy);
    }
    work->begin[a] = to - (int64_t)found;
}

/* The first entry of row a, right of the diagonal, in column b or after it. */
static int64_t lower_bound(const work_t *work, size_t a, size_t b)
{
    int64_t low = work->begin[a], high = work->start[a + 1];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if ((size_t)work->index[middle] < b)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What is right of the diagonal goes to the left of it, too: a block of rows at a time, whose
 * part of each row above is one run of entries. */
static void mirror_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    size_t n = work->rows->n_rows, first = chunk * ROWS_PER_MIRROR, last = first + ROWS_PER_MIRROR;
    int64_t cursor[ROWS_PER_MIRROR];
    (void)worker;
    if (last > n) last = n;
    for (size_t b = first; b < last; b++) cursor[b - first] = work->start[b];
    for (size_t a = 0; a + 1 < last; a++) {
        int64_t end = work->start[a + 1];
        for (int64_t e = lower_bound(work, a, first); e < end && (size_t)work->index[e] < last; e++) {
            size_t b = (size_t)work->index[e];
            int64_t to = cursor[b - first]++;
            if (to >= work->begin[b]) continue;
            work->index[to] = (int32_t)a;
            work->support[to] = work->support[e];
            work->similarity[to] = work->similarity[e];
        }
    }
}

static void fill_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    size_t n = work->rows->n_rows, first = chunk * ROWS_PER_CHUNK, last = first + ROWS_PER_CHUNK;
    double *sums = work->scratch + worker * work->terms * n;
    if (last > n) last = n;
    for (size_t a = first; a < last; a++) fill_row(work, a, sums, (int32_t *)(work->mirrored + worker * n));
}

static void sum_squares(const mg_table_t *rows, double *squares)
{
    for (size_t r = 0; r < rows->n_rows; r++) {
        squares[r] = 0;
        for (int64_t e = rows->start[r]; e < rows->start[r + 1]; e++)
            squares[r] += (double)rows->value[e] * (double)rows->value[e];
    }
}

/* Where the column of each entry goes on below it. */
static void find_past(const work_t *work, int64_t *cursor)
{
    const mg_table_t *rows = work->rows;
    memcpy(cursor, work->columns->start, rows->n_columns * sizeof *cursor);
    for (int64_t k = 0; k < rows->start[rows->n_rows]; k++) work->past[k] = ++cursor[rows->index[k]];
}

/* Run a body over all rows with scratch for it, and then the serial rest. */
static mg_status_t run(work_t *work, mg_body_t body, bool fill)
{
    const mg_table_t *rows = work->rows;
    size_t n = rows->n_rows, workers = mg_pool_workers(), row, bytes, entries = (size_t)rows->start[n];
    size_t cursors = n > rows->n_columns ? n : rows->n_columns;
    if (n == 0) return MG_OK;
    if (!mg_size_mul(n, work->terms, &row) || !mg_size_mul(row, sizeof(double), &bytes)) return MG_ERR_OVERFLOW;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, workers, bytes);
    mg_arena_plan(&arena, workers, n * sizeof(int64_t));
    mg_arena_plan(&arena, n, sizeof(double));
    mg_arena_plan(&arena, entries, sizeof(int64_t));
    mg_arena_plan(&arena, n, sizeof(int64_t));
    mg_arena_plan(&arena, cursors, sizeof(int64_t));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    work->scratch = mg_arena_take(&arena, workers, bytes);
    work->mirrored = mg_arena_take(&arena, workers, n * sizeof(int64_t));
    double *squares = mg_arena_take(&arena, n, sizeof(double));
    work->past = mg_arena_take(&arena, entries, sizeof(int64_t));
    work->begin = mg_arena_take(&arena, n, sizeof(int64_t));
    int64_t *cursor = mg_arena_take(&arena, cursors, sizeof(int64_t));
    memset(work->mirrored, 0, workers * n * sizeof(int64_t));
    find_past(work, cursor);
    if (work->kind == MG_SIMILARITY_COSINE_FULL) {
        sum_squares(rows, squares);
        work->squares = squares;
    }
    mg_parallel_for_workers(workers, (n - 1) / ROWS_PER_CHUNK + 1, body, work);
    if (fill) mg_parallel_for((n - 1) / ROWS_PER_MIRROR + 1, mirror_chunk, work);
    /* Whole numbers: their sum is the same in any order. */
    for (size_t w = 0; w < workers && !fill; w++)
        for (size_t a = 0; a < n; a++) work->count[a] += work->mirrored[w * n + a];
    mg_arena_close(&arena);
    return MG_OK;
}

mg_status_t mg_similarity_count(const mg_table_t *rows, const mg_table_t *columns, size_t min_support, int64_t *start)
{
    if (min_support < 1 || !mg_table_pair_valid(rows, columns)) return MG_ERR_ARGUMENT;
    start[0] = 0;
    work_t work = {.rows = rows, .columns = columns, .min_support = min_support, .terms = 2, .count = start + 1};
    mg_status_t status = run(&work, count_chunk, false);
    for (size_t a = 0; a < rows->n_rows && status == MG_OK; a++) start[a + 1] += start[a];
    return status;
}

mg_status_t mg_similarity_fill(const mg_table_t *rows, const mg_table_t *columns, mg_similarity_t kind,
                               double shrinkage, size_t min_support, const int64_t *start, int32_t *index,
                               float *similarity, int32_t *support)
{
    if (min_support < 1 || !(shrinkage >= 0) || !mg_table_pair_valid(rows, columns)) return MG_ERR_ARGUMENT;
    if (kind < MG_SIMILARITY_DOT || kind > MG_SIMILARITY_PEARSON) return MG_ERR_ARGUMENT;
    work_t work = {.rows = rows,
                   .columns = columns,
                   .kind = kind,
                   .shrinkage = shrinkage,
                   .min_support = min_support,
                   .start = start,
                   .index = index,
                   .support = support,
                   .similarity = similarity,
                   .terms = terms_of(kind)};
    return run(&work, fill_chunk, true);
}

mg_status_t mg_similarity_row(const mg_table_t *columns, size_t n, const int64_t *column, const float *value,
                              const double *squares, mg_similarity_t kind, double shrinkage, size_t min_support,
                              double *similarity, int64_t *support)
{
    if (min_support < 1 || !(shrinkage >= 0) || !mg_table_valid(columns)) return MG_ERR_ARGUMENT;
    if (kind < MG_SIMILARITY_DOT || kind > MG_SIMILARITY_PEARSON) return MG_ERR_ARGUMENT;
    for (size_t k = 0; k < n; k++)
        if (column[k] < 0 || (size_t)column[k] >= columns->n_rows) return MG_ERR_ARGUMENT;
    size_t terms = terms_of(kind), rows = columns->n_columns;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, rows, terms * sizeof(double));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    double *sums = mg_arena_take(&arena, rows, terms * sizeof(double)), xx = 0;
    memset(sums, 0, rows * terms * sizeof *sums);
    for (size_t k = 0; k < n; k++) {
        xx += (double)value[k] * (double)value[k];
        add_any_column(columns, columns->start[column[k]], columns->start[column[k] + 1], (double)value[k], terms,
                       sums);
    }
    for (size_t b = 0; b < rows; b++) {
        const double *sum = sums + terms * b;
        bool enough = sum[N] >= (double)min_support;
        support[b] = (int64_t)sum[N];
        similarity[b] = enough ? similarity_of(kind, shrinkage, sum, xx, squares == NULL ? 0 : squares[b]) : 0;
    }
    mg_arena_close(&arena);
    return MG_OK;
}
