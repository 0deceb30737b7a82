/* The walk backward in the module minigrad._direct: see direct_walk.c. */
#ifndef MINIGRAD_DIRECT_WALK_H
#define MINIGRAD_DIRECT_WALK_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *direct_is_unshared(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_deliver(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

/* Their entries in the table of methods. */
#define DIRECT_WALK_METHODS                                                                                            \
    {"is_unshared", (PyCFunction)(void (*)(void))direct_is_unshared, METH_FASTCALL,                                    \
     "is_unshared($module, grad, names, /)\n--\n\n"                                                                    \
     "Return whether only `names` hold the gradient, and nobody else its memory."},                                    \
        {"deliver", (PyCFunction)(void (*)(void))direct_deliver, METH_FASTCALL,                                        \
         "deliver($module, edges, grads, arrived, heap, begun, more, /)\n--\n\n"                                       \
         "Carry gradients along edges: the first of a node to `arrived` and `heap`; the first of a leaf to\n"          \
         "the leaf itself, which is added to `begun`, unless that is None; others to ``more``."},

#endif
