/* Similarities of the rows of a sparse table.
 *
 * Problem. For all pairs of rows a, b with columns in common, say how alike they are.
 * Assumption: most pairs have few common columns, so pairs are found through the columns.
 *
 * (D1) With x, y the values in the n common columns: the sums n, xy = sum x y, xx = sum x^2,
 *      yy = sum y^2, sx = sum x, sy = sum y; each column c of row a adds its part to every row b
 *      that has c (Gustavson's product of sparse matrices, with six sums in place of one).
 *      Sixteen rows a go together, a lane each: of the columns that any of them has, each is
 *      walked once, and adds its part to sixteen sums of every row b at a stroke.
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
#include "core/dispatch.h"
#include "core/pool.h"
#include "learn/table.h"

enum { BLOCK = MG_PAIR_LANES };

/* The sums of one row against all others, one after the other; a kind needs the first 2, 4 or 6. */
enum { N, XY, XX, YY, SX, SY };
typedef double two_t __attribute__((vector_size(2 * sizeof(double)), may_alias));

typedef struct {
    const mg_pair_kernels_t *kernels;
    const mg_table_t *rows, *columns;
    mg_pair_rule_t rule;
    bool counts; /* the rule reads how many columns are common */
    int32_t min_support;
    double *inverse; /* n_rows: 1 / length, and zeros up to a whole block */
    int64_t *own;    /* per entry of rows: where it stands in its column */
    int64_t *count;  /* n_rows: pairs (a, b) with b > a */
    int32_t *found;  /* per block and row b: pairs (a, b) with a in the block, a < b */
    const int64_t *start;
    const int32_t *plan; /* the same of all blocks before, one block more */
    uint16_t *known;     /* per block and row b: which a of the block make a pair with b, a < b */
    int32_t *index;
    float *similarity;
    char *scratch; /* per worker: scratch_bytes */
    size_t scratch_bytes;
} work_t;

/* What a worker needs for a block of rows. The first three have BLOCK lanes an element. */
typedef struct {
    double *sums;    /* parts x n_rows; floats where there is one part */
    int32_t *n;      /* n_rows */
    float *x;        /* n_columns: the block's values, or n_rows: its similarities */
    int32_t *list;   /* n_columns: those that the block has */
    uint16_t *lanes; /* n_columns: which rows of the block have it */
    int64_t *from;   /* n_columns: where the first of them stands in it */
} desk_t;

static size_t terms_of(mg_similarity_t kind)
{
    return kind == MG_SIMILARITY_PEARSON ? 6 : kind == MG_SIMILARITY_COSINE ? 4 : 2;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static desk_t desk_of(const work_t *work, size_t worker)
{
    size_t n = work->rows->n_rows, columns = work->rows->n_columns, most = larger(n, columns);
    desk_t desk = {.sums = (double *)(work->scratch + worker * work->scratch_bytes)};
    desk.from = (int64_t *)(desk.sums + work->rule.parts * n * BLOCK);
    desk.n = (int32_t *)(desk.from + columns);
    desk.x = (float *)(desk.n + n * BLOCK);
    desk.list = (int32_t *)(desk.x + most * BLOCK);
    desk.lanes = (uint16_t *)(desk.list + columns);
    return desk;
}

/* The columns of rows first ... last - 1 by lanes; returns how many there are, listed in desk->list. */
static size_t gather(const work_t *work, size_t first, size_t last, const desk_t *desk)
{
    const mg_table_t *rows = work->rows;
    size_t touched = 0;
    memset(desk->lanes, 0, rows->n_columns * sizeof *desk->lanes);
    for (size_t a = first; a < last; a++) {
        for (int64_t k = rows->start[a]; k < rows->start[a + 1]; k++) {
            size_t column = (size_t)rows->index[k];
            if (desk->lanes[column] == 0) {
                desk->list[touched++] = (int32_t)column;
                desk->from[column] = work->own[k];
                memset(desk->x + column * BLOCK, 0, BLOCK * sizeof *desk->x);
            }
            desk->lanes[column] |= (uint16_t)(1u << (a - first));
            desk->x[column * BLOCK + (a - first)] = rows->value[k];
        }
    }
    return touched;
}

/* (D1) for a block of rows a and every row b from the first of them on. */
static void add_block(const work_t *work, size_t first, size_t touched, bool counts, const desk_t *desk)
{
    const mg_table_t *columns = work->columns;
    size_t rest = (work->rows->n_rows - first) * BLOCK, parts = work->rule.parts;
    size_t each = parts == 1 ? sizeof(float) : parts * sizeof(double);
    if (counts) memset(desk->n + first * BLOCK, 0, rest * sizeof *desk->n);
    memset((char *)desk->sums + each * first * BLOCK, 0, each * rest);
    for (size_t t = 0; t < touched; t++) {
        size_t column = (size_t)desk->list[t];
        int64_t from = desk->from[column], end = columns->start[column + 1];
        if (from >= end) continue;
        size_t count = (size_t)(end - from);
        const int32_t *index = columns->index + from;
        if (counts) work->kernels->count(desk->lanes[column], count, index, desk->n);
        if (parts != 0)
            work->kernels->add(parts, desk->lanes[column], desk->x + column * BLOCK, count, index,
                               columns->value + from, desk->sums);
    }
}

/* Which rows b have a column in common with which rows of a block: all that a support of 1 asks. */
static void meet(const work_t *work, size_t touched, const desk_t *desk, uint16_t *known)
{
    const mg_table_t *columns = work->columns;
    for (size_t t = 0; t < touched; t++) {
        size_t column = (size_t)desk->list[t];
        uint16_t lanes = desk->lanes[column];
        for (int64_t e = desk->from[column]; e < columns->start[column + 1]; e++) known[columns->index[e]] |= lanes;
    }
}

/* Pairs (a, b) are symmetric, so only those with b > a are counted. */
static void count_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    size_t n = work->rows->n_rows, first = chunk * BLOCK, last = first + BLOCK < n ? first + BLOCK : n;
    int32_t *found = work->found + chunk * n, totals[BLOCK] = {0};
    uint16_t *known = work->known + chunk * n;
    desk_t desk = desk_of(work, worker);
    size_t touched = gather(work, first, last, &desk);
    memset(known, 0, n * sizeof *known);
    if (work->min_support == 1) {
        meet(work, touched, &desk, known);
    } else {
        add_block(work, first, touched, true, &desk);
        work->kernels->judge(n - first, desk.n + first * BLOCK, work->min_support, known + first);
    }
    for (size_t b = first; b < last; b++) known[b] &= (uint16_t)((1u << (b - first)) - 1);
    memset(found, 0, n * sizeof *found);
    work->kernels->tally(n - first, known + first, found + first, totals);
    for (size_t a = first; a < last; a++) work->count[a] = totals[a - first];
}

/* Row a right of the diagonal, behind what the blocks up to its own put to the left. */
static void fill_right(const work_t *work, size_t a, const uint16_t *known, const desk_t *desk)
{
    size_t n = work->rows->n_rows, b = a + 1;
    int64_t to = work->start[a] + work->plan[(a / BLOCK + 1) * n + a];
    if (to >= work->start[a + 1]) return;
    work->kernels->right(n - b, a % BLOCK, known + b, desk->x + b * BLOCK, (int32_t)b,
                         (size_t)(work->start[a + 1] - to), work->index + to, work->similarity + to);
}

/* Row b left of the diagonal: its pairs with the rows of a block, side by side. */
static void fill_left(const work_t *work, size_t chunk, size_t b, uint16_t known, const desk_t *desk)
{
    const int32_t *before = work->plan + chunk * work->rows->n_rows + b;
    int64_t to = work->start[b] + before[0], end = work->start[b] + before[work->rows->n_rows];
    if (to < end && end <= work->start[b + 1])
        work->kernels->left(known, (int32_t)(chunk * BLOCK), desk->x + b * BLOCK, work->index + to,
                            work->similarity + to);
}

/* A block of rows right of the diagonal, and the same mirrored. */
static void fill_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    size_t n = work->rows->n_rows, first = chunk * BLOCK, last = first + BLOCK < n ? first + BLOCK : n;
    const uint16_t *known = work->known + chunk * n;
    mg_pair_rule_t rule = work->rule;
    desk_t desk = desk_of(work, worker);
    add_block(work, first, gather(work, first, last, &desk), work->counts, &desk);
    rule.inverse = work->inverse + first;
    size_t each = rule.parts == 1 ? sizeof(float) : rule.parts * sizeof(double);
    work->kernels->finish(&rule, n - first, (const double *)((const char *)desk.sums + each * first * BLOCK),
                          work->counts ? desk.n + first * BLOCK : NULL, work->inverse + first, desk.x + first * BLOCK);
    for (size_t a = first; a < last; a++) fill_right(work, a, known, &desk);
    for (size_t b = first + 1; b < n; b++) fill_left(work, chunk, b, known[b], &desk);
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

/* Where each entry stands in its column. */
static void find_own(const work_t *work, int64_t *cursor)
{
    const mg_table_t *rows = work->rows;
    memcpy(cursor, work->columns->start, rows->n_columns * sizeof *cursor);
    for (int64_t k = 0; k < rows->start[rows->n_rows]; k++) work->own[k] = cursor[rows->index[k]]++;
}

/* Run a body over all blocks of rows with scratch for it. */
static mg_status_t run(work_t *work, mg_body_t body)
{
    const mg_table_t *rows = work->rows;
    size_t n = rows->n_rows, workers = mg_pool_workers(), entries = (size_t)rows->start[n], bytes, lanes, more;
    if (n == 0) return MG_OK;
    size_t columns = rows->n_columns, most = larger(n, columns);
    if (!mg_size_mul(n, BLOCK * (work->rule.parts * sizeof(double) + sizeof(int32_t)), &bytes) ||
        !mg_size_mul(most, BLOCK * sizeof(float), &lanes) ||
        !mg_size_mul(columns, sizeof(int64_t) + sizeof(int32_t) + sizeof(uint16_t), &more) ||
        !mg_size_add(bytes, lanes, &bytes) || !mg_size_add(bytes, more, &bytes) ||
        !mg_size_add(bytes, MG_ALIGNMENT, &bytes))
        return MG_ERR_OVERFLOW;
    bytes -= bytes % MG_ALIGNMENT;
    work->kernels = &mg_kernels()->pairs;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, workers, bytes);
    mg_arena_plan(&arena, n + BLOCK, sizeof(double));
    mg_arena_plan(&arena, entries, sizeof(int64_t));
    mg_arena_plan(&arena, columns, sizeof(int64_t));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    work->scratch = mg_arena_take(&arena, workers, bytes);
    work->scratch_bytes = bytes;
    work->inverse = mg_arena_take(&arena, n + BLOCK, sizeof(double));
    work->own = mg_arena_take(&arena, entries, sizeof(int64_t));
    find_own(work, mg_arena_take(&arena, columns, sizeof(int64_t)));
    memset(work->inverse + n, 0, BLOCK * sizeof(double));
    invert_lengths(rows, work->inverse);
    mg_parallel_for_workers(workers, (n - 1) / BLOCK + 1, body, work);
    mg_arena_close(&arena);
    return MG_OK;
}

mg_status_t mg_similarity_count(const mg_table_t *rows, const mg_table_t *columns, size_t min_support, int64_t *start,
                                int32_t *plan, uint16_t *known)
{
    if (min_support < 1 || !mg_table_pair_valid(rows, columns)) return MG_ERR_ARGUMENT;
    size_t n = rows->n_rows;
    start[0] = 0;
    work_t work = {.rows = rows, .columns = columns, .count = start + 1, .found = plan + n, .known = known};
    work.min_support = min_support < INT32_MAX ? (int32_t)min_support : INT32_MAX;
    mg_status_t status = run(&work, count_chunk);
    if (status != MG_OK) return status;
    size_t at = 0;
    for (; at < n; at++) plan[at] = 0;
    for (size_t block = 0; block * BLOCK < n; block++)
        for (size_t b = 0; b < n; b++, at++) plan[at] += plan[at - n];
    for (size_t b = 0; b < n; b++) start[b + 1] += plan[at - n + b] + start[b];
    return MG_OK;
}

mg_status_t mg_similarity_fill(const mg_table_t *rows, const mg_table_t *columns, mg_similarity_t kind,
                               double shrinkage, const int64_t *start, const int32_t *plan, const uint16_t *known,
                               int32_t *index, float *similarity)
{
    if (!(shrinkage >= 0) || !mg_table_pair_valid(rows, columns)) return MG_ERR_ARGUMENT;
    if (kind < MG_SIMILARITY_DOT || kind > MG_SIMILARITY_PEARSON) return MG_ERR_ARGUMENT;
    work_t work = {.rows = rows, .columns = columns, .start = start, .plan = plan, .index = index};
    work.rule = (mg_pair_rule_t){.kind = kind, .parts = terms_of(kind) - 1, .shrinkage = shrinkage};
    work.counts = kind == MG_SIMILARITY_PEARSON || shrinkage > 0;
    work.known = (uint16_t *)known;
    work.similarity = similarity;
    return run(&work, fill_chunk);
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
