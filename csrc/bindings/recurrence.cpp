// Recurrent passes from Python: everything comes as tuples of numbers in the orders of the names below.
#include "bindings/recurrence.hpp"

#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include <nanobind/ndarray.h>

#include "bindings/arguments.hpp"
#include "isa/level.hpp"
#include "memory/pool.hpp"
#include "stack/stack.hpp"

namespace nb = nanobind;
using elman::kNumbers, elman::kSizes, elman::kTensors, elman::kTensorCount;
using namespace nb::literals;

namespace {

// A call's sizes: those of the layers, then those of the batch.
constexpr const char* kStackSizes[] = {"cell", "inputs", "hidden", "layers", "directions", "reverse", "layer_norm", "recompute"};
constexpr const char* kBatchSizes[] = {"count", "steps", "padded_steps", "batch_sizes", "order",  "threads", "saved_rows",
                                       "x_step", "x_sequence", "y_step", "y_sequence", "d_x_step", "d_x_sequence"};
// Addresses of a call; behind them those of the parts, part by part, and in backward the same of their gradients.
constexpr const char* kWhole[] = {"x", "h_0", "c_0", "y", "h_n", "c_n", "saved", "d_y", "d_h_n", "d_c_n", "d_x", "d_h_0", "d_c_0"};
constexpr Py_ssize_t kStackCount = sizeof(kStackSizes) / sizeof(kStackSizes[0]);
constexpr Py_ssize_t kBatchCount = sizeof(kBatchSizes) / sizeof(kBatchSizes[0]);
constexpr size_t kWholeCount = sizeof(kWhole) / sizeof(kWhole[0]);
static_assert(sizeof(elman::StackTensors<float>) == (kWholeCount + 1) * sizeof(void*), "kWhole names every member but parts, in order");

// Reads the numbers of a tuple one after the other.
class Reader {
 public:
  explicit Reader(const nb::tuple& from) : from_(from.ptr()) {}
  int64_t next() { return elman::number_at(from_, at_++); }
  template <class P>
  P* pointer() {
    return static_cast<P*>(PyLong_AsVoidPtr(PyTuple_GET_ITEM(from_, at_++)));
  }

 private:
  PyObject* from_;
  Py_ssize_t at_ = 0;
};

elman::Spread read_spread(Reader& from) {
  const int64_t step = from.next(), sequence = from.next();
  return {step, sequence};
}

elman::Stack read_stack(const nb::tuple& layers, const nb::tuple& batch, const nb::tuple& numbers) {
  Reader sizes(layers), over(batch);
  elman::Stack stack{};
  elman::Shape& shape = stack.shape;
  shape.cell = static_cast<elman::Cell>(sizes.next());
  shape.inputs = sizes.next();
  shape.hidden = sizes.next();
  stack.layers = sizes.next();
  stack.directions = sizes.next();
  shape.reverse = sizes.next() != 0;
  shape.layer_norm = sizes.next() != 0;
  shape.recompute = sizes.next() != 0 && !shape.layer_norm;
  shape.count = over.next();
  shape.steps = over.next();
  stack.padded_steps = over.next();
  shape.batch_sizes = over.pointer<const int64_t>();
  shape.order = over.pointer<const int64_t>();
  shape.threads = over.next();
  stack.saved_rows = over.next();
  shape.x = read_spread(over);
  shape.y = read_spread(over);
  shape.d_x = read_spread(over);
  elman::read_numbers(shape, numbers.ptr());
  return stack;
}

// The member of Tensors that holds the gradient of another one; -1 where there is none.
int gradient_of(int member) {
  for (size_t i = 0; i < kTensorCount; ++i) {
    if (!std::strncmp(kTensors[i], "d_", 2) && !std::strcmp(kTensors[i] + 2, kTensors[member])) return static_cast<int>(i);
  }
  return -1;
}

// `kinds`: members of Tensors that every part has.
template <class T>
std::vector<elman::Tensors<T>> read_parts(Reader& from, int64_t count, const nb::tuple& kinds, bool gradients) {
  std::vector<elman::Tensors<T>> parts(static_cast<size_t>(count));
  for (const bool gradient : {false, true}) {
    if (gradient && !gradients) break;
    for (elman::Tensors<T>& part : parts) {
      for (size_t k = 0; k < kinds.size(); ++k) {
        const int kind = static_cast<int>(elman::number_at(kinds.ptr(), static_cast<Py_ssize_t>(k)));
        const int member = gradient ? gradient_of(kind) : kind;
        T* address = from.pointer<T>();
        if (member >= 0) reinterpret_cast<T**>(&part)[member] = address;
      }
    }
  }
  return parts;
}

template <class T>
bool pass(const elman::Stack& stack, const nb::tuple& kinds, const nb::tuple& addresses, bool backward) {
  Reader from(addresses);
  elman::StackTensors<T> tensors{};
  void* whole[kWholeCount];
  for (void*& address : whole) address = from.pointer<void>();
  std::memcpy(static_cast<void*>(&tensors), whole, sizeof(whole));
  const auto parts = read_parts<T>(from, stack.layers * stack.directions, kinds, backward);
  tensors.parts = parts.data();
  nb::gil_scoped_release free_the_interpreter;
  return backward ? elman::backward(stack, tensors) : elman::forward(stack, tensors);
}

void run(bool backward, bool is_double, const nb::tuple& layers, const nb::tuple& batch, const nb::tuple& numbers, const nb::tuple& kinds,
         const nb::tuple& addresses) {
  if (nb::len(layers) != kStackCount || nb::len(batch) != kBatchCount || nb::len(numbers) != sizeof(kNumbers) / sizeof(kNumbers[0])) {
    throw nb::value_error("layers, batch and numbers must be as long as STACK_SIZES, BATCH_SIZES and NUMBERS");
  }
  const elman::Stack stack = read_stack(layers, batch, numbers);
  const size_t each = kinds.size() * static_cast<size_t>(stack.layers * stack.directions);
  if (addresses.size() != kWholeCount + (backward ? 2 : 1) * each) throw nb::value_error("addresses must be those of WHOLE and of every part");
  const bool done = is_double ? pass<double>(stack, kinds, addresses, backward) : pass<float>(stack, kinds, addresses, backward);
  if (!done) throw std::bad_alloc();
}

void forward(bool is_double, nb::tuple layers, nb::tuple batch, nb::tuple numbers, nb::tuple kinds, nb::tuple addresses) {
  run(false, is_double, layers, batch, numbers, kinds, addresses);
}

void backward(bool is_double, nb::tuple layers, nb::tuple batch, nb::tuple numbers, nb::tuple kinds, nb::tuple addresses) {
  run(true, is_double, layers, batch, numbers, kinds, addresses);
}

int64_t saved_width(nb::tuple layers, bool gates, int element_bytes) {
  Reader sizes(layers);
  elman::Stack stack{};
  stack.shape.cell = static_cast<elman::Cell>(sizes.next());
  stack.shape.inputs = sizes.next();
  stack.shape.hidden = sizes.next();
  stack.layers = sizes.next();
  stack.directions = sizes.next();
  sizes.next();
  stack.shape.layer_norm = sizes.next() != 0;
  stack.shape.recompute = sizes.next() != 0 && !stack.shape.layer_norm;
  const bool all = gates || stack.shape.layer_norm || elman::gate_count(stack.shape.cell) > 1;
  return elman::saved_width(stack, all && !stack.shape.recompute, element_bytes);
}

// Whether batch sizes are in 1..count, never rise and sum to `rows`.
bool batch_sizes_fit(uint64_t address, int64_t steps, int64_t rows, int64_t count) {
  const auto* sizes = reinterpret_cast<const int64_t*>(static_cast<uintptr_t>(address));
  int64_t left = rows, most = count;
  for (int64_t t = 0; t < steps; ++t) {
    if (sizes[t] < 1 || sizes[t] > most || sizes[t] > left) return false;
    most = sizes[t];
    left -= sizes[t];
  }
  return left == 0;
}

// An uninitialised torch tensor on a block of the pool; the block goes back when the tensor's memory is freed.
template <class T>
nb::object block_tensor(const std::vector<size_t>& shape) {
  size_t bytes = sizeof(T);
  char* block = nullptr;
  for (const size_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes) || bytes > static_cast<size_t>(INT64_MAX)) throw std::bad_alloc();
  }
  if (!(block = elman::acquire(static_cast<int64_t>(bytes)))) throw std::bad_alloc();
  const nb::capsule owner(block, [](void* memory) noexcept { elman::release(static_cast<char*>(memory)); });
  return nb::cast(nb::ndarray<nb::pytorch, T>(block, shape.size(), shape.data(), owner));
}

nb::object empty(bool is_double, nb::tuple shape) {
  std::vector<size_t> sizes;
  for (nb::handle size : shape) sizes.push_back(nb::cast<size_t>(size));
  return is_double ? block_tensor<double>(sizes) : block_tensor<float>(sizes);
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
  module.attr("STACK_SIZES") = names(kStackSizes);
  module.attr("BATCH_SIZES") = names(kBatchSizes);
  module.attr("WHOLE") = names(kWhole);
  module.def("isa", [] { return elman::level().name; }, "Name of the instruction-set level in use: portable, avx2 or avx512.");
  module.def("batch_sizes_fit", &batch_sizes_fit, "address"_a, "steps"_a, "rows"_a, "count"_a,
             "Whether batch sizes are in 1..count, never rise and sum to rows.");
  module.def("saved_width", &saved_width, "layers"_a, "gates"_a, "element_bytes"_a, "Elements a row that forward keeps for backward.");
  module.def("empty", &empty, "is_double"_a, "shape"_a, "Uninitialised tensor on a block that is used again when it is freed.");
  module.def("keep_at_most", &elman::keep_at_most, "bytes"_a, "Lower the bytes of unused blocks that are kept; returns the new number.");
  module.def("trim", &elman::trim, "Give unused blocks back to the system.");
  module.def("forward", &forward, "is_double"_a, "layers"_a, "batch"_a, "numbers"_a, "kinds"_a, "addresses"_a, "Run layers over a batch.");
  module.def("backward", &backward, "is_double"_a, "layers"_a, "batch"_a, "numbers"_a, "kinds"_a, "addresses"_a, "Run their gradients.");
}
