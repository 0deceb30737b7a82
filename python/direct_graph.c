/* How a result is recorded: the tensor, the node behind it, and the user's line.
 *
 * Every operation of a training step goes through this; see direct_record.c for why it is
 * here. Which operation is recorded, and what goes back through it, is Python. */
#include "direct_graph.h"

#include <stdbool.h>

#include "direct_record.h"

#define known direct_known

/* --- the user's line */

/* Whether a frame runs a file of the framework; -1 on an error. */
static int is_inside(PyObject *frame)
{
    PyObject *code = (PyObject *)PyFrame_GetCode((PyFrameObject *)frame);
    PyObject *file = PyObject_GetAttr(code, known.file);
    Py_DECREF(code);
    if (file == NULL) return -1;
    PyObject *inside = PyDict_GetItemWithError(known.inside, file);
    int answer = -1;
    if (inside != NULL) {
        answer = PyObject_IsTrue(inside);
    } else if (!PyErr_Occurred()) { /* the dict works out what it does not hold */
        inside = PyObject_GetItem(known.inside, file);
        if (inside != NULL) answer = PyObject_IsTrue(inside);
        Py_XDECREF(inside);
    }
    Py_DECREF(file);
    return answer;
}

PyObject *direct_user_line(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    PyObject *frame = PyObject_CallFunctionObjArgs(known.get_frame, known.one, NULL);
    if (frame == NULL && PyErr_ExceptionMatches(PyExc_ValueError)) { /* the caller is the thread's first frame */
        PyErr_Clear();
        frame = PyObject_CallFunctionObjArgs(known.get_frame, known.zero, NULL);
    }
    if (frame == NULL) return NULL;
    for (int inside; (inside = is_inside(frame)) != 0;) {
        PyObject *back = inside < 0 ? NULL : PyObject_GetAttr(frame, known.back);
        if (back == Py_None) {
            Py_DECREF(back);
            break;
        }
        Py_DECREF(frame);
        if (back == NULL) return NULL;
        frame = back;
    }
    PyObject *offset = PyObject_GetAttr(frame, known.offset), *where = NULL;
    if (offset != NULL) {
        PyObject *code = (PyObject *)PyFrame_GetCode((PyFrameObject *)frame);
        where = PyTuple_Pack(2, code, offset);
        Py_DECREF(code);
        Py_DECREF(offset);
    }
    Py_DECREF(frame);
    return where;
}

/* --- nodes */

/* Nodes recorded so far: they are numbered in the order of recording. */
static unsigned long long nodes;

PyObject *direct_serial(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    return PyLong_FromUnsignedLongLong(++nodes);
}

/* The node and output number through which a gradient reaches a tensor, or None: a new reference. */
static PyObject *edge_of(PyObject *tensor)
{
    if (!direct_is_tensor(tensor)) return NULL;
    int requires = PyObject_IsTrue(get(tensor, T_REQUIRES));
    if (requires < 0) return NULL;
    PyObject *edge = Py_None;
    if (requires) {
        if (get(tensor, T_NODE) != Py_None) return PyTuple_Pack(2, get(tensor, T_NODE), get(tensor, T_INDEX));
        edge = get(tensor, T_LEAF_EDGE);
        if (edge == Py_None) return PyObject_CallFunctionObjArgs(known.leaf_edge, tensor, NULL);
    }
    Py_INCREF(edge);
    return edge;
}

/* A tensor with its version, or None for None: a new reference. */
static PyObject *kept_with_version(PyObject *tensor)
{
    if (tensor == Py_None) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    if (!direct_is_tensor(tensor)) return NULL;
    if (get(tensor, T_CELL) == Py_None) return PyTuple_Pack(2, tensor, known.zero);
    PyObject *version = PyObject_GetAttr(get(tensor, T_CELL), known.version);
    if (version == NULL) return NULL;
    PyObject *pair = PyTuple_Pack(2, tensor, version);
    Py_DECREF(version);
    return pair;
}

/* The tuple of what `each` makes of a tuple's items. */
static PyObject *map_tuple(PyObject *items, PyObject *(*each)(PyObject *))
{
    if (!PyTuple_Check(items)) {
        PyErr_Format(PyExc_TypeError, "result: inputs and saved must be tuples; got %R", (PyObject *)Py_TYPE(items));
        return NULL;
    }
    Py_ssize_t count = PyTuple_Size(items);
    PyObject *mapped = PyTuple_New(count);
    for (Py_ssize_t i = 0; mapped != NULL && i < count; i++) {
        PyObject *made = each(PyTuple_GetItem(items, i));
        if (made == NULL)
            Py_CLEAR(mapped);
        else
            PyTuple_SetItem(mapped, i, made);
    }
    return mapped;
}

static PyObject *record(PyObject *node_type, PyObject *inputs, PyObject *saved, PyObject *where)
{
    if (!PyType_Check(node_type) || !PyType_IsSubtype((PyTypeObject *)node_type, known.node_fields)) {
        PyErr_Format(PyExc_TypeError, "result: node_type must be a subclass of Node; got %R", node_type);
        return NULL;
    }
    PyObject *node = direct_node_new((PyTypeObject *)node_type, NULL, NULL);
    if (node == NULL) return NULL;
    PyObject *edges = map_tuple(inputs, edge_of);
    PyObject *kept = edges == NULL ? NULL : map_tuple(saved, kept_with_version);
    PyObject *number = kept == NULL ? NULL : direct_serial(NULL, NULL);
    if (number == NULL) {
        Py_XDECREF(edges);
        Py_XDECREF(kept);
        Py_DECREF(node);
        return NULL;
    }
    put(node, N_EDGES, edges);
    put(node, N_SAVED, kept);
    put(node, N_NUMBER, number);
    put_new(node, N_WHERE, where);
    return node;
}

PyObject *direct_record(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count == 4) return record(arguments[0], arguments[1], arguments[2], arguments[3]);
    PyErr_Format(PyExc_TypeError, "record takes 4 arguments; got %zd", count);
    return NULL;
}

/* --- results */

PyObject *direct_fresh(PyObject *module, PyObject *data)
{
    (void)module;
    PyObject *out = direct_tensor_new((PyTypeObject *)known.tensor, NULL, NULL);
    if (out != NULL) put_new(out, T_DATA, data);
    return out;
}

/* Have the node keep its output: a tensor of its own over the same memory, so that none holds the other. */
static bool keep_output(PyObject *node, PyObject *out)
{
    PyObject *kept = direct_fresh(NULL, get(out, T_DATA)), *pair = NULL, *outputs = NULL;
    if (kept != NULL && get(out, T_CELL) == Py_None) {
        PyObject *cell = PyObject_CallNoArgs(known.cell);
        if (cell != NULL) put(out, T_CELL, cell);
    }
    if (kept != NULL && get(out, T_CELL) != Py_None) {
        put_new(kept, T_CELL, get(out, T_CELL));
        pair = kept_with_version(kept);
    }
    if (pair != NULL) outputs = PyTuple_Pack(1, pair);
    Py_XDECREF(pair);
    Py_XDECREF(kept);
    if (outputs == NULL) return false;
    put(node, N_OUTPUTS, outputs);
    return true;
}

/* The arguments of direct_result. */
typedef struct {
    PyObject *data, *node_type, *inputs, *saved;
    int save_output;
    PyObject *const *extra; /* values of the names that are no argument's */
    PyObject *names;        /* NULL if there is none */
} call_t;

/* Whether keyword i is `known_name`, which is interned as most are. */
static bool is_name(PyObject *name, PyObject *known_name)
{
    return name == known_name || PyUnicode_Compare(name, known_name) == 0;
}

static bool read_call(call_t *call, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    if (count < 3 || count > 5) {
        PyErr_Format(PyExc_TypeError, "result takes 3 to 5 positional arguments; got %zd", count);
        return false;
    }
    *call = (call_t){.data = arguments[0], .node_type = arguments[1], .inputs = arguments[2], .saved = known.nothing};
    if (count > 3) call->saved = arguments[3];
    if (count > 4) call->save_output = PyObject_IsTrue(arguments[4]);
    call->extra = arguments + count;
    call->names = names;
    Py_ssize_t extras = names == NULL ? 0 : PyTuple_Size(names);
    for (Py_ssize_t i = 0; i < extras; i++) {
        PyObject *name = PyTuple_GetItem(names, i);
        if (is_name(name, known.saved)) call->saved = call->extra[i];
        if (is_name(name, known.save_output)) call->save_output = PyObject_IsTrue(call->extra[i]);
    }
    return call->save_output >= 0;
}

/* Set what an operation's backward needs beside tensors. */
static bool describe(PyObject *node, const call_t *call)
{
    Py_ssize_t extras = call->names == NULL ? 0 : PyTuple_Size(call->names);
    for (Py_ssize_t i = 0; i < extras; i++) {
        PyObject *name = PyTuple_GetItem(call->names, i), *value = call->extra[i];
        if (is_name(name, known.saved) || is_name(name, known.save_output)) continue;
        if (PyObject_SetAttr(node, name, value) < 0) return false;
        if ((PyObject *)Py_TYPE(value) == known.array) put_new(node, N_ARRAYS, Py_True);
    }
    return true;
}

static bool connect(PyObject *out, const call_t *call)
{
    PyObject *node = record(call->node_type, call->inputs, call->saved, get(out, T_WHERE));
    if (node == NULL) return false;
    bool good = describe(node, call) && (!call->save_output || keep_output(node, out));
    if (good) {
        put_new(out, T_NODE, node);
        put_new(out, T_REQUIRES, Py_True);
    }
    Py_DECREF(node);
    return good;
}

/* Whether an input is to be differentiated; -1 on an error. */
static int any_requires(PyObject *inputs)
{
    Py_ssize_t count = PyTuple_Size(inputs);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *tensor = PyTuple_GetItem(inputs, i);
        int requires = direct_is_tensor(tensor) ? PyObject_IsTrue(get(tensor, T_REQUIRES)) : -1;
        if (requires != 0) return requires;
    }
    return count < 0 ? -1 : 0;
}

PyObject *direct_result(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    (void)module;
    call_t call;
    if (!read_call(&call, arguments, count, names)) return NULL;
    PyObject *out = direct_tensor_new((PyTypeObject *)known.tensor, NULL, NULL);
    if (out == NULL) return NULL;
    bool is_array = (PyObject *)Py_TYPE(call.data) == known.array;
    PyObject *data = is_array ? call.data : PyObject_CallFunctionObjArgs(known.as_array, call.data, NULL);
    if (is_array) Py_INCREF(data);
    put(out, T_DATA, data);
    bool good = data != NULL;
    if (good && !direct_mode.no_lines) {
        PyObject *where = direct_user_line(NULL, NULL);
        good = where != NULL;
        if (good) put(out, T_WHERE, where);
    }
    if (good && !direct_mode.off) {
        int requires = any_requires(call.inputs);
        good = requires == 0 || (requires > 0 && connect(out, &call));
    }
    if (!good) Py_CLEAR(out);
    return out;
}
