/* Short ways from Python's arrays to the elementwise functions and the affine layer.
 *
 * On a small array the work takes less time than the cffi pointers of a call. Here one call
 * opens all arrays (direct_arrays.h). Whatever is not a contiguous array of the expected type
 * and size is left alone and reported by -1. */
#include "direct_nn.h"

#include <stdbool.h>

#include "direct_arrays.h"
#include "minigrad.h"

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
    if (count != 5) return direct_wrong_count("unary", 5, count);
    mg_unary_t op;
    double p[3];
    if (!read_unary(arguments[0], arguments + 2, &op, p)) return NULL;
    direct_arrays_t arrays = {.types = DIRECT_REALS, .good = true};
    const void *x = direct_open(&arrays, arguments[1], -1, false);
    if (x == NULL || !arrays.good) return direct_finish(&arrays, DIRECT_NOT);
    Py_ssize_t n = arrays.views[0].len / arrays.itemsize;
    PyObject *made = direct_new_like(arguments[1]);
    void *y = made == NULL ? NULL : direct_open(&arrays, made, n, true);
    long status = DIRECT_NOT;
    if (arrays.good && y != NULL) {
        PyThreadState *state = (double)n < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4 ? (long)mg_unary_f32(op, (size_t)n, x, p[0], p[1], p[2], y)
                                      : (long)mg_unary_f64(op, (size_t)n, x, p[0], p[1], p[2], y);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return direct_finish_with(&arrays, status, made);
}

PyObject *direct_unary_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 6) return direct_wrong_count("unary_backward", 6, count);
    mg_unary_t op;
    double p[3];
    if (!read_unary(arguments[0], arguments + 3, &op, p)) return NULL;
    direct_arrays_t arrays = {.types = DIRECT_REALS, .good = true};
    const void *s = direct_open(&arrays, arguments[1], -1, false);
    Py_ssize_t n = arrays.good && s != NULL ? arrays.views[0].len / arrays.itemsize : 0;
    const void *dy = direct_open(&arrays, arguments[2], n, false);
    if (s == NULL || dy == NULL || !arrays.good) return direct_finish(&arrays, DIRECT_NOT);
    PyObject *made = direct_new_like(arguments[1]);
    void *dx = made == NULL ? NULL : direct_open(&arrays, made, n, true);
    long status = DIRECT_NOT;
    if (arrays.good && dx != NULL) {
        PyThreadState *state = (double)n < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4 ? (long)mg_unary_backward_f32(op, (size_t)n, s, dy, p[0], p[1], p[2], dx)
                                      : (long)mg_unary_backward_f64(op, (size_t)n, s, dy, p[0], p[1], p[2], dx);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return direct_finish_with(&arrays, status, made);
}

PyObject *direct_linear(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 3) return direct_wrong_count("linear", 3, count);
    direct_arrays_t arrays = {.types = DIRECT_REALS, .good = true};
    Py_ssize_t m = 0, k = 0, n = 0, inputs = 0;
    const void *x = direct_open_rows(&arrays, arguments[0], &m, &k),
               *w = direct_open_rows(&arrays, arguments[1], &n, &inputs);
    bool fits = x != NULL && w != NULL && arrays.good && arrays.views[1].ndim == 2 && k == inputs;
    const void *bias = fits ? direct_open(&arrays, arguments[2], n, false) : NULL;
    if (bias != NULL) fits = arrays.views[2].ndim == 1;
    if (!fits || !arrays.good) return direct_finish(&arrays, DIRECT_NOT);
    PyObject *made = direct_new_rows(arguments[0], DIRECT_LIKE, n);
    void *y = made == NULL ? NULL : direct_open(&arrays, made, m * n, true);
    long status = DIRECT_NOT;
    if (y != NULL && arrays.good) {
        PyThreadState *state = (double)m * (double)n * (double)k < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
        mg_activation_t none = MG_ACTIVATION_NONE;
        status = arrays.itemsize == 4 ? (long)mg_linear_f32((size_t)m, (size_t)k, (size_t)n, x, w, bias, none, y)
                                      : (long)mg_linear_f64((size_t)m, (size_t)k, (size_t)n, x, w, bias, none, y);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    return direct_finish_with(&arrays, status, made);
}

PyObject *direct_linear_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 4) return direct_wrong_count("linear_backward", 4, count);
    direct_arrays_t arrays = {.types = DIRECT_REALS, .good = true};
    PyObject *edges = arguments[3], *made[3] = {NULL, NULL, NULL};
    Py_ssize_t wanted = PyTuple_Size(edges), rows = 0, m = 0, k = 0, n = 0, outputs = 0;
    if (wanted < 0) return NULL;
    const void *dy = direct_open_rows(&arrays, arguments[2], &m, &n),
               *x = direct_open_rows(&arrays, arguments[0], &rows, &k);
    bool fits = dy != NULL && (wanted == 2 || wanted == 3) && (x == NULL || rows == m);
    Py_ssize_t inputs = k;
    const void *w = direct_open_rows(&arrays, arguments[1], &outputs, &inputs);
    fits = fits && arrays.good && (w == NULL || (outputs == n && (x == NULL || inputs == k)));
    k = inputs;
    const void *needed[3] = {w, x, dy};
    void *grads[3] = {NULL, NULL, NULL};
    const Py_ssize_t extents[3][2] = {{DIRECT_LIKE, k}, {n, k}, {DIRECT_FLAT, n}}, sizes[3] = {m * k, n * k, n};
    for (Py_ssize_t i = 0; fits && i < wanted; i++) {
        if (PyTuple_GetItem(edges, i) == Py_None) continue;
        made[i] = needed[i] == NULL ? NULL : direct_new_rows(arguments[2], extents[i][0], extents[i][1]);
        if (made[i] != NULL) grads[i] = direct_open(&arrays, made[i], sizes[i], true);
        fits = grads[i] != NULL && arrays.good;
    }
    long status = DIRECT_NOT;
    if (fits) {
        PyThreadState *state = (double)m * (double)n * (double)k < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
        status =
            arrays.itemsize == 4
                ? (long)mg_linear_backward_f32((size_t)m, (size_t)k, (size_t)n, x, w, dy, grads[0], grads[1], grads[2])
                : (long)mg_linear_backward_f64((size_t)m, (size_t)k, (size_t)n, x, w, dy, grads[0], grads[1], grads[2]);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    PyObject *out = direct_finish_with(&arrays, status, status == MG_OK ? direct_wrap(made, wanted) : NULL);
    for (int i = 0; i < 3; i++) Py_XDECREF(made[i]);
    return out;
}

/* What both cross entropies read: a matrix of logits and the classes of its rows. */
typedef struct {
    direct_arrays_t reals, integers;
    Py_ssize_t rows, classes;
    int64_t ignored;
    double smoothing;
    const void *x;
    const int64_t *target;
} entropy_t;

static bool read_entropy(entropy_t *call, PyObject *x, PyObject *target, PyObject *ignored, PyObject *smoothing)
{
    *call = (entropy_t){.reals = {.types = DIRECT_REALS, .good = true},
                        .integers = {.types = DIRECT_INTEGERS, .good = true}};
    call->ignored = PyLong_AsLongLong(ignored);
    call->smoothing = PyErr_Occurred() ? -1 : PyFloat_AsDouble(smoothing);
    if (PyErr_Occurred()) PyErr_Clear(); /* told by who asks the slow way */
    if (!(call->smoothing >= 0 && call->smoothing <= 1)) return false;
    call->x = direct_open_rows(&call->reals, x, &call->rows, &call->classes);
    if (call->x == NULL || call->reals.views[0].ndim != 2) return false;
    call->target = direct_open(&call->integers, target, call->rows, false);
    return call->target != NULL && call->integers.good && call->integers.views[0].ndim == 1 &&
           call->integers.itemsize == sizeof(int64_t);
}

PyObject *direct_cross_entropy(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 4) return direct_wrong_count("cross_entropy", 4, count);
    entropy_t call;
    long status = DIRECT_NOT;
    double totals[2] = {0, 0};
    PyObject *losses = NULL, *kept = NULL;
    if (read_entropy(&call, arguments[0], arguments[1], arguments[2], arguments[3])) {
        losses = direct_new_rows(arguments[0], DIRECT_FLAT, call.rows);
        kept = losses == NULL ? NULL : direct_new_rows(arguments[0], 2, call.rows);
        void *loss = kept == NULL ? NULL : direct_open(&call.reals, losses, call.rows, true);
        void *stats = loss == NULL ? NULL : direct_open(&call.reals, kept, 2 * call.rows, true);
        size_t rows = (size_t)call.rows, classes = (size_t)call.classes, bad;
        if (call.reals.good && stats != NULL) {
            PyThreadState *state = (double)rows * (double)classes < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
            status = call.reals.itemsize == 4
                         ? (long)mg_cross_entropy_f32(rows, classes, call.x, call.target, NULL, call.ignored,
                                                      call.smoothing, loss, stats, totals, &bad)
                         : (long)mg_cross_entropy_f64(rows, classes, call.x, call.target, NULL, call.ignored,
                                                      call.smoothing, loss, stats, totals, &bad);
            if (state != NULL) PyEval_RestoreThread(state);
        }
    }
    direct_close(&call.integers);
    direct_close(&call.reals);
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
    if (count != 7) return direct_wrong_count("cross_entropy_backward", 7, count);
    entropy_t call;
    long status = DIRECT_NOT;
    PyObject *made = NULL;
    double factor = PyFloat_AsDouble(arguments[6]);
    if (PyErr_Occurred()) return NULL;
    if (read_entropy(&call, arguments[0], arguments[1], arguments[4], arguments[5])) {
        size_t rows = (size_t)call.rows, classes = (size_t)call.classes;
        const void *stats = direct_open(&call.reals, arguments[2], 2 * call.rows, false);
        const void *dloss = direct_open(&call.reals, arguments[3], -1, false);
        size_t stride = dloss == NULL ? 0 : call.reals.views[call.reals.opened - 1].ndim > 0;
        if (dloss != NULL)
            call.reals.good &=
                call.reals.views[call.reals.opened - 1].len == (stride == 0 ? 1 : call.rows) * call.reals.itemsize;
        bool fits = call.reals.good && stats != NULL && dloss != NULL;
        if (fits) made = direct_new_rows(arguments[0], DIRECT_LIKE, call.classes);
        void *dx = made == NULL ? NULL : direct_open(&call.reals, made, call.rows * call.classes, true);
        if (call.reals.good && dx != NULL) {
            PyThreadState *state = (double)rows * (double)classes < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
            status = call.reals.itemsize == 4
                         ? (long)mg_cross_entropy_backward_f32(rows, classes, call.x, call.target, NULL, call.ignored,
                                                               call.smoothing, stats, dloss, stride, factor, dx)
                         : (long)mg_cross_entropy_backward_f64(rows, classes, call.x, call.target, NULL, call.ignored,
                                                               call.smoothing, stats, dloss, stride, factor, dx);
            if (state != NULL) PyEval_RestoreThread(state);
        }
    }
    direct_close(&call.integers);
    return direct_finish_with(&call.reals, status, made);
}
