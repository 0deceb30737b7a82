/* What a tensor and a node of the graph are made of: see direct_record.c. */
#ifndef MINIGRAD_DIRECT_RECORD_H
#define MINIGRAD_DIRECT_RECORD_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

enum { T_DATA, T_NODE, T_INDEX, T_REQUIRES, T_GRAD, T_CELL, T_VIEW, T_WHERE, T_LEAF_EDGE, T_RETAINS, TENSOR_FIELDS };
enum {
    N_EDGES,
    N_NUMBER,
    N_WHERE,
    N_SAVED,
    N_OUTPUTS,
    N_COUNT,
    N_METAS,
    N_RELEASED,
    N_ARRAYS,
    N_PRE_HOOKS,
    N_HOOKS,
    N_LEAF,
    N_POST_HOOKS,
    NODE_FIELDS
};

/* An object whose attributes lie in it, and which takes others in a dict. */
typedef struct {
    PyObject ob_base;
    PyObject *dict, *weak;
    PyObject *fields[];
} record_t;

/* What the functions make or ask, in Python; kept until the process ends. */
typedef struct {
    PyTypeObject *tensor_fields, *node_fields; /* made here */
    PyObject *tensor, *array, *as_array, *cell, *leaf_node, *leaf_edge, *inside, *byte, *push, *blocks, *new_block,
        *np_empty; /* adopted, in this order */
    PyObject *get_frame, *zero, *one, *nothing;
    PyObject *version, *file, *back, *offset, *saved, *save_output, *flags, *contiguous, *base, *dtype, *itemsize,
        *shape;
} known_t;
extern known_t direct_known;

/* What a thread records: operations for gradients, and the user's lines. */
typedef struct {
    bool off, no_lines;
} direct_mode_t;
extern _Thread_local direct_mode_t direct_mode;

static inline PyObject *get(PyObject *object, int field)
{
    return ((record_t *)object)->fields[field];
}

/* Set a field; the reference to `value` becomes the object's. */
static inline void put(PyObject *object, int field, PyObject *value)
{
    PyObject **place = &((record_t *)object)->fields[field], *before = *place;
    *place = value;
    Py_XDECREF(before);
}

static inline void put_new(PyObject *object, int field, PyObject *value)
{
    Py_INCREF(value);
    put(object, field, value);
}

/* A new object of a subtype; NULL with an exception set if there is no memory. */
PyObject *direct_tensor_new(PyTypeObject *type, PyObject *arguments, PyObject *names);
PyObject *direct_node_new(PyTypeObject *type, PyObject *arguments, PyObject *names);

/* Whether an object is one; else TypeError is set. */
bool direct_is_tensor(PyObject *object);
bool direct_is_node(PyObject *object);

/* Add the types TensorFields, NodeFields and Mode; -1 with an exception set if that fails. */
int direct_record_start(PyObject *module);

PyObject *direct_adopt(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *direct_release(PyObject *module, PyObject *node);

/* Their entries in the table of methods. */
#define DIRECT_RECORD_METHODS                                                                                          \
    {"adopt", (PyCFunction)(void (*)(void))direct_adopt, METH_FASTCALL,                                                \
     "adopt($module, Tensor, ndarray, asarray, Cell, AccumulateGrad, leaf_edge, inside_house, uint8, heappush,\n"      \
     "blocks, new_block, empty, /)\n--\n\n"                                                                            \
     "Name the Python objects that the other functions make or ask; once, before any of them."},                       \
        {"release", (PyCFunction)direct_release, METH_O,                                                               \
         "release($module, node, /)\n--\n\n"                                                                           \
         "Drop what a node saved, so that its memory can be used again."},

#endif
