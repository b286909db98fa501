// The products after backpropagation through time: gradients of the inputs (shared out by rows) and of the weights (shared
// out by columns, each element one chain over the packed rows in rising order).
#pragma once
#include "gemm/pack.hpp"
#include "gemm/tile.hpp"
#include "recurrence/backward.hpp"

namespace elman::ELMAN_LEVEL {

constexpr int64_t kRowBlock = 48;       // rows of the left matrix taken through all panels of weights
constexpr int64_t kDepthBlock = 256;    // rows summed at once in weight gradients
constexpr int64_t kColumnBlock = 256;   // columns of weight gradients at once
constexpr int kBlock = 16;              // gates packed side by side as the left matrix

// to[row] = Σ gates d[row] · w for rows [range); `to` has rows of columns.count elements. `tile`: 16 · 4 · W elements.
template <class T>
void input_gradient(const Layout<T>& layout, const T* d, const T* w, const Columns<T>& columns, Range range, T* to, const T* zeros, T* tile) {
  constexpr int W = kLanes<T>;
  const Depth depth = gates_depth(layout);
  const int64_t size = layout.groups * layout.gates * W * 4 * W;
  for (int64_t block = range.begin; block < range.end; block += kRowBlock) {
    const int64_t rows = range.end - block < kRowBlock ? range.end - block : kRowBlock;
    for (int64_t p = 0; p < columns.panels(); ++p) {
      const int vectors = columns.panel_vectors(p);
      const int64_t column = p * 4 * W, left = columns.count - column;
      const bool whole = left >= vectors * W;
      for_each_row_tile(rows, panel_rows(vectors), [&](int64_t begin, int count) {
        T* out = to + (block + begin) * columns.count + column;
        panel_tile<T, 1>(count, vectors, d + (block + begin) * layout.gate_width, layout.gate_width, depth, w + p * size, zeros, 0,
                         whole ? out : tile, whole ? columns.count : 4 * W);
        if (whole) return;
        for (int r = 0; r < count; ++r) __builtin_memcpy(out + r * columns.count, tile + r * 4 * W, static_cast<size_t>(left) * sizeof(T));
      });
    }
  }
}

// Where the right matrix of a weight gradient comes from, row by row: x, or the states before each step.
template <class T>
struct RightRows {
  const Steps& steps;
  const T* x;         // packed rows, or null for the states before
  const T* y;
  const T* h_0;
  const T* mask;      // (N, H) or null
  int64_t columns;
  int64_t step = 0;   // moves along with `row`

  // The row and its factor for packed row `row`; calls must come with rising rows from 0 or after rewind().
  void at(int64_t row, const T*& values, const T*& factor) {
    factor = nullptr;
    if (x) {
      values = x + row * columns;
      return;
    }
    while (steps.offsets[step + 1] <= row) ++step;
    const int64_t sequence = row - steps.offsets[step];
    values = steps.previous(y, h_0, step, sequence);
    if (mask) factor = mask + sequence * columns;
  }
  void rewind() { step = 0; }
};

// Scratch of one thread for weight gradients.
template <class T>
struct GradientScratch {
  T *right, *left, *sums, *bias;

  static int64_t sums_size(const Layout<T>& layout, int threads) {
    const int64_t groups = (layout.groups + threads - 1) / threads;
    return (groups * layout.gates * kLanes<T> + kBlock) * kColumnBlock;
  }
  void carve(Carver& carver, const Layout<T>& layout, int threads) {
    right = carver.take<T>(kDepthBlock * kColumnBlock);
    left = carver.take<T>(kDepthBlock * kBlock);
    sums = carver.take<T>(sums_size(layout, threads));
    bias = carver.take<T>((layout.groups * layout.gates + kBlock) * kLanes<T>);
  }
};

// One thread's share of a weight gradient: dw[gate, unit] = Σ rows d[row, gate, unit] · right[row], db the same with ones.
template <class T>
struct WeightGradient {
  static constexpr int W = kLanes<T>;
  static constexpr int kVectors = kBlock / W;  // vectors of gates side by side
  const Layout<T>& layout;
  const int* gate;    // torch's gate of each vector of a group
  const T* d;         // (ΣT, gate_width), from the first slot of the product on
  RightRows<T> right;
  int64_t total;      // ΣT
  T *dw, *db;         // either may be null
  GradientScratch<T> own;

  void run(Range groups) {
    const int64_t vectors = (groups.end - groups.begin) * layout.gates;
    if (vectors == 0 || (!dw && !db)) return;
    const int64_t columns = dw ? right.columns : 0;
    for (int64_t i = 0; i < (vectors + kVectors) * W; ++i) own.bias[i] = T(0);
    int64_t first = 0;
    do {
      const int64_t count = columns - first < kColumnBlock ? columns - first : kColumnBlock;
      sum_block(groups, vectors, first, count);
      scatter(groups, vectors, first, count);
      first += count;
    } while (first < columns);
    if (db) scatter_bias(groups);
  }

  // Sums for columns [first, first + count) into own.sums, rows of padded width; the bias goes along with the first block.
  void sum_block(Range groups, int64_t vectors, int64_t first, int64_t count) {
    const Columns<T> block(count);
    const int64_t width = block.vectors() * W;
    for (int64_t i = 0; i < (vectors + kVectors) * W * width; ++i) own.sums[i] = T(0);
    right.rewind();
    for (int64_t row = 0; row < total; row += kDepthBlock) {
      const int64_t depth = total - row < kDepthBlock ? total - row : kDepthBlock;
      if (count) pack_right(row, depth, first, count, block);
      for (int64_t v = 0; v < vectors; v += kVectors) {
        const int64_t now = vectors - v < kVectors ? vectors - v : kVectors;
        pack_left(groups, v, now, row, depth, first == 0);
        if (count) multiply(v, now, depth, block, width);
      }
    }
  }

  const T* gates_at(Range groups, int64_t vector) const {
    return d + ((groups.begin + vector / layout.gates) * layout.slots + vector % layout.gates) * W;
  }

  void pack_left(Range groups, int64_t v, int64_t now, int64_t row, int64_t depth, bool with_bias) {
    for (int64_t i = 0; i < now; ++i) {
      const T* from = gates_at(groups, v + i) + row * layout.gate_width;
      Vec<T> total = load(own.bias + (v + i) * W);
      for (int64_t k = 0; k < depth; ++k) {
        const Vec<T> value = load(from + k * layout.gate_width);
        store(own.left + k * kBlock + i * W, value);
        total += value;
      }
      if (with_bias) store(own.bias + (v + i) * W, total);
    }
  }

  void pack_right(int64_t row, int64_t depth, int64_t first, int64_t count, const Columns<T>& block) {
    for (int64_t k = 0; k < depth; ++k) {
      const T *values, *factor;
      right.at(row + k, values, factor);
      for (int64_t p = 0; p < block.panels(); ++p) {
        const int64_t width = block.panel_vectors(p) * W;
        T* to = own.right + p * 4 * W * kDepthBlock + k * width;
        for (int64_t c = 0; c < width; c += W) {
          const int64_t column = p * 4 * W + c, left = count - column;
          const int lanes = left < W ? static_cast<int>(left) : W;
          Vec<T> value = load_upto(values + first + column, lanes);
          if (factor) value *= load_upto(factor + first + column, lanes);
          store(to + c, value);
        }
      }
    }
  }

  void multiply(int64_t v, int64_t now, int64_t depth, const Columns<T>& block, int64_t width) {
    for (int64_t p = 0; p < block.panels(); ++p) {
      const int vectors = block.panel_vectors(p);
      T* sums = own.sums + v * W * width + p * 4 * W;
      for_each_row_tile(now * W, panel_rows(vectors), [&](int64_t begin, int count) {
        T* c = sums + begin * width;
        panel_tile<T, kBlock>(count, vectors, own.left + begin, 1, Depth{depth}, own.right + p * 4 * W * kDepthBlock, c, width, c, width);
      });
    }
  }

  void scatter(Range groups, int64_t vectors, int64_t first, int64_t count) {
    const int64_t width = Columns<T>(count).vectors() * W;
    for (int64_t v = 0; dw && v < vectors; ++v) {
      const int64_t group = groups.begin + v / layout.gates;
      const int64_t unit = gate[v % layout.gates] * layout.hidden + group * W;
      for (int lane = 0; lane < layout.units(group); ++lane) {
        __builtin_memcpy(dw + (unit + lane) * right.columns + first, own.sums + (v * W + lane) * width, static_cast<size_t>(count) * sizeof(T));
      }
    }
  }

  void scatter_bias(Range groups) {
    for (int64_t v = 0; v < (groups.end - groups.begin) * layout.gates; ++v) {
      const int64_t group = groups.begin + v / layout.gates;
      store_upto(db + gate[v % layout.gates] * layout.hidden + group * W, load(own.bias + v * W), layout.units(group));
    }
  }
};

}  // namespace elman::ELMAN_LEVEL
