// Adds the CtcBeam class and the alignment to the module.
#pragma once
#include <nanobind/nanobind.h>

void bind_ctc(nanobind::module_& module);
