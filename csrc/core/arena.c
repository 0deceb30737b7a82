#define _POSIX_C_SOURCE 200809L
#include "core/arena.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* A fresh block costs a page fault per 4 KiB, which for the packing buffers of a small
 * matrix product is more than the product itself. So one block, the last one given
 * back, waits here for the next call. A slot taken by an atomic exchange needs no lock
 * and survives fork. Its first bytes hold its size. A sanitizer sees more where no
 * block is used twice. */
#define HEADER MG_ALIGNMENT
#ifdef MG_SANITIZE
#define LARGEST_KEPT ((size_t)0)
#else
#define LARGEST_KEPT ((size_t)32 << 20)
#endif

static _Atomic(void *) kept_block;

static size_t block_size(const void *block)
{
    return *(const size_t *)block;
}

static void *block_new(size_t size)
{
    void *block = NULL;
    if (posix_memalign(&block, MG_ALIGNMENT, size) != 0) return NULL;
    *(size_t *)block = size;
    return block;
}

/* Bytes of a piece, rounded up so that the next one is aligned; false if they do not fit. */
static bool piece_size(size_t count, size_t element_size, size_t *bytes)
{
    if (!mg_size_mul(count, element_size, bytes) || !mg_size_add(*bytes, MG_ALIGNMENT - 1, bytes)) return false;
    *bytes &= ~(MG_ALIGNMENT - 1);
    return true;
}

void mg_arena_plan(mg_arena_t *arena, size_t count, size_t element_size)
{
    size_t bytes = 0;
    if (!piece_size(count, element_size, &bytes) || !mg_size_add(arena->size, bytes, &arena->size)) {
        arena->overflowed = true;
    }
}

mg_status_t mg_arena_open(mg_arena_t *arena)
{
    size_t total = 0;
    if (arena->overflowed || !mg_size_add(arena->size, HEADER, &total) || total > PTRDIFF_MAX) return MG_ERR_OVERFLOW;
    void *block = atomic_exchange(&kept_block, NULL);
    if (block != NULL && block_size(block) < total) {
        free(block);
        block = NULL;
    }
    if (block == NULL) block = block_new(total);
    if (block == NULL) return MG_ERR_MEMORY;
    arena->base = (char *)block + HEADER;
    arena->used = 0;
    return MG_OK;
}

void *mg_arena_take(mg_arena_t *arena, size_t count, size_t element_size)
{
    size_t bytes = 0;
    if (arena->base == NULL || !piece_size(count, element_size, &bytes) || bytes > arena->size - arena->used)
        return NULL;
    void *piece = arena->base + arena->used;
    arena->used += bytes;
    return piece;
}

void mg_arena_close(mg_arena_t *arena)
{
    if (arena->base == NULL) return;
    void *block = arena->base - HEADER;
    arena->base = NULL;
    if (block_size(block) <= LARGEST_KEPT) block = atomic_exchange(&kept_block, block);
    free(block);
}
