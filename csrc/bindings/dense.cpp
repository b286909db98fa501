// Products, elementwise functions and softmax from Python, on addresses that elman/kernels/dense.py has checked.
#include "bindings/dense.hpp"

#include <new>

#include "isa/level.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class T>
T* at(uint64_t address) {
  return reinterpret_cast<T*>(static_cast<uintptr_t>(address));
}

template <class T>
bool run_product(const elman::DenseKernels<T>& kernels, uint64_t a, uint64_t b, uint64_t bias, uint64_t y, const int64_t (&sizes)[4],
                 bool b_is_transposed, uint64_t lengths, int64_t threads) {
  return kernels.product({at<const T>(a), at<const T>(b), at<const T>(bias), at<T>(y), sizes[0], sizes[1], sizes[2], sizes[3],
                          b_is_transposed, at<const int64_t>(lengths), threads});
}

void product(bool is_double, uint64_t a, uint64_t b, uint64_t bias, uint64_t y, int64_t batch, int64_t rows, int64_t depth, int64_t columns,
             bool b_is_transposed, uint64_t lengths, int64_t threads) {
  const int64_t sizes[] = {batch, rows, depth, columns};
  bool done = false;
  {
    nb::gil_scoped_release free_the_interpreter;
    done = is_double ? run_product(elman::level().dense_double, a, b, bias, y, sizes, b_is_transposed, lengths, threads)
                     : run_product(elman::level().dense_float, a, b, bias, y, sizes, b_is_transposed, lengths, threads);
  }
  if (!done) throw std::bad_alloc();
}

void apply(bool is_double, int function, uint64_t x, uint64_t y, int64_t count, int64_t threads) {
  nb::gil_scoped_release free_the_interpreter;
  const auto which = static_cast<elman::Function>(function);
  if (is_double) {
    elman::level().dense_double.apply({at<const double>(x), at<double>(y), count, which, threads});
  } else {
    elman::level().dense_float.apply({at<const float>(x), at<float>(y), count, which, threads});
  }
}

void softmax(bool is_double, bool log, uint64_t x, uint64_t y, int64_t rows, int64_t columns, uint64_t lengths, int64_t rows_per_length,
             int64_t threads) {
  nb::gil_scoped_release free_the_interpreter;
  const auto* real = at<const int64_t>(lengths);
  if (is_double) {
    elman::level().dense_double.softmax({at<const double>(x), at<double>(y), rows, columns, real, rows_per_length, log, threads});
  } else {
    elman::level().dense_float.softmax({at<const float>(x), at<float>(y), rows, columns, real, rows_per_length, log, threads});
  }
}

template <class T>
elman::Mask<T> mask_of(uint64_t y, int64_t count, uint32_t threshold, double dropped, double kept, uint64_t seed, uint64_t step, uint64_t draw,
                       int64_t threads) {
  const auto low = [](uint64_t v) { return static_cast<uint32_t>(v); };
  const auto high = [](uint64_t v) { return static_cast<uint32_t>(v >> 32); };
  return {at<T>(y), count, threshold, static_cast<T>(dropped), static_cast<T>(kept), {low(seed), high(seed), high(draw), 0},
          {low(draw), low(step), high(step)}, threads};
}

void mask(bool is_double, uint64_t y, int64_t count, uint32_t threshold, double dropped, double kept, uint64_t seed, uint64_t step,
          uint64_t draw, int64_t threads) {
  nb::gil_scoped_release free_the_interpreter;
  if (is_double) {
    elman::level().dense_double.mask(mask_of<double>(y, count, threshold, dropped, kept, seed, step, draw, threads));
  } else {
    elman::level().dense_float.mask(mask_of<float>(y, count, threshold, dropped, kept, seed, step, draw, threads));
  }
}

}  // namespace

void bind_dense(nb::module_& module) {
  module.def("product", &product, "is_double"_a, "a"_a, "b"_a, "bias"_a, "y"_a, "batch"_a, "rows"_a, "depth"_a, "columns"_a,
             "b_is_transposed"_a, "lengths"_a, "threads"_a, "y = bias + a · b for each pair; csrc/dense/dense.hpp has the shapes.");
  module.def("apply", &apply, "is_double"_a, "function"_a, "x"_a, "y"_a, "count"_a, "threads"_a,
             "y = tanh, sigmoid, exp or softplus (0..3) of x.");
  module.def("softmax", &softmax, "is_double"_a, "log"_a, "x"_a, "y"_a, "rows"_a, "columns"_a, "lengths"_a, "rows_per_length"_a, "threads"_a,
             "Softmax of each row over its first columns, or its logarithm.");
  module.def("mask", &mask, "is_double"_a, "y"_a, "count"_a, "threshold"_a, "dropped"_a, "kept"_a, "seed"_a, "step"_a, "draw"_a,
             "threads"_a, "Mask of a counter: dropped where 16 random bits are below the threshold, else kept.");
}
