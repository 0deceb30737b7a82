#include "random/stream.h"

#include <stdalign.h>
#include <string.h>

#include "core/arena.h"
#include "core/pool.h"
#include "minigrad/random.h"

/* Elements that one thread makes in a row: 64 or 128 KiB, some ten microseconds. */
#define CHUNK ((size_t)16384)

bool mg_stream_holds(uint64_t position, size_t n, uint64_t words_each)
{
    uint64_t end = (UINT64_C(1) << 63) / words_each;
    return position <= end && n <= end - position;
}

/* Groups from `block` on that share the upper 32 bits of their block numbers. */
static uint64_t groups_alike(uint64_t block)
{
    return ((UINT64_C(1) << 32) - (uint32_t)block) / MG_RANDOM_GROUP;
}

void mg_fill_serial(const mg_fill_t *fill, uint64_t position, size_t n, void *out)
{
    const size_t group = MG_RANDOM_GROUP * fill->per_block;
    char *to = out;
    while (n > 0) {
        size_t skip = (size_t)(position % group), taken;
        uint64_t first = (position - skip) / fill->per_block;
        mg_blocks_t blocks = {fill->seed, fill->stream, fill->purpose | first};
        if (skip == 0 && n >= group) {
            size_t groups = n / group;
            if (groups > groups_alike(first)) groups = (size_t)groups_alike(first);
            fill->make(fill, blocks, groups, to);
            taken = groups * group;
        } else {
            /* A ragged end: kernels only make whole groups, so one is made aside. */
            alignas(MG_ALIGNMENT) char aside[MG_RANDOM_GROUP * MG_BLOCK_BYTES];
            fill->make(fill, blocks, 1, aside);
            taken = n < group - skip ? n : group - skip;
            memcpy(to, aside + skip * fill->size, taken * fill->size);
        }
        position += taken;
        n -= taken;
        to += taken * fill->size;
    }
}

typedef struct {
    const mg_fill_t *fill;
    uint64_t position;
    size_t n;
    char *out;
} bulk_t;

/* Chunks end at multiples of CHUNK in the stream, so that only the ends are ragged. */
static void bulk_chunk(void *context, size_t chunk, size_t worker)
{
    (void)worker;
    const bulk_t *bulk = context;
    size_t skip = (size_t)(bulk->position % CHUNK);
    size_t begin = chunk == 0 ? 0 : chunk * CHUNK - skip;
    size_t end = (chunk + 1) * CHUNK - skip;
    if (end > bulk->n) end = bulk->n;
    mg_fill_serial(bulk->fill, bulk->position + begin, end - begin, bulk->out + begin * bulk->fill->size);
}

mg_status_t mg_fill_run(const mg_fill_t *fill, uint64_t position, size_t n, void *out)
{
    if (!mg_stream_holds(position, n, fill->size / sizeof(uint32_t))) return MG_ERR_ARGUMENT;
    if (n == 0) return MG_OK;
    bulk_t bulk = {fill, position, n, out};
    mg_parallel_for((n - 1 + (size_t)(position % CHUNK)) / CHUNK + 1, bulk_chunk, &bulk);
    return MG_OK;
}

static void make_bits_u32(const mg_fill_t *fill, mg_blocks_t blocks, size_t groups, void *out)
{
    (void)fill;
    mg_kernels()->random.bits_u32(blocks, groups, out);
}

static void make_bits_u64(const mg_fill_t *fill, mg_blocks_t blocks, size_t groups, void *out)
{
    (void)fill;
    mg_kernels()->random.bits_u64(blocks, groups, out);
}

mg_status_t mg_random_bits_u32(uint64_t seed, uint64_t stream, uint64_t position, size_t n, uint32_t *out)
{
    mg_fill_t fill = {seed, stream, MG_PURPOSE_WORDS, 4, sizeof *out, make_bits_u32, NULL};
    return mg_fill_run(&fill, position, n, out);
}

mg_status_t mg_random_bits_u64(uint64_t seed, uint64_t stream, uint64_t position, size_t n, uint64_t *out)
{
    mg_fill_t fill = {seed, stream, MG_PURPOSE_WORDS, 2, sizeof *out, make_bits_u64, NULL};
    return mg_fill_run(&fill, position, n, out);
}

void mg_stream_words(uint64_t seed, uint64_t stream, uint64_t position, size_t n, uint64_t *out)
{
    mg_fill_t fill = {seed, stream, MG_PURPOSE_WORDS, 2, sizeof *out, make_bits_u64, NULL};
    mg_fill_serial(&fill, position, n, out);
}
