// Adds the Stream class to the module.
#pragma once
#include <nanobind/nanobind.h>

void bind_stream(nanobind::module_& module);
