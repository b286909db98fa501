// The innermost product: R rows by V vectors of columns, held in registers.
//
// Every element is one chain of fused multiply-adds over k in rising order, started from `init`, whatever R and V are.
// That is the whole secret of "same bits": rows, threads, batches and single steps choose other tiles, never another chain.
#pragma once
#include "simd/vec.hpp"

namespace elman::ELMAN_LEVEL {

// How the rows of the left matrix are read: element (r, k) of segment s is at a[r * row + s * segment + k * kStep].
struct Depth {
  int64_t length;        // k per segment
  int64_t segments = 1;  // the right matrix goes on without gaps from segment to segment
  int64_t segment = 0;
};

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kMaxVectors = 4;  // 32 registers: 4 columns by 6 rows, 3 by 8, 2 by 12, 1 by 12
constexpr int kMaxRows[] = {0, 12, 12, 8, 6};
#else
constexpr int kMaxVectors = 2;  // 16 registers: 2 columns by 6 rows, 1 by 12
constexpr int kMaxRows[] = {0, 12, 6};
#endif

template <class T>
using TileFn = void (*)(const T* a, int64_t row, const Depth& depth, const T* b, int64_t b_step, const T* init, int64_t init_row, T* c,
                        int64_t c_row);

// c[r][v] = init[r][v] + sum over k of a[r][k] · b[k][v].
//   b       packed, b_step elements from one k to the next
//   init    rows init_row apart (0: one row for all); may be c itself
//   kStep   1 for a row-major left matrix; kBlock for a left matrix packed by columns
template <class T, int R, int V, int kStep>
void tile(const T* a, int64_t row, const Depth& depth, const T* b, int64_t b_step, const T* init, int64_t init_row, T* c, int64_t c_row) {
  constexpr int W = kLanes<T>;
  Vec<T> acc[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) acc[r][v] = load(init + r * init_row + v * W);
  }
  for (int64_t s = 0; s < depth.segments; ++s, a += depth.segment) {
    for (int64_t k = 0; k < depth.length; ++k, b += b_step) {
      Vec<T> column[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        column[v] = load(b + v * W);
        if (R > 1) ELMAN_KEEP_IN_REGISTER(column[v]);  // or the compiler reads it again for every row
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const Vec<T> left = splat(a[r * row + k * kStep]);
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) acc[r][v] = fma(left, column[v], acc[r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store(c + r * c_row + v * W, acc[r][v]);
  }
}

template <class T, int kStep, int V, int... R>
constexpr TileFn<T> tile_of(int rows, std::integer_sequence<int, R...>) {
  constexpr TileFn<T> table[] = {tile<T, R + 1, V, kStep>...};
  return table[rows - 1];
}

// The tile for a number of rows (1..kMaxRows[vectors]) and vectors (1..kMaxVectors).
template <class T, int kStep>
TileFn<T> find_tile(int rows, int vectors) {
  switch (vectors) {
    case 1: return tile_of<T, kStep, 1>(rows, std::make_integer_sequence<int, kMaxRows[1]>());
#if defined(__AVX512F__) || defined(__aarch64__)
    case 3: return tile_of<T, kStep, 3>(rows, std::make_integer_sequence<int, kMaxRows[3]>());
    case 4: return tile_of<T, kStep, 4>(rows, std::make_integer_sequence<int, kMaxRows[4]>());
#endif
    default: return tile_of<T, kStep, 2>(rows, std::make_integer_sequence<int, kMaxRows[2]>());
  }
}

// Calls visit(first row, rows) for tiles of nearly equal height that cover `rows`.
template <class Visit>
ELMAN_INLINE void for_each_row_tile(int64_t rows, int most, const Visit& visit) {
  const int64_t tiles = (rows + most - 1) / most;
  for (int64_t i = 0, begin = 0; i < tiles; ++i) {
    const int64_t end = rows * (i + 1) / tiles;
    visit(begin, static_cast<int>(end - begin));
    begin = end;
  }
}

// The same product for one panel of `vectors` vectors, 1..4 and any number of rows up to kMaxRows of the widest tile:
// a level with few registers takes the panel in parts.
template <class T, int kStep>
ELMAN_INLINE void panel_tile(int rows, int vectors, const T* a, int64_t row, const Depth& depth, const T* b, const T* init, int64_t init_row,
                             T* c, int64_t c_row) {
  constexpr int W = kLanes<T>;
  const int64_t b_step = vectors * W;
  for (int v = 0; v < vectors; v += kMaxVectors) {
    const int now = vectors - v < kMaxVectors ? vectors - v : kMaxVectors;
    find_tile<T, kStep>(rows, now)(a, row, depth, b + v * W, b_step, init + v * W, init_row, c + v * W, c_row);
  }
}

// The tallest tile for a panel.
ELMAN_INLINE int panel_rows(int vectors) { return kMaxRows[vectors < kMaxVectors ? vectors : kMaxVectors]; }

}  // namespace elman::ELMAN_LEVEL
