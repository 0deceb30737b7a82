/* The module minigrad._direct: the short way from Python's arrays to the matrix product.
 *
 * A product of two 8 x 8 matrices takes 40 ns, the three cffi pointers of a call ten times
 * as long. Here one call reads all three arrays through the buffer protocol. The module lies
 * in the same library as minigrad._core, so both share one thread pool. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "direct_arena.h"
#include "direct_arithmetic.h"
#include "direct_arrays.h"
#include "direct_graph.h"
#include "direct_nn.h"
#include "direct_norm.h"
#include "direct_record.h"
#include "direct_walk.h"
#include "minigrad.h"

/* An array as mg_gemm addresses it; view is open while one exists. */
typedef struct {
    Py_buffer view;
    mg_trans_t trans;
    size_t rows, cols, ld;
    uintptr_t first, end;
} matrix_t;

static PyObject *array_type;

/* Whether `count` pieces `stride` bytes apart hold `length` elements each without overlapping. */
static bool holds(Py_ssize_t count, Py_ssize_t stride, Py_ssize_t length, Py_ssize_t size)
{
    return count <= 1 || (stride >= length * size && stride % size == 0);
}

static size_t leading(Py_ssize_t count, Py_ssize_t stride, Py_ssize_t length, Py_ssize_t size)
{
    return (size_t)(count <= 1 ? length : stride / size);
}

/* Fill in the layout of an open view; false if mg_gemm cannot address it. */
static bool read_layout(matrix_t *matrix)
{
    const Py_buffer *view = &matrix->view;
    const char *format = view->format;
    if (view->ndim != 2 || format == NULL || (format[0] != 'f' && format[0] != 'd') || format[1] != 0) return false;
    Py_ssize_t rows = view->shape[0], cols = view->shape[1], size = view->itemsize;
    Py_ssize_t down = view->strides[0], across = view->strides[1];
    if ((cols <= 1 || across == size) && holds(rows, down, cols, size)) {
        matrix->trans = MG_NO_TRANS;
        matrix->ld = leading(rows, down, cols, size);
    } else if ((rows <= 1 || down == size) && holds(cols, across, rows, size)) {
        matrix->trans = MG_TRANS;
        matrix->ld = leading(cols, across, rows, size);
    } else {
        return false;
    }
    matrix->rows = (size_t)rows;
    matrix->cols = (size_t)cols;
    matrix->first = matrix->end = (uintptr_t)view->buf;
    if (rows != 0 && cols != 0) {
        size_t pieces = matrix->trans ? matrix->cols : matrix->rows,
               length = matrix->trans ? matrix->rows : matrix->cols;
        matrix->end += ((pieces - 1) * matrix->ld + length) * (size_t)size;
    }
    return matrix->first % (size_t)size == 0;
}

/* Open an array; false, with nothing left open and no exception set, if it is of no use here. */
static bool open_matrix(PyObject *array, int flags, matrix_t *matrix)
{
    if (PyObject_GetBuffer(array, &matrix->view, flags) != 0) {
        PyErr_Clear();
        return false;
    }
    if (read_layout(matrix)) return true;
    PyBuffer_Release(&matrix->view);
    return false;
}

static bool overlap(const matrix_t *x, const matrix_t *y)
{
    return x->first < y->end && y->first < x->end;
}

static long multiply(const matrix_t *a, const matrix_t *b, const matrix_t *c)
{
    char type = c->view.format[0];
    if (a->view.format[0] != type || b->view.format[0] != type || c->trans || a->cols != b->rows ||
        a->rows != c->rows || b->cols != c->cols || overlap(a, c) || overlap(b, c))
        return DIRECT_NOT;
    size_t m = c->rows, n = c->cols, k = a->cols;
    PyThreadState *state = (double)m * (double)n * (double)k < DIRECT_LONG_WORK ? NULL : PyEval_SaveThread();
    mg_status_t status = type == 'f' ? mg_gemm_f32(a->trans, b->trans, m, n, k, 1, a->view.buf, a->ld, b->view.buf,
                                                   b->ld, 0, c->view.buf, c->ld)
                                     : mg_gemm_f64(a->trans, b->trans, m, n, k, 1, a->view.buf, a->ld, b->view.buf,
                                                   b->ld, 0, c->view.buf, c->ld);
    if (state != NULL) PyEval_RestoreThread(state);
    return (long)status;
}

static long open_and_multiply(PyObject *const *arrays)
{
    /* The protocol's C-contiguous, writable request is exactly what out must be. */
    static const int flags[3] = {PyBUF_RECORDS_RO, PyBUF_RECORDS_RO, PyBUF_RECORDS | PyBUF_C_CONTIGUOUS};
    matrix_t matrices[3];
    int opened = 0;
    while (opened < 3 && open_matrix(arrays[opened], flags[opened], &matrices[opened])) opened++;
    long status = opened == 3 ? multiply(&matrices[0], &matrices[1], &matrices[2]) : DIRECT_NOT;
    while (opened > 0) PyBuffer_Release(&matrices[--opened].view);
    return status;
}

static PyObject *product(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 3) return direct_wrong_count("product", 3, count);
    int is_array = PyObject_IsInstance(arguments[2], array_type);
    if (is_array < 0) return NULL;
    return PyLong_FromLong(is_array ? open_and_multiply(arguments) : DIRECT_NOT);
}

static int module_exec(PyObject *module)
{
    if (direct_record_start(module) != 0) return -1;
    PyObject *numpy = PyImport_ImportModule("numpy");
    if (numpy == NULL) return -1;
    array_type = PyObject_GetAttrString(numpy, "ndarray");
    Py_DECREF(numpy);
    return array_type == NULL ? -1 : 0;
}

static PyMethodDef methods[] = {
    {"product", (PyCFunction)(void (*)(void))product, METH_FASTCALL,
     "product($module, a, b, out, /)\n--\n\n"
     "out = a b for matrices of one float type that overlap nowhere; the C status, or -1 (out\n"
     "untouched) for whatever needs a closer look: another type, shape or layout."},
    DIRECT_NN_METHODS DIRECT_NORM_METHODS DIRECT_ARENA_METHODS DIRECT_ARITHMETIC_METHODS DIRECT_GRAPH_METHODS
        DIRECT_RECORD_METHODS DIRECT_WALK_METHODS{NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)module_exec}, {0, NULL}};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "minigrad._direct", .m_methods = methods,
                                 .m_slots = slots};

PyMODINIT_FUNC PyInit__direct(void)
{
    return PyModuleDef_Init(&definition);
}
