/* Short ways from Python's arrays to layer norm and RMS norm.
 *
 * The rows of a language model's batch come from memory, and with them go the lines of cache
 * that hold the interpreter: what Python does around a call then costs several times as much
 * as in a loop. So one call does all of it. */
#include "direct_norm.h"

#include <stdbool.h>

#include "direct_arrays.h"
#include "minigrad.h"

/* A vector of the rows' width; NULL for None. Anything else clears good. */
static const void *open_vector(direct_arrays_t *arrays, PyObject *array, Py_ssize_t width)
{
    const Py_buffer *view = &arrays->views[arrays->opened];
    const void *data = direct_open(arrays, array, width, false);
    if (data != NULL && arrays->good) arrays->good = view->ndim == 1;
    return data;
}

/* The two numbers that both ways take; false with an exception set. */
static bool read_numbers(PyObject *eps, PyObject *centred, double *epsilon, int *about_mean)
{
    *epsilon = PyFloat_AsDouble(eps);
    *about_mean = PyErr_Occurred() ? -1 : PyObject_IsTrue(centred);
    return *about_mean >= 0;
}

PyObject *direct_layer_norm(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 6) return direct_wrong_count("layer_norm", 6, count);
    double eps;
    int centred;
    if (!read_numbers(arguments[4], arguments[5], &eps, &centred)) return NULL;
    Py_ssize_t wanted = PyLong_AsSsize_t(arguments[1]), rows = 0, n = 0;
    if (PyErr_Occurred()) PyErr_Clear(); /* told by who asks the slow way; no row is that wide */
    direct_arrays_t arrays = {.types = DIRECT_REALS, .good = true};
    const void *x = direct_open_rows(&arrays, arguments[0], &rows, &n);
    const void *weight = open_vector(&arrays, arguments[2], n), *bias = open_vector(&arrays, arguments[3], n);
    if (x == NULL || n != wanted || !arrays.good) return direct_finish(&arrays, DIRECT_NOT);
    PyObject *made = direct_new_like(arguments[0]), *both = NULL;
    PyObject *kept = made == NULL ? NULL : direct_new_rows(arguments[0], 2, rows);
    void *y = kept == NULL ? NULL : direct_open(&arrays, made, rows * n, true);
    void *stats = kept == NULL ? NULL : direct_open(&arrays, kept, 2 * rows, true);
    long status = DIRECT_NOT;
    if (y != NULL && stats != NULL && arrays.good) {
        PyThreadState *state = (double)rows * (double)n < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4
                     ? (long)mg_layer_norm_f32((size_t)rows, (size_t)n, x, weight, bias, eps, centred, y, stats)
                     : (long)mg_layer_norm_f64((size_t)rows, (size_t)n, x, weight, bias, eps, centred, y, stats);
        if (state != NULL) PyEval_RestoreThread(state);
        if (status == MG_OK) both = PyTuple_Pack(2, made, kept);
    }
    Py_XDECREF(made);
    Py_XDECREF(kept);
    return direct_finish_with(&arrays, status, both);
}

PyObject *direct_layer_norm_backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 7) return direct_wrong_count("layer_norm_backward", 7, count);
    double eps;
    int centred;
    if (!read_numbers(arguments[4], arguments[5], &eps, &centred)) return NULL;
    PyObject *edges = arguments[6], *made[3] = {NULL, NULL, NULL};
    Py_ssize_t edge_count = PyTuple_Size(edges), rows = 0, n = 0;
    if (edge_count < 0) return NULL;
    direct_arrays_t arrays = {.types = DIRECT_REALS, .good = true};
    const void *x = direct_open_rows(&arrays, arguments[0], &rows, &n);
    const void *weight = open_vector(&arrays, arguments[1], n);
    const void *stats = direct_open(&arrays, arguments[2], 2 * rows, false);
    const void *dy = direct_open(&arrays, arguments[3], rows * n, false);
    bool fits = x != NULL && stats != NULL && dy != NULL && arrays.good && edge_count <= (weight == NULL ? 2 : 3);
    void *grads[3] = {NULL, NULL, NULL}; /* of x, weight and bias; without a weight, the bias is second */
    for (Py_ssize_t i = 0; fits && i < edge_count; i++) {
        if (PyTuple_GetItem(edges, i) == Py_None) continue;
        made[i] = i == 0 ? direct_new_like(arguments[0]) : direct_new_rows(arguments[0], DIRECT_FLAT, n);
        if (made[i] != NULL)
            grads[i == 1 && weight == NULL ? 2 : i] = direct_open(&arrays, made[i], i == 0 ? rows * n : n, true);
        fits = made[i] != NULL && arrays.good;
    }
    long status = DIRECT_NOT;
    if (fits) {
        PyThreadState *state = (double)rows * (double)n < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
        status = arrays.itemsize == 4 ? (long)mg_layer_norm_backward_f32((size_t)rows, (size_t)n, x, weight, stats, eps,
                                                                         centred, dy, grads[0], grads[1], grads[2])
                                      : (long)mg_layer_norm_backward_f64((size_t)rows, (size_t)n, x, weight, stats, eps,
                                                                         centred, dy, grads[0], grads[1], grads[2]);
        if (state != NULL) PyEval_RestoreThread(state);
    }
    PyObject *out = direct_finish_with(&arrays, status, status == MG_OK ? direct_wrap(made, edge_count) : NULL);
    for (int i = 0; i < 3; i++) Py_XDECREF(made[i]);
    return out;
}
