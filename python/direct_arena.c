/* The quick way into the caching arena: see minigrad/nn/_array.py, which owns its blocks. */
#include "direct_arena.h"

#include <limits.h>
#include <stdbool.h>

#include "direct_arrays.h"
#include "direct_record.h"

#define known direct_known
enum { SMALL = 4096 }; /* bytes up to which NumPy's own allocator is the quicker one */

/* The bytes of an array; -1 if there is no such array, for which NumPy has the message. */
static Py_ssize_t bytes_of(PyObject *shape, PyObject *dtype)
{
    if (!PyTuple_Check(shape)) return -1;
    PyObject *itemsize = PyObject_GetAttr(dtype, known.itemsize);
    Py_ssize_t size = itemsize == NULL ? -1 : PyLong_AsSsize_t(itemsize);
    Py_XDECREF(itemsize);
    for (Py_ssize_t i = 0; size > 0 && i < PyTuple_Size(shape); i++) {
        Py_ssize_t extent = PyLong_AsSsize_t(PyTuple_GetItem(shape, i));
        if (extent < 0 || (extent > 0 && size > PY_SSIZE_T_MAX / 2 / extent)) return -1;
        size *= extent;
    }
    return size;
}

/* `size` rounded up to one of eight steps per doubling, so that at most an eighth is wasted. */
static Py_ssize_t size_class(Py_ssize_t size)
{
    int bits = (int)(sizeof(unsigned long long) * CHAR_BIT) - __builtin_clzll((unsigned long long)size);
    Py_ssize_t step = (Py_ssize_t)1 << (bits > 10 ? bits - 4 : 6);
    return (size + step - 1) & -step;
}

/* Move block i to the end of its list, as the one used last: a new reference. */
static PyObject *use(PyObject *blocks, Py_ssize_t i)
{
    PyObject *block = PyList_GetItem(blocks, i);
    Py_INCREF(block);
    if (i + 1 < PyList_Size(blocks) &&
        (PyList_SetSlice(blocks, i, i + 1, NULL) != 0 || PyList_Append(blocks, block) != 0))
        Py_CLEAR(block);
    return block;
}

/* A block of the list that no array looks at, which only the list then holds; NULL if there is none. */
static PyObject *take(PyObject *blocks)
{
    Py_ssize_t count = PyList_Size(blocks);
    /* The two used last are the likeliest to be in cache; of the rest, the oldest to be free. */
    for (Py_ssize_t i = count - 1; i >= 0 && i >= count - 2; i--)
        if (Py_REFCNT(PyList_GetItem(blocks, i)) == 1) return use(blocks, i);
    for (Py_ssize_t i = 0; i < count - 2; i++)
        if (Py_REFCNT(PyList_GetItem(blocks, i)) == 1) return use(blocks, i);
    return NULL;
}

/* An idle block of at least `size` bytes: a new reference. */
static PyObject *block_of(Py_ssize_t size)
{
    PyObject *name = PyLong_FromSsize_t(size_class(size));
    PyObject *blocks = name == NULL ? NULL : PyDict_GetItemWithError(known.blocks, name), *block = NULL;
    if (blocks != NULL) block = take(blocks);
    if (block == NULL && name != NULL && !PyErr_Occurred())
        block = PyObject_CallFunctionObjArgs(known.new_block, name, NULL);
    Py_XDECREF(name);
    return block;
}

PyObject *direct_empty(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (count != 2) return direct_wrong_count("empty", 2, count);
    PyObject *shape = arguments[0], *dtype = arguments[1];
    Py_ssize_t size = bytes_of(shape, dtype);
    if (size <= SMALL) {
        PyErr_Clear();
        return PyObject_CallFunctionObjArgs(known.np_empty, shape, dtype, NULL);
    }
    PyObject *block = block_of(size);
    PyObject *array = block == NULL ? NULL : PyObject_CallFunctionObjArgs(known.array, shape, dtype, block, NULL);
    Py_XDECREF(block);
    return array;
}
