#include "minigrad/core.h"

#ifndef MG_VERSION
#define MG_VERSION "0.0.0"
#endif

const char *mg_status_string(mg_status_t status)
{
    switch (status) {
    case MG_OK: return "success";
    case MG_ERR_MEMORY: return "not enough memory";
    case MG_ERR_ARGUMENT: return "an argument is outside its documented range";
    case MG_ERR_OVERFLOW: return "the sizes are too large: their product does not fit in a machine word";
    case MG_ERR_SINGULAR: return "the matrix is singular in working precision";
    case MG_ERR_NOT_POSITIVE_DEFINITE: return "the matrix is not positive definite";
    case MG_ERR_NO_CONVERGENCE: return "the iteration did not converge";
    case MG_ERR_NOT_FINITE: return "the input holds NaN or infinity";
    }
    return "unknown status code";
}

const char *mg_version(void)
{
    return MG_VERSION;
}

const char *mg_compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown compiler";
#endif
}
