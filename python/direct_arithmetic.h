/* Arithmetic in the module minigrad._direct: see direct_arithmetic.c. */
#ifndef MINIGRAD_DIRECT_ARITHMETIC_H
#define MINIGRAD_DIRECT_ARITHMETIC_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *direct_binary(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_where(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_copy(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

/* Their entries in the table of methods. */
#define DIRECT_ARITHMETIC_METHODS                                                                                      \
    {"binary", (PyCFunction)(void (*)(void))direct_binary, METH_FASTCALL,                                              \
     "binary($module, op, x, y, out, /)\n--\n\n"                                                                       \
     "Write x op y, broadcast, into out, as mg_binary; y may be a number, out may be an operand. False,\n"             \
     "with out untouched, if an array is no floats of out's type or lies too much apart."},                            \
        {"where", (PyCFunction)(void (*)(void))direct_where, METH_FASTCALL,                                            \
         "where($module, mask, x, y, out, /)\n--\n\n"                                                                  \
         "Write x where the array of bools is true and y elsewhere into out, as mg_where. False as binary."},          \
        {"copy", (PyCFunction)(void (*)(void))direct_copy, METH_FASTCALL,                                              \
         "copy($module, x, out, /)\n--\n\n"                                                                            \
         "Write x, broadcast, into out, as mg_copy. False as binary."},

#endif
