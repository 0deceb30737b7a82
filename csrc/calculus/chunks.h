/* How a list of arrays is cut into chunks for the pool. */
#ifndef MG_CALCULUS_CHUNKS_H
#define MG_CALCULUS_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pool.h"

/* Elements of a chunk. A chunk lies in one array and begins at a multiple of its size there,
 * so on a cache line if the array does. Up to SERIAL elements, waking a thread costs more
 * than it saves. From LARGE on, memory is what counts: with chunks of many pages, fewer
 * lines are asked for ahead by a thread that will not use them. */
enum { CHUNK = 8192, SERIAL = 8 * CHUNK, LARGE_CHUNK = 1 << 16, LARGE = 1 << 21 };

/* Chunks of n elements. */
static inline size_t chunks_of(size_t n, size_t size)
{
    return n / size + (n % size != 0);
}

/* A chunk's elements: `count` from number `first` of an array on. */
typedef struct {
    size_t array, first, count;
} span_t;

static inline span_t find_span(const size_t *sizes, size_t size, size_t chunk)
{
    size_t i = 0;
    for (size_t here; chunk >= (here = chunks_of(sizes[i], size)); i++) chunk -= here;
    size_t first = chunk * size, left = sizes[i] - first;
    return (span_t){i, first, left < size ? left : size};
}

/* Chunks of all arrays. */
static inline size_t count_chunks(size_t n_arrays, const size_t *sizes, size_t size)
{
    size_t chunks = 0;
    for (size_t i = 0; i < n_arrays; i++) chunks += chunks_of(sizes[i], size);
    return chunks;
}

/* Whether the arrays together have more than `least` elements. */
static inline bool have_more(size_t n_arrays, const size_t *sizes, size_t least)
{
    size_t elements = 0;
    for (size_t i = 0; i < n_arrays && elements <= least; i++) elements += sizes[i];
    return elements > least;
}

/* Call body for every chunk of at most `size` elements, in several threads if that pays. */
static inline void for_chunks(size_t n_arrays, const size_t *sizes, size_t size, mg_body_t body, void *context)
{
    size_t threads = have_more(n_arrays, sizes, SERIAL) ? SIZE_MAX : 1;
    mg_parallel_for_workers(threads, count_chunks(n_arrays, sizes, size), body, context);
}

#endif
