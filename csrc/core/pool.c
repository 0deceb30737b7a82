#define _GNU_SOURCE
#include "core/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "minigrad/core.h"

/* How it works. A loop is published as one 64-bit word
 *
 *     epoch : 24 | chunks : 20 | next : 20
 *
 * and whoever moves `next` forward by compare-and-swap owns that chunk. The caller
 * takes chunks like any worker, so a worker that the system has not scheduled holds
 * nothing and nobody waits for it: the worst case is serial time plus one wake-up. The
 * epoch makes a word from an earlier loop useless to a late worker. body, context and
 * limit may be read by the owner of a chunk, because the caller cannot leave the loop
 * before that chunk is counted in `done`.
 *
 * A worker that finds nothing spins for a few microseconds (back-to-back loops start
 * in under one), then gives way to others for YIELD_TIME (the loops of one computation
 * are seldom further apart), then sleeps. Spinning for that long would steal the core from
 * whoever else has work for it. */

enum { MAX_THREADS = 256, FIELD_BITS = 20, SPINS = 400 };
#define YIELD_TIME 2e-4 /* seconds */
#define FIELD_MASK ((UINT64_C(1) << FIELD_BITS) - 1)

static struct {
    pthread_mutex_t owner; /* held by the thread whose loop runs, and by set and fork */
    pthread_mutex_t sleep;
    pthread_cond_t work_came;
    pthread_cond_t work_done;
    _Atomic uint64_t word;
    _Atomic size_t done;
    atomic_int sleepers;
    atomic_bool caller_sleeps;
    atomic_bool stop;
    mg_body_t body;
    void *context;
    _Atomic size_t limit;       /* workers numbered limit and above sit this loop out */
    _Atomic size_t num_threads; /* 0: not chosen yet */
    size_t started;             /* workers running, the caller not counted */
    size_t placed;              /* of those, kept off caller_cpu */
    int caller_cpu;
    pthread_t threads[MAX_THREADS];
} pool = {.owner = PTHREAD_MUTEX_INITIALIZER,
          .sleep = PTHREAD_MUTEX_INITIALIZER,
          .work_came = PTHREAD_COND_INITIALIZER,
          .work_done = PTHREAD_COND_INITIALIZER};

static _Thread_local bool inside_loop;

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline uint64_t word_chunks(uint64_t word)
{
    return (word >> FIELD_BITS) & FIELD_MASK;
}
static inline uint64_t word_next(uint64_t word)
{
    return word & FIELD_MASK;
}
static inline bool word_has_work(uint64_t word)
{
    return word_next(word) < word_chunks(word);
}

/* Take and run chunks until none is left. */
static void run_chunks(size_t worker)
{
    uint64_t word = atomic_load(&pool.word);
    /* The limit is read after the word: a worker above a new loop's limit must not
     * slip into it from the loop before. */
    while (word_has_work(word) && worker < atomic_load(&pool.limit)) {
        if (!atomic_compare_exchange_weak(&pool.word, &word, word + 1)) continue;
        size_t chunks = (size_t)word_chunks(word);
        pool.body(pool.context, (size_t)word_next(word), worker);
        if (atomic_fetch_add(&pool.done, 1) + 1 == chunks && atomic_load(&pool.caller_sleeps)) {
            pthread_mutex_lock(&pool.sleep);
            pthread_cond_signal(&pool.work_done);
            pthread_mutex_unlock(&pool.sleep);
        }
        word = atomic_load(&pool.word);
    }
}

static bool may_work(size_t worker)
{
    return word_has_work(atomic_load(&pool.word)) && worker < atomic_load(&pool.limit);
}

/* Seconds since some fixed moment. */
static double clock_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Wait a little for a chunk without sleeping; false if none came. */
static bool wait_awake(size_t worker)
{
    for (int spin = 0; spin < SPINS; spin++) {
        if (may_work(worker)) return true;
        cpu_relax();
    }
    for (double end = clock_seconds() + YIELD_TIME; clock_seconds() < end && !atomic_load(&pool.stop);) {
        if (may_work(worker)) return true;
        sched_yield();
    }
    return false;
}

static void *worker_main(void *argument)
{
    size_t worker = (size_t)(uintptr_t)argument;
    inside_loop = true;
    while (!atomic_load(&pool.stop)) {
        if (wait_awake(worker)) {
            run_chunks(worker);
            continue;
        }
        pthread_mutex_lock(&pool.sleep);
        atomic_fetch_add(&pool.sleepers, 1);
        while (!may_work(worker) && !atomic_load(&pool.stop)) pthread_cond_wait(&pool.work_came, &pool.sleep);
        atomic_fetch_sub(&pool.sleepers, 1);
        pthread_mutex_unlock(&pool.sleep);
    }
    return NULL;
}

static void wake_workers(void)
{
    if (atomic_load(&pool.sleepers) == 0) return;
    pthread_mutex_lock(&pool.sleep);
    pthread_cond_broadcast(&pool.work_came);
    pthread_mutex_unlock(&pool.sleep);
}

/* The owner lock is held. Workers beyond those the system grants are done without.
 * Signals belong to the caller's threads, but for those a fault raises in the thread
 * itself: blocked, they would kill the process before a handler could report it. */
static void start_workers(size_t wanted)
{
    if (pool.started >= wanted) return;
    sigset_t blocked, before;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    while (pool.started < wanted) {
        void *number = (void *)(uintptr_t)(pool.started + 1);
        if (pthread_create(&pool.threads[pool.started], NULL, worker_main, number) != 0) break;
        pool.started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The owner lock is held. A worker has no business on the caller's CPU: woken there, it
 * would wait for the caller. The scheduler puts it there all the same when another CPU
 * looks busy, and takes milliseconds to change its mind, so the workers are kept off the
 * caller's CPU, anew whenever the caller has moved. They may use every other one. */
static void place_workers(void)
{
#ifdef __linux__
    int cpu = sched_getcpu();
    if (cpu < 0 || (cpu == pool.caller_cpu && pool.placed == pool.started)) return;
    cpu_set_t others;
    if (sched_getaffinity(0, sizeof others, &others) != 0 || CPU_COUNT(&others) < 2) return;
    CPU_CLR((size_t)cpu, &others);
    for (size_t i = 0; i < pool.started; i++) pthread_setaffinity_np(pool.threads[i], sizeof others, &others);
    pool.caller_cpu = cpu;
    pool.placed = pool.started;
#endif
}

static void stop_workers(void)
{
    if (pool.started == 0) return;
    atomic_store(&pool.stop, true);
    pthread_mutex_lock(&pool.sleep);
    pthread_cond_broadcast(&pool.work_came);
    pthread_mutex_unlock(&pool.sleep);
    for (size_t i = 0; i < pool.started; i++) pthread_join(pool.threads[i], NULL);
    pool.started = pool.placed = 0;
    atomic_store(&pool.stop, false);
}

/* Fork copies only the calling thread. The owner lock is taken first, so no loop is
 * half done in the child, which then begins with no workers and fresh locks. */
static void fork_prepare(void)
{
    pthread_mutex_lock(&pool.owner);
}
static void fork_parent(void)
{
    pthread_mutex_unlock(&pool.owner);
}
static void fork_child(void)
{
    pthread_mutex_init(&pool.owner, NULL);
    pthread_mutex_init(&pool.sleep, NULL);
    pthread_cond_init(&pool.work_came, NULL);
    pthread_cond_init(&pool.work_done, NULL);
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.caller_sleeps, false);
    pool.started = pool.placed = 0;
}

__attribute__((constructor)) static void install_fork_handlers(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static size_t usable_cpus(void)
{
    long count = 0;
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
    if (count < 1) count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1) count = 1;
    return count > MAX_THREADS ? MAX_THREADS : (size_t)count;
}

size_t mg_num_threads_get(void)
{
    size_t count = atomic_load(&pool.num_threads);
    if (count != 0) return count;
    /* Only the first choice is stored: a number set meanwhile by another thread stays. */
    size_t usable = usable_cpus();
    return atomic_compare_exchange_strong(&pool.num_threads, &count, usable) ? usable : count;
}

mg_status_t mg_num_threads_set(size_t num_threads)
{
    if (num_threads < 1 || num_threads > MAX_THREADS) return MG_ERR_ARGUMENT;
    pthread_mutex_lock(&pool.owner);
    if (pool.started > num_threads - 1) stop_workers();
    atomic_store(&pool.num_threads, num_threads);
    pthread_mutex_unlock(&pool.owner);
    return MG_OK;
}

size_t mg_pool_workers(void)
{
    return inside_loop ? 1 : mg_num_threads_get();
}

static void run_serially(size_t num_chunks, mg_body_t body, void *context)
{
    for (size_t chunk = 0; chunk < num_chunks; chunk++) body(context, chunk, 0);
}

static void wait_for_done(size_t chunks)
{
    for (int spin = 0; spin < SPINS; spin++) {
        if (atomic_load(&pool.done) == chunks) return;
        cpu_relax();
    }
    /* To be woken takes as long as a short loop, and a chunk is often done by then. */
    for (double end = clock_seconds() + YIELD_TIME; clock_seconds() < end; sched_yield()) {
        if (atomic_load(&pool.done) == chunks) return;
    }
    pthread_mutex_lock(&pool.sleep);
    atomic_store(&pool.caller_sleeps, true);
    while (atomic_load(&pool.done) != chunks) pthread_cond_wait(&pool.work_done, &pool.sleep);
    atomic_store(&pool.caller_sleeps, false);
    pthread_mutex_unlock(&pool.sleep);
}

void mg_parallel_for_workers(size_t workers, size_t num_chunks, mg_body_t body, void *context)
{
    size_t threads = mg_pool_workers();
    if (threads > workers) threads = workers;
    if (threads < 2 || num_chunks < 2 || num_chunks > FIELD_MASK || pthread_mutex_trylock(&pool.owner) != 0) {
        run_serially(num_chunks, body, context);
        return;
    }
    /* Another thread may have set a smaller number before the lock was taken. */
    size_t now = mg_num_threads_get();
    if (threads > now) threads = now;
    start_workers(threads - 1);
    place_workers();
    inside_loop = true;
    pool.body = body;
    pool.context = context;
    atomic_store(&pool.limit, threads);
    atomic_store(&pool.done, 0);
    uint64_t epoch = (atomic_load(&pool.word) >> (2 * FIELD_BITS)) + 1;
    atomic_store(&pool.word, epoch << (2 * FIELD_BITS) | (uint64_t)num_chunks << FIELD_BITS);
    wake_workers();
    run_chunks(0);
    wait_for_done(num_chunks);
    inside_loop = false;
    pthread_mutex_unlock(&pool.owner);
}

void mg_parallel_for(size_t num_chunks, mg_body_t body, void *context)
{
    mg_parallel_for_workers(SIZE_MAX, num_chunks, body, context);
}
