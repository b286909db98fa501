// The forward pass of one thread over its own sequences: no barrier inside, because no sequence needs another.
#pragma once
#include "gemm/pack.hpp"
#include "gemm/tile.hpp"
#include "memory/pool.hpp"
#include "pointwise/elman.hpp"
#include "pointwise/gru.hpp"
#include "pointwise/lstm.hpp"
#include "recurrence/layer_norm.hpp"
#include "recurrence/rows.hpp"
#include "threads/threads.hpp"

namespace elman::ELMAN_LEVEL {

constexpr int64_t kChunkBytes = 256 << 10;  // pre-activations of so many steps at once stay in the second-level cache

// Packed weights of one layer, shared by all threads. `bias` is a row of gates: b_ih and, where both products meet in one sum
// or the past's part is alone, b_hh; with layer norm only the slots of the input's product.
template <class T>
struct PackedLayer {
  T *w_ih, *w_hh, *bias, *bias_hh, *zeros;
  T *gain, *gain_hh, *gain_c, *bias_c;  // with layer norm: rows of gates, rows of units

  void carve(Carver& carver, const Layout<T>& layout, int64_t inputs) {
    const int64_t columns = layout.groups * layout.gates * kLanes<T>;
    w_ih = carver.take<T>(columns * inputs);
    w_hh = carver.take<T>(columns * layout.hidden);
    bias = carver.take<T>(layout.gate_width);
    bias_hh = carver.take<T>(layout.gate_width);
    zeros = carver.take<T>(layout.gate_width);
    carve_norms(carver, layout);
  }

  void carve_norms(Carver& carver, const Layout<T>& layout) {
    gain = carver.take<T>(layout.gate_width);
    gain_hh = carver.take<T>(layout.gate_width);
    gain_c = carver.take<T>(layout.unit_width);
    bias_c = carver.take<T>(layout.unit_width);
  }

  int64_t panel_size(const Layout<T>& layout) const { return layout.groups_per_panel() * layout.gates * kLanes<T>; }

  void fill(const Layout<T>& layout, const Tensors<T>& t, const Shape& shape, int thread, int threads) {
    const Range mine = share(layout.panels(), thread, threads);
    for (int64_t p = mine.begin; p < mine.end; ++p) {
      pack_gate_panel(w_ih + p * panel_size(layout) * shape.inputs, layout, p, layout.x_gate, t.w_ih, shape.inputs);
      pack_gate_panel(w_hh + p * panel_size(layout) * shape.hidden, layout, p, layout.h_gate, t.w_hh, shape.hidden);
    }
    if (thread) return;
    for (int64_t i = 0; i < layout.gate_width; ++i) bias[i] = bias_hh[i] = zeros[i] = T(0);
    add_bias(bias, layout, layout.x_slot, layout.x_gate, t.b_ih);
    add_bias(shape.layer_norm ? bias_hh : bias, layout, layout.h_slot, layout.h_gate, t.b_hh);
    if (shape.layer_norm) fill_norms(layout, t);
  }

  // A missing gain is one, a missing bias zero.
  void fill_norms(const Layout<T>& layout, const Tensors<T>& t) {
    for (int64_t i = 0; i < layout.gate_width; ++i) gain[i] = t.gain_ih ? T(0) : T(1);
    for (int64_t i = 0; i < layout.gate_width; ++i) gain_hh[i] = t.gain_hh ? T(0) : T(1);
    add_bias(gain, layout, layout.x_slot, layout.x_gate, t.gain_ih);
    add_bias(gain_hh, layout, layout.h_slot, layout.h_gate, t.gain_hh);
    for (int64_t i = 0; i < layout.unit_width; ++i) {
      gain_c[i] = t.gain_c && i < layout.hidden ? t.gain_c[i] : T(1);
      bias_c[i] = t.bias_c && i < layout.hidden ? t.bias_c[i] : T(0);
    }
  }
};

// Scratch of one thread.
template <class T>
struct ForwardScratch {
  T *pre, *past, *inner, *x, *h[2], *masked[2], *c;

  void carve(Carver& carver, const Shape& shape, const Layout<T>& layout, int64_t chunk_rows, int64_t rows, bool gather, bool mask) {
    pre = carver.take<T>(chunk_rows * layout.gate_width);
    past = shape.layer_norm ? carver.take<T>(rows * layout.gate_width) : nullptr;
    inner = shape.layer_norm ? carver.take<T>(2 * layout.unit_width) : nullptr;
    x = gather ? carver.take<T>(chunk_rows * shape.inputs) : nullptr;
    for (int i = 0; i < 2; ++i) {
      h[i] = carver.take<T>(rows * layout.unit_width);
      masked[i] = mask ? carver.take<T>(rows * layout.unit_width) : h[i];
    }
    c = carver.take<T>(rows * layout.unit_width);
  }
};

// Products of `rows` rows with all panels of one weight: to += or = init + a · w.
template <class T>
void product(const Layout<T>& layout, int slot, const T* a, int64_t a_row, int64_t depth, const T* w, int64_t panel_size, int64_t rows,
             const T* init, int64_t init_row, T* to) {
  for (int64_t p = 0; p < layout.panels(); ++p) {
    const int vectors = layout.panel_vectors(p);
    const int64_t column = layout.panel_column(p) + slot * kLanes<T>;
    for_each_row_tile(rows, panel_rows(vectors), [&](int64_t begin, int count) {
      panel_tile<T, 1>(count, vectors, a + begin * a_row, a_row, Depth{depth}, w + p * panel_size * depth,
                       init + begin * init_row + column, init_row, to + begin * layout.gate_width + column, layout.gate_width);
    });
  }
}

// One thread's walk through time. C is the cell; kExtra compiles masks and zoneout in.
template <class T, class C, bool kExtra>
struct Forward {
  static constexpr int W = kLanes<T>;
  const Shape& shape;
  const Tensors<T>& t;
  const Layout<T>& layout;
  const PackedLayer<T>& packed;
  const Steps steps;
  const ForwardScratch<T>& own;
  Rows rows;
  int64_t chunk_rows;

  void run() {
    const int64_t n = rows.count(shape.count);
    for (int64_t j = 0; j < n; ++j) start(j);
    int now = 0;
    finish(rows.count(steps.active(0)), n, now);  // empty sequences
    for (int64_t i = 0; i < shape.steps;) {
      const int64_t end = chunk_end(i);
      project(i, end);
      const T* pre = own.pre;
      for (; i < end; ++i, now ^= 1) {
        const int64_t step = steps.at(i);
        const int64_t active = rows.count(steps.active(step));
        advance(step, active, const_cast<T*>(pre), now);
        pre += active * layout.gate_width;
        if (!shape.reverse) finish(rows.count(steps.active(step + 1)), active, now ^ 1);
      }
    }
    if (shape.reverse) finish(0, rows.count(steps.active(0)), now);
  }

  // Initial state of local row j into the state buffers.
  void start(int64_t j) {
    const int64_t r = steps.sequence(rows.place(j)), h = shape.hidden;
    for (int64_t u = 0; u < layout.unit_width; ++u) {
      const T value = t.h_0 && u < h ? t.h_0[r * h + u] : T(0);
      for (int i = 0; i < 2; ++i) {
        own.h[i][j * layout.unit_width + u] = value;
        if (kExtra && t.mask) own.masked[i][j * layout.unit_width + u] = u < h ? value * t.mask[r * h + u] : T(0);
      }
      if (C::kHasInner) own.c[j * layout.unit_width + u] = t.c_0 && u < h ? t.c_0[r * h + u] : T(0);
    }
  }

  // Last states of local rows [begin, end) out of the buffers.
  void finish(int64_t begin, int64_t end, int now) {
    const size_t bytes = static_cast<size_t>(shape.hidden) * sizeof(T);
    for (int64_t j = begin; j < end; ++j) {
      const int64_t r = steps.sequence(rows.place(j));
      __builtin_memcpy(t.h_n + r * shape.hidden, own.h[now] + j * layout.unit_width, bytes);
      if (C::kHasInner) __builtin_memcpy(t.c_n + r * shape.hidden, own.c + j * layout.unit_width, bytes);
    }
  }

  // The steps from place i on whose pre-activations fit the buffer together.
  int64_t chunk_end(int64_t i) const {
    int64_t used = 0, end = i;
    while (end < shape.steps) {
      used += rows.count(steps.active(steps.at(end)));
      if (used > chunk_rows && end > i) break;
      ++end;
    }
    return end;
  }

  // The input's product for the steps at places [i, end): rows in the order of the walk.
  void project(int64_t i, int64_t end) {
    int64_t total = 0;
    const T* x = own.x;
    int64_t x_row = shape.inputs;
    if (rows.stride == 1 && !shape.reverse && !steps.x.step) {
      total = steps.offsets[end] - steps.offsets[i];
      x_row = steps.x.sequence;
      x = t.x + steps.offsets[i] * x_row;
    } else {
      total = gather(i, end);
    }
    const int64_t panel = packed.panel_size(layout);
    if (shape.layer_norm) {
      project_normed(x, x_row, total, i, end);
      return;
    }
    product(layout, layout.x_slot, x, x_row, shape.inputs, packed.w_ih, panel, total, packed.bias, 0, own.pre);
    if (layout.h_slot == 0) return;
    for (int64_t row = 0; row < total; ++row) {  // the slot only the past writes to starts from its bias
      for (int64_t g = 0; g < layout.groups; ++g) {
        const int64_t at = (g * layout.slots + layout.slots - 1) * W;
        store(own.pre + row * layout.gate_width + at, load(packed.bias + at));
      }
    }
  }

  int64_t gather(int64_t i, int64_t end) {
    int64_t total = 0;
    const size_t bytes = static_cast<size_t>(shape.inputs) * sizeof(T);
    for (; i < end; ++i) {
      const int64_t step = steps.at(i), n = rows.count(steps.active(step));
      for (int64_t j = 0; j < n; ++j, ++total) {
        __builtin_memcpy(own.x + total * shape.inputs, t.x + steps.begin(steps.x, step, rows.place(j)), bytes);
      }
    }
    return total;
  }

  // One step of local rows [0, n): the past's product into `pre`, tile by tile followed by the cell. `now`: which state buffer is read.
  void advance(int64_t step, int64_t n, T* pre, int now) {
    if (shape.layer_norm) {
      advance_normed(step, n, pre, now);
      return;
    }
    const int64_t size = packed.panel_size(layout);
    for (int64_t p = 0; p < layout.panels(); ++p) {
      const int vectors = layout.panel_vectors(p);
      const int64_t column = layout.panel_column(p) + layout.h_slot * W;
      const int64_t group = p * layout.groups_per_panel();
      const int64_t last = group + layout.panel_groups(p);
      for_each_row_tile(n, panel_rows(vectors), [&](int64_t begin, int count) {
        T* c = pre + begin * layout.gate_width + column;
        panel_tile<T, 1>(count, vectors, own.masked[now] + begin * layout.unit_width, layout.unit_width, Depth{shape.hidden},
                         packed.w_hh + p * size * shape.hidden, c, layout.gate_width, c, layout.gate_width);
        for (int64_t j = begin; j < begin + count; ++j) {
          for (int64_t g = group; g < last; ++g) cell(step, j, g, pre + j * layout.gate_width, now);
        }
      });
    }
  }

  // The cell on one group of units of local row j.
  ELMAN_INLINE void cell(int64_t step, int64_t j, int64_t group, const T* pre, int now) {
    Vec<T> g[4];
    C::activate(pre + group * layout.slots * W, g);
    const int64_t at = j * layout.unit_width + group * W;
    const Vec<T> c_old = C::kHasInner ? load(own.c + at) : Vec<T>{};
    const Vec<T> c_new = C::inner(g, c_old);
    save_gates(step, j, group, g);
    emit(step, j, group, now, C::output(g, load(own.h[now] + at), c_new), c_old, c_new);
  }

  ELMAN_INLINE void save_gates(int64_t step, int64_t j, int64_t group, const Vec<T>* g) {
    if (!t.gates) return;
    T* to = t.gates + steps.packed(step, rows.place(j)) * layout.gate_width + group * layout.slots * W;
    for (int v = 0; v < C::kSlots; ++v) store(to + v * W, g[v]);
  }

  // Zoneout, then the new state to the buffers and to y and c.
  ELMAN_INLINE void emit(int64_t step, int64_t j, int64_t group, int now, Vec<T> h, Vec<T> c_old, Vec<T> c) {
    const int64_t at = j * layout.unit_width + group * W;
    const int64_t place = rows.place(j);
    const int64_t out = steps.packed(step, place) * shape.hidden + group * W;
    const int units = layout.units(group);
    if (kExtra) {
      h = zoned(h, load(own.h[now] + at), t.zone_h, shape.zone_h, out, units);
      if (C::kHasInner) c = zoned(c, c_old, t.zone_c, shape.zone_c, out, units);
    }
    store(own.h[now ^ 1] + at, h);
    if (kExtra && t.mask) {
      store(own.masked[now ^ 1] + at, h * load_upto(t.mask + steps.sequence(place) * shape.hidden + group * W, units));
    }
    store_upto(t.y + steps.begin(steps.y, step, place) + group * W, h, units);
    if (C::kHasInner) {
      store(own.c + at, c);
      if (t.c) store_upto(t.c + out, c, units);
    }
  }

  // z·old + (1 - z)·fresh, z from a tensor or one number for all.
  ELMAN_INLINE static Vec<T> zoned(Vec<T> fresh, Vec<T> old, const T* zone, double all, int64_t out, int units) {
    if (!zone && all == 0) return fresh;
    const Vec<T> z = zone ? load_upto(zone + out, units) : splat(static_cast<T>(all));
    return fma(z, old, (1 - z) * fresh);
  }

  // With layer norm: forward_norm.hpp.
  void project_normed(const T* x, int64_t x_row, int64_t total, int64_t i, int64_t end);
  void advance_normed(int64_t step, int64_t n, T* pre, int now);
  void row_normed(int64_t step, int64_t j, T* pre, int now);
  void keep_normal(T* saved, int64_t out, int slot, const T* row, int which, T scale, const NormedRow<T>& normed);
};

}  // namespace elman::ELMAN_LEVEL
