/* A rectangle of memory that is wanted soon, fetched into the cache a few lines at a time
 * while other work is done, so that whoever reads it next does not wait for memory. */
#ifndef MG_KERNELS_PREFETCH_H
#define MG_KERNELS_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

enum { MG_CACHE_LINE = 64 };

/* In a loop that waits for memory: ask for what will be read half a page ahead, and for what will
 * be written a page ahead, since a store whose line has to be fetched holds up those behind it.
 * By address, because that may lie past the end. */
#define MG_AHEAD(p) __builtin_prefetch((const void *)((uintptr_t)(p) + 2048))
#define MG_AHEAD_WRITE(p) __builtin_prefetch((const void *)((uintptr_t)(p) + 4096), 1)

typedef struct {
    const char *line, *row;
    size_t stride, row_bytes;
    size_t rows;   /* left, the current one included */
    size_t budget; /* lines per call */
} mg_prefetch_t;

/* rows rows of row_bytes bytes, stride bytes apart, spread over so many calls. */
static inline mg_prefetch_t mg_prefetch_start(const void *first, size_t rows, size_t row_bytes, size_t stride,
                                              size_t calls)
{
    size_t lines = rows * ((row_bytes + MG_CACHE_LINE - 1) / MG_CACHE_LINE);
    return (mg_prefetch_t){first, first, stride, row_bytes, rows, calls == 0 ? 0 : (lines + calls - 1) / calls};
}

static inline void mg_prefetch_some(mg_prefetch_t *ahead)
{
    for (size_t i = 0; i < ahead->budget && ahead->rows != 0; i++) {
        __builtin_prefetch(ahead->line, 0, 2);
        ahead->line += MG_CACHE_LINE;
        if (ahead->line >= ahead->row + ahead->row_bytes) {
            ahead->row += ahead->stride;
            ahead->line = ahead->row;
            ahead->rows--;
        }
    }
}

#endif
