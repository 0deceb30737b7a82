/* How a loop over rows is cut into chunks for the pool. */
#ifndef MG_NN_CHUNK_H
#define MG_NN_CHUNK_H

#include <stddef.h>

/* Chunks that a loop is cut into at most: far below what the pool can count. */
enum { MG_CHUNKS_MAX = 1 << 16 };

/* Results from this size on are written past the caches: with what they are made from they are
 * more than a usual share of the last one. */
enum { MG_STREAM_BYTES = 3 << 22 };

/* Rows of row_size elements in a chunk of about chunk_size elements, at least 1. */
static inline size_t chunk_rows(size_t rows, size_t row_size, size_t chunk_size)
{
    size_t per_chunk = row_size < chunk_size ? chunk_size / (row_size + 1) + 1 : 1;
    size_t least = rows / MG_CHUNKS_MAX + 1;
    return per_chunk > least ? per_chunk : least;
}

static inline size_t chunk_count(size_t rows, size_t per_chunk)
{
    return rows == 0 ? 0 : (rows - 1) / per_chunk + 1;
}

static inline size_t chunk_end(size_t first, size_t per_chunk, size_t rows)
{
    return rows - first < per_chunk ? rows : first + per_chunk;
}

#endif
