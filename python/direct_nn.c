/* Short ways from Python's arrays to the elementwise functions and the affine layer.
 *
 * On a small array the work takes less time than the cffi pointers of a call. Here one call
 * reads all arrays through the buffer protocol. Whatever is not a contiguous array of the
 * expected size is left alone and reported by -1. */
#include "direct_nn.h"

#include <stdbool.h>
#include <string.h>

#include "direct_arena.h"
#include "direct_graph.h"
#include "direct_record.h"
#include "minigrad.h"

enum { NOT_DIRECT = -1, MOST_ARRAYS = 6, LIKE = -1, FLAT = -2 };
#define LONG_WORK 1e5 /* elements or multiply-adds from which on the interpreter lock is given up */

/* The arrays of one call, all of one element size. */
typedef struct {
    Py_buffer views[MOST_ARRAYS];
    int opened;
    Py_ssize_t itemsize;
    bool good;
} arrays_t;

/* The elements of an array of `count` of them; NULL for None. Anything else clears good. */
static void *open_array(arrays_t *arrays, PyObject *array, Py_ssize_t count, bool writable)
{
    if (array == Py_None || !arrays->good) return NULL;
    Py_buffer *view = &arrays->views[arrays->opened];
    if (PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)) != 0) {
        PyErr_Clear();
        arrays->good = false;
        return NULL;
    }
    arrays->opened++;
    if (arrays->itemsize == 0) arrays->itemsize = view->itemsize;
    Py_ssize_t size = arrays->itemsize;
    arrays->good = view->itemsize == size && (size == 4 || size == 8) && (uintptr_t)view->buf % (size_t)size == 0 &&
                   (count < 0 || view->len / size == count);
    return view->buf;
}

static void close_arrays(arrays_t *arrays)
{
    while (arrays->opened > 0) PyBuffer_Release(&arrays->views[--arrays->opened]);
}

static PyObject *finish(arrays_t *arrays, long status)
{
    close_arrays(arrays);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(status);
}

/* What was made if the status is MG_OK, else the status; takes the reference to `made`. */
static PyObject *finish_with(arrays_t *arrays, long status, PyObject *made)
{
    close_arrays(arrays);
    if (status == MG_OK && made != NULL) return made;
    Py_XDECREF(made);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(status);
}

static PyObject *wrong_count(const char *name, Py_ssize_t wanted, Py_ssize_t count)
{
    PyErr_Format(PyExc_TypeError, "%s takes %zd arguments; got %zd", name, wanted, count);
    return NULL;
}

/* A new array of the type and shape of `like`. */
static PyObject *new_like(PyObject *like)
{
    PyObject *shape = PyObject_GetAttr(like, direct_known.shape), *dtype = PyObject_GetAttr(like, direct_known.dtype);
    PyObject *const arguments[2] = {shape, dtype};
    PyObject *made = shape == NULL || dtype == NULL ? NULL : direct_empty(NULL, arguments, 2);
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    return made;
}

/* The number of an elementwise function and its three parameters; false with an exception set. */
static bool read_unary(PyObject *number, PyObject *const *parameters, mg_unary_t *op, double *p)
{
    *op = (mg_unary_t)PyLong_AsLong(number);
    for (int i = 0; i < 3 && !PyErr_Occurred(); i++) p[i] = PyFloat_AsDouble(parameters[i]);
    return !PyErr_Occurred();
}

PyObject *direct_unary(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 5) return wrong_count("unary", 5, count);
    mg_unary_t op;
    double p[3];
    if (!read_unary(arguments[0], arguments + 2, &op, p)) return NULL;
    arrays_t arrays = {.good = true};
    const void *x = open_array(&arrays, arguments[1], -1, false);
    if (x == NULL || !arrays.good) return finish(&arrays, NOT_DIRECT);
    Py_ssize_t n = arrays.views[0].len / arrays.itemsize;
    PyObject *made = new_like(arguments[1]);
    void *y = made == NULL ? NULL : open_array(&arrays, made, n, true);
    long status = NOT_DIRECT;
    if (arrays.good && y != NULL) {
        PyThreadState *state = (double)n < LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4 ? (long)mg_unary_f32(op, (size_t)n, x, p[0], p[1], p[2], y)
                                      : (long)mg_unary_f64(op, (size_t)n, x, p[0], p[1], p[2], y);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return finish_with(&arrays, status, made);
}

PyObject *direct_unary_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 6) return wrong_count("unary_backward", 6, count);
    mg_unary_t op;
    double p[3];
    if (!read_unary(arguments[0], arguments + 3, &op, p)) return NULL;
    arrays_t arrays = {.good = true};
    const void *s = open_array(&arrays, arguments[1], -1, false);
    Py_ssize_t n = arrays.good && s != NULL ? arrays.views[0].len / arrays.itemsize : 0;
    const void *dy = open_array(&arrays, arguments[2], n, false);
    if (s == NULL || dy == NULL || !arrays.good) return finish(&arrays, NOT_DIRECT);
    PyObject *made = new_like(arguments[1]);
    void *dx = made == NULL ? NULL : open_array(&arrays, made, n, true);
    long status = NOT_DIRECT;
    if (arrays.good && dx != NULL) {
        PyThreadState *state = (double)n < LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4 ? (long)mg_unary_backward_f32(op, (size_t)n, s, dy, p[0], p[1], p[2], dx)
                                      : (long)mg_unary_backward_f64(op, (size_t)n, s, dy, p[0], p[1], p[2], dx);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return finish_with(&arrays, status, made);
}

/* The float array behind an object and its last extent; NULL for None. Anything else clears good. */
static const void *open_rows(arrays_t *arrays, PyObject *array, Py_ssize_t *rows, Py_ssize_t *columns)
{
    int opened = arrays->opened;
    const void *data = open_array(arrays, array, -1, false);
    if (data == NULL || !arrays->good) return NULL;
    const Py_buffer *view = &arrays->views[opened];
    arrays->good = view->format != NULL && (view->format[0] == 'f' || view->format[0] == 'd') && view->format[1] == 0 &&
                   view->ndim > 0;
    if (!arrays->good) return NULL;
    *columns = view->shape[view->ndim - 1];
    *rows = 1;
    for (int i = 0; i + 1 < view->ndim; i++) *rows *= view->shape[i];
    return data;
}

/* A new array of the type of `like`, of shape (rows, columns); with rows LIKE, of the shape
 * of `like` but for the last extent; with rows FLAT, of shape (columns). */
static PyObject *new_rows(PyObject *like, Py_ssize_t rows, Py_ssize_t columns)
{
    PyObject *shape = NULL, *last = PyLong_FromSsize_t(columns), *dtype = PyObject_GetAttr(like, direct_known.dtype);
    if (last != NULL && rows == LIKE) {
        PyObject *had = PyObject_GetAttr(like, direct_known.shape);
        PyObject *lead = had == NULL ? NULL : PyTuple_GetSlice(had, 0, PyTuple_Size(had) - 1);
        PyObject *end = lead == NULL ? NULL : PyTuple_Pack(1, last);
        if (end != NULL) shape = PySequence_Concat(lead, end);
        Py_XDECREF(had);
        Py_XDECREF(lead);
        Py_XDECREF(end);
    } else if (last != NULL) {
        shape = rows == FLAT ? PyTuple_Pack(1, last) : Py_BuildValue("nO", rows, last);
    }
    PyObject *const arguments[2] = {shape, dtype};
    PyObject *made = shape == NULL || dtype == NULL ? NULL : direct_empty(NULL, arguments, 2);
    Py_XDECREF(shape);
    Py_XDECREF(last);
    Py_XDECREF(dtype);
    return made;
}

PyObject *direct_linear(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 3) return wrong_count("linear", 3, count);
    arrays_t arrays = {.good = true};
    Py_ssize_t m = 0, k = 0, n = 0, inputs = 0;
    const void *x = open_rows(&arrays, arguments[0], &m, &k), *w = open_rows(&arrays, arguments[1], &n, &inputs);
    bool fits = x != NULL && w != NULL && arrays.good && arrays.views[1].ndim == 2 && k == inputs;
    const void *bias = fits ? open_array(&arrays, arguments[2], n, false) : NULL;
    if (bias != NULL) fits = arrays.views[2].ndim == 1;
    if (!fits || !arrays.good) return finish(&arrays, NOT_DIRECT);
    PyObject *made = new_rows(arguments[0], LIKE, n);
    void *y = made == NULL ? NULL : open_array(&arrays, made, m * n, true);
    long status = NOT_DIRECT;
    if (y != NULL && arrays.good) {
        PyThreadState *state = (double)m * (double)n * (double)k < LONG_WORK ? NULL : PyEval_SaveThread();
        mg_activation_t none = MG_ACTIVATION_NONE;
        status = arrays.itemsize == 4 ? (long)mg_linear_f32((size_t)m, (size_t)k, (size_t)n, x, w, bias, none, y)
                                      : (long)mg_linear_f64((size_t)m, (size_t)k, (size_t)n, x, w, bias, none, y);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return finish_with(&arrays, status, made);
}

/* The gradients that the edges want, as tensors with None for those not wanted. */
static PyObject *wrap(PyObject *const *made, Py_ssize_t count)
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

PyObject *direct_linear_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 4) return wrong_count("linear_backward", 4, count);
    arrays_t arrays = {.good = true};
    PyObject *edges = arguments[3], *made[3] = {NULL, NULL, NULL};
    Py_ssize_t wanted = PyTuple_Size(edges), rows = 0, m = 0, k = 0, n = 0, outputs = 0;
    if (wanted < 0) return NULL;
    const void *dy = open_rows(&arrays, arguments[2], &m, &n), *x = open_rows(&arrays, arguments[0], &rows, &k);
    bool fits = dy != NULL && (wanted == 2 || wanted == 3) && (x == NULL || rows == m);
    Py_ssize_t inputs = k;
    const void *w = open_rows(&arrays, arguments[1], &outputs, &inputs);
    fits = fits && arrays.good && (w == NULL || (outputs == n && (x == NULL || inputs == k)));
    k = inputs;
    const void *needed[3] = {w, x, dy};
    void *grads[3] = {NULL, NULL, NULL};
    const Py_ssize_t extents[3][2] = {{LIKE, k}, {n, k}, {FLAT, n}}, sizes[3] = {m * k, n * k, n};
    for (Py_ssize_t i = 0; fits && i < wanted; i++) {
        if (PyTuple_GetItem(edges, i) == Py_None) continue;
        made[i] = needed[i] == NULL ? NULL : new_rows(arguments[2], extents[i][0], extents[i][1]);
        if (made[i] != NULL) grads[i] = open_array(&arrays, made[i], sizes[i], true);
        fits = grads[i] != NULL && arrays.good;
    }
    long status = NOT_DIRECT;
    if (fits) {
        PyThreadState *state = (double)m * (double)n * (double)k < LONG_WORK ? NULL : PyEval_SaveThread();
        status =
            arrays.itemsize == 4
                ? (long)mg_linear_backward_f32((size_t)m, (size_t)k, (size_t)n, x, w, dy, grads[0], grads[1], grads[2])
                : (long)mg_linear_backward_f64((size_t)m, (size_t)k, (size_t)n, x, w, dy, grads[0], grads[1], grads[2]);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    PyObject *out = finish_with(&arrays, status, status == MG_OK ? wrap(made, wanted) : NULL);
    for (int i = 0; i < 3; i++) Py_XDECREF(made[i]);
    return out;
}

/* What both cross entropies read: a matrix of logits and the classes of its rows. */
typedef struct {
    arrays_t reals, integers;
    Py_ssize_t rows, classes;
    int64_t ignored;
    double smoothing;
    const void *x;
    const int64_t *target;
} entropy_t;

static bool read_entropy(entropy_t *call, PyObject *x, PyObject *target, PyObject *ignored, PyObject *smoothing)
{
    *call = (entropy_t){.reals = {.good = true}, .integers = {.good = true, .itemsize = 8}};
    call->ignored = PyLong_AsLongLong(ignored);
    call->smoothing = PyErr_Occurred() ? -1 : PyFloat_AsDouble(smoothing);
    if (PyErr_Occurred()) PyErr_Clear(); /* told by who asks the slow way */
    if (!(call->smoothing >= 0 && call->smoothing <= 1)) return false;
    call->x = open_rows(&call->reals, x, &call->rows, &call->classes);
    if (call->x == NULL || call->reals.views[0].ndim != 2) return false;
    call->target = open_array(&call->integers, target, call->rows, false);
    if (call->target == NULL || !call->integers.good) return false;
    const Py_buffer *view = &call->integers.views[0];
    return view->ndim == 1 && view->format != NULL && strchr("lq", view->format[0]) != NULL && view->format[1] == 0;
}

PyObject *direct_cross_entropy(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 4) return wrong_count("cross_entropy", 4, count);
    entropy_t call;
    long status = NOT_DIRECT;
    double totals[2] = {0, 0};
    PyObject *losses = NULL, *kept = NULL;
    if (read_entropy(&call, arguments[0], arguments[1], arguments[2], arguments[3])) {
        losses = new_rows(arguments[0], FLAT, call.rows);
        kept = losses == NULL ? NULL : new_rows(arguments[0], 2, call.rows);
        void *loss = kept == NULL ? NULL : open_array(&call.reals, losses, call.rows, true);
        void *stats = loss == NULL ? NULL : open_array(&call.reals, kept, 2 * call.rows, true);
        size_t rows = (size_t)call.rows, classes = (size_t)call.classes, bad;
        if (call.reals.good && stats != NULL) {
            PyThreadState *state = (double)rows * (double)classes < LONG_WORK ? NULL : PyEval_SaveThread();
            status = call.reals.itemsize == 4
                         ? (long)mg_cross_entropy_f32(rows, classes, call.x, call.target, NULL, call.ignored,
                                                      call.smoothing, loss, stats, totals, &bad)
                         : (long)mg_cross_entropy_f64(rows, classes, call.x, call.target, NULL, call.ignored,
                                                      call.smoothing, loss, stats, totals, &bad);
            if (state != NULL) PyEval_RestoreThread(state);
        }
    }
    close_arrays(&call.integers);
    close_arrays(&call.reals);
    PyObject *out = NULL;
    if (status == MG_OK) {
        out = Py_BuildValue("OOdd", losses, kept, totals[0], totals[1]);
    } else if (!PyErr_Occurred()) {
        out = Py_None;
        Py_INCREF(out);
    }
    Py_XDECREF(losses);
    Py_XDECREF(kept);
    return out;
}

PyObject *direct_cross_entropy_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 7) return wrong_count("cross_entropy_backward", 7, count);
    entropy_t call;
    long status = NOT_DIRECT;
    PyObject *made = NULL;
    double factor = PyFloat_AsDouble(arguments[6]);
    if (PyErr_Occurred()) return NULL;
    if (read_entropy(&call, arguments[0], arguments[1], arguments[4], arguments[5])) {
        size_t rows = (size_t)call.rows, classes = (size_t)call.classes;
        const void *stats = open_array(&call.reals, arguments[2], 2 * call.rows, false);
        const void *dloss = open_array(&call.reals, arguments[3], -1, false);
        size_t stride = dloss == NULL ? 0 : call.reals.views[call.reals.opened - 1].ndim > 0;
        if (dloss != NULL)
            call.reals.good &=
                call.reals.views[call.reals.opened - 1].len == (stride == 0 ? 1 : call.rows) * call.reals.itemsize;
        bool fits = call.reals.good && stats != NULL && dloss != NULL;
        if (fits) made = new_rows(arguments[0], LIKE, call.classes);
        void *dx = made == NULL ? NULL : open_array(&call.reals, made, call.rows * call.classes, true);
        if (call.reals.good && dx != NULL) {
            PyThreadState *state = (double)rows * (double)classes < LONG_WORK ? NULL : PyEval_SaveThread();
            status = call.reals.itemsize == 4
                         ? (long)mg_cross_entropy_backward_f32(rows, classes, call.x, call.target, NULL, call.ignored,
                                                               call.smoothing, stats, dloss, stride, factor, dx)
                         : (long)mg_cross_entropy_backward_f64(rows, classes, call.x, call.target, NULL, call.ignored,
                                                               call.smoothing, stats, dloss, stride, factor, dx);
            if (state != NULL) PyEval_RestoreThread(state);
        }
    }
    close_arrays(&call.integers);
    return finish_with(&call.reals, status, made);
}
