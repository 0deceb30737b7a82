/* Python's arrays, read through the buffer protocol: one call opens them all, in less time
 * than cffi takes for one pointer. */
#include "direct_arrays.h"

#include <stdint.h>
#include <string.h>

#include "direct_arena.h"
#include "direct_graph.h"
#include "direct_record.h"
#include "minigrad.h"

static bool is_usable(const direct_arrays_t *arrays, const Py_buffer *view, Py_ssize_t count)
{
    const char *format = view->format;
    return format != NULL && format[0] != 0 && strchr(arrays->types, format[0]) != NULL && format[1] == 0 &&
           view->itemsize == arrays->itemsize && (uintptr_t)view->buf % (size_t)view->itemsize == 0 &&
           (count < 0 || view->len / view->itemsize == count);
}

void *direct_open(direct_arrays_t *arrays, PyObject *array, Py_ssize_t count, bool writable)
{
    if (array == Py_None || !arrays->good) return NULL;
    Py_buffer *view = &arrays->views[arrays->opened];
    if (arrays->opened == DIRECT_MOST_ARRAYS ||
        PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)) != 0) {
        PyErr_Clear();
        arrays->good = false;
        return NULL;
    }
    if (arrays->opened++ == 0) arrays->itemsize = view->itemsize;
    arrays->good = is_usable(arrays, view, count);
    return view->buf;
}

const void *direct_open_rows(direct_arrays_t *arrays, PyObject *array, Py_ssize_t *rows, Py_ssize_t *columns)
{
    const Py_buffer *view = &arrays->views[arrays->opened];
    const void *data = direct_open(arrays, array, -1, false);
    if (data != NULL && arrays->good) arrays->good = view->ndim > 0;
    if (data == NULL || !arrays->good) return NULL;
    *columns = view->shape[view->ndim - 1];
    *rows = 1;
    for (int i = 0; i + 1 < view->ndim; i++) *rows *= view->shape[i];
    return data;
}

void direct_close(direct_arrays_t *arrays)
{
    while (arrays->opened > 0) PyBuffer_Release(&arrays->views[--arrays->opened]);
}

PyObject *direct_finish(direct_arrays_t *arrays, long status)
{
    direct_close(arrays);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(status);
}

PyObject *direct_finish_with(direct_arrays_t *arrays, long status, PyObject *made)
{
    if (status != MG_OK || made == NULL) {
        Py_XDECREF(made);
        return direct_finish(arrays, status);
    }
    direct_close(arrays);
    return made;
}

PyObject *direct_new_like(PyObject *like)
{
    PyObject *shape = PyObject_GetAttr(like, direct_known.shape), *dtype = PyObject_GetAttr(like, direct_known.dtype);
    PyObject *const arguments[2] = {shape, dtype};
    PyObject *made = shape == NULL || dtype == NULL ? NULL : direct_empty(NULL, arguments, 2);
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    return made;
}

/* The shape of `like` with `last` for its last extent. */
static PyObject *shape_like(PyObject *like, PyObject *last)
{
    PyObject *had = PyObject_GetAttr(like, direct_known.shape);
    PyObject *lead = had == NULL ? NULL : PyTuple_GetSlice(had, 0, PyTuple_Size(had) - 1);
    PyObject *end = lead == NULL ? NULL : PyTuple_Pack(1, last);
    PyObject *shape = end == NULL ? NULL : PySequence_Concat(lead, end);
    Py_XDECREF(had);
    Py_XDECREF(lead);
    Py_XDECREF(end);
    return shape;
}

PyObject *direct_new_rows(PyObject *like, Py_ssize_t rows, Py_ssize_t columns)
{
    PyObject *shape = NULL, *last = PyLong_FromSsize_t(columns), *dtype = PyObject_GetAttr(like, direct_known.dtype);
    if (last != NULL && rows == DIRECT_LIKE)
        shape = shape_like(like, last);
    else if (last != NULL)
        shape = rows == DIRECT_FLAT ? PyTuple_Pack(1, last) : Py_BuildValue("nO", rows, last);
    PyObject *const arguments[2] = {shape, dtype};
    PyObject *made = shape == NULL || dtype == NULL ? NULL : direct_empty(NULL, arguments, 2);
    Py_XDECREF(shape);
    Py_XDECREF(last);
    Py_XDECREF(dtype);
    return made;
}

PyObject *direct_wrap(PyObject *const *made, Py_ssize_t count)
{
    PyObject *out = PyTuple_New(count);
    for (Py_ssize_t i = 0; out != NULL && i < count; i++) {
        PyObject *tensor = made[i] == NULL ? Py_None : direct_fresh(NULL, made[i]);
        if (tensor == Py_None) Py_INCREF(Py_None);
        if (tensor == NULL)
            Py_CLEAR(out);
        else
            PyTuple_SetItem(out, i, tensor);
    }
    return out;
}

PyObject *direct_wrong_count(const char *name, Py_ssize_t wanted, Py_ssize_t count)
{
    PyErr_Format(PyExc_TypeError, "%s takes %zd arguments; got %zd", name, wanted, count);
    return NULL;
}
