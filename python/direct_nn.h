/* The operations of nn in the module minigrad._direct: see direct_nn.c. */
#ifndef MINIGRAD_DIRECT_NN_H
#define MINIGRAD_DIRECT_NN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *direct_unary(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_unary_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_linear(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_linear_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_cross_entropy(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_cross_entropy_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

/* Their entries in the table of methods. */
#define DIRECT_FUNCTION(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL
#define DIRECT_NN_METHODS                                                                                              \
    {"unary", DIRECT_FUNCTION(direct_unary),                                                                           \
     "unary($module, op, x, y, a, b, c, /)\n--\n\n"                                                                    \
     "y = f(x) for contiguous float arrays of one type and size, as mg_unary; the C status, or\n"                      \
     "-1 (y untouched) if one is not contiguous or they do not match."},                                               \
        {"unary_backward", DIRECT_FUNCTION(direct_unary_backward),                                                     \
         "unary_backward($module, op, s, dy, dx, a, b, c, /)\n--\n\n"                                                  \
         "dx = dy f'(s), as mg_unary_backward; the C status, or -1 as unary."},                                        \
        {"linear", DIRECT_FUNCTION(direct_linear),                                                                     \
         "linear($module, x, w, bias, y, m, k, n, /)\n--\n\n"                                                          \
         "y = x w' + bias, as mg_linear; bias may be None; the C status, or -1 as unary."},                            \
        {"linear_backward", DIRECT_FUNCTION(direct_linear_backward),                                                   \
         "linear_backward($module, x, w, dy, dx, dw, dbias, m, k, n, /)\n--\n\n"                                       \
         "The gradients, as mg_linear_backward; x, w and outputs may be None; the C status, or -1\n"                   \
         "as unary."},                                                                                                 \
        {"cross_entropy", DIRECT_FUNCTION(direct_cross_entropy),                                                       \
         "cross_entropy($module, x, target, loss, stats, rows, classes, ignore_index, smoothing, /)\n--\n\n"           \
         "Losses of rows, as mg_cross_entropy without class weights; the pair of totals, or None\n"                    \
         "(the outputs untouched) for whatever needs a closer look."},                                                 \
        {"cross_entropy_backward", DIRECT_FUNCTION(direct_cross_entropy_backward),                                     \
         "cross_entropy_backward($module, x, target, stats, dloss, dx, rows, classes, ignore_index, smoothing,\n"      \
         "stride, factor, /)\n--\n\n"                                                                                  \
         "The gradient, as mg_cross_entropy_backward without class weights; the C status, or -1 as unary."},

#endif
