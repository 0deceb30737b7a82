/* The gradients of an optimizer's step: see minigrad/nn/optim/_steps.py, which makes the plans. */
#include <stdbool.h>
#include <string.h>

#include "direct_nn.h"
#include "direct_record.h"

/* What a plan knows of a parameter, as a tuple: itself, its array, the pointers to gradients of
 * its part (None if it had no gradient), its place among them, its extent in bytes and its
 * element's, its entry of state (None if there is none), and for each of that entry's items
 * the pair of the item and, of a tensor, its array. */
enum { M_PARAM, M_DATA, M_SLOTS, M_SLOT, M_BYTES, M_ITEM, M_ENTRY, M_HELD, MEMBER };

/* Whether an entry of state still holds what the plan has seen; -1 on an error. */
static int holds(PyObject *state, PyObject *param, PyObject *entry, PyObject *held)
{
    if (entry == Py_None) return 1;
    if (PyDict_GetItemWithError(state, param) != entry) return PyErr_Occurred() ? -1 : 0;
    Py_ssize_t at = 0, count = PyTuple_Size(held), i = 0;
    if (count < 0) return -1;
    if (PyDict_Size(entry) != count) return 0;
    for (PyObject *key, *item; i < count && PyDict_Next(entry, &at, &key, &item); i++) {
        PyObject *pair = PyTuple_GetItem(held, i), *known = pair == NULL ? NULL : PyTuple_GetItem(pair, 0);
        PyObject *array = known == NULL ? NULL : PyTuple_GetItem(pair, 1);
        if (array == NULL) return -1;
        if (item != known) return 0;
        if (array != Py_None && (!direct_is_tensor(item) || get(item, T_DATA) != array))
            return PyErr_Occurred() ? -1 : 0;
    }
    return 1;
}

/* Open a gradient's array, or a copy without gaps, which `keep` then holds. */
static bool open_gradient(PyObject *array, Py_buffer *view, PyObject *keep)
{
    if (PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) == 0) return true;
    PyErr_Clear();
    PyObject *copy = PyObject_CallMethod(array, "copy", NULL);
    bool good = copy != NULL && PyList_Append(keep, copy) == 0 &&
                PyObject_GetBuffer(copy, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) == 0;
    Py_XDECREF(copy);
    return good;
}

/* Write a gradient's address to its place. */
static bool enter(PyObject *member, PyObject *grad, PyObject *keep)
{
    Py_ssize_t slot = PyLong_AsSsize_t(PyTuple_GetItem(member, M_SLOT)),
               bytes = PyLong_AsSsize_t(PyTuple_GetItem(member, M_BYTES)),
               item = PyLong_AsSsize_t(PyTuple_GetItem(member, M_ITEM));
    Py_buffer view, slots;
    if (PyErr_Occurred() || !direct_is_tensor(grad) || !open_gradient(get(grad, T_DATA), &view, keep)) return false;
    void *address = view.buf;
    bool good = view.len == bytes && view.itemsize == item && strcmp(view.format, item == 4 ? "f" : "d") == 0;
    PyBuffer_Release(&view); /* the tensor, which the parameter holds, or the list keeps the array */
    if (!good) {
        PyObject *shape = PyObject_GetAttr(get(grad, T_DATA), direct_known.shape);
        if (shape != NULL)
            PyErr_Format(PyExc_ValueError, "step: a gradient must have its parameter's dtype and shape; got %R", shape);
        Py_XDECREF(shape);
        return false;
    }
    if (PyObject_GetBuffer(PyTuple_GetItem(member, M_SLOTS), &slots, PyBUF_WRITABLE) != 0) return false;
    good = slot >= 0 && slot < slots.len / (Py_ssize_t)sizeof address;
    if (good)
        memcpy((char *)slots.buf + (size_t)slot * sizeof address, &address, sizeof address);
    else
        PyErr_SetString(PyExc_IndexError, "enter_gradients: a part has no such place");
    PyBuffer_Release(&slots);
    return good;
}

/* Whether a member is as it was, with its gradient entered; -1 on an error. */
static int enter_member(PyObject *member, PyObject *param, PyObject *state, PyObject *keep)
{
    if (!PyTuple_Check(member) || PyTuple_Size(member) != MEMBER || !direct_is_tensor(param)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "enter_gradients: not a member of a plan");
        return -1;
    }
    if (param != PyTuple_GetItem(member, M_PARAM) || get(param, T_DATA) != PyTuple_GetItem(member, M_DATA)) return 0;
    PyObject *grad = get(param, T_GRAD);
    bool had = PyTuple_GetItem(member, M_SLOTS) != Py_None;
    if (!had || grad == Py_None) return !had && grad == Py_None;
    int same = holds(state, param, PyTuple_GetItem(member, M_ENTRY), PyTuple_GetItem(member, M_HELD));
    return same <= 0 ? same : enter(member, grad, keep) ? 1 : -1;
}

PyObject *direct_enter_gradients(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 4 || !PyList_Check(arguments[1]) || !PyDict_Check(arguments[2]) || !PyList_Check(arguments[3])) {
        PyErr_SetString(PyExc_TypeError, "enter_gradients takes parameters, members, the state and a list");
        return NULL;
    }
    PyObject *params = PySequence_Tuple(arguments[0]);
    if (params == NULL) return NULL;
    Py_ssize_t length = PyList_Size(arguments[1]);
    int same = PyTuple_Size(params) == length;
    for (Py_ssize_t i = 0; same > 0 && i < length; i++)
        same = enter_member(PyList_GetItem(arguments[1], i), PyTuple_GetItem(params, i), arguments[2], arguments[3]);
    Py_DECREF(params);
    return same < 0 ? NULL : PyBool_FromLong(same);
}
