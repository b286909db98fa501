// Elementwise functions and softmax: the same code for every element, wherever it is.
#pragma once
#include <cmath>

#include "dense/dense.hpp"
#include "simd/activate.hpp"
#include "threads/threads.hpp"

namespace elman::ELMAN_LEVEL {

constexpr int64_t kElementsPerThread = 16384;  // below which one more thread brings nothing

// log(1 + exp(x)), one element after the other: few numbers pass through here, and libm knows no vectors.
template <class T>
ELMAN_INLINE Vec<T> softplus(Vec<T> x) {
  for (int i = 0; i < kLanes<T>; ++i) {
    const T value = x[i];
    x[i] = value > T(20) ? value : std::log1p(std::exp(value));
  }
  return x;
}

template <class T, class F>
void map(const T* x, T* y, int64_t count, const F& function) {
  constexpr int W = kLanes<T>;
  int64_t i = 0;
  for (; i + W <= count; i += W) store(y + i, function(load(x + i)));
  if (i < count) store_first(y + i, function(load_first(x + i, static_cast<int>(count - i))), static_cast<int>(count - i));
}

// exp with its limits: exact zero far below, infinity far above.
template <class T>
ELMAN_INLINE Vec<T> full_exp(Vec<T> x) {
  constexpr T kLow = sizeof(T) == 4 ? T(-87) : T(-708), kHigh = sizeof(T) == 4 ? T(88) : T(708);
  const Vec<T> y = exp(x);
  const Vec<T> limited = x < kLow ? Vec<T>{} : y;
  return x > kHigh ? splat(static_cast<T>(__builtin_inf())) : limited;
}

template <class T>
void apply_part(const Apply<T>& a, Range part) {
  const T* x = a.x + part.begin;
  T* y = a.y + part.begin;
  const int64_t count = part.end - part.begin;
  switch (a.function) {
    case Function::kTanh: return map(x, y, count, [](Vec<T> v) { return tanh(v); });
    case Function::kSigmoid: return map(x, y, count, [](Vec<T> v) { return sigmoid(v); });
    case Function::kExp: return map(x, y, count, [](Vec<T> v) { return full_exp<T>(v); });
    case Function::kSoftplus: return map(x, y, count, [](Vec<T> v) { return softplus<T>(v); });
  }
}

inline int threads_for(int64_t elements, int64_t asked) {
  const int64_t most = 1 + elements / kElementsPerThread;
  return usable_threads(most < asked ? most : asked);
}

template <class T>
void apply(const Apply<T>& a) {
  auto body = [&](int thread, int threads) { apply_part(a, share(a.count, thread, threads)); };
  parallel(threads_for(a.count, a.threads), body);
}

// One row of n > 0 elements. A NaN, or an infinity above all others, makes the row NaN, as in torch.
template <class T>
void softmax_row(const T* x, T* y, int64_t n, bool log) {
  constexpr int W = kLanes<T>;
  T highest = x[0];
  for (int64_t i = 1; i < n; ++i) highest = x[i] > highest ? x[i] : highest;
  const Vec<T> top = splat(highest);
  Vec<T> sums{};
  for (int64_t i = 0; i < n; i += W) {
    const int lanes = n - i < W ? static_cast<int>(n - i) : W;
    const Vec<T> e = full_exp<T>(load_upto(x + i, lanes) - top);
    if (!log) store_upto(y + i, e, lanes);
    sums += keep_first<T>(e, lanes);
  }
  const T total = sum<T>(sums);
  const T shift = std::log(total);
  for (int64_t i = 0; i < n; i += W) {
    const int lanes = n - i < W ? static_cast<int>(n - i) : W;
    const Vec<T> value = log ? (load_upto(x + i, lanes) - top) - shift : load_upto(static_cast<const T*>(y) + i, lanes) / total;
    store_upto(y + i, value, lanes);
  }
}

template <class T>
void softmax(const Softmax<T>& s) {
  auto body = [&](int thread, int threads) {
    const Range mine = share(s.rows, thread, threads);
    for (int64_t r = mine.begin; r < mine.end; ++r) {
      const int64_t n = s.lengths ? s.lengths[r / s.rows_per_length] : s.columns;
      T* y = s.y + r * s.columns;
      if (n > 0) softmax_row(s.x + r * s.columns, y, n, s.log);
      for (int64_t i = n; i < s.columns; ++i) y[i] = T(0);
    }
  };
  parallel(threads_for(s.rows * s.columns, s.threads), body);
}

}  // namespace elman::ELMAN_LEVEL
