// The products after backpropagation through time: gradients of the inputs (shared out by rows) and of the weights (shared
// out by columns, each element one chain over the packed rows in rising order).
#pragma once
#include "gemm/pack.hpp"
#include "gemm/tile.hpp"
#include "recurrence/backward.hpp"

namespace elman::ELMAN_LEVEL {

constexpr int64_t kDepthBlock = 256;    // rows summed at once in weight gradients
constexpr int64_t kColumnBlock = 256;   // columns of weight gradients at once
constexpr int kBlock = 16;              // gates packed side by side as the left matrix

// Where packed rows begin in a spread tensor, asked for in rising order.
struct RowCursor {
  const Steps& steps;
  const Spread& spread;
  int64_t step = 0;

  int64_t at(int64_t row) {
    if (!spread.step) return row * spread.sequence;
    while (steps.offsets[step + 1] <= row) ++step;
    return steps.begin(spread, step, row - steps.offsets[step]);
  }
};

// d_x[row] = Σ gates d[row] · w for packed rows [range), added to the values there if `add`. `block`: kRowBlock rows of whole vectors.
template <class T>
void input_gradient(const Layout<T>& layout, const Steps& steps, const T* d, const T* w, Range range, T* d_x, bool add, const T* zeros,
                    T* block) {
  constexpr int W = kLanes<T>;
  const Columns<T> columns(steps.shape.inputs);
  const Depth depth = gates_depth(layout);
  const int64_t size = layout.groups * layout.gates * W * 4 * W, width = columns.vectors() * W;
  const size_t bytes = static_cast<size_t>(columns.count) * sizeof(T);
  RowCursor rows_of_x{steps, steps.d_x};
  for (int64_t first = range.begin; first < range.end; first += kRowBlock) {
    const int64_t rows = range.end - first < kRowBlock ? range.end - first : kRowBlock;
    for (int64_t p = 0; p < columns.panels(); ++p) {
      const int vectors = columns.panel_vectors(p);
      for_each_row_tile(rows, panel_rows(vectors), [&](int64_t begin, int count) {
        panel_tile<T, 1>(count, vectors, d + (first + begin) * layout.gate_width, layout.gate_width, depth, w + p * size, zeros, 0,
                         block + begin * width + p * 4 * W, width);
      });
    }
    for (int64_t r = 0; r < rows; ++r) {
      T *to = d_x + rows_of_x.at(first + r), *from = block + r * width;
      for (int64_t c = 0; add && c < columns.count; ++c) from[c] += to[c];  // two whole sums, as autograd adds two layers' gradients
      __builtin_memcpy(to, from, bytes);
    }
  }
}

// Where the right matrix of a weight gradient comes from, row by row: x, or the states before each step.
template <class T>
struct RightRows {
  const Steps& steps;
  const T* x;         // or null for the states before
  const T* y;
  const T* h_0;
  const T* mask;      // (N, H) or null
  int64_t columns;
  int64_t step = 0;   // moves along with `row`

  // The row (null: zeros) and its factor for packed row `row`; calls must come with rising rows from 0 or after rewind().
  void at(int64_t row, const T*& values, const T*& factor) {
    factor = nullptr;
    while (steps.offsets[step + 1] <= row) ++step;
    const int64_t place = row - steps.offsets[step];
    if (x) {
      values = x + steps.begin(steps.x, step, place);
      return;
    }
    values = steps.past_h(y, h_0, step, place);
    if (mask) factor = mask + steps.sequence(place) * columns;
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
          Vec<T> value = values ? load_upto(values + first + column, lanes) : Vec<T>{};
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
