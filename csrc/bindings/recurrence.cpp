// Recurrent passes from Python: sizes, numbers and addresses come as tuples in the orders of SIZES, NUMBERS and TENSORS.
#include "bindings/recurrence.hpp"

#include <new>

#include <nanobind/ndarray.h>

#include "bindings/arguments.hpp"
#include "levels/level.hpp"
#include "memory/pool.hpp"

namespace nb = nanobind;
using elman::fits, elman::kNumbers, elman::kSizes, elman::kTensors, elman::read_shape, elman::read_tensors;
using namespace nb::literals;

namespace {

template <class Float, class Double>
void pass(Float in_float, Double in_double, bool is_double, nb::tuple sizes, nb::tuple numbers, uint64_t batch_sizes, nb::tuple addresses) {
  if (!fits(sizes, numbers, addresses)) {
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
