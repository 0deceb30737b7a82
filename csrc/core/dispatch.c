#include "core/dispatch.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "minigrad/core.h"

extern const mg_kernels_t mg_kernels_base;
#ifdef MG_HAVE_AVX2
extern const mg_kernels_t mg_kernels_avx2;
#endif
#ifdef MG_HAVE_AVX512
extern const mg_kernels_t mg_kernels_avx512;
#endif

static bool has_base(void)
{
    return true;
}

/* Every feature that a level is compiled with (CMakeLists.txt) is asked for here. The
 * builtins include the operating system's support for the wide registers. */
#ifdef MG_HAVE_AVX2
static bool has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif
#ifdef MG_HAVE_AVX512
static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static const struct {
    const mg_kernels_t *kernels;
    bool (*supported)(void);
} levels[] = {
#ifdef MG_HAVE_AVX512
    {&mg_kernels_avx512, has_avx512},
#endif
#ifdef MG_HAVE_AVX2
    {&mg_kernels_avx2, has_avx2},
#endif
    {&mg_kernels_base, has_base},
};

static _Atomic(const mg_kernels_t *) chosen;

const mg_kernels_t *mg_kernels(void)
{
    const mg_kernels_t *kernels = atomic_load_explicit(&chosen, memory_order_acquire);
    if (kernels != NULL) return kernels;
    size_t level = 0;
    while (!levels[level].supported()) level++;
    /* Only the first choice is stored: a level set meanwhile stays. */
    return atomic_compare_exchange_strong(&chosen, &kernels, levels[level].kernels) ? levels[level].kernels : kernels;
}

const char *mg_isa_name(void)
{
    return mg_kernels()->name;
}

mg_status_t mg_isa_set(const char *name)
{
    if (name == NULL) return MG_ERR_ARGUMENT;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(levels[i].kernels->name, name) != 0) continue;
        if (!levels[i].supported()) return MG_ERR_ARGUMENT;
        atomic_store_explicit(&chosen, levels[i].kernels, memory_order_release);
        return MG_OK;
    }
    return MG_ERR_ARGUMENT;
}
