/* The way from Python's arrays to arithmetic, choices and copies.
 *
 * An operand of any shape is broadcast to the result's, whose dimensions are parted by two cuts
 * into the three extents that mg_binary takes. NumPy does what lies otherwise. */
#include "direct_arithmetic.h"

#include <stdbool.h>
#include <stdint.h>

#include "direct_arrays.h"
#include "minigrad.h"

enum { MOST_DIMS = 8 };

typedef struct {
    Py_buffer view; /* open if is_open */
    bool is_open;
    union {
        float f;
        double d;
    } number; /* if it is no array */
    const void *data;
    Py_ssize_t steps[MOST_DIMS]; /* in elements, one for each dimension of the result */
    size_t merged[3];            /* the steps along the three extents */
} operand_t;

static bool is_of(const Py_buffer *view, char type)
{
    return view->format != NULL && view->format[0] == type && view->format[1] == 0 &&
           (uintptr_t)view->buf % (size_t)view->itemsize == 0;
}

/* Open a result: an array of floats without gaps. */
static bool open_result(Py_buffer *out, PyObject *array)
{
    if (PyObject_GetBuffer(array, out, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE) != 0) {
        PyErr_Clear();
        return false;
    }
    if ((is_of(out, 'f') || is_of(out, 'd')) && out->ndim <= MOST_DIMS) return true;
    PyBuffer_Release(out);
    return false;
}

/* Steps of the operand along the result's dimensions. */
static bool broadcast(operand_t *operand, const Py_buffer *out)
{
    const Py_buffer *view = &operand->view;
    int lead = out->ndim - view->ndim;
    if (lead < 0) return false;
    for (int i = 0; i < out->ndim; i++) {
        operand->steps[i] = 0;
        if (i < lead || view->shape[i - lead] == 1) continue;
        Py_ssize_t bytes = view->strides[i - lead];
        if (view->shape[i - lead] != out->shape[i] || bytes < 0 || bytes % view->itemsize != 0) return false;
        operand->steps[i] = bytes / view->itemsize;
    }
    return true;
}

/* Whether the operand is apart from the result, or the very same elements. */
static bool is_apart(const operand_t *operand, const Py_buffer *out)
{
    Py_ssize_t reach = 0, size = 1;
    bool same = operand->view.buf == out->buf && operand->view.itemsize == out->itemsize;
    for (int i = out->ndim - 1; i >= 0; i--) {
        if (out->shape[i] > 1) {
            reach += operand->steps[i] * (out->shape[i] - 1);
            same = same && operand->steps[i] == size;
        }
        size *= out->shape[i];
    }
    uintptr_t first = (uintptr_t)operand->view.buf, begin = (uintptr_t)out->buf;
    return same || first + (size_t)(reach + 1) * (size_t)operand->view.itemsize <= begin ||
           begin + (size_t)out->len <= first;
}

static bool open_operand(operand_t *operand, PyObject *value, const Py_buffer *out, char type)
{
    if (type != '?' && (PyFloat_Check(value) || PyLong_Check(value))) {
        double number = PyFloat_AsDouble(value);
        if (PyErr_Occurred()) {
            PyErr_Clear();
            return false;
        }
        if (out->itemsize == 4)
            operand->number.f = (float)number;
        else
            operand->number.d = number;
        operand->data = &operand->number;
        for (int i = 0; i < out->ndim; i++) operand->steps[i] = 0;
        return true;
    }
    if (PyObject_GetBuffer(value, &operand->view, PyBUF_STRIDES | PyBUF_FORMAT) != 0) {
        PyErr_Clear();
        return false;
    }
    operand->is_open = true;
    operand->data = operand->view.buf;
    return is_of(&operand->view, type) && broadcast(operand, out) && is_apart(operand, out);
}

/* The one step that dimensions [from, to) have together, if there is one. */
static bool merge(const operand_t *operand, const Py_buffer *out, int from, int to, size_t *step)
{
    Py_ssize_t first = 0, expected = 0;
    bool any = false;
    for (int i = to - 1; i >= from; i--) {
        if (out->shape[i] == 1) continue;
        if (!any) first = expected = operand->steps[i];
        if (operand->steps[i] != expected) return false;
        any = true;
        expected *= out->shape[i];
    }
    *step = (size_t)first;
    return true;
}

/* Whether two cuts suit every operand; only a copy's may have any last step. */
static bool suits(operand_t *operands, int count, const Py_buffer *out, const int *cuts)
{
    for (int k = 0; k < count; k++)
        for (int part = 0; part < 3; part++) {
            size_t *step = &operands[k].merged[part];
            if (!merge(&operands[k], out, cuts[part], cuts[part + 1], step)) return false;
            if (part == 2 && count > 1 && *step > 1) return false;
        }
    return true;
}

/* Part the dimensions so that the last extent is as large as possible; false if no cuts suit. */
static bool part(operand_t *operands, int count, const Py_buffer *out, size_t *shape)
{
    for (int last = 0; last <= out->ndim; last++)
        for (int first = 0; first <= last; first++) {
            const int cuts[4] = {0, first, last, out->ndim};
            if (!suits(operands, count, out, cuts)) continue;
            for (int k = 0; k < 3; k++) {
                shape[k] = 1;
                for (int i = cuts[k]; i < cuts[k + 1]; i++) shape[k] *= (size_t)out->shape[i];
            }
            return true;
        }
    return false;
}

/* z = x, x op y, or mask ? x : y, by the number of operands. */
static mg_status_t compute(mg_binary_t op, const size_t *shape, const operand_t *o, int count, const Py_buffer *out)
{
    const operand_t *x = o + (count == 3), *y = x + 1;
    if (count == 3 && out->itemsize == 4)
        return mg_where_f32(shape, o->data, o->merged, x->data, x->merged, y->data, y->merged, out->buf);
    if (count == 3) return mg_where_f64(shape, o->data, o->merged, x->data, x->merged, y->data, y->merged, out->buf);
    if (count == 2 && out->itemsize == 4)
        return mg_binary_f32(op, shape, x->data, x->merged, y->data, y->merged, out->buf);
    if (count == 2) return mg_binary_f64(op, shape, x->data, x->merged, y->data, y->merged, out->buf);
    return out->itemsize == 4 ? mg_copy_f32(shape, x->data, x->merged, out->buf)
                              : mg_copy_f64(shape, x->data, x->merged, out->buf);
}

static PyObject *run(mg_binary_t op, PyObject *const *values, int count, PyObject *result)
{
    Py_buffer out;
    if (!open_result(&out, result)) Py_RETURN_FALSE;
    operand_t operands[3];
    size_t shape[3];
    bool done = out.len > 0;
    for (int k = 0; k < count; k++) {
        operands[k].is_open = false;
        done = done && open_operand(&operands[k], values[k], &out, count == 3 && k == 0 ? '?' : out.format[0]);
    }
    if (done && part(operands, count, &out, shape)) {
        PyThreadState *state = out.len / out.itemsize < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
        done = compute(op, shape, operands, count, &out) == MG_OK;
        if (state != NULL) PyEval_RestoreThread(state);
    } else {
        done = false;
    }
    for (int k = 0; k < count; k++)
        if (operands[k].is_open) PyBuffer_Release(&operands[k].view);
    PyBuffer_Release(&out);
    return PyBool_FromLong(done);
}

PyObject *direct_binary(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 4) return direct_wrong_count("binary", 4, count);
    mg_binary_t op = (mg_binary_t)PyLong_AsLong(arguments[0]);
    if (PyErr_Occurred()) return NULL;
    return run(op, arguments + 1, 2, arguments[3]);
}

PyObject *direct_copy(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 2) return direct_wrong_count("copy", 2, count);
    return run(MG_BINARY_COUNT, arguments, 1, arguments[1]);
}

PyObject *direct_where(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 4) return direct_wrong_count("where", 4, count);
    return run(MG_BINARY_COUNT, arguments, 3, arguments[3]);
}
