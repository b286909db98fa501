// Adds n-grams beside another model to the module.
#pragma once
#include <nanobind/nanobind.h>

void bind_ngrams(nanobind::module_& module);
