/* The record of operations in the module minigrad._direct: see direct_graph.c. */
#ifndef MINIGRAD_DIRECT_GRAPH_H
#define MINIGRAD_DIRECT_GRAPH_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *direct_fresh(PyObject *module, PyObject *data);
PyObject *direct_serial(PyObject *module, PyObject *none);
PyObject *direct_user_line(PyObject *module, PyObject *none);
PyObject *direct_record(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_result(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* Their entries in the table of methods. */
#define DIRECT_GRAPH_METHODS                                                                                           \
    {"fresh", (PyCFunction)direct_fresh, METH_O,                                                                       \
     "fresh($module, data, /)\n--\n\n"                                                                                 \
     "Return a tensor over the array `data` that nobody recorded."},                                                   \
        {"serial", (PyCFunction)direct_serial, METH_NOARGS,                                                            \
         "serial($module, /)\n--\n\n"                                                                                  \
         "Return the number of the next node."},                                                                       \
        {"user_line", (PyCFunction)direct_user_line, METH_NOARGS,                                                      \
         "user_line($module, /)\n--\n\n"                                                                               \
         "Return where the statement outside the framework stands that led to this call."},                            \
        {"record", (PyCFunction)(void (*)(void))direct_record, METH_FASTCALL,                                          \
         "record($module, node_type, inputs, saved, where, /)\n--\n\n"                                                 \
         "Return a node of `node_type` with edges to `inputs`, which keeps `saved` with their versions."},             \
        {"result", (PyCFunction)(void (*)(void))direct_result, METH_FASTCALL | METH_KEYWORDS,                          \
         "result($module, data, node_type, inputs, saved=(), save_output=False, /, **extra)\n--\n\n"                   \
         "Return a tensor over `data`, recorded as made by `node_type` if that is called for; see\n"                   \
         "minigrad.nn._tensor."},

#endif
