/* The row normalisations in the module minigrad._direct: see direct_norm.c. */
#ifndef MINIGRAD_DIRECT_NORM_H
#define MINIGRAD_DIRECT_NORM_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *direct_layer_norm(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_layer_norm_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

/* Their entries in the table of methods. */
#define DIRECT_NORM_METHODS                                                                                            \
    {"layer_norm", (PyCFunction)(void (*)(void))direct_layer_norm, METH_FASTCALL,                                      \
     "layer_norm($module, x, width, weight, bias, eps, centred, /)\n--\n\n"                                            \
     "Return the normalised rows of x, whose last extent must be `width`, and the statistics that\n"                   \
     "backward needs, as mg_layer_norm; weight and bias may be None. The C status, or -1, if an array\n"               \
     "is not contiguous, they do not fit each other, or they are no floats of one type."},                             \
        {"layer_norm_backward", (PyCFunction)(void (*)(void))direct_layer_norm_backward, METH_FASTCALL,                \
         "layer_norm_backward($module, x, weight, stats, dy, eps, centred, edges, /)\n--\n\n"                          \
         "Return the gradients of x, of weight unless that is None, and of bias if there is one more\n"                \
         "edge, as tensors, each None where its edge is, as mg_layer_norm_backward; the C status, or -1,\n"            \
         "as layer_norm."},

#endif
