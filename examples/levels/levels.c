#include <Python.h>

#if defined(__AVX512BW__)
static const char level[] = "level=v4";
#elif defined(__AVX2__)
static const char level[] = "level=v3";
#elif defined(__SSE4_2__)
static const char level[] = "level=v2";
#else
static const char level[] = "level=base";
#endif

static PyObject *say(PyObject *self, PyObject *none) { return PyUnicode_FromString(level); }

static PyObject *sum(PyObject *self, PyObject *number) {
    double total = 0;  /* each level has its own instructions for it */
    for (long i = PyLong_AsLong(number); i > 0; i--) total += 1.0 / i;
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(total);
}

static PyMethodDef methods[] = {
    {"say", say, METH_NOARGS, "Return the level that this was compiled for."},
    {"sum", sum, METH_O, "Return the sum of the first reciprocals."},
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "levels", NULL, -1, methods};
PyMODINIT_FUNC PyInit_levels(void) { return PyModule_Create(&module); }
