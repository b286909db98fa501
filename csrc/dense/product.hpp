// Batched products by the recurrence's own tiles: a row alone has the bits it has among others.
#pragma once
#include "dense/dense.hpp"
#include "gemm/tile.hpp"
#include "memory/pool.hpp"
#include "simd/transpose.hpp"
#include "threads/threads.hpp"

namespace elman::ELMAN_LEVEL {

// One panel of columns of one pair, its right matrix packed block by block where it is not in the right order already.
template <class T>
struct PanelProduct {
  static constexpr int W = kLanes<T>;
  static constexpr int64_t kWidth = 4 * W;       // columns of a panel
  static constexpr int64_t kDepthBlock = 256;    // k packed at once: a panel of them stays in the first-level cache
  static constexpr int64_t kScratch = kDepthBlock * kWidth + 13 * kWidth;
  const Product<T>& p;
  T* block;  // kDepthBlock × kWidth
  T* tile;   // 12 × kWidth
  T* first;  // kWidth: bias

  PanelProduct(const Product<T>& product, T* scratch)
      : p(product), block(scratch), tile(scratch + kDepthBlock * kWidth), first(tile + 12 * kWidth) {}

  // Rows [begin, end) of pair n, columns from `column` on.
  void run(int64_t n, int64_t column, int64_t begin, int64_t end) {
    const int64_t rows_of_b = p.lengths ? p.lengths[n] : p.b_is_transposed ? p.columns : p.depth;
    const int64_t left = (p.b_is_transposed ? rows_of_b : p.columns) - column;
    const int64_t wanted = p.columns - column < kWidth ? p.columns - column : kWidth;
    const int64_t real = left < 0 ? 0 : left < wanted ? left : wanted;
    const int64_t depth = p.b_is_transposed ? p.depth : rows_of_b;
    const int vectors = static_cast<int>((real + W - 1) / W);
    T* y = p.y + (n * p.rows + begin) * p.columns + column;
    for (int64_t c = 0; c < kWidth; ++c) first[c] = p.bias && c < real ? p.bias[column + c] : T(0);
    for (int64_t r = 0; r < end - begin; ++r) {
      for (int64_t c = real; c < wanted; ++c) y[r * p.columns + c] = T(0);
    }
    if (vectors == 0) return;
    const T* a = p.a + (n * p.rows + begin) * p.depth;
    const T* b = p.b + n * p.columns * p.depth;
    int64_t k = 0;
    do {
      const int64_t count = depth - k < kDepthBlock ? depth - k : kDepthBlock;
      const bool whole = real == vectors * W;
      int64_t step = vectors * W;
      const T* right = block;
      if (p.b_is_transposed) {
        pack(b + column * p.depth + k, count, real, vectors);
      } else if (whole) {
        right = b + k * p.columns + column;
        step = p.columns;
      } else {
        copy(b + k * p.columns + column, count, real, vectors);
      }
      multiply(a + k, end - begin, count, right, step, vectors, real, y, k == 0);
      k += count;
    } while (k < depth);
  }

  void multiply(const T* a, int64_t rows, int64_t count, const T* right, int64_t step, int vectors, int64_t real, T* y, bool fresh) {
    const bool whole = real == vectors * W;
    for_each_row_tile(rows, panel_rows(vectors), [&](int64_t begin, int height) {
      T* c = whole ? y + begin * p.columns : tile;
      const int64_t c_row = whole ? p.columns : kWidth;
      if (!whole && !fresh) exchange(y + begin * p.columns, height, vectors, real, false);
      const T* init = fresh ? first : c;
      for (int v = 0; v < vectors; v += kMaxVectors) {
        const int now = vectors - v < kMaxVectors ? vectors - v : kMaxVectors;
        find_tile<T, 1>(height, now)(a + begin * p.depth, p.depth, Depth{count}, right + v * W, step, init + v * W, fresh ? 0 : c_row,
                                     c + v * W, c_row);
      }
      if (!whole) exchange(y + begin * p.columns, height, vectors, real, true);
    });
  }

  // Between y, whose rows end with the last real column, and the tile, whose rows are whole vectors.
  void exchange(T* y, int height, int vectors, int64_t real, bool out) {
    for (int r = 0; r < height; ++r) {
      for (int v = 0; v < vectors; ++v) {
        const int lanes = real - v * W < W ? static_cast<int>(real - v * W) : W;
        T* at = y + r * p.columns + v * W;
        T* in_tile = tile + r * kWidth + v * W;
        out ? store_upto(at, load(in_tile), lanes) : store(in_tile, load_upto(at, lanes));
      }
    }
  }

  void pack(const T* from, int64_t count, int64_t real, int vectors) {
    for (int v = 0; v < vectors; ++v) {
      const int lanes = real - v * W < W ? static_cast<int>(real - v * W) : W;
      transpose(block + v * W, vectors * W, from + v * W * p.depth, p.depth, count, lanes);
    }
  }

  void copy(const T* from, int64_t count, int64_t real, int vectors) {
    for (int64_t k = 0; k < count; ++k) {
      for (int v = 0; v < vectors; ++v) {
        const int lanes = real - v * W < W ? static_cast<int>(real - v * W) : W;
        store(block + (k * vectors + v) * W, load_upto(from + k * p.columns + v * W, lanes));
      }
    }
  }
};

// Threads take panels; when there are fewer panels than threads, parts of their rows.
template <class T>
bool product(const Product<T>& p) {
  if (p.batch == 0 || p.rows == 0 || p.columns == 0) return true;
  using Panel = PanelProduct<T>;
  const double work = static_cast<double>(p.batch) * static_cast<double>(p.rows) * static_cast<double>(p.columns) * static_cast<double>(p.depth + 8);
  const double most = 1 + work / 2e6;
  const int threads = usable_threads(most < static_cast<double>(p.threads) ? static_cast<int64_t>(most) : p.threads);
  const int64_t panels = (p.columns + Panel::kWidth - 1) / Panel::kWidth, pairs = p.batch * panels;
  int64_t parts = pairs < threads ? (threads + pairs - 1) / pairs : 1;
  if (parts > p.rows) parts = p.rows;
  const int64_t size = (Panel::kScratch * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
  const Scratch memory(size * threads);
  if (!memory.get()) return false;
  auto body = [&](int thread, int count) {
    Panel panel(p, reinterpret_cast<T*>(memory.get() + size * thread));
    const Range mine = share(pairs * parts, thread, count);
    for (int64_t i = mine.begin; i < mine.end; ++i) {
      const int64_t pair = i / parts;
      const Range rows = share(p.rows, static_cast<int>(i % parts), static_cast<int>(parts));
      panel.run(pair / panels, pair % panels * Panel::kWidth, rows.begin, rows.end);
    }
  };
  parallel(threads, body);
  return true;
}

}  // namespace elman::ELMAN_LEVEL
