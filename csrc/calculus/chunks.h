/* How a list of arrays is cut into chunks for the pool. */
#ifndef MG_CALCULUS_CHUNKS_H
#define MG_CALCULUS_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pool.h"

/* Elements of a chunk. A chunk lies in one array and begins at a multiple of CHUNK there,
 * so on a cache line if the array does. Up to SERIAL elements, waking a thread costs more
 * than it saves. */
enum { CHUNK = 8192, SERIAL = 8 * CHUNK };

/* Chunks of n elements. */
static inline size_t chunks_of(size_t n)
{
    return n / CHUNK + (n % CHUNK != 0);
}

/* A chunk's elements: `count` from number `first` of an array on. */
typedef struct {
    size_t array, first, count;
} span_t;

static inline span_t find_span(const size_t *sizes, size_t chunk)
{
    size_t i = 0;
    for (size_t here; chunk >= (here = chunks_of(sizes[i])); i++) chunk -= here;
    size_t first = chunk * CHUNK, left = sizes[i] - first;
    return (span_t){i, first, left < CHUNK ? left : CHUNK};
}

/* Chunks of all arrays. */
static inline size_t count_chunks(size_t n_arrays, const size_t *sizes)
{
    size_t chunks = 0;
    for (size_t i = 0; i < n_arrays; i++) chunks += chunks_of(sizes[i]);
    return chunks;
}

/* Whether the arrays together are large enough for more than one thread. */
static inline bool worth_sharing(size_t n_arrays, const size_t *sizes)
{
    size_t elements = 0;
    for (size_t i = 0; i < n_arrays && elements <= SERIAL; i++) elements += sizes[i];
    return elements > SERIAL;
}

/* Call body for every chunk, in several threads if that pays. */
static inline void for_chunks(size_t n_arrays, const size_t *sizes, mg_body_t body, void *context)
{
    size_t threads = worth_sharing(n_arrays, sizes) ? SIZE_MAX : 1;
    mg_parallel_for_workers(threads, count_chunks(n_arrays, sizes), body, context);
}

#endif
