/* Short ways from Python's arrays to the elementwise functions and the affine layer.
 *
 * On a small array the work takes less time than the cffi pointers of a call. Here one call
 * reads all arrays through the buffer protocol. Whatever is not a contiguous array of the
 * expected size is left alone and reported by -1. */
#include "direct_nn.h"

#include <stdbool.h>

#include "minigrad.h"

enum { NOT_DIRECT = -1, MOST_ARRAYS = 6 };
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
    if (PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0)) != 0) {
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

static PyObject *wrong_count(const char *name, Py_ssize_t wanted, Py_ssize_t count)
{
    PyErr_Format(PyExc_TypeError, "%s takes %zd arguments; got %zd", name, wanted, count);
    return NULL;
}

PyObject *direct_unary(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 6) return wrong_count("unary", 6, count);
    mg_unary_t op = (mg_unary_t)PyLong_AsLong(arguments[0]);
    double p[3];
    for (int i = 0; i < 3; i++) p[i] = PyFloat_AsDouble(arguments[3 + i]);
    if (PyErr_Occurred()) return NULL;
    arrays_t arrays = {.good = true};
    const void *x = open_array(&arrays, arguments[1], -1, false);
    Py_ssize_t n = arrays.good && x != NULL ? arrays.views[0].len / arrays.itemsize : 0;
    void *y = open_array(&arrays, arguments[2], n, true);
    long status = NOT_DIRECT;
    if (arrays.good && arrays.opened == 2) {
        PyThreadState *state = (double)n < LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4 ? (long)mg_unary_f32(op, (size_t)n, x, p[0], p[1], p[2], y)
                                      : (long)mg_unary_f64(op, (size_t)n, x, p[0], p[1], p[2], y);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return finish(&arrays, status);
}

PyObject *direct_unary_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 7) return wrong_count("unary_backward", 7, count);
    mg_unary_t op = (mg_unary_t)PyLong_AsLong(arguments[0]);
    double p[3];
    for (int i = 0; i < 3; i++) p[i] = PyFloat_AsDouble(arguments[4 + i]);
    if (PyErr_Occurred()) return NULL;
    arrays_t arrays = {.good = true};
    const void *s = open_array(&arrays, arguments[1], -1, false);
    Py_ssize_t n = arrays.good && s != NULL ? arrays.views[0].len / arrays.itemsize : 0;
    const void *dy = open_array(&arrays, arguments[2], n, false);
    void *dx = open_array(&arrays, arguments[3], n, true);
    long status = NOT_DIRECT;
    if (arrays.good && arrays.opened == 3) {
        PyThreadState *state = (double)n < LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4 ? (long)mg_unary_backward_f32(op, (size_t)n, s, dy, p[0], p[1], p[2], dx)
                                      : (long)mg_unary_backward_f64(op, (size_t)n, s, dy, p[0], p[1], p[2], dx);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return finish(&arrays, status);
}

/* The extents m, k, n from three arguments; false if they are none, or a product of two does not fit. */
static bool read_extents(PyObject *const *arguments, Py_ssize_t *extents)
{
    for (int i = 0; i < 3; i++) {
        extents[i] = PyLong_AsSsize_t(arguments[i]);
        if (extents[i] < 0) return false;
    }
    double m = (double)extents[0], k = (double)extents[1], n = (double)extents[2];
    return m * k < 1e17 && m * n < 1e17 && k * n < 1e17;
}

PyObject *direct_linear(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 7) return wrong_count("linear", 7, count);
    Py_ssize_t extents[3] = {0};
    arrays_t arrays = {.good = read_extents(arguments + 4, extents)};
    Py_ssize_t m = extents[0], k = extents[1], n = extents[2];
    if (!arrays.good) return finish(&arrays, NOT_DIRECT);
    const void *x = open_array(&arrays, arguments[0], m * k, false);
    const void *w = open_array(&arrays, arguments[1], n * k, false);
    const void *bias = open_array(&arrays, arguments[2], n, false);
    void *y = open_array(&arrays, arguments[3], m * n, true);
    long status = NOT_DIRECT;
    if (arrays.good && arrays.opened == (arguments[2] == Py_None ? 3 : 4)) {
        PyThreadState *state = (double)m * (double)n * (double)k < LONG_WORK ? NULL : PyEval_SaveThread();
        mg_activation_t none = MG_ACTIVATION_NONE;
        status = arrays.itemsize == 4 ? (long)mg_linear_f32((size_t)m, (size_t)k, (size_t)n, x, w, bias, none, y)
                                      : (long)mg_linear_f64((size_t)m, (size_t)k, (size_t)n, x, w, bias, none, y);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return finish(&arrays, status);
}

PyObject *direct_linear_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 9) return wrong_count("linear_backward", 9, count);
    Py_ssize_t extents[3] = {0};
    arrays_t arrays = {.good = read_extents(arguments + 6, extents)};
    size_t m = (size_t)extents[0], k = (size_t)extents[1], n = (size_t)extents[2];
    if (!arrays.good) return finish(&arrays, NOT_DIRECT);
    const void *dy = open_array(&arrays, arguments[2], (Py_ssize_t)(m * n), false);
    const void *x = open_array(&arrays, arguments[0], (Py_ssize_t)(m * k), false);
    const void *w = open_array(&arrays, arguments[1], (Py_ssize_t)(n * k), false);
    void *dx = open_array(&arrays, arguments[3], (Py_ssize_t)(m * k), true);
    void *dw = open_array(&arrays, arguments[4], (Py_ssize_t)(n * k), true);
    void *db = open_array(&arrays, arguments[5], (Py_ssize_t)n, true);
    long status = NOT_DIRECT;
    bool complete = arguments[2] != Py_None && (arguments[3] == Py_None || arguments[1] != Py_None) &&
                    (arguments[4] == Py_None || arguments[0] != Py_None);
    if (arrays.good && complete) {
        PyThreadState *state = (double)m * (double)n * (double)k < LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4 ? (long)mg_linear_backward_f32(m, k, n, x, w, dy, dx, dw, db)
                                      : (long)mg_linear_backward_f64(m, k, n, x, w, dy, dx, dw, db);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return finish(&arrays, status);
}

/* What both cross entropies read: rows of logits and their targets. */
typedef struct {
    arrays_t reals, integers;
    Py_ssize_t rows, classes;
    int64_t ignored;
    double smoothing;
    const void *x;
    const int64_t *target;
} entropy_t;

static bool read_entropy(entropy_t *call, PyObject *x, PyObject *target, PyObject *const *options)
{
    call->reals.good = call->integers.good = true;
    call->integers.itemsize = 8;
    call->rows = PyLong_AsSsize_t(options[0]);
    call->classes = PyLong_AsSsize_t(options[1]);
    call->ignored = PyLong_AsLongLong(options[2]);
    call->smoothing = PyFloat_AsDouble(options[3]);
    if (PyErr_Occurred() || call->rows < 0 || call->classes < 0) return false;
    if ((double)call->rows * (double)call->classes >= 1e17) return false;
    call->x = open_array(&call->reals, x, call->rows * call->classes, false);
    call->target = open_array(&call->integers, target, call->rows, false);
    return call->reals.good && call->integers.good && call->x != NULL && call->target != NULL;
}

PyObject *direct_cross_entropy(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 8) return wrong_count("cross_entropy", 8, count);
    entropy_t call = {.x = NULL};
    long status = NOT_DIRECT;
    double totals[2];
    if (read_entropy(&call, arguments[0], arguments[1], arguments + 4)) {
        void *loss = open_array(&call.reals, arguments[2], call.rows, true);
        void *stats = open_array(&call.reals, arguments[3], 2 * call.rows, true);
        size_t rows = (size_t)call.rows, classes = (size_t)call.classes, bad;
        if (call.reals.good && loss != NULL && stats != NULL) {
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
    if (PyErr_Occurred()) return NULL;
    if (status != MG_OK) Py_RETURN_NONE;
    return Py_BuildValue("dd", totals[0], totals[1]);
}

PyObject *direct_cross_entropy_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 11) return wrong_count("cross_entropy_backward", 11, count);
    entropy_t call = {.x = NULL};
    long status = NOT_DIRECT;
    Py_ssize_t stride = PyLong_AsSsize_t(arguments[9]);
    double factor = PyFloat_AsDouble(arguments[10]);
    if (!PyErr_Occurred() && read_entropy(&call, arguments[0], arguments[1], arguments + 5)) {
        size_t rows = (size_t)call.rows, classes = (size_t)call.classes;
        const void *stats = open_array(&call.reals, arguments[2], 2 * call.rows, false);
        const void *dloss = open_array(&call.reals, arguments[3], stride == 0 ? 1 : call.rows, false);
        void *dx = open_array(&call.reals, arguments[4], call.rows * call.classes, true);
        if (call.reals.good && stats != NULL && dloss != NULL && dx != NULL && (stride == 0 || stride == 1)) {
            PyThreadState *state = (double)rows * (double)classes < LONG_WORK ? NULL : PyEval_SaveThread();
            status =
                call.reals.itemsize == 4
                    ? (long)mg_cross_entropy_backward_f32(rows, classes, call.x, call.target, NULL, call.ignored,
                                                          call.smoothing, stats, dloss, (size_t)stride, factor, dx)
                    : (long)mg_cross_entropy_backward_f64(rows, classes, call.x, call.target, NULL, call.ignored,
                                                          call.smoothing, stats, dloss, (size_t)stride, factor, dx);
            if (state != NULL) PyEval_RestoreThread(state);
        }
    }
    close_arrays(&call.integers);
    return finish(&call.reals, status);
}
