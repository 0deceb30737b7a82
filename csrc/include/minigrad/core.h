/* core: status codes, the thread pool's size, the instruction-set level. */
#ifndef MINIGRAD_CORE_H
#define MINIGRAD_CORE_H

#include <stddef.h>
#include <stdint.h>

/* cdef: begin */

typedef enum {
    MG_OK = 0,
    MG_ERR_MEMORY = 1,                /* an allocation failed */
    MG_ERR_ARGUMENT = 2,              /* an argument is outside its documented range */
    MG_ERR_OVERFLOW = 3,              /* a product of sizes does not fit in size_t */
    MG_ERR_SINGULAR = 4,              /* a matrix has no inverse in working precision */
    MG_ERR_NOT_POSITIVE_DEFINITE = 5, /* a Cholesky pivot was not positive */
    MG_ERR_NO_CONVERGENCE = 6,        /* an iteration reached its limit */
    MG_ERR_NOT_FINITE = 7             /* an input holds NaN or infinity where none is allowed */
} mg_status_t;

/* One English sentence for a status code; a static string, never NULL. */
const char *mg_status_string(mg_status_t status);

/* The library's version, "major.minor.patch"; a static string. */
const char *mg_version(void);

/* Name and version of the compiler that built the library; a static string. */
const char *mg_compiler(void);

/* The instruction-set level in use: "base", "avx2" or "avx512"; a static string. */
const char *mg_isa_name(void);

/* Use a level by name. MG_ERR_ARGUMENT if the name is unknown, or the level is not in
 * this build, or the CPU lacks it. Not to be called while another thread computes. */
mg_status_t mg_isa_set(const char *name);

/* Number of threads that a parallel loop may use, the caller included; at least 1. */
size_t mg_num_threads_get(void);

/* Set that number. MG_ERR_ARGUMENT unless 1 <= num_threads <= 256. Threads start on
 * first use; a child after fork starts its own. Waits for a running parallel loop. */
mg_status_t mg_num_threads_set(size_t num_threads);

/* A measuring aid, not a computation: run `iterations` rounds of independent fused
 * multiply-adds (multiply, then add, where the level has no fused one) on registers in
 * the calling thread, store a value that depends on them in *sink, and return the
 * number of floating-point operations done, two for each multiply-add and lane. Divided
 * by the time taken it is the rate that no kernel of this level can exceed. */
size_t mg_fma_probe_f32(size_t iterations, float *sink);
size_t mg_fma_probe_f64(size_t iterations, double *sink);

/* A reserve of address space, from which buffers that are used again and again are cut.
 * create maps `size` bytes, of which none takes memory until it is written; the handle is
 * the caller's, to be given to destroy once no block of it is in use. MG_ERR_ARGUMENT for
 * size 0, MG_ERR_MEMORY if the system grants no address space. */
typedef struct mg_reserve mg_reserve_t;
mg_status_t mg_reserve_create(size_t size, mg_reserve_t **reserve);

/* The next `size` bytes of a reserve, aligned to 64; NULL if it has no more. Not to be
 * called from two threads at once. */
void *mg_reserve_take(mg_reserve_t *reserve, size_t size);

/* Give the address space back; NULL is allowed. */
void mg_reserve_destroy(mg_reserve_t *reserve);

/* cdef: end */

#endif
