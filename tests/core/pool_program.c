/* Drives csrc/core/pool.c without Python: pool_program CHECK. Exit code 0 if it holds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/pool.h"
#include "minigrad/core.h"

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { MOST_WORKERS = 256 };

/* How often each chunk ran, and that no worker number was in two places at once. */
typedef struct {
    atomic_int *runs;
    atomic_bool busy[MOST_WORKERS];
    atomic_size_t highest_worker;
} record_t;

static void count_chunk(void *context, size_t chunk, size_t worker)
{
    record_t *record = context;
    EXPECT(worker < MOST_WORKERS);
    EXPECT(!atomic_exchange(&record->busy[worker], true));
    atomic_fetch_add(&record->runs[chunk], 1);
    size_t highest = atomic_load(&record->highest_worker);
    while (worker > highest && !atomic_compare_exchange_weak(&record->highest_worker, &highest, worker)) continue;
    if (chunk % 8 == 0) sched_yield(); /* let the others in, on one core too */
    atomic_store(&record->busy[worker], false);
}

static void run_and_check(size_t workers, size_t num_chunks)
{
    record_t *record = calloc(1, sizeof *record);
    record->runs = calloc(num_chunks + 1, sizeof *record->runs);
    mg_parallel_for_workers(workers, num_chunks, count_chunk, record);
    for (size_t chunk = 0; chunk < num_chunks; chunk++) EXPECT(atomic_load(&record->runs[chunk]) == 1);
    EXPECT(atomic_load(&record->runs[num_chunks]) == 0);
    EXPECT(atomic_load(&record->highest_worker) < workers);
    free(record->runs);
    free(record);
}

static void check_chunks(void)
{
    const size_t counts[] = {0, 1, 2, 3, 17, 1000, 40000};
    const size_t threads[] = {1, 2, 4, 7};
    for (size_t t = 0; t < 4; t++) {
        EXPECT(mg_num_threads_set(threads[t]) == MG_OK);
        for (size_t i = 0; i < 7; i++) run_and_check(threads[t], counts[i]);
    }
    run_and_check(7, ((size_t)1 << 20) + 5); /* more than one published word can count */
}

typedef struct {
    size_t limit;
    atomic_size_t runs;
} limited_t;

static void limited_chunk(void *context, size_t chunk, size_t worker)
{
    limited_t *limited = context;
    EXPECT(worker < limited->limit);
    atomic_fetch_add(&limited->runs, 1);
    if (chunk % 4 == 0) sched_yield();
}

/* A worker that has just served a wide loop must not slip into the narrow one after it. */
static void check_limits(void)
{
    const size_t limits[] = {6, 2, 5, 1, 9, 3};
    EXPECT(mg_num_threads_set(6) == MG_OK);
    for (int round = 0; round < 3000; round++) {
        limited_t limited = {.limit = limits[round % 6]};
        mg_parallel_for_workers(limited.limit, 23, limited_chunk, &limited);
        EXPECT(atomic_load(&limited.runs) == 23);
    }
}

/* The first chunk ends only when the second has begun, so another thread must have come. */
static void meeting_chunk(void *context, size_t chunk, size_t worker)
{
    atomic_int *arrived = context;
    (void)chunk, (void)worker;
    atomic_fetch_add(arrived, 1);
    for (int wait = 0; wait < 20000 && atomic_load(arrived) < 2; wait++) usleep(1000);
    EXPECT(atomic_load(arrived) == 2);
}

static void meet(void)
{
    atomic_int arrived = 0;
    mg_parallel_for(2, meeting_chunk, &arrived);
}

static void check_wake(void)
{
    EXPECT(mg_num_threads_set(2) == MG_OK);
    for (int round = 0; round < 10; round++) {
        meet();
        usleep(20000); /* the worker falls asleep */
    }
}

static void late_chunk(void *context, size_t chunk, size_t worker)
{
    usleep(worker > 0 ? 3000 : 100);
    atomic_store(&((atomic_int *)context)[chunk], 1);
}

/* The caller runs out of chunks first, and has to sleep until the workers are done. */
static void check_wait(void)
{
    EXPECT(mg_num_threads_set(4) == MG_OK);
    for (int round = 0; round < 50; round++) {
        atomic_int written[40] = {0};
        mg_parallel_for(40, late_chunk, written);
        for (int chunk = 0; chunk < 40; chunk++) EXPECT(atomic_load(&written[chunk]) == 1);
    }
}

static void check_bounds(void)
{
    EXPECT(mg_num_threads_get() >= 1);
    EXPECT(mg_num_threads_set(5) == MG_OK);
    EXPECT(mg_num_threads_set(0) == MG_ERR_ARGUMENT);
    EXPECT(mg_num_threads_set(257) == MG_ERR_ARGUMENT);
    EXPECT(mg_num_threads_get() == 5);
    EXPECT(mg_num_threads_set(256) == MG_OK);
    EXPECT(mg_num_threads_get() == 256);
    EXPECT(mg_pool_workers() == 256);
}

typedef struct {
    pthread_t thread;
    atomic_int runs;
} inner_t;

static void inner_chunk(void *context, size_t chunk, size_t worker)
{
    inner_t *inner = context;
    (void)chunk;
    EXPECT(worker == 0);
    EXPECT(pthread_equal(inner->thread, pthread_self()));
    atomic_fetch_add(&inner->runs, 1);
}

static void outer_chunk(void *context, size_t chunk, size_t worker)
{
    (void)chunk, (void)worker;
    inner_t inner = {.thread = pthread_self()};
    EXPECT(mg_pool_workers() == 1);
    mg_parallel_for(50, inner_chunk, &inner);
    EXPECT(atomic_load(&inner.runs) == 50);
    atomic_fetch_add((atomic_int *)context, 1);
}

static void check_nested(void)
{
    EXPECT(mg_num_threads_set(4) == MG_OK);
    atomic_int outer = 0;
    mg_parallel_for(40, outer_chunk, &outer);
    EXPECT(atomic_load(&outer) == 40);
    EXPECT(mg_pool_workers() == 4);
}

static void square_chunk(void *context, size_t chunk, size_t worker)
{
    (void)worker;
    ((size_t *)context)[chunk] += chunk * chunk;
    if (chunk % 8 == 0) sched_yield();
}

static void sum_regions(size_t regions)
{
    enum { CHUNKS = 19 };
    size_t squares[CHUNKS] = {0};
    for (size_t region = 0; region < regions; region++) mg_parallel_for(CHUNKS, square_chunk, squares);
    for (size_t chunk = 0; chunk < CHUNKS; chunk++) EXPECT(squares[chunk] == regions * chunk * chunk);
}

static void check_regions(void)
{
    EXPECT(mg_num_threads_set(4) == MG_OK);
    sum_regions(2000);
    usleep(20000); /* now the workers sleep, and have to be woken */
    sum_regions(50);
}

static void *caller_main(void *argument)
{
    (void)argument;
    sum_regions(400);
    return NULL;
}

static void check_callers(void)
{
    EXPECT(mg_num_threads_set(3) == MG_OK);
    pthread_t callers[4];
    for (int i = 0; i < 4; i++) EXPECT(pthread_create(&callers[i], NULL, caller_main, NULL) == 0);
    for (int i = 0; i < 4; i++) EXPECT(pthread_join(callers[i], NULL) == 0);
}

static void check_resize(void)
{
    pthread_t caller;
    EXPECT(pthread_create(&caller, NULL, caller_main, NULL) == 0);
    for (size_t round = 0; round < 60; round++) {
        EXPECT(mg_num_threads_set(1 + round * 5 % 7) == MG_OK);
        sum_regions(5);
    }
    EXPECT(pthread_join(caller, NULL) == 0);
}

/* A child that hangs is killed by its alarm, and its status says so. */
static void fork_and_compute(int generations)
{
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
        alarm(30);
        meet(); /* the child has workers of its own */
        run_and_check(4, 1000);
        sum_regions(100);
        if (generations > 1) fork_and_compute(generations - 1);
        _exit(0);
    }
    int status = 0;
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void check_fork(void)
{
    EXPECT(mg_num_threads_set(4) == MG_OK);
    sum_regions(100);
    fork_and_compute(2);
    sum_regions(100);
    /* And while another thread is in the middle of its loops. */
    pthread_t caller;
    EXPECT(pthread_create(&caller, NULL, caller_main, NULL) == 0);
    for (int i = 0; i < 10; i++) fork_and_compute(1);
    EXPECT(pthread_join(caller, NULL) == 0);
}

static pthread_t main_thread;
static atomic_int heard, heard_elsewhere;

static void on_signal(int number)
{
    (void)number;
    atomic_fetch_add(pthread_equal(pthread_self(), main_thread) ? &heard : &heard_elsewhere, 1);
}

/* While the only other thread blocks a signal, it waits: no worker takes it. */
static void check_signals(void)
{
    main_thread = pthread_self();
    struct sigaction action = {.sa_handler = on_signal};
    EXPECT(sigaction(SIGUSR1, &action, NULL) == 0);
    EXPECT(mg_num_threads_set(4) == MG_OK);
    sum_regions(10);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    EXPECT(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
    EXPECT(kill(getpid(), SIGUSR1) == 0);
    sum_regions(200);
    usleep(20000);
    EXPECT(atomic_load(&heard) == 0 && atomic_load(&heard_elsewhere) == 0);
    EXPECT(pthread_sigmask(SIG_UNBLOCK, &signals, NULL) == 0);
    EXPECT(atomic_load(&heard) == 1 && atomic_load(&heard_elsewhere) == 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} checks[] = {
    {"chunks", check_chunks},   {"limits", check_limits},   {"bounds", check_bounds}, {"nested", check_nested},
    {"regions", check_regions}, {"callers", check_callers}, {"resize", check_resize}, {"fork", check_fork},
    {"signals", check_signals}, {"wake", check_wake},       {"wait", check_wait},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof checks / sizeof checks[0]; i++) {
        if (strcmp(checks[i].name, argv[1]) != 0) continue;
        checks[i].run();
        return 0;
    }
    fprintf(stderr, "usage: pool_program CHECK\n");
    return 2;
}
