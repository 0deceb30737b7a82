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
#include <stdint.h>
#include <string.h>

#include "core/arena.h"
#include "core/pool.h"
#include "learn/table.h"

enum { BLOCK = 16 };

/* Sums of a pair, one after the other; a kind of similarity needs the first 2, 4 or 6. */
enum { N, XY, XX, YY, SX, SY };
typedef double two_t __attribute__((vector_size(2 * sizeof(double)), may_alias));

typedef struct {
    const mg_table_t *rows, *columns;
    mg_similarity_t kind;
    double shrinkage;
    size_t min_support, terms;
    double *inverse; /* n_rows: 1 / length, for COSINE_FULL */
    int64_t *past;   /* per entry of rows: where its column goes on with the rows after it */
    int64_t *count;  /* n_rows: pairs (a, b) with b > a */
    int32_t *found;  /* per block and row b: pairs (a, b) with a in the block, a < b */
    const int64_t *start;
    const int32_t *plan; /* the same of all blocks before */
    int32_t *index;
    float *similarity;
    char *scratch; /* per worker: scratch_bytes */
    size_t scratch_bytes;
} work_t;

/* What a worker needs for a block of rows: sums of one row, and the block's results. */
typedef struct {
    double *sums;   /* terms x n_rows */
    int32_t *list;  /* n_rows */
    float *tile;    /* BLOCK x n_rows */
    uint8_t *known; /* BLOCK x n_rows */
} desk_t;

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

/* whole: the product of 1 / length of both rows, for COSINE_FULL. */
static double similarity_of(mg_similarity_t kind, double shrinkage, const double *sum, double whole)
{
    double value = sum[XY], n = sum[N], below = 1;
    if (kind == MG_SIMILARITY_COSINE_FULL) value *= whole; /* (D2) */
    if (kind == MG_SIMILARITY_COSINE) below = sum[XX] * sum[YY];
    if (kind == MG_SIMILARITY_PEARSON) {
        double vx = n * sum[XX] - sum[SX] * sum[SX], vy = n * sum[YY] - sum[SY] * sum[SY];
        value = n * sum[XY] - sum[SX] * sum[SY]; /* (D3) */
        below = vx > 0 && vy > 0 ? vx * vy : 0;
    }
    if (!(below > 0)) return 0;
    if (below != 1) value /= sqrt(below);                                 /* (D2), (D3) */
    return shrinkage > 0 ? value * (n - 1) / (n - 1 + shrinkage) : value; /* (D4) */
}

static desk_t desk_of(const work_t *work, size_t worker)
{
    size_t n = work->rows->n_rows;
    char *at = work->scratch + worker * work->scratch_bytes;
    desk_t desk = {(double *)at, NULL, NULL, NULL};
    at += work->terms * n * sizeof(double);
    desk.list = (int32_t *)at;
    at += n * sizeof(int32_t);
    desk.tile = (float *)at;
    at += n * BLOCK * sizeof(float);
    desk.known = (uint8_t *)at;
    return desk;
}

/* Pairs (a, b) are symmetric, so only those with b > a are computed. */
static void count_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    const mg_table_t *rows = work->rows, *columns = work->columns;
    size_t n = rows->n_rows, first = chunk * BLOCK, last = first + BLOCK < n ? first + BLOCK : n;
    int32_t *common = desk_of(work, worker).list, *found = work->found + chunk * n;
    memset(found, 0, n * sizeof *found);
    for (size_t a = first; a < last; a++) {
        memset(common + a, 0, (n - a) * sizeof *common);
        for (int64_t k = rows->start[a]; k < rows->start[a + 1]; k++)
            for (int64_t e = work->past[k]; e < columns->start[rows->index[k] + 1]; e++)
                common[columns->index[e]]++; /* (D1) */
        int64_t count = 0;
        for (size_t b = a + 1; b < n; b++) {
            int32_t enough = (size_t)common[b] >= work->min_support;
            count += enough;
            found[b] += enough;
        }
        work->count[a] = count;
    }
}

/* Row a right of the diagonal: to its end, and to the tile. */
static void fill_row(const work_t *work, size_t a, size_t lane, const desk_t *desk)
{
    const mg_table_t *rows = work->rows, *columns = work->columns;
    size_t n = rows->n_rows, terms = work->terms, found = 0;
    double *sums = desk->sums;
    memset(sums + terms * a, 0, terms * (n - a) * sizeof *sums);
    for (int64_t k = rows->start[a]; k < rows->start[a + 1]; k++)
        add_any_column(columns, work->past[k], columns->start[rows->index[k] + 1], (double)rows->value[k], terms, sums);
    /* Listed first, without a branch that cannot be foreseen. */
    for (size_t b = a + 1; b < n; b++) {
        desk->list[found] = (int32_t)b;
        found += sums[terms * b + N] >= (double)work->min_support;
    }
    size_t room = (size_t)(work->start[a + 1] - work->start[a]);
    if (found > room) found = room;
    int64_t to = work->start[a + 1] - (int64_t)found;
    for (size_t k = 0; k < found; k++, to++) {
        size_t b = (size_t)desk->list[k];
        double whole = work->inverse[a] * work->inverse[b];
        float value = (float)similarity_of(work->kind, work->shrinkage, sums + terms * b, whole);
        work->index[to] = (int32_t)b;
        work->similarity[to] = value;
        desk->tile[lane * n + b] = value;
        desk->known[lane * n + b] = 1;
    }
}

/* A block of rows, and what is right of the diagonal there to the left of it: for each row b
 * the entries of the block's columns lie side by side. */
static void fill_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    size_t n = work->rows->n_rows, first = chunk * BLOCK, last = first + BLOCK < n ? first + BLOCK : n;
    desk_t desk = desk_of(work, worker);
    memset(desk.known, 0, n * BLOCK);
    for (size_t a = first; a < last; a++) fill_row(work, a, a - first, &desk);
    for (size_t b = first + 1; b < n; b++) {
        struct {
            int32_t index;
            float value;
        } kept[BLOCK];
        size_t found = 0;
        for (size_t lane = 0; lane < BLOCK; lane++) {
            kept[found].index = (int32_t)(first + lane);
            kept[found].value = desk.tile[lane * n + b];
            found += desk.known[lane * n + b];
            if (found == BLOCK) break;
        }
        int64_t to = work->start[b] + work->plan[chunk * n + b], room = work->start[b + 1] - to;
        if (room < (int64_t)found) found = room > 0 ? (size_t)room : 0;
        /* In pairs, which no wide copy can take apart: it would wait for the narrow stores. */
        for (size_t k = 0; k < found; k++) {
            work->index[to + (int64_t)k] = kept[k].index;
            work->similarity[to + (int64_t)k] = kept[k].value;
        }
    }
}

static void invert_lengths(const mg_table_t *rows, double *inverse)
{
    for (size_t r = 0; r < rows->n_rows; r++) {
        double squares = 0;
        for (int64_t e = rows->start[r]; e < rows->start[r + 1]; e++)
            squares += (double)rows->value[e] * (double)rows->value[e];
        inverse[r] = squares > 0 ? 1 / sqrt(squares) : 0;
    }
}

/* Where the column of each entry goes on below it. */
static void find_past(const work_t *work, int64_t *cursor)
{
    const mg_table_t *rows = work->rows;
    memcpy(cursor, work->columns->start, rows->n_columns * sizeof *cursor);
    for (int64_t k = 0; k < rows->start[rows->n_rows]; k++) work->past[k] = ++cursor[rows->index[k]];
}

/* Run a body over all blocks of rows with scratch for it. */
static mg_status_t run(work_t *work, mg_body_t body)
{
    const mg_table_t *rows = work->rows;
    size_t n = rows->n_rows, workers = mg_pool_workers(), entries = (size_t)rows->start[n], bytes;
    if (n == 0) return MG_OK;
    size_t each = work->terms * sizeof(double) + sizeof(int32_t) + BLOCK * (sizeof(float) + 1);
    if (!mg_size_mul(n, each, &bytes) || !mg_size_add(bytes, MG_ALIGNMENT, &bytes)) return MG_ERR_OVERFLOW;
    bytes -= bytes % MG_ALIGNMENT;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, workers, bytes);
    mg_arena_plan(&arena, n, sizeof(double));
    mg_arena_plan(&arena, entries, sizeof(int64_t));
    mg_arena_plan(&arena, rows->n_columns, sizeof(int64_t));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    work->scratch = mg_arena_take(&arena, workers, bytes);
    work->scratch_bytes = bytes;
    work->inverse = mg_arena_take(&arena, n, sizeof(double));
    work->past = mg_arena_take(&arena, entries, sizeof(int64_t));
    find_past(work, mg_arena_take(&arena, rows->n_columns, sizeof(int64_t)));
    invert_lengths(rows, work->inverse);
    mg_parallel_for_workers(workers, (n - 1) / BLOCK + 1, body, work);
    mg_arena_close(&arena);
    return MG_OK;
}

mg_status_t mg_similarity_count(const mg_table_t *rows, const mg_table_t *columns, size_t min_support, int64_t *start,
                                int32_t *plan)
{
    if (min_support < 1 || !mg_table_pair_valid(rows, columns)) return MG_ERR_ARGUMENT;
    size_t n = rows->n_rows;
    start[0] = 0;
    work_t work = {.rows = rows, .columns = columns, .min_support = min_support, .terms = 2};
    work.count = start + 1;
    work.found = plan;
    mg_status_t status = run(&work, count_chunk);
    if (status != MG_OK) return status;
    for (size_t b = 0; b < n; b++) {
        int32_t before = 0;
        for (size_t block = 0; block * BLOCK < n; block++) {
            int32_t found = plan[block * n + b];
            plan[block * n + b] = before;
            before += found;
        }
        start[b + 1] += before + start[b];
    }
    return MG_OK;
}

mg_status_t mg_similarity_fill(const mg_table_t *rows, const mg_table_t *columns, mg_similarity_t kind,
                               double shrinkage, size_t min_support, const int64_t *start, const int32_t *plan,
                               int32_t *index, float *similarity)
{
    if (min_support < 1 || !(shrinkage >= 0) || !mg_table_pair_valid(rows, columns)) return MG_ERR_ARGUMENT;
    if (kind < MG_SIMILARITY_DOT || kind > MG_SIMILARITY_PEARSON) return MG_ERR_ARGUMENT;
    work_t work = {.rows = rows, .columns = columns, .kind = kind, .shrinkage = shrinkage, .min_support = min_support};
    work.terms = terms_of(kind);
    work.start = start, work.plan = plan, work.index = index, work.similarity = similarity;
    return run(&work, fill_chunk);
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
        double whole = squares != NULL && xx * squares[b] > 0 ? 1 / sqrt(xx * squares[b]) : 0;
        similarity[b] = enough ? similarity_of(kind, shrinkage, sum, whole) : 0;
    }
    mg_arena_close(&arena);
    return MG_OK;
}
