// Reading the tuples that a recurrent call comes as from Python.
#pragma once
#include <nanobind/nanobind.h>

#include "recurrence/layer.hpp"

namespace elman {

inline constexpr const char* kSizes[] = {"cell", "inputs", "hidden", "count", "steps", "threads", "reverse", "layer_norm", "recompute"};
inline constexpr const char* kNumbers[] = {"eps", "zone_h", "zone_c"};
inline constexpr const char* kTensors[] = {
    "x",      "h_0",    "c_0",    "w_ih",   "w_hh",   "b_ih",   "b_hh",      "mask",      "zone_h",   "zone_c",   "gain_ih",  "gain_hh",
    "gain_c", "bias_c", "y",      "h_n",    "c_n",    "gates",  "c",         "norm_x",    "norm_h",   "norm_c",   "scales",   "d_y",
    "d_h_n",  "d_c_n",  "d_x",    "d_h_0",  "d_c_0",  "d_w_ih", "d_w_hh",    "d_b_ih",    "d_b_hh",   "d_gain_ih", "d_gain_hh", "d_gain_c",
    "d_bias_c", "d_gates", "d_norm_x", "d_norm_h", "d_norm_c"};
inline constexpr size_t kTensorCount = sizeof(kTensors) / sizeof(kTensors[0]);
static_assert(sizeof(Tensors<float>) == kTensorCount * sizeof(void*), "kTensors names every member of Tensors, in order");

inline int64_t number_at(PyObject* tuple, Py_ssize_t i) { return PyLong_AsLongLong(PyTuple_GET_ITEM(tuple, i)); }

inline void read_numbers(Shape& shape, PyObject* numbers) {
  shape.eps = PyFloat_AsDouble(PyTuple_GET_ITEM(numbers, 0));
  shape.zone_h = PyFloat_AsDouble(PyTuple_GET_ITEM(numbers, 1));
  shape.zone_c = PyFloat_AsDouble(PyTuple_GET_ITEM(numbers, 2));
}

inline Shape read_shape(PyObject* sizes, PyObject* numbers, uint64_t batch_sizes) {
  Shape shape{};
  shape.cell = static_cast<Cell>(number_at(sizes, 0));
  shape.inputs = number_at(sizes, 1);
  shape.hidden = number_at(sizes, 2);
  shape.count = number_at(sizes, 3);
  shape.steps = number_at(sizes, 4);
  shape.threads = number_at(sizes, 5);
  shape.reverse = number_at(sizes, 6) != 0;
  shape.layer_norm = number_at(sizes, 7) != 0;
  shape.recompute = number_at(sizes, 8) != 0 && !shape.layer_norm;
  read_numbers(shape, numbers);
  shape.batch_sizes = reinterpret_cast<const int64_t*>(static_cast<uintptr_t>(batch_sizes));
  return shape;
}

template <class T>
Tensors<T> read_tensors(PyObject* addresses) {
  Tensors<T> tensors{};
  void* values[kTensorCount];
  for (size_t i = 0; i < kTensorCount; ++i) values[i] = PyLong_AsVoidPtr(PyTuple_GET_ITEM(addresses, static_cast<Py_ssize_t>(i)));
  __builtin_memcpy(static_cast<void*>(&tensors), values, sizeof(values));
  return tensors;
}

inline bool fits(const nanobind::tuple& sizes, const nanobind::tuple& numbers, const nanobind::tuple& addresses) {
  return sizes.size() == sizeof(kSizes) / sizeof(kSizes[0]) && numbers.size() == sizeof(kNumbers) / sizeof(kNumbers[0]) &&
         addresses.size() == kTensorCount;
}

}  // namespace elman
