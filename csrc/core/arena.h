/* Scratch memory of one call: sizes are added up first (checked for overflow), one
 * aligned block is taken, pieces are carved from it, and it goes back at the single
 * exit of the function that took it:
 *
 *     mg_arena_t arena = MG_ARENA_EMPTY;
 *     mg_arena_plan(&arena, n, sizeof(double));          ... once per piece
 *     mg_status_t status = mg_arena_open(&arena);
 *     if (status != MG_OK) return status;
 *     double *x = mg_arena_take(&arena, n, sizeof(double));   ... the same pieces, in order
 *     ...
 *     mg_arena_close(&arena);
 */
#ifndef MG_CORE_ARENA_H
#define MG_CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "minigrad/core.h"

/* Alignment of every piece: one cache line, and the widest vector. */
#define MG_ALIGNMENT ((size_t)64)

typedef struct {
    char *base;
    size_t size;     /* bytes planned, then bytes held */
    size_t used;     /* bytes carved */
    bool overflowed; /* a planned size did not fit in size_t */
} mg_arena_t;

#define MG_ARENA_EMPTY {NULL, 0, 0, false}

/* product = a * b; false if it does not fit. */
static inline bool mg_size_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* sum = a + b; false if it does not fit. */
static inline bool mg_size_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

/* Plan a piece of count elements. Overflow is remembered and reported by open. */
void mg_arena_plan(mg_arena_t *arena, size_t count, size_t element_size);

/* Take the planned block: MG_ERR_OVERFLOW, MG_ERR_MEMORY or MG_OK. */
mg_status_t mg_arena_open(mg_arena_t *arena);

/* Carve the next piece, 64-byte aligned, contents undefined. NULL only if more is
 * asked for than was planned, which is a defect of the caller. */
void *mg_arena_take(mg_arena_t *arena, size_t count, size_t element_size);

/* Give the block back. Allowed on an arena that was never opened. */
void mg_arena_close(mg_arena_t *arena);

#endif
