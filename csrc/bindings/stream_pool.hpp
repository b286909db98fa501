// Adds the Pool class to the module.
#pragma once
#include <nanobind/nanobind.h>

void bind_pool(nanobind::module_& module);
