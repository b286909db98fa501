// One symbol drawn from scores: exp, sums and the search of the inverse distribution in three short passes.
#pragma once
#include "simd/activate.hpp"

namespace elman::ELMAN_LEVEL {

constexpr int64_t kDrawBlock = 256;  // classes whose chances are summed before the search looks inside

// scores, bias (n,): outputs of the head; chances (n,): scratch. A class of score -inf has no chance, and neither has one whose share is
// below e^-87. The class at `uniform` (in [0, 1)) of the cumulated chances exp((scores + bias) · cold), cold = 1 / temperature.
template <class T>
int64_t draw(const T* scores, const T* bias, int64_t n, double uniform, double cold, T* chances) {
  constexpr int W = kLanes<T>;
  const auto upto = [n](int64_t i) { return n - i < W ? static_cast<int>(n - i) : W; };
  const Vec<T> scale = splat(static_cast<T>(cold));
  T lowest = -__builtin_inf();
  Vec<T> top = splat(lowest);
  for (int64_t i = 0; i < n; i += W) {
    const int count = upto(i);
    const Vec<T> z = (load_upto(scores + i, count) + load_upto(bias + i, count)) * scale;
    store_upto(chances + i, z, count);
    if (count == W) {
      top = z > top ? z : top;
    } else {
      for (int lane = 0; lane < count; ++lane) lowest = z[lane] > lowest ? z[lane] : lowest;
    }
  }
  for (int lane = 0; lane < W; ++lane) lowest = top[lane] > lowest ? top[lane] : lowest;

  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kDrawBlock) {
    const int64_t end = begin + kDrawBlock < n ? begin + kDrawBlock : n;
    Vec<T> sums{};
    for (int64_t i = begin; i < end; i += W) {
      const int count = upto(i);
      const Vec<T> z = load_upto(chances + i, count) - lowest;
      const Vec<T> chance = z > T(-87) ? exp(z) : Vec<T>{};
      store_upto(chances + i, chance, count);
      sums += keep_first<T>(chance, count);
    }
    total += static_cast<double>(sum<T>(sums));
  }

  // The same sums again decide the block, so that rounding never leads past the last one.
  double left = uniform * total;
  int64_t last = 0;
  for (int64_t begin = 0; begin < n; begin += kDrawBlock) {
    const int64_t end = begin + kDrawBlock < n ? begin + kDrawBlock : n;
    Vec<T> sums{};
    for (int64_t i = begin; i < end; i += W) {
      const int count = upto(i);
      sums += keep_first<T>(load_upto(chances + i, count), count);
    }
    const double block = static_cast<double>(sum<T>(sums));
    if (left >= block && end < n) {
      left -= block;
      continue;
    }
    for (int64_t i = begin; i < end; ++i) {
      if (!(chances[i] > 0)) continue;
      last = i;
      if (left < static_cast<double>(chances[i])) return i;
      left -= static_cast<double>(chances[i]);
    }
    return last;
  }
  return last;
}

}  // namespace elman::ELMAN_LEVEL
