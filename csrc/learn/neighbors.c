/* Ratings predicted by those of the nearest neighbours.
 *
 * Problem. Predict how far a rating lies from its offset (a mean or the baseline), from the
 * residuals r of neighbours of known similarity s. Assumption: what is alike is rated alike.
 *
 * (D1) prediction = sum s r / (sum s + damping) over the neighbours with the largest s > 0.
 * (D2) Minimises sum s (r - p)^2 + damping p^2 over p: a weighted mean, drawn towards 0 where
 *      little speaks for it.
 *
 * References: J. Herlocker et al. (1999), An algorithmic framework for performing collaborative
 * filtering, SIGIR; Y. Koren (2010), Factor in the neighbors, ACM TKDD 4(1), section 3. */
#include <string.h>

#include "core/arena.h"
#include "core/pool.h"
#include "learn/table.h"

enum { PAIRS_PER_CHUNK = 256, ROWS_PER_CHUNK = 64 };

typedef struct {
    double similarity, residual;
    size_t order;
} neighbor_t;

/* The best so far, a heap whose first is the one to give way. */
typedef struct {
    size_t count, most;
    neighbor_t *kept;
} heap_t;

/* Whether a gives way before b: the less similar, of equal ones the later. */
static bool before(const neighbor_t *a, const neighbor_t *b)
{
    return a->similarity < b->similarity || (a->similarity == b->similarity && a->order > b->order);
}

static void sift_down(heap_t *heap, neighbor_t item)
{
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->count) break;
        if (child + 1 < heap->count && before(&heap->kept[child + 1], &heap->kept[child])) child++;
        if (!before(&heap->kept[child], &item)) break;
        heap->kept[at] = heap->kept[child];
        at = child;
    }
    heap->kept[at] = item;
}

static void offer(heap_t *heap, double similarity, double residual, size_t order)
{
    if (!(similarity > 0)) return;
    neighbor_t item = {similarity, residual, order};
    if (heap->count == heap->most) {
        if (heap->most > 0 && before(&heap->kept[0], &item)) sift_down(heap, item);
        return;
    }
    size_t at = heap->count++;
    for (; at > 0 && before(&item, &heap->kept[(at - 1) / 2]); at = (at - 1) / 2)
        heap->kept[at] = heap->kept[(at - 1) / 2];
    heap->kept[at] = item;
}

static double average(const heap_t *heap, double damping)
{
    double above = 0, below = damping;
    for (size_t k = 0; k < heap->count; k++) {
        above += heap->kept[k].similarity * heap->kept[k].residual; /* (D1) */
        below += heap->kept[k].similarity;
    }
    return heap->count > 0 ? above / below : 0; /* (D2) */
}

typedef struct {
    const mg_table_t *similar, *rated;
    size_t most, n;
    double damping;
    const int64_t *a, *b;
    const double *similarity;
    const float *residuals;
    float *grid;
    double *out;
    int64_t *used;
    neighbor_t *heaps; /* per worker: most */
    float *lines;      /* per worker: n_rows of similar, zero between chunks */
} work_t;

static void set_line(const mg_table_t *similar, int64_t a, float *line, bool clear)
{
    for (int64_t e = similar->start[a]; e < similar->start[a + 1]; e++)
        line[similar->index[e]] = clear ? 0 : similar->value[e];
}

static void pairs_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    size_t first = chunk * PAIRS_PER_CHUNK, last = first + PAIRS_PER_CHUNK;
    float *line = work->lines + worker * work->similar->n_rows;
    int64_t present = -1;
    if (last > work->n) last = work->n;
    for (size_t k = first; k < last; k++) {
        if (work->a[k] != present) {
            if (present >= 0) set_line(work->similar, present, line, true);
            present = work->a[k];
            set_line(work->similar, present, line, false);
        }
        heap_t heap = {0, work->most, work->heaps + worker * work->most};
        const mg_table_t *rated = work->rated;
        for (int64_t e = rated->start[work->b[k]]; e < rated->start[work->b[k] + 1]; e++)
            offer(&heap, (double)line[rated->index[e]], (double)rated->value[e], (size_t)e);
        work->out[k] = average(&heap, work->damping);
        if (work->used != NULL) work->used[k] = (int64_t)heap.count;
    }
    if (present >= 0) set_line(work->similar, present, line, true);
}

static bool below(size_t n, const int64_t *index, size_t limit)
{
    for (size_t k = 0; k < n; k++)
        if (index[k] < 0 || (size_t)index[k] >= limit) return false;
    return true;
}

mg_status_t mg_neighbors_predict(const mg_table_t *similar, const mg_table_t *rated, size_t most, double damping,
                                 size_t n, const int64_t *a, const int64_t *b, double *out, int64_t *used)
{
    if (!(damping >= 0) || !mg_table_valid(similar) || !mg_table_valid(rated)) return MG_ERR_ARGUMENT;
    if (similar->n_rows != similar->n_columns || rated->n_columns != similar->n_rows) return MG_ERR_ARGUMENT;
    if (!below(n, a, similar->n_rows) || !below(n, b, rated->n_rows)) return MG_ERR_ARGUMENT;
    if (n == 0) return MG_OK;
    if (most > similar->n_rows) most = similar->n_rows;
    size_t workers = mg_pool_workers(), heaps, lines;
    if (!mg_size_mul(workers, most, &heaps) || !mg_size_mul(workers, similar->n_rows, &lines)) return MG_ERR_OVERFLOW;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, heaps, sizeof(neighbor_t));
    mg_arena_plan(&arena, lines, sizeof(float));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    work_t work = {.similar = similar, .rated = rated, .most = most, .n = n, .damping = damping};
    work.a = a, work.b = b, work.out = out, work.used = used;
    work.heaps = mg_arena_take(&arena, heaps, sizeof(neighbor_t));
    work.lines = mg_arena_take(&arena, lines, sizeof(float));
    memset(work.lines, 0, lines * sizeof(float));
    mg_parallel_for_workers(workers, (n - 1) / PAIRS_PER_CHUNK + 1, pairs_chunk, &work);
    mg_arena_close(&arena);
    return MG_OK;
}

/* Rows of the grid (n_rows x n), or of `rated`, in turn. */
static void rows_chunk(void *context, size_t chunk, size_t worker)
{
    const work_t *work = context;
    size_t rows = work->grid != NULL ? work->similar->n_rows : work->rated->n_rows;
    size_t first = chunk * ROWS_PER_CHUNK, last = first + ROWS_PER_CHUNK;
    if (last > rows) last = rows;
    for (size_t i = first; i < last; i++) {
        heap_t heap = {0, work->most, work->heaps + worker * work->most};
        if (work->grid != NULL) {
            for (size_t k = 0; k < work->n; k++)
                offer(&heap, (double)work->grid[i * work->n + k], (double)work->residuals[k], k);
        } else {
            const mg_table_t *rated = work->rated;
            for (int64_t e = rated->start[i]; e < rated->start[i + 1]; e++)
                offer(&heap, work->similarity[rated->index[e]], (double)rated->value[e], (size_t)e);
        }
        work->out[i] = average(&heap, work->damping);
    }
}

/* Run rows_chunk over `rows` rows, with heaps of work->most and a grid of `cells` if not 0. */
static mg_status_t run_rows(work_t *work, size_t rows, size_t cells)
{
    size_t workers = mg_pool_workers(), heaps;
    if (!mg_size_mul(workers, work->most, &heaps)) return MG_ERR_OVERFLOW;
    mg_arena_t arena = MG_ARENA_EMPTY;
    mg_arena_plan(&arena, heaps, sizeof(neighbor_t));
    mg_arena_plan(&arena, cells, sizeof(float));
    mg_status_t status = mg_arena_open(&arena);
    if (status != MG_OK) return status;
    work->heaps = mg_arena_take(&arena, heaps, sizeof(neighbor_t));
    if (cells > 0) {
        work->grid = mg_arena_take(&arena, cells, sizeof(float));
        memset(work->grid, 0, cells * sizeof(float));
        for (size_t k = 0; k < work->n; k++)
            for (int64_t e = work->similar->start[work->a[k]]; e < work->similar->start[work->a[k] + 1]; e++)
                work->grid[(size_t)work->similar->index[e] * work->n + k] = work->similar->value[e];
    }
    mg_parallel_for_workers(workers, (rows - 1) / ROWS_PER_CHUNK + 1, rows_chunk, work);
    mg_arena_close(&arena);
    return MG_OK;
}

mg_status_t mg_neighbors_visitor(const mg_table_t *similar, size_t n, const int64_t *items, const float *residuals,
                                 size_t most, double damping, double *out)
{
    size_t rows = similar->n_rows, cells;
    if (!(damping >= 0) || rows != similar->n_columns || !mg_table_rows_valid(similar, n, items))
        return MG_ERR_ARGUMENT;
    if (!mg_size_mul(rows, n, &cells)) return MG_ERR_OVERFLOW;
    memset(out, 0, rows * sizeof *out);
    if (cells == 0) return MG_OK;
    work_t work = {.similar = similar, .most = most < n ? most : n, .n = n, .damping = damping};
    work.a = items, work.residuals = residuals, work.out = out;
    return run_rows(&work, rows, cells);
}

mg_status_t mg_neighbors_like(const mg_table_t *rated, const double *similarity, size_t most, double damping,
                              double *out)
{
    if (!(damping >= 0) || !mg_table_valid(rated)) return MG_ERR_ARGUMENT;
    if (rated->n_rows == 0) return MG_OK;
    if (most > rated->n_columns) most = rated->n_columns;
    work_t work = {.rated = rated, .most = most, .damping = damping, .similarity = similarity, .out = out};
    return run_rows(&work, rated->n_rows, 0);
}
