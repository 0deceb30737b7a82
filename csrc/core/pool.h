/* pool: one persistent set of threads that takes a loop's chunks one by one. */
#ifndef MG_CORE_POOL_H
#define MG_CORE_POOL_H

#include <stddef.h>

/* The body of a parallel loop: chunk in [0, num_chunks), worker in [0, threads). Two
 * chunks never run at once under the same worker number, so scratch may be indexed by
 * it. A body must write only what belongs to its chunk, which makes results
 * independent of who ran it. */
typedef void (*mg_body_t)(void *context, size_t chunk, size_t worker);

/* Run body for every chunk and return when all are done. Runs in the calling thread
 * alone when one thread is set, when called from a body, or when another thread is
 * inside a loop; worker is then 0. */
void mg_parallel_for(size_t num_chunks, mg_body_t body, void *context);

/* Workers that a loop started now may use: the size for per-worker scratch. Read it
 * once per call: mg_parallel_for_workers(w, ...) never uses more than w. */
size_t mg_pool_workers(void);
void mg_parallel_for_workers(size_t workers, size_t num_chunks, mg_body_t body, void *context);

#endif
