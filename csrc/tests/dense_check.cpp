#include <algorithm>
#include <cmath>

#include "tests/arena.hpp"
#include "tests/checks.hpp"

namespace {

template <class T>
const elman::DenseKernels<T>& kernels(const elman::Level& level);
template <>
const elman::DenseKernels<float>& kernels(const elman::Level& level) { return level.dense_float; }
template <>
const elman::DenseKernels<double>& kernels(const elman::Level& level) { return level.dense_double; }

template <class T>
constexpr double kTolerance = sizeof(T) == 4 ? 2e-5 : 1e-13;

int64_t size() {
  const int64_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 63, 65, 130};
  return sizes[pick(0, 12)];
}

// One element as a plain sum.
template <class T>
double plain(const elman::Product<T>& p, int64_t n, int64_t r, int64_t c) {
  const int64_t real = p.lengths ? p.lengths[n] : p.b_is_transposed ? p.columns : p.depth;
  if (p.b_is_transposed && c >= real) return 0;
  double sum = p.bias ? static_cast<double>(p.bias[c]) : 0;
  const int64_t depth = p.b_is_transposed ? p.depth : real;
  for (int64_t k = 0; k < depth; ++k) {
    const int64_t at = p.b_is_transposed ? c * p.depth + k : k * p.columns + c;
    sum += static_cast<double>(p.a[(n * p.rows + r) * p.depth + k]) * static_cast<double>(p.b[n * p.columns * p.depth + at]);
  }
  return sum;
}

template <class T>
const char* check_product(const elman::Level& level) {
  Arena arena;
  elman::Product<T> p{};
  p.batch = pick(0, 3), p.rows = size(), p.columns = size(), p.depth = chance(0.2) ? pick(250, 520) : pick(0, 70);
  p.b_is_transposed = chance(0.5);
  p.a = uniform<T>(arena, p.batch * p.rows * p.depth, 1), p.b = uniform<T>(arena, p.batch * p.columns * p.depth, 1);
  if (chance(0.5)) p.bias = uniform<T>(arena, p.columns, 1);
  if (chance(0.5)) {
    auto* lengths = static_cast<int64_t*>(arena.take(static_cast<size_t>(p.batch) * sizeof(int64_t)));
    for (int64_t n = 0; n < p.batch; ++n) lengths[n] = pick(0, p.b_is_transposed ? p.columns : p.depth);
    p.lengths = lengths;
  }
  const size_t bytes = static_cast<size_t>(p.batch * p.rows * p.columns) * sizeof(T), row = static_cast<size_t>(p.columns) * sizeof(T);
  T* results[2];
  for (int i = 0; i < 2; ++i) {
    p.y = results[i] = static_cast<T*>(arena.take(bytes));
    p.threads = i ? pick(2, 6) : 1;
    if (!kernels<T>(level).product(p)) return "a product was refused";
  }
  if (bytes && std::memcmp(results[0], results[1], bytes)) return "a product differs between numbers of threads";
  if (!bytes) return nullptr;
  const int64_t n = pick(0, p.batch - 1), r = pick(0, p.rows - 1);
  for (int64_t c = 0; c < p.columns; ++c) {
    const double found = static_cast<double>(results[0][(n * p.rows + r) * p.columns + c]);
    if (std::abs(found - plain(p, n, r, c)) > kTolerance<T> * (10 + static_cast<double>(p.depth))) return "a product is wrong";
  }
  elman::Product<T> alone = p;
  alone.batch = alone.rows = 1;
  alone.a += (n * p.rows + r) * p.depth, alone.b += n * p.columns * p.depth;
  alone.lengths = p.lengths ? p.lengths + n : nullptr;
  alone.y = static_cast<T*>(arena.take(row));
  if (!kernels<T>(level).product(alone)) return "a product was refused";
  return std::memcmp(alone.y, results[0] + (n * p.rows + r) * p.columns, row) ? "a row alone has other bits" : nullptr;
}

template <class T>
const char* check_functions(const elman::Level& level) {
  Arena arena;
  const int64_t count = pick(0, 200);
  T* x = uniform<T>(arena, count, 10);
  T* y = static_cast<T*>(arena.take(static_cast<size_t>(count) * sizeof(T)));
  for (int which = 0; which < 4; ++which) {
    kernels<T>(level).apply({x, y, count, static_cast<elman::Function>(which), pick(1, 3)});
    for (int64_t i = 0; i < count; ++i) {
      const double v = static_cast<double>(x[i]);
      const double exact[] = {std::tanh(v), 1 / (1 + std::exp(-v)), std::exp(v), std::log1p(std::exp(v))};
      if (!(std::abs(static_cast<double>(y[i]) - exact[which]) <= kTolerance<T> * (1 + std::abs(exact[which])))) return "a function is wrong";
    }
  }
  return nullptr;
}

template <class T>
const char* check_softmax(const elman::Level& level) {
  Arena arena;
  const int64_t rows = pick(0, 9), columns = pick(0, 40);
  T* x = uniform<T>(arena, rows * columns, 5);
  T* y = static_cast<T*>(arena.take(static_cast<size_t>(rows * columns) * sizeof(T)));
  auto* lengths = static_cast<int64_t*>(arena.take(static_cast<size_t>(rows) * sizeof(int64_t)));
  for (int64_t r = 0; r < rows; ++r) lengths[r] = pick(0, columns);
  const bool log = chance(0.5);
  kernels<T>(level).softmax({x, y, rows, columns, lengths, 1, log, pick(1, 3)});
  for (int64_t r = 0; r < rows; ++r) {
    double total = 0;
    for (int64_t c = 0; c < columns; ++c) {
      const double value = static_cast<double>(y[r * columns + c]);
      if (c >= lengths[r] && value != 0) return "a softmax is not zero beyond its columns";
      if (c < lengths[r]) total += log ? std::exp(value) : value;
    }
    if (lengths[r] && std::abs(total - 1) > kTolerance<T> * 10) return "a softmax does not sum to one";
  }
  return nullptr;
}

// A mask has the same bits for any number of threads, only its two values, and about the share asked for.
template <class T>
const char* check_mask(const elman::Level& level) {
  Arena arena;
  const int64_t count = pick(0, 3000);
  T* y = static_cast<T*>(arena.take(static_cast<size_t>(count) * sizeof(T)));
  T* again = static_cast<T*>(arena.take(static_cast<size_t>(count) * sizeof(T)));
  elman::Mask<T> mask{y, count, static_cast<uint32_t>(pick(0, 65536)), T(0), T(2), {}, {}, 1};
  for (auto& word : mask.key) word = static_cast<uint32_t>(pick(0, 1 << 30));
  for (auto& word : mask.counter) word = static_cast<uint32_t>(pick(0, 1 << 30));
  kernels<T>(level).mask(mask);
  mask.y = again, mask.threads = pick(2, 3);
  kernels<T>(level).mask(mask);
  if (std::memcmp(y, again, static_cast<size_t>(count) * sizeof(T))) return "a mask depends on the threads";
  int64_t dropped = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (y[i] != T(0) && y[i] != T(2)) return "a mask has another value";
    dropped += y[i] == T(0);
  }
  const double p = mask.threshold / 65536.0, expected = p * static_cast<double>(count);
  const double spread = 6 * std::sqrt(expected * (1 - p)) + 1e-9;
  return std::abs(static_cast<double>(dropped) - expected) > spread ? "a mask has another share" : nullptr;
}

}  // namespace

const char* check_dense(const elman::Level& level) {
  const char* (*const checks[])(const elman::Level&) = {check_product<float>,    check_product<double>, check_functions<float>,
                                                        check_functions<double>, check_softmax<float>,  check_softmax<double>,
                                                        check_mask<float>,       check_mask<double>};
  for (const auto check : checks) {
    if (const char* wrong = check(level)) return wrong;
  }
  return nullptr;
}
