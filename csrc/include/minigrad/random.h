/* random: counter-based bit streams and samplers.
 *
 * There are 2^64 seeds, each with 2^64 streams of 2^63 32-bit words. A word is a function
 * of (seed, stream, its position) alone: Philox4x32-10 (Salmon et al. 2011) turns the
 * counter (position / 4, stream) under the key `seed` into four of them. So a stream can be
 * entered anywhere, streams of one seed share no counter, and results do not depend on
 * threads, on the instruction set, or on how a sequence is cut into calls.
 *
 * Arguments, all functions:
 *   seed      key: its lower 32 bits, then its upper 32 bits
 *   stream    number of the stream: the upper 64 bits of the counter
 *   position  index of the first element: of the 32-bit words for u32 and f32, of the
 *             64-bit words, two 32-bit words each, for u64, f64 and i64
 *   n         number of elements; out has room for them
 *
 * Element i of bits and of uniform numbers is made of its own word. Normal numbers and
 * repeated draws for integers come from counters of their own (csrc/random/stream.h), so
 * what one sampler made of a position tells nothing about what another makes of it.
 *
 * All return MG_ERR_ARGUMENT, and write nothing, if position + n passes the end of the
 * stream or a parameter is out of its range. */
#ifndef MINIGRAD_RANDOM_H
#define MINIGRAD_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "minigrad/core.h"

/* cdef: begin */

/* One block of Philox4x32-10: counter (4 words), key (2 words), out (4 words); out may be
 * counter. The plain form of what the streams compute in bulk. */
void mg_philox4x32(const uint32_t *counter, const uint32_t *key, uint32_t *out);

/* out[i] = word position + i of the stream. A 64-bit word is two 32-bit words, the first
 * of them its upper half. */
mg_status_t mg_random_bits_u32(uint64_t seed, uint64_t stream, uint64_t position, size_t n, uint32_t *out);
mg_status_t mg_random_bits_u64(uint64_t seed, uint64_t stream, uint64_t position, size_t n, uint64_t *out);

/* out[i] = low + (high - low) u in [low, high), where u is the upper 24 (f32) or 53 (f64)
 * bits of word position + i over 2^24 or 2^53; a sum that rounds to high becomes the number
 * before it. low < high, with high - low finite. */
mg_status_t mg_random_uniform_f32(uint64_t seed, uint64_t stream, uint64_t position, size_t n, float low, float high,
                                  float *out);
mg_status_t mg_random_uniform_f64(uint64_t seed, uint64_t stream, uint64_t position, size_t n, double low, double high,
                                  double *out);

/* out[i] = loc + scale z, z standard normal. |z| reaches 6.7 (f32) or 9.4 (f64). loc finite,
 * scale finite and not negative. */
mg_status_t mg_random_normal_f32(uint64_t seed, uint64_t stream, uint64_t position, size_t n, float loc, float scale,
                                 float *out);
mg_status_t mg_random_normal_f64(uint64_t seed, uint64_t stream, uint64_t position, size_t n, double loc, double scale,
                                 double *out);

/* out[i] uniform in low ... low + range - 1 without bias (Lemire 2019); range 0 stands for
 * 2^64. low + range <= 2^63. */
mg_status_t mg_random_integers_i64(uint64_t seed, uint64_t stream, uint64_t position, size_t n, int64_t low,
                                   uint64_t range, int64_t *out);

/* out (n): a permutation of 0 ... n - 1 whose first k elements are a uniformly random
 * arrangement of k of them; with k = n all n! are equally likely. Takes the k elements of
 * the stream from position on. k <= n. */
mg_status_t mg_random_permutation_i64(uint64_t seed, uint64_t stream, uint64_t position, size_t n, size_t k,
                                      int64_t *out);

/* cdef: end */

#endif
