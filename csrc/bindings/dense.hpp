// Adds products, elementwise functions and softmax to the module.
#pragma once
#include <nanobind/nanobind.h>

void bind_dense(nanobind::module_& module);
