#define _GNU_SOURCE
#include "minigrad/core.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "core/arena.h"

/* Address space costs nothing until it is touched, so a reserve is one mapping from whose
 * start blocks are cut, in order, and never given back: who recycles them is the caller. */
struct mg_reserve {
    char *base;
    size_t size, used;
};

mg_status_t mg_reserve_create(size_t size, mg_reserve_t **reserve)
{
    if (size == 0) return MG_ERR_ARGUMENT;
    mg_reserve_t *made = malloc(sizeof *made);
    if (made == NULL) return MG_ERR_MEMORY;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        free(made);
        return MG_ERR_MEMORY;
    }
#ifdef MADV_HUGEPAGE
    /* Large pages halve the page faults' cost and more; a kernel without them just declines. */
    (void)madvise(base, size, MADV_HUGEPAGE);
#endif
    *made = (mg_reserve_t){.base = base, .size = size};
    *reserve = made;
    return MG_OK;
}

void *mg_reserve_take(mg_reserve_t *reserve, size_t size)
{
    size_t bytes = 0;
    if (!mg_size_add(size, MG_ALIGNMENT - 1, &bytes)) return NULL;
    bytes &= ~(size_t)(MG_ALIGNMENT - 1);
    if (bytes > reserve->size - reserve->used) return NULL;
    void *block = reserve->base + reserve->used;
    reserve->used += bytes;
    return block;
}

void mg_reserve_destroy(mg_reserve_t *reserve)
{
    if (reserve == NULL) return;
    (void)munmap(reserve->base, reserve->size);
    free(reserve);
}
