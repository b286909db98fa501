// Adds the recurrent passes to the module.
#pragma once
#include <nanobind/nanobind.h>

void bind_recurrence(nanobind::module_& module);
