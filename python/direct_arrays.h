/* The arrays of a call into the module minigrad._direct. */
#ifndef MINIGRAD_DIRECT_ARRAYS_H
#define MINIGRAD_DIRECT_ARRAYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

enum { DIRECT_NOT = -1, DIRECT_MOST_ARRAYS = 8, DIRECT_LIKE = -1, DIRECT_FLAT = -2 };
#define DIRECT_LONG_WORK 1e5 /* elements or multiply-adds from which on the interpreter lock is given up */
#define DIRECT_REALS "fd"    /* the buffer protocol's letters for an element type: float32, float64 */
#define DIRECT_INTEGERS "lq" /* int64 */

/* Arrays opened through the buffer protocol, contiguous and all of one element type; `good`
 * is false once one was not. Begin with {.types = DIRECT_REALS, .good = true}. */
typedef struct {
    Py_buffer views[DIRECT_MOST_ARRAYS];
    const char *types;
    Py_ssize_t itemsize;
    int opened;
    bool good;
} direct_arrays_t;

/* The elements of an array of `count` of them (of any number if count < 0); NULL for None.
 * Anything else clears good. */
void *direct_open(direct_arrays_t *arrays, PyObject *array, Py_ssize_t count, bool writable);
/* The same for rows of any number: the last extent, and the product of the others. */
const void *direct_open_rows(direct_arrays_t *arrays, PyObject *array, Py_ssize_t *rows, Py_ssize_t *columns);
void direct_close(direct_arrays_t *arrays);

/* Close the arrays; the status as a number, or NULL if an exception is set. */
PyObject *direct_finish(direct_arrays_t *arrays, long status);
/* Close the arrays; what was made if the status is MG_OK, else the status; takes the reference to `made`. */
PyObject *direct_finish_with(direct_arrays_t *arrays, long status, PyObject *made);

/* A new array of the type and shape of `like`. */
PyObject *direct_new_like(PyObject *like);
/* A new array of the type of `like`, of shape (rows, columns); with rows DIRECT_LIKE, of the
 * shape of `like` but for the last extent; with rows DIRECT_FLAT, of shape (columns). */
PyObject *direct_new_rows(PyObject *like, Py_ssize_t rows, Py_ssize_t columns);
/* The arrays as a tuple of tensors, with None for NULL. */
PyObject *direct_wrap(PyObject *const *made, Py_ssize_t count);
/* Raise the TypeError of a call with `count` arguments in place of `wanted`. */
PyObject *direct_wrong_count(const char *name, Py_ssize_t wanted, Py_ssize_t count);

#endif
