// The Python face of the native code: argument checks and release of the GIL, no arithmetic.
#include <nanobind/nanobind.h>

NB_MODULE(_native, module) { module.attr("__doc__") = "elman's compiled kernels."; }
