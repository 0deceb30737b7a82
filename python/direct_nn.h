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
PyObject *direct_enter_gradients(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

/* Their entries in the table of methods. */
#define DIRECT_FUNCTION(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL
#define DIRECT_NN_METHODS                                                                                              \
    {"unary", DIRECT_FUNCTION(direct_unary),                                                                           \
     "unary($module, op, x, a, b, c, /)\n--\n\n"                                                                       \
     "Return f(x) for a contiguous array of floats, as mg_unary; the C status, or -1, if it is none."},                \
        {"unary_backward", DIRECT_FUNCTION(direct_unary_backward),                                                     \
         "unary_backward($module, op, s, dy, a, b, c, /)\n--\n\n"                                                      \
         "Return dy f'(s), as mg_unary_backward; the C status, or -1 as unary."},                                      \
        {"linear", DIRECT_FUNCTION(direct_linear),                                                                     \
         "linear($module, x, w, bias, /)\n--\n\n"                                                                      \
         "Return x w' + bias, as mg_linear; bias may be None. The C status, or -1, if an array is not\n"               \
         "contiguous, they do not fit each other, or they are no floats of one type."},                                \
        {"linear_backward", DIRECT_FUNCTION(direct_linear_backward),                                                   \
         "linear_backward($module, x, w, dy, edges, /)\n--\n\n"                                                        \
         "Return the gradients of x, w and bias as tensors, each None where its edge is, as\n"                         \
         "mg_linear_backward; x and w may be None if not needed. The C status, or -1, as linear."},                    \
        {"cross_entropy", DIRECT_FUNCTION(direct_cross_entropy),                                                       \
         "cross_entropy($module, x, target, ignore_index, smoothing, /)\n--\n\n"                                       \
         "Return the losses of a matrix's rows, the statistics that backward needs, and both totals, as\n"             \
         "mg_cross_entropy without class weights; None for whatever needs a closer look."},                            \
        {"cross_entropy_backward", DIRECT_FUNCTION(direct_cross_entropy_backward),                                     \
         "cross_entropy_backward($module, x, target, stats, dloss, ignore_index, smoothing, factor, /)\n--\n\n"        \
         "Return the gradient, as mg_cross_entropy_backward without class weights; the C status, or -1,\n"             \
         "as linear."},                                                                                                \
        {"enter_gradients", DIRECT_FUNCTION(direct_enter_gradients),                                                   \
         "enter_gradients($module, params, members, state, keep, /)\n--\n\n"                                           \
         "Enter the gradients of a plan's parameters; False if one was replaced since it was made.\n"                  \
         "See minigrad.nn.optim._steps."},

#endif
