// Recurrent passes from Python: sizes, numbers and addresses come as tuples in the orders of SIZES, NUMBERS and TENSORS.
#include "bindings/recurrence.hpp"

#include <new>

#include <nanobind/ndarray.h>

#include "levels/level.hpp"
#include "memory/pool.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

constexpr const char* kSizes[] = {"cell", "inputs", "hidden", "count", "steps", "threads", "reverse", "layer_norm"};
constexpr const char* kNumbers[] = {"eps", "zone_h", "zone_c"};
constexpr const char* kTensors[] = {
    "x",      "h_0",    "c_0",    "w_ih",   "w_hh",   "b_ih",   "b_hh",      "mask",      "zone_h",   "zone_c",   "gain_ih",  "gain_hh",
    "gain_c", "bias_c", "y",      "h_n",    "c_n",    "gates",  "c",         "norm_x",    "norm_h",   "norm_c",   "scales",   "d_y",
    "d_h_n",  "d_c_n",  "d_x",    "d_h_0",  "d_c_0",  "d_w_ih", "d_w_hh",    "d_b_ih",    "d_b_hh",   "d_gain_ih", "d_gain_hh", "d_gain_c",
    "d_bias_c", "d_gates", "d_norm_x", "d_norm_h", "d_norm_c"};
constexpr size_t kTensorCount = sizeof(kTensors) / sizeof(kTensors[0]);
static_assert(sizeof(elman::Tensors<float>) == kTensorCount * sizeof(void*), "kTensors names every member of Tensors, in order");

int64_t number_at(PyObject* tuple, Py_ssize_t i) { return PyLong_AsLongLong(PyTuple_GET_ITEM(tuple, i)); }

elman::Shape read_shape(PyObject* sizes, PyObject* numbers, uint64_t batch_sizes) {
  elman::Shape shape{};
  shape.cell = static_cast<elman::Cell>(number_at(sizes, 0));
  shape.inputs = number_at(sizes, 1);
  shape.hidden = number_at(sizes, 2);
  shape.count = number_at(sizes, 3);
  shape.steps = number_at(sizes, 4);
  shape.threads = number_at(sizes, 5);
  shape.reverse = number_at(sizes, 6) != 0;
  shape.layer_norm = number_at(sizes, 7) != 0;
  shape.eps = PyFloat_AsDouble(PyTuple_GET_ITEM(numbers, 0));
  shape.zone_h = PyFloat_AsDouble(PyTuple_GET_ITEM(numbers, 1));
  shape.zone_c = PyFloat_AsDouble(PyTuple_GET_ITEM(numbers, 2));
  shape.batch_sizes = reinterpret_cast<const int64_t*>(static_cast<uintptr_t>(batch_sizes));
  return shape;
}

template <class T>
elman::Tensors<T> read_tensors(PyObject* addresses) {
  elman::Tensors<T> tensors{};
  void* values[kTensorCount];
  for (size_t i = 0; i < kTensorCount; ++i) values[i] = PyLong_AsVoidPtr(PyTuple_GET_ITEM(addresses, static_cast<Py_ssize_t>(i)));
  __builtin_memcpy(static_cast<void*>(&tensors), values, sizeof(values));
  return tensors;
}

template <class Float, class Double>
void pass(Float in_float, Double in_double, bool is_double, nb::tuple sizes, nb::tuple numbers, uint64_t batch_sizes, nb::tuple addresses) {
  if (sizes.size() != sizeof(kSizes) / sizeof(kSizes[0]) || numbers.size() != 3 || addresses.size() != kTensorCount) {
    throw nb::value_error("sizes, numbers and addresses must be as long as SIZES, NUMBERS and TENSORS");
  }
  const elman::Shape shape = read_shape(sizes.ptr(), numbers.ptr(), batch_sizes);
  bool done = false;
  if (is_double) {
    const auto tensors = read_tensors<double>(addresses.ptr());
    nb::gil_scoped_release free_the_interpreter;
    done = in_double(shape, tensors);
  } else {
    const auto tensors = read_tensors<float>(addresses.ptr());
    nb::gil_scoped_release free_the_interpreter;
    done = in_float(shape, tensors);
  }
  if (!done) throw std::bad_alloc();
}

void forward(bool is_double, nb::tuple sizes, nb::tuple numbers, uint64_t batch_sizes, nb::tuple addresses) {
  pass(elman::level().forward_float, elman::level().forward_double, is_double, sizes, numbers, batch_sizes, addresses);
}

void backward(bool is_double, nb::tuple sizes, nb::tuple numbers, uint64_t batch_sizes, nb::tuple addresses) {
  pass(elman::level().backward_float, elman::level().backward_double, is_double, sizes, numbers, batch_sizes, addresses);
}

nb::tuple widths(int cell, int64_t hidden, int element_bytes) {
  const elman::Widths found = elman::level().widths(static_cast<elman::Cell>(cell), hidden, element_bytes);
  return nb::make_tuple(found.gates, found.hidden);
}

// An uninitialised torch tensor (rows, columns) on a block of the pool; the block goes back when the tensor's memory is freed.
template <class T>
nb::object block_tensor(int64_t rows, int64_t columns) {
  char* block = nullptr;
  int64_t bytes = 0;
  if (rows < 0 || columns < 0 || __builtin_mul_overflow(rows, columns, &bytes) ||
      __builtin_mul_overflow(bytes, static_cast<int64_t>(sizeof(T)), &bytes) || !(block = elman::acquire(bytes))) {
    throw std::bad_alloc();
  }
  const nb::capsule owner(block, [](void* memory) noexcept { elman::release(static_cast<char*>(memory)); });
  return nb::cast(nb::ndarray<nb::pytorch, T, nb::ndim<2>>(block, {static_cast<size_t>(rows), static_cast<size_t>(columns)}, owner));
}

nb::object empty(bool is_double, int64_t rows, int64_t columns) {
  return is_double ? block_tensor<double>(rows, columns) : block_tensor<float>(rows, columns);
}

template <size_t N>
nb::tuple names(const char* const (&list)[N]) {
  nb::list result;
  for (const char* name : list) result.append(name);
  return nb::tuple(result);
}

}  // namespace

void bind_recurrence(nb::module_& module) {
  module.attr("SIZES") = names(kSizes);
  module.attr("NUMBERS") = names(kNumbers);
  module.attr("TENSORS") = names(kTensors);
  module.def("isa", [] { return elman::level().name; }, "Name of the instruction-set level in use: portable, avx2 or avx512.");
  module.def("widths", &widths, "cell"_a, "hidden"_a, "element_bytes"_a, "Row lengths of saved gates and saved units.");
  module.def("empty", &empty, "is_double"_a, "rows"_a, "columns"_a, "Uninitialised tensor on a block that is used again when it is freed.");
  module.def("trim", &elman::trim, "Give unused blocks back to the system.");
  module.def("forward", &forward, "is_double"_a, "sizes"_a, "numbers"_a, "batch_sizes"_a, "addresses"_a, "Run a layer in one direction.");
  module.def("backward", &backward, "is_double"_a, "sizes"_a, "numbers"_a, "batch_sizes"_a, "addresses"_a, "Run its gradients.");
}
