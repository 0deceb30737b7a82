/* stream: how counters are divided among purposes, and the loop that fills arrays.
 *
 * The counter of a block is (block number: 64 bits, stream: 64 bits). A stream has 2^63
 * words, hence 2^61 blocks of four, so the top two bits of the block number are free to say
 * what the block is for. Purposes thus never share a block:
 *
 *   MG_PURPOSE_WORDS      the stream's words: bits, uniform numbers, integers
 *   MG_PURPOSE_NORMAL_F32, _F64
 *                         normal numbers come in pairs from one block, so a block must not
 *                         serve both a pair and something that is drawn singly
 *   MG_PURPOSE_AGAIN      block number = element: candidates that replace a rejected one */
#ifndef MG_RANDOM_STREAM_H
#define MG_RANDOM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dispatch.h"
#include "minigrad/core.h"

#define MG_PURPOSE(number) ((uint64_t)(number) << 62)
#define MG_PURPOSE_WORDS MG_PURPOSE(0)
#define MG_PURPOSE_NORMAL_F32 MG_PURPOSE(1)
#define MG_PURPOSE_NORMAL_F64 MG_PURPOSE(2)
#define MG_PURPOSE_AGAIN MG_PURPOSE(3)

#define MG_BLOCK_BYTES 16

/* A bulk of elements to be made. `make` fills whole groups of blocks with a kernel; it and
 * `parameters` are the sampler's. */
typedef struct mg_fill {
    uint64_t seed, stream, purpose;
    size_t per_block; /* elements made from one block */
    size_t size;      /* bytes of an element, 4 or 8; per_block * size = MG_BLOCK_BYTES */
    void (*make)(const struct mg_fill *fill, mg_blocks_t blocks, size_t groups, void *out);
    const void *parameters;
} mg_fill_t;

/* Whether elements position ... position + n - 1, of words_each words, are in the stream. */
bool mg_stream_holds(uint64_t position, size_t n, uint64_t words_each);

/* Elements position ... position + n - 1 to out, in the calling thread. */
void mg_fill_serial(const mg_fill_t *fill, uint64_t position, size_t n, void *out);

/* The same by the thread pool. MG_ERR_ARGUMENT if the stream does not hold them. */
mg_status_t mg_fill_run(const mg_fill_t *fill, uint64_t position, size_t n, void *out);

/* 64-bit words position ... position + n - 1 to out, in the calling thread. */
void mg_stream_words(uint64_t seed, uint64_t stream, uint64_t position, size_t n, uint64_t *out);

#endif
