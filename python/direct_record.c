/* The structures behind a tensor and a node of the graph.
 *
 * A training step of a small network makes a few dozen tensors and nodes. As Python objects
 * with dicts they take several hundred calls and look-ups a step, over more cache lines than
 * the step's arrays leave in the cache, so that the interpreter, not the arithmetic, sets the
 * pace. Here their attributes lie in the object, each with its initial value. What they mean
 * is written in Python, where these types are subclassed: minigrad/nn/_tensor.py, _graph.py. */
#include "direct_record.h"

#include <stddef.h>
#include <structmember.h>

known_t direct_known;
_Thread_local direct_mode_t direct_mode;
#define known direct_known

/* --- the two types */

PyObject *direct_tensor_new(PyTypeObject *type, PyObject *arguments, PyObject *names)
{
    (void)arguments;
    (void)names;
    PyObject *self = PyType_GenericAlloc(type, 0);
    if (self == NULL) return NULL;
    for (int i = T_NODE; i < TENSOR_FIELDS; i++) put_new(self, i, Py_None);
    put_new(self, T_INDEX, known.zero);
    put_new(self, T_REQUIRES, Py_False);
    put_new(self, T_RETAINS, Py_False);
    return self;
}

PyObject *direct_node_new(PyTypeObject *type, PyObject *arguments, PyObject *names)
{
    (void)arguments;
    (void)names;
    PyObject *self = PyType_GenericAlloc(type, 0);
    if (self == NULL) return NULL;
    for (int i = 0; i < NODE_FIELDS; i++) put_new(self, i, Py_None);
    put_new(self, N_EDGES, known.nothing);
    put_new(self, N_SAVED, known.nothing);
    put_new(self, N_OUTPUTS, known.nothing);
    put_new(self, N_METAS, known.nothing);
    put_new(self, N_NUMBER, known.zero);
    put_new(self, N_COUNT, known.one);
    put_new(self, N_RELEASED, Py_False);
    put_new(self, N_ARRAYS, Py_False);
    return self;
}

static int visit_record(PyObject *self, int fields, visitproc visit, void *arg)
{
    record_t *record = (record_t *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(record->dict);
    for (int i = 0; i < fields; i++) Py_VISIT(record->fields[i]);
    return 0;
}

static void clear_record(PyObject *self, int fields)
{
    record_t *record = (record_t *)self;
    Py_CLEAR(record->dict);
    for (int i = 0; i < fields; i++) Py_CLEAR(record->fields[i]);
}

static void free_record(PyObject *self, int fields)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((record_t *)self)->weak != NULL) PyObject_ClearWeakRefs(self);
    clear_record(self, fields);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static int tensor_traverse(PyObject *self, visitproc visit, void *arg)
{
    return visit_record(self, TENSOR_FIELDS, visit, arg);
}

static int tensor_clear(PyObject *self)
{
    clear_record(self, TENSOR_FIELDS);
    return 0;
}

static void tensor_free(PyObject *self)
{
    free_record(self, TENSOR_FIELDS);
}

static int node_traverse(PyObject *self, visitproc visit, void *arg)
{
    return visit_record(self, NODE_FIELDS, visit, arg);
}

static int node_clear(PyObject *self)
{
    clear_record(self, NODE_FIELDS);
    return 0;
}

static void node_free(PyObject *self)
{
    free_record(self, NODE_FIELDS);
}

/* --- what a node saved */

bool direct_is_tensor(PyObject *object)
{
    if ((PyObject *)Py_TYPE(object) == known.tensor || PyObject_TypeCheck(object, known.tensor_fields)) return true;
    PyErr_Format(PyExc_TypeError, "expected a Tensor; got %R", (PyObject *)Py_TYPE(object));
    return false;
}

bool direct_is_node(PyObject *object)
{
    if (PyObject_TypeCheck(object, known.node_fields)) return true;
    PyErr_Format(PyExc_TypeError, "expected a Node; got %R", (PyObject *)Py_TYPE(object));
    return false;
}

/* Raise the error that a node's method returns. */
static PyObject *complain(PyObject *node, const char *method, PyObject *tensor)
{
    PyObject *error =
        tensor == NULL ? PyObject_CallMethod(node, method, NULL) : PyObject_CallMethod(node, method, "O", tensor);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return NULL;
}

/* A saved tensor, or None: a new reference; NULL with an exception set if it was changed since. */
static PyObject *saved_one(PyObject *node, PyObject *item)
{
    PyObject *tensor = item == Py_None ? Py_None : PyTuple_GetItem(item, 0);
    if (tensor == NULL || (tensor != Py_None && !direct_is_tensor(tensor))) return NULL;
    if (tensor != Py_None && get(tensor, T_CELL) != Py_None) {
        PyObject *version = PyObject_GetAttr(get(tensor, T_CELL), known.version);
        if (version == NULL) return NULL;
        int same = PyObject_RichCompareBool(version, PyTuple_GetItem(item, 1), Py_EQ);
        Py_DECREF(version);
        if (same <= 0) return same < 0 ? NULL : complain(node, "_changed", tensor);
    }
    Py_INCREF(tensor);
    return tensor;
}

static PyObject *node_saved(PyObject *self, void *unused)
{
    (void)unused;
    PyObject *saved = get(self, N_SAVED);
    if (saved == Py_None) return complain(self, "_freed", NULL);
    Py_ssize_t count = PyTuple_Size(saved);
    PyObject *out = count < 0 ? NULL : PyTuple_New(count);
    for (Py_ssize_t i = 0; out != NULL && i < count; i++) {
        PyObject *tensor = saved_one(self, PyTuple_GetItem(saved, i));
        if (tensor == NULL)
            Py_CLEAR(out);
        else
            PyTuple_SetItem(out, i, tensor);
    }
    return out;
}

/* Delete the arrays among a node's attributes. */
static bool drop_arrays(PyObject *dict)
{
    PyObject *names = dict == NULL ? NULL : PyDict_Keys(dict);
    if (names == NULL) return dict == NULL;
    bool good = true;
    for (Py_ssize_t i = 0; good && i < PyList_Size(names); i++) {
        PyObject *name = PyList_GetItem(names, i), *value = PyDict_GetItemWithError(dict, name);
        if (value != NULL && (PyObject *)Py_TYPE(value) == known.array) good = PyDict_DelItem(dict, name) == 0;
    }
    Py_DECREF(names);
    return good;
}

PyObject *direct_release(PyObject *module, PyObject *node)
{
    (void)module;
    if (!direct_is_node(node)) return NULL;
    put_new(node, N_RELEASED, Py_True);
    if (get(node, N_SAVED) != known.nothing) put_new(node, N_SAVED, Py_None);
    if (get(node, N_OUTPUTS) != known.nothing) put_new(node, N_OUTPUTS, Py_None);
    if (get(node, N_ARRAYS) == Py_True && !drop_arrays(((record_t *)node)->dict)) return NULL;
    Py_RETURN_NONE;
}

#define FIELD(name, index) {name, T_OBJECT_EX, offsetof(record_t, fields) + (index) * sizeof(PyObject *), 0, NULL}
#define OWN_MEMBERS                                                                                                    \
    {"__dictoffset__", T_PYSSIZET, offsetof(record_t, dict), READONLY, NULL},                                          \
        {"__weaklistoffset__", T_PYSSIZET, offsetof(record_t, weak), READONLY, NULL},                                  \
    {                                                                                                                  \
        NULL, 0, 0, 0, NULL                                                                                            \
    }

static PyMemberDef tensor_members[] = {
    FIELD("_data", T_DATA),
    FIELD("_node", T_NODE),
    FIELD("_index", T_INDEX),
    FIELD("_requires", T_REQUIRES),
    FIELD("_grad", T_GRAD),
    FIELD("_cell", T_CELL),
    FIELD("_view", T_VIEW),
    FIELD("_where", T_WHERE),
    FIELD("_leaf_edge", T_LEAF_EDGE),
    FIELD("_retains", T_RETAINS),
    OWN_MEMBERS,
};
static PyMemberDef node_members[] = {
    FIELD("next_functions_", N_EDGES), FIELD("number", N_NUMBER),
    FIELD("where", N_WHERE),           FIELD("_saved", N_SAVED),
    FIELD("_outputs", N_OUTPUTS),      FIELD("num_outputs", N_COUNT),
    FIELD("metas", N_METAS),           FIELD("released", N_RELEASED),
    FIELD("has_arrays", N_ARRAYS),     FIELD("pre_hooks", N_PRE_HOOKS),
    FIELD("hooks", N_HOOKS),           FIELD("_leaf", N_LEAF),
    FIELD("post_hooks", N_POST_HOOKS), OWN_MEMBERS,
};
static PyGetSetDef node_values[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {"saved", node_saved, NULL, "The saved inputs. GraphError if one was changed since, or the graph has been freed.",
     NULL},
    {NULL, NULL, NULL, NULL, NULL}};
static PyGetSetDef tensor_values[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
                                      {NULL, NULL, NULL, NULL, NULL}};
static PyType_Slot tensor_slots[] = {
    {Py_tp_new, (void *)direct_tensor_new},
    {Py_tp_dealloc, (void *)tensor_free},
    {Py_tp_clear, (void *)tensor_clear},
    {Py_tp_traverse, (void *)tensor_traverse},
    {Py_tp_members, tensor_members},
    {Py_tp_getset, tensor_values},
    {0, NULL},
};
static PyType_Slot node_slots[] = {
    {Py_tp_new, (void *)direct_node_new},
    {Py_tp_dealloc, (void *)node_free},
    {Py_tp_clear, (void *)node_clear},
    {Py_tp_traverse, (void *)node_traverse},
    {Py_tp_members, node_members},
    {Py_tp_getset, node_values},
    {0, NULL},
};
static const unsigned int record_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;

/* --- the mode */

static PyObject *mode_get(PyObject *self, void *lines)
{
    (void)self;
    return PyBool_FromLong(!(lines != NULL ? direct_mode.no_lines : direct_mode.off));
}

static int mode_set(PyObject *self, PyObject *value, void *lines)
{
    (void)self;
    int on = value == NULL ? 0 : PyObject_IsTrue(value);
    if (on < 0) return -1;
    *(lines != NULL ? &direct_mode.no_lines : &direct_mode.off) = !on;
    return 0;
}

static PyGetSetDef mode_members[] = {{"enabled", mode_get, mode_set, NULL, NULL},
                                     {"lines", mode_get, mode_set, NULL, &mode_members},
                                     {NULL, NULL, NULL, NULL, NULL}};
static PyType_Slot mode_slots[] = {{Py_tp_getset, mode_members}, {0, NULL}};

/* --- the start */

PyObject *direct_adopt(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    PyObject **const adopted[] = {&known.tensor,    &known.array,     &known.as_array,  &known.cell,
                                  &known.leaf_node, &known.leaf_edge, &known.inside,    &known.byte,
                                  &known.push,      &known.blocks,    &known.new_block, &known.np_empty};
    Py_ssize_t wanted = sizeof adopted / sizeof adopted[0];
    if (count != wanted || !PyType_Check(arguments[0]) ||
        !PyType_IsSubtype((PyTypeObject *)arguments[0], known.tensor_fields) || !PyDict_Check(arguments[6]) ||
        !PyDict_Check(arguments[9])) {
        PyErr_SetString(PyExc_TypeError, "adopt: a Tensor comes first, and inside_house and blocks are dicts");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < wanted; i++) {
        Py_INCREF(arguments[i]);
        *adopted[i] = arguments[i];
    }
    Py_RETURN_NONE;
}

static PyTypeObject *add_type(PyObject *module, const char *name, int size, unsigned int flags, PyType_Slot *slots)
{
    PyType_Spec spec = {.name = name, .basicsize = size, .flags = flags, .slots = slots};
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (type == NULL || PyModule_AddType(module, type) == 0) return type;
    Py_DECREF(type);
    return NULL;
}

int direct_record_start(PyObject *module)
{
    const struct {
        PyObject **place;
        const char *name;
    } names[] = {{&known.version, "version"}, {&known.file, "co_filename"},
                 {&known.back, "f_back"},     {&known.offset, "f_lasti"},
                 {&known.saved, "saved"},     {&known.save_output, "save_output"},
                 {&known.flags, "flags"},     {&known.contiguous, "c_contiguous"},
                 {&known.base, "base"},       {&known.dtype, "dtype"},
                 {&known.shape, "shape"},     {&known.itemsize, "itemsize"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        *names[i].place = PyUnicode_InternFromString(names[i].name);
    known.zero = PyLong_FromLong(0);
    known.one = PyLong_FromLong(1);
    known.nothing = PyTuple_New(0);
    known.get_frame = PySys_GetObject("_getframe");
    if (known.get_frame == NULL || PyErr_Occurred()) return -1;
    Py_INCREF(known.get_frame);
    const int tensor_size = sizeof(record_t) + TENSOR_FIELDS * sizeof(PyObject *);
    const int node_size = sizeof(record_t) + NODE_FIELDS * sizeof(PyObject *);
    known.tensor_fields = add_type(module, "minigrad._direct.TensorFields", tensor_size, record_flags, tensor_slots);
    known.node_fields = add_type(module, "minigrad._direct.NodeFields", node_size, record_flags, node_slots);
    PyTypeObject *mode_type =
        add_type(module, "minigrad._direct.Mode", sizeof(PyObject), Py_TPFLAGS_DEFAULT, mode_slots);
    if (known.tensor_fields == NULL || known.node_fields == NULL || mode_type == NULL) return -1;
    Py_DECREF(mode_type);
    return 0;
}
