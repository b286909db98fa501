// Transposing blocks of a row-major matrix in registers.
#pragma once
#include "simd/vec.hpp"

namespace elman::ELMAN_LEVEL {

// Swaps, among W lanes, the half-blocks of size D that lie off the diagonal of two vectors D rows apart.
template <class T, int D, int... L>
ELMAN_INLINE void swap_blocks(Vec<T>& low, Vec<T>& high, std::integer_sequence<int, L...>) {
  constexpr int W = kLanes<T>;
  const Vec<T> a = low, b = high;
  low = __builtin_shufflevector(a, b, ((L & D) ? W + L - D : L)...);
  high = __builtin_shufflevector(a, b, ((L & D) ? W + L : L + D)...);
}

template <class T, int D>
ELMAN_INLINE void transpose_rows(Vec<T>* rows) {
  constexpr int W = kLanes<T>;
  if constexpr (D > 0) {
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) {
      if (!(i & D)) swap_blocks<T, D>(rows[i], rows[i + D], std::make_integer_sequence<int, W>());
    }
    transpose_rows<T, D / 2>(rows);
  }
}

// to[k·step + lane] = from[lane·stride + k] for k < count; lanes beyond `lanes` become zero and are not read.
template <class T>
void transpose(T* to, int64_t step, const T* from, int64_t stride, int64_t count, int lanes) {
  constexpr int W = kLanes<T>;
  int64_t k = 0;
  for (; lanes == W && k + W <= count; k += W) {
    Vec<T> rows[W];
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) rows[i] = load(from + i * stride + k);
    transpose_rows<T, W / 2>(rows);
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) store(to + (k + i) * step, rows[i]);
  }
  for (; k < count; ++k) {
    for (int lane = 0; lane < W; ++lane) to[k * step + lane] = lane < lanes ? from[lane * stride + k] : T(0);
  }
}

}  // namespace elman::ELMAN_LEVEL
