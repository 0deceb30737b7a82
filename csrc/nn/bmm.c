#include <stdbool.h>

#include "core/arena.h"
#include "core/pool.h"
#include "minigrad/nn_bmm.h"

/* The pool's own limit. */
enum { MAX_WORKERS = 256 };

#define ALONE 5e7    /* multiply-adds of one product from which on it occupies all threads by itself */
#define THREADED 3e5 /* of the batch: below, one thread is done before another is awake */
#define CHUNK 1e5    /* of a group of products */

#include "core/real_end.h"
#include "core/real_f32.h"
#include "nn/bmm.inc"
#include "nn/rows.inc"

#include "core/real_end.h"
#include "core/real_f64.h"
#include "nn/bmm.inc"
#include "nn/rows.inc"

#include "core/real_end.h"
/* uint64_t, whose sums wrap around, has the bits of int64_t's. */
#define REAL uint64_t
#define FN(name) name##_u64
static void mg_rows_add_u64(size_t outer, size_t count, size_t inner, size_t rows, const int64_t *index,
                            const uint64_t *src, uint64_t *dst);
#include "nn/rows.inc"
#undef REAL
#undef FN

void mg_rows_add_i64(size_t outer, size_t count, size_t inner, size_t rows, const int64_t *index, const int64_t *src,
                     int64_t *dst)
{
    mg_rows_add_u64(outer, count, inner, rows, index, (const uint64_t *)src, (uint64_t *)dst);
}

void mg_bmm_i64(size_t batch, size_t m, size_t n, size_t k, const int64_t *a, const int64_t *a_at, const int64_t *b,
                const int64_t *b_at, int64_t *c)
{
    for (size_t i = 0; i < batch; i++)
        for (size_t row = 0; row < m; row++) {
            const int64_t *x = a + a_at[i] + row * k;
            uint64_t *z = (uint64_t *)c + (i * m + row) * n;
            for (size_t j = 0; j < n; j++) z[j] = 0;
            for (size_t p = 0; p < k; p++) {
                const int64_t *y = b + b_at[i] + p * n;
                for (size_t j = 0; j < n; j++) z[j] += (uint64_t)x[p] * (uint64_t)y[j];
            }
        }
}
