/* The sums of products of all pairs of rows, where one number each says all.
 *
 * Problem. The walk of similarity.c keeps a count and a sum in binary64 for a pair, and goes
 * twice: to count pairs, and to fill them in. Walk once, in binary32, where no bit is lost.
 *
 * (D1) sum x y over the common columns: column c of row a adds x y to every row b > a that has c.
 * (D2) For positive values that are multiples of 1/2, every partial sum is a multiple of 1/4, at
 *      most m max^2 for m columns: exact in binary32 if that is below 2^22.
 * (D3) For positive values a pair has a column in common exactly if its sum is positive; so
 *      with a support of 1 and no shrinkage nothing else need be known.
 *
 * Reference: F. G. Gustavson (1978), Two fast algorithms for sparse matrices, ACM TOMS 4(3). */
#include <math.h>
#include <string.h>

#include "core/arena.h"
#include "core/pool.h"
#include "learn/table.h"

enum { BLOCK = 16 };

typedef struct {
    const mg_table_t *rows, *columns;
    int64_t *past; /* per entry of rows: where its column goes on with the rows after it */
    float *product;
} work_t;

static bool exact(const mg_table_t *rows)
{
    double limit = sqrt(4194304.0 / ((double)rows->n_columns + 1)); /* (D2) */
    for (int64_t e = 0; e < rows->start[rows->n_rows]; e++) {
        double twice = 2 * (double)rows->value[e];
        if (!(twice > 0 && twice < 2 * limit) || twice != floor(twice)) return false; /* (D2), (D3) */
    }
    return true;
}

mg_status_t mg_similarity_exact(const mg_table_t *rows, const mg_table_t *columns, mg_similarity_t kind,
                                double shrinkage, size_t min_support, int32_t *yes)
{
    *yes = 0;
    if (!mg_table_pair_valid(rows, columns)) return MG_ERR_ARGUMENT;
    if (kind != MG_SIMILARITY_DOT && kind != MG_SIMILARITY_COSINE_FULL) return MG_OK;
    if (shrinkage > 0 || min_support != 1) return MG_OK; /* (D3) */
    double n = (double)rows->n_rows, steps = 0;
    for (size_t c = 0; c < columns->n_rows; c++) {
        double count = (double)(columns->start[c + 1] - columns->start[c]);
        steps += count * count / 2;
    }
    *yes = n * n < steps && exact(rows); /* the square matrix is no larger than the walk is long */
    return MG_OK;
}

static void walk_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    const mg_table_t *rows = work->rows, *columns = work->columns;
    size_t n = rows->n_rows, first = chunk * BLOCK, last = first + BLOCK < n ? first + BLOCK : n;
    (void)worker;
    for (size_t a = first; a < last; a++) {
        float *to = work->product + a * n;
        memset(to + a, 0, (n - a) * sizeof *to);
        for (int64_t k = rows->start[a]; k < rows->start[a + 1]; k++) {
            float x = rows->value[k];
            int64_t end = columns->start[rows->index[k] + 1];
            for (int64_t e = work->past[k]; e < end; e++) to[columns->index[e]] += x * columns->value[e]; /* (D1) */
        }
    }
}

mg_status_t mg_similarity_products(const mg_table_t *rows, const mg_table_t *columns, float *product)
{
    if (!mg_table_pair_valid(rows, columns)) return MG_ERR_ARGUMENT;
    size_t n = rows->n_rows, entries = (size_t)rows->start[n];
    if (n == 0) return MG_OK;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, entries, sizeof(int64_t));
    mg_arena_plan(&arena, rows->n_columns, sizeof(int64_t));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    work_t work = {rows, columns, mg_arena_take(&arena, entries, sizeof(int64_t)), product};
    int64_t *cursor = mg_arena_take(&arena, rows->n_columns, sizeof(int64_t));
    memcpy(cursor, columns->start, rows->n_columns * sizeof *cursor);
    for (size_t k = 0; k < entries; k++) work.past[k] = ++cursor[rows->index[k]];
    mg_parallel_for_workers(mg_pool_workers(), (n - 1) / BLOCK + 1, walk_chunk, &work);
    mg_arena_close(&arena);
    return MG_OK;
}
