/* How the walk backward carries gradients from a node to those before it; see
 * minigrad/nn/_graph.py, which owns the walk. */
#include "direct_walk.h"

#include <stdbool.h>

#include "direct_record.h"

#define known direct_known

/* Whether an attribute of `object` is true (or `wanted` itself); -1 on an error. */
static int attribute_is(PyObject *object, PyObject *name, PyObject *wanted)
{
    PyObject *value = PyObject_GetAttr(object, name);
    int same = value == NULL ? -1 : value == wanted;
    Py_XDECREF(value);
    return same;
}

/* Whether only `references` hold the gradient and nobody else its memory, so that a leaf may
 * keep it: the array is the tensor's, and a block of the arena its array's and its list's.
 * -1 on an error. */
static int is_unshared(PyObject *grad, Py_ssize_t references)
{
    if (!direct_is_tensor(grad)) return -1;
    PyObject *array = get(grad, T_DATA);
    if (Py_REFCNT(grad) > references || Py_REFCNT(array) > 1) return 0;
    if (get(grad, T_NODE) != Py_None || get(grad, T_CELL) != Py_None) return 0;
    PyObject *flags = PyObject_GetAttr(array, known.flags);
    int good = flags == NULL ? -1 : attribute_is(flags, known.contiguous, Py_True);
    Py_XDECREF(flags);
    if (good <= 0) return good;
    PyObject *base = PyObject_GetAttr(array, known.base);
    if (base == NULL) return -1;
    if (base != Py_None) {
        good = (PyObject *)Py_TYPE(base) == known.array && Py_REFCNT(base) <= 3; /* the third is `base` here */
        if (good) good = attribute_is(base, known.dtype, known.byte);
    }
    Py_DECREF(base);
    return good;
}

PyObject *direct_is_unshared(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    Py_ssize_t names = count == 2 ? PyLong_AsSsize_t(arguments[1]) : -1;
    if (names < 0) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "is_unshared takes a gradient and a count");
        return NULL;
    }
    int unshared = is_unshared(arguments[0], names + 1); /* and this call's argument */
    return unshared < 0 ? NULL : PyBool_FromLong(unshared);
}

/* Give a leaf its first gradient at once, without a queue: 1 if it did, 0 if somebody
 * listens or it holds one already, -1 on an error. The tuple that `backward` returned is
 * the one reference to the gradient. */
static int reach(PyObject *end, PyObject *grad, PyObject *begun)
{
    if (get(end, N_PRE_HOOKS) != Py_None || get(end, N_HOOKS) != Py_None || get(end, N_POST_HOOKS) != Py_None) return 0;
    PyObject *leaf = PyWeakref_GetObject(get(end, N_LEAF));
    if (leaf == NULL) return -1;
    if (leaf == Py_None) return 0;
    if (!direct_is_tensor(leaf)) return -1;
    if (get(leaf, T_GRAD) != Py_None) return 0;
    int unshared = is_unshared(grad, 1);
    if (unshared < 0) return -1;
    PyObject *own = grad;
    if (unshared)
        Py_INCREF(own);
    else
        own = PyObject_CallMethod(grad, "clone", NULL);
    if (own == NULL) return -1;
    put(leaf, T_GRAD, own);
    return PySet_Add(begun, end) == 0 ? 1 : -1;
}

/* Put the first gradient of a node on the queue, the latest node first. */
static bool enter(PyObject *node, Py_ssize_t index, PyObject *grad, PyObject *arrived, PyObject *heap)
{
    Py_ssize_t count = PyLong_AsSsize_t(get(node, N_COUNT));
    PyObject *slots = count <= index ? NULL : PyList_New(count);
    if (slots == NULL) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_IndexError, "deliver: an edge leads to no output");
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *first = i == index ? grad : Py_None;
        Py_INCREF(first);
        PyList_SetItem(slots, i, first);
    }
    PyObject *order = PyNumber_Negative(get(node, N_NUMBER)), *name = PyLong_FromVoidPtr(node);
    PyObject *item = order == NULL || name == NULL ? NULL : PyTuple_Pack(3, order, name, node);
    PyObject *pushed = NULL;
    if (item != NULL && PyDict_SetItem(arrived, node, slots) == 0)
        pushed = PyObject_CallFunctionObjArgs(known.push, heap, item, NULL);
    Py_DECREF(slots);
    Py_XDECREF(order);
    Py_XDECREF(name);
    Py_XDECREF(item);
    Py_XDECREF(pushed);
    return pushed != NULL;
}

/* Carry one gradient to the node and output that an edge names. */
static bool carry(PyObject *edge, PyObject *grad, PyObject *const *walk)
{
    PyObject *arrived = walk[0], *heap = walk[1], *begun = walk[2], *more = walk[3];
    PyObject *target = PyTuple_GetItem(edge, 0), *number = target == NULL ? NULL : PyTuple_GetItem(edge, 1);
    if (number == NULL || !direct_is_node(target)) return false;
    if (begun != Py_None && (PyObject *)Py_TYPE(target) == known.leaf_node) {
        int reached = reach(target, grad, begun);
        if (reached != 0) return reached > 0;
    } else {
        PyObject *slots = PyDict_GetItemWithError(arrived, target);
        if (slots == NULL) {
            Py_ssize_t index = PyErr_Occurred() ? -1 : PyLong_AsSsize_t(number);
            return index >= 0 && enter(target, index, grad, arrived, heap);
        }
    }
    PyObject *sent = PyObject_CallFunctionObjArgs(more, target, number, grad, NULL);
    Py_XDECREF(sent);
    return sent != NULL;
}

PyObject *direct_deliver(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 6 || !PyTuple_Check(arguments[0]) || !PyDict_Check(arguments[2])) {
        PyErr_SetString(PyExc_TypeError, "deliver takes edges, gradients, arrived, heap, begun and more");
        return NULL;
    }
    PyObject *edges = arguments[0], *grads = PySequence_Tuple(arguments[1]);
    if (grads == NULL) return NULL;
    Py_ssize_t length = PyTuple_Size(edges);
    bool good = length == PyTuple_Size(grads);
    if (!good) PyErr_SetString(PyExc_ValueError, "deliver: each edge must have one gradient, or None");
    for (Py_ssize_t i = 0; good && i < length; i++) {
        PyObject *edge = PyTuple_GetItem(edges, i), *grad = PyTuple_GetItem(grads, i);
        if (edge != Py_None && grad != Py_None) good = carry(edge, grad, arguments + 2);
    }
    Py_DECREF(grads);
    if (!good) return NULL;
    Py_RETURN_NONE;
}
