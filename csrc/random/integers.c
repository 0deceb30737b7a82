/* Integers in a range, and random arrangements.
 *
 * Problem. From uniform 64-bit words x make an integer uniform in 0 ... n - 1, exactly.
 *
 *   (D1)  m = x n, 128 bits;  value = m / 2^64 (its upper half),  rest = m mod 2^64
 *
 * The x of one value are those for which m lies in [value 2^64, (value + 1) 2^64): steps of
 * n through an interval of 2^64, so either floor(2^64 / n) or one more of them. Exactly
 * floor(2^64 / n) of them have
 *
 *   (D2)  rest >= t,  t = 2^64 mod n = (2^64 - n) mod n
 *
 * because [t, 2^64) has a multiple of n elements. So keep x if (D2) holds and take another
 * word if not, which happens with probability t / 2^64 < n / 2^64. As t < n, only a rest
 * below n needs t, and its division, at all. Reference: Lemire (2019), Fast random integer
 * generation in an interval, ACM TOMACS 29(1), algorithm 5.
 *
 * Differs from the reference in where the other word comes from: a sequence of its own for
 * each element, so that element i never depends on what happened to its neighbours.
 *
 *   (D3)  blocks b1, b2, ... : b1 = Philox(element, stream), b(k+1) = Philox(b(k))
 *
 * A random arrangement exchanges element i with one of i ... n - 1:
 *
 *   (D4)  j = i + (uniform in 0 ... n - i - 1),  for i = 0 ... k - 1
 *
 * n (n-1) ... (n-k+1) equally likely courses, each with another result in the first k
 * places (Durstenfeld 1964, Algorithm 235, CACM 7, 420). */
#include "core/pool.h"
#include "minigrad/random.h"
#include "random/stream.h"

__extension__ typedef unsigned __int128 uint128_t;

enum { WORDS_AHEAD = 256, CHUNK = 16384 };

typedef struct {
    uint64_t seed, stream;
} source_t;

/* Called for about one element in 2^64 / n. */
static uint64_t below_again(source_t source, uint64_t element, uint64_t n, uint64_t threshold)
{
    uint64_t block = MG_PURPOSE_AGAIN | element;
    uint32_t key[2] = {(uint32_t)source.seed, (uint32_t)(source.seed >> 32)};
    uint32_t b[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)source.stream,
                     (uint32_t)(source.stream >> 32)};
    for (;;) {
        mg_philox4x32(b, key, b); /* (D3) */
        for (int half = 0; half < 4; half += 2) {
            uint128_t m = (uint128_t)((uint64_t)b[half] << 32 | b[half + 1]) * n; /* (D1) */
            if ((uint64_t)m >= threshold) return (uint64_t)(m >> 64);             /* (D2) */
        }
    }
}

/* Uniform in 0 ... n - 1, n > 0, from the element's own word. */
static inline uint64_t below(source_t source, uint64_t element, uint64_t word, uint64_t n)
{
    uint128_t m = (uint128_t)word * n; /* (D1) */
    if ((uint64_t)m < n) {
        uint64_t threshold = -n % n; /* (D2) */
        if ((uint64_t)m < threshold) return below_again(source, element, n, threshold);
    }
    return (uint64_t)(m >> 64);
}

typedef struct {
    source_t source;
    uint64_t position, range;
    size_t n;
    int64_t low, *out;
} integers_t;

static void integers_chunk(void *context, size_t chunk, size_t worker)
{
    (void)worker;
    const integers_t *job = context;
    size_t end = (chunk + 1) * CHUNK < job->n ? (chunk + 1) * CHUNK : job->n;
    for (size_t i = chunk * CHUNK; i < end; i += WORDS_AHEAD) {
        uint64_t words[WORDS_AHEAD];
        size_t count = end - i < WORDS_AHEAD ? end - i : WORDS_AHEAD;
        mg_stream_words(job->source.seed, job->source.stream, job->position + i, count, words);
        for (size_t j = 0; j < count; j++) {
            uint64_t x = words[j];
            if (job->range != 0) x = below(job->source, job->position + i + j, x, job->range);
            job->out[i + j] = (int64_t)((uint64_t)job->low + x);
        }
    }
}

mg_status_t mg_random_integers_i64(uint64_t seed, uint64_t stream, uint64_t position, size_t n, int64_t low,
                                   uint64_t range, int64_t *out)
{
    uint64_t room = (UINT64_C(1) << 63) - (uint64_t)low; /* 2^63 - low; 0 stands for 2^64 */
    if (range - 1 > room - 1 || !mg_stream_holds(position, n, 2)) return MG_ERR_ARGUMENT;
    integers_t job = {{seed, stream}, position, range, n, low, out};
    mg_parallel_for(n / CHUNK + (n % CHUNK != 0), integers_chunk, &job);
    return MG_OK;
}

mg_status_t mg_random_permutation_i64(uint64_t seed, uint64_t stream, uint64_t position, size_t n, size_t k,
                                      int64_t *out)
{
    if (k > n || n > INT64_MAX || !mg_stream_holds(position, k, 2)) return MG_ERR_ARGUMENT;
    source_t source = {seed, stream};
    for (size_t i = 0; i < n; i++) out[i] = (int64_t)i;
    for (size_t i = 0; i < k; i += WORDS_AHEAD) {
        uint64_t words[WORDS_AHEAD];
        size_t count = k - i < WORDS_AHEAD ? k - i : WORDS_AHEAD;
        mg_stream_words(seed, stream, position + i, count, words);
        for (size_t h = 0; h < count; h++) {
            size_t at = i + h;
            size_t j = at + (size_t)below(source, position + at, words[h], n - at); /* (D4) */
            int64_t kept = out[at];
            out[at] = out[j];
            out[j] = kept;
        }
    }
    return MG_OK;
}
