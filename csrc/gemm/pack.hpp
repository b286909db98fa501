// Packing of matrices into panels: for each panel of up to four vectors of columns, all of its k one after the other.
#pragma once
#include "recurrence/layout.hpp"

namespace elman::ELMAN_LEVEL {

// One vector of W columns from W rows of a row-major matrix (its transpose): to[k·step + lane] = from[row(lane)·depth + k].
// Lanes beyond `lanes` become zero. The rows are `first`, first+1, …
template <class T>
void pack_transposed(T* to, int64_t step, const T* from, int64_t depth, int64_t first, int lanes) {
  constexpr int W = kLanes<T>;
  const T* row = from + first * depth;
  if (lanes == W) {
    for (int64_t k = 0; k < depth; ++k) {
#pragma GCC unroll 16
      for (int lane = 0; lane < W; ++lane) to[k * step + lane] = row[lane * depth + k];
    }
    return;
  }
  for (int64_t k = 0; k < depth; ++k) {
    for (int lane = 0; lane < W; ++lane) to[k * step + lane] = lane < lanes ? row[lane * depth + k] : T(0);
  }
}

// Weights (G·H, depth) as the right matrix of gates = x · wᵀ; `gate` is x_gate or h_gate. One panel; size depth · vectors · W.
template <class T>
void pack_gate_panel(T* to, const Layout<T>& layout, int64_t panel, const int* gate, const T* w, int64_t depth) {
  constexpr int W = kLanes<T>;
  const int64_t step = layout.panel_vectors(panel) * W;
  for (int g = 0; g < layout.panel_groups(panel); ++g) {
    const int64_t group = panel * layout.groups_per_panel() + g;
    for (int v = 0; v < layout.gates; ++v) {
      pack_transposed(to + (g * layout.gates + v) * W, step, w, depth, gate[v] * layout.hidden + group * W, layout.units(group));
    }
  }
}

// A bias (G·H,) in a row of gates, slots of `gate` from `slot` on; added to the values there. Null does nothing.
template <class T>
void add_bias(T* row, const Layout<T>& layout, int slot, const int* gate, const T* bias) {
  if (!bias) return;
  constexpr int W = kLanes<T>;
  for (int64_t group = 0; group < layout.groups; ++group) {
    for (int v = 0; v < layout.gates; ++v) {
      T* to = row + (group * layout.slots + slot + v) * W;
      for (int lane = 0; lane < layout.units(group); ++lane) to[lane] += bias[gate[v] * layout.hidden + group * W + lane];
    }
  }
}

// Weights (G·H, columns) as the right matrix of d = d_gates · w: depth in the order of a row of gates (only the slots of
// `gate`), columns [first, first + vectors·W) of `columns`. Size groups · G · W · vectors · W; empty units are zero rows.
template <class T>
void pack_depth_panel(T* to, const Layout<T>& layout, const int* gate, const T* w, int64_t columns, int64_t first, int vectors) {
  constexpr int W = kLanes<T>;
  const int64_t width = vectors * W;
  const int64_t real = columns - first < width ? columns - first : width;
  for (int64_t group = 0; group < layout.groups; ++group) {
    for (int v = 0; v < layout.gates; ++v) {
      for (int lane = 0; lane < W; ++lane, to += width) {
        int64_t c = 0;
        if (lane < layout.units(group)) {
          const T* from = w + (gate[v] * layout.hidden + group * W + lane) * columns + first;
          for (; c < real; ++c) to[c] = from[c];
        }
        for (; c < width; ++c) to[c] = T(0);
      }
    }
  }
}

// Panels over plain columns: four vectors each, the last one narrower.
template <class T>
struct Columns {
  static constexpr int W = kLanes<T>;
  int64_t count;
  explicit Columns(int64_t columns) : count(columns) {}
  int64_t vectors() const { return (count + W - 1) / W; }
  int64_t panels() const { return (vectors() + 3) / 4; }
  int panel_vectors(int64_t panel) const {
    const int64_t left = vectors() - panel * 4;
    return left < 4 ? static_cast<int>(left) : 4;
  }
};

}  // namespace elman::ELMAN_LEVEL
