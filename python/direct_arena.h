/* The caching arena in the module minigrad._direct: see direct_arena.c. */
#ifndef MINIGRAD_DIRECT_ARENA_H
#define MINIGRAD_DIRECT_ARENA_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *direct_empty(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

/* Its entry in the table of methods. */
#define DIRECT_ARENA_METHODS                                                                                           \
    {"empty", (PyCFunction)(void (*)(void))direct_empty, METH_FASTCALL,                                                \
     "empty($module, shape, dtype, /)\n--\n\n"                                                                         \
     "Return an array with arbitrary contents, contiguous, from the arena if it is not small."},

#endif
