// Backpropagation through time of one thread over its own sequences, from the last step walked to the first.
#pragma once
#include "recurrence/recompute.hpp"

namespace elman::ELMAN_LEVEL {

constexpr int64_t kRowBlock = 48;  // rows of the left matrix taken through all panels of weights

// Scratch of one thread. Carried to the step before: dh without the products of the gates, and dc.
template <class T>
struct BackwardScratch {
  T *dh, *dc, *kept, *tile, *zeros, *block;
  RecomputeScratch<T> recompute;

  void carve(Carver& carver, const Shape& shape, const Layout<T>& layout, int64_t rows) {
    dh = carver.take<T>(rows * layout.unit_width);
    dc = carver.take<T>(rows * layout.unit_width);
    kept = shape.layer_norm ? carver.take<T>(rows * layout.unit_width) : nullptr;
    tile = carver.take<T>(16 * 4 * kLanes<T>);
    zeros = carver.take<T>(4 * kLanes<T>);
    block = carver.take<T>(kRowBlock * Columns<T>(shape.inputs).vectors() * kLanes<T>);
    if (shape.recompute) recompute.carve(carver, shape, layout, rows);
  }
};

// The left matrix of the backward products: the slots of one product in rows of gates.
template <class T>
Depth gates_depth(const Layout<T>& layout) {
  constexpr int W = kLanes<T>;
  if (layout.gates == layout.slots) return Depth{layout.groups * layout.gates * W};
  return Depth{layout.gates * W, layout.groups, layout.slots * W};
}

template <class T, class C, bool kExtra>
struct Backward {
  static constexpr int W = kLanes<T>;
  const Shape& shape;
  const Tensors<T>& t;
  const Layout<T>& layout;
  const T* w_hh;  // packed by pack_depth_panel, panels of Columns(H)
  const PackedLayer<T>& packed;  // gains and biases of norms; to recompute gates also the weights
  const Steps& steps;
  BackwardScratch<T> own;
  Rows rows;

  void run() {
    const int64_t n = rows.count(shape.count);
    for (int64_t j = 0; j < n; ++j) start(j);
    for (int64_t i = 0; i < 4 * W; ++i) own.zeros[i] = T(0);
    int64_t after = -1, known = 0;  // the step walked through just before, and how many of our rows it had
    for (int64_t i = shape.steps; i-- > 0;) {
      const int64_t step = steps.at(i), active = rows.count(steps.active(step));
      retreat(step, active, after, known);
      after = step;
      known = active;
    }
    retreat(-1, 0, after, known);
    for (int64_t j = rows.count(steps.active(0)); j < n; ++j) begin_row(j);
  }

  // Gradients of the last states into the carries of local row j.
  void start(int64_t j) {
    const int64_t from = steps.sequence(rows.place(j)) * shape.hidden;
    for (int64_t u = 0; u < layout.unit_width; ++u) {
      own.dh[j * layout.unit_width + u] = t.d_h_n && u < shape.hidden ? t.d_h_n[from + u] : T(0);
      own.dc[j * layout.unit_width + u] = t.d_c_n && u < shape.hidden ? t.d_c_n[from + u] : T(0);
    }
  }

  // Gradients of the initial states of a row without any step.
  void begin_row(int64_t j) {
    for (int64_t g = 0; g < layout.groups; ++g) begin_group(j, g, Vec<T>{});
  }

  // From step `after` with `known` rows to step `step` with `active` rows. Rows beyond `active` have begun at `after`:
  // their gradient belongs to the initial state. Rows beyond `known` have their last step here: nothing comes from `after`.
  void retreat(int64_t step, int64_t active, int64_t after, int64_t known) {
    if (shape.recompute && step >= 0) Recompute<T, C>{shape, t, layout, packed, steps, own.recompute, rows}.run(step, active);
    const Columns<T> columns(shape.hidden);
    const Depth depth = gates_depth(layout);
    const int64_t size = layout.groups * layout.gates * W * 4 * W;
    const T* d = (shape.layer_norm ? t.d_norm_h : t.d_gates) + layout.h_slot * W;
    for (int64_t p = 0; p < columns.panels(); ++p) {
      const int vectors = columns.panel_vectors(p);
      for_each_row_tile(known, panel_rows(vectors), [&](int64_t begin, int count) {
        const T* a = d + (steps.packed(after, rows.place(begin))) * layout.gate_width;
        panel_tile<T, 1>(count, vectors, a, rows.stride * layout.gate_width, depth, w_hh + p * size, own.zeros, 0, own.tile, 4 * W);
        for (int64_t j = begin; j < begin + count; ++j) {
          for (int v = 0; v < vectors; ++v) {
            const Vec<T> past = load(own.tile + (j - begin) * 4 * W + v * W);
            j < active ? cell(step, j, p * 4 + v, past) : begin_group(j, p * 4 + v, past);
          }
        }
      });
      for (int64_t j = known; j < active; ++j) {
        for (int v = 0; v < vectors; ++v) cell(step, j, p * 4 + v, Vec<T>{});
      }
    }
    if (shape.layer_norm && step >= 0) unnorm(step, active);
  }

  // dh as it comes out of the recurrence: the carried part, and the gates' product through the mask.
  ELMAN_INLINE Vec<T> arriving(int64_t j, int64_t group, Vec<T> past) {
    const Vec<T> carried = load(own.dh + j * layout.unit_width + group * W);
    if (kExtra && t.mask) {
      past *= load_upto(t.mask + steps.sequence(rows.place(j)) * shape.hidden + group * W, layout.units(group));
    }
    return carried + past;
  }

  ELMAN_INLINE void begin_group(int64_t j, int64_t group, Vec<T> past) {
    const int64_t to = steps.sequence(rows.place(j)) * shape.hidden + group * W;
    const int units = layout.units(group);
    if (t.d_h_0) store_upto(t.d_h_0 + to, arriving(j, group, past), units);
    if (C::kHasInner && t.d_c_0) store_upto(t.d_c_0 + to, load(own.dc + j * layout.unit_width + group * W), units);
  }

  ELMAN_INLINE void load_gates(int64_t step, int64_t place, int64_t group, Vec<T>* g) {
    if (C::kSlots == 1 && !t.gates && !shape.recompute) {
      g[0] = load_upto(t.y + steps.begin(steps.y, step, place) + group * W, layout.units(group));
      return;
    }
    const T* from = (shape.recompute ? t.d_gates : t.gates) + steps.packed(step, place) * layout.gate_width + group * layout.slots * W;
    for (int v = 0; v < C::kSlots; ++v) g[v] = load(from + v * W);
  }

  ELMAN_INLINE static Vec<T> of_past(const T* state, int64_t group, int units) { return state ? load_upto(state + group * W, units) : Vec<T>{}; }

  // One group of units of local row j at `step`: gradients of its gates, and the carries for the step before.
  ELMAN_INLINE void cell(int64_t step, int64_t j, int64_t group, Vec<T> past) {
    const int64_t place = rows.place(j), row = steps.packed(step, place);
    const int64_t out = row * shape.hidden + group * W, at = j * layout.unit_width + group * W;
    const int units = layout.units(group);
    Vec<T> g[4], d[4] = {}, dh_carry, dc_out{}, dc_carry{};
    load_gates(step, place, group, g);
    Vec<T> dh = arriving(j, group, past);
    if (t.d_y) dh += load_upto(t.d_y + steps.begin(steps.y, step, place) + group * W, units);
    Vec<T> dc = C::kHasInner ? load(own.dc + at) : Vec<T>{};
    Vec<T> h_old{}, c_old{}, zone_h{}, zone_c{};
    if (C::kSlots == 4 && !C::kHasInner) h_old = of_past(steps.past_h<T>(t.y, t.h_0, step, place), group, units);
    if (C::kHasInner) c_old = of_past(steps.past_c<T>(t.c, t.c_0, step, place), group, units);
    if (kExtra) {
      zone_h = kept(dh, t.zone_h, shape.zone_h, out, units);
      if (C::kHasInner) zone_c = kept(dc, t.zone_c, shape.zone_c, out, units);
    }
    const Vec<T> c_new = inner_state(row, group, g, c_old);
    C::output_back(g, h_old, c_new, dh, d, dh_carry, dc_out);
    store(own.dh + at, dh_carry + zone_h);
    T* to = t.d_gates + row * layout.gate_width + group * layout.slots * W;
    if (C::kHasInner && !shape.layer_norm) {
      C::inner_back(g, c_old, dc + dc_out, d, dc_carry);
      store(own.dc + at, dc_carry + zone_c);
    } else if (C::kHasInner) {
      // Layer norm of c needs the whole row: unnorm() goes on from here.
      store(t.d_norm_c + row * layout.unit_width + group * W, keep_first<T>(dc_out, units));
      store(own.dc + at, dc);
      store(own.kept + at, zone_c);
    }
    for (int v = 0; v < C::kSlots; ++v) store(to + v * W, keep_first<T>(d[v], units));
  }

  // With layer norm: backward_norm.hpp.
  Vec<T> inner_state(int64_t row, int64_t group, const Vec<T>* g, Vec<T> c_old);
  void unnorm(int64_t step, int64_t active);
  void unnorm_inner(int64_t step, int64_t j, int64_t row);

  // Zoneout: takes z·d for the old state out of d and leaves (1 - z)·d for the new one.
  ELMAN_INLINE static Vec<T> kept(Vec<T>& d, const T* zone, double all, int64_t out, int units) {
    if (!zone && all == 0) return Vec<T>{};
    const Vec<T> z = zone ? load_upto(zone + out, units) : splat(static_cast<T>(all));
    const Vec<T> old = z * d;
    d = (1 - z) * d;
    return old;
  }
};

}  // namespace elman::ELMAN_LEVEL
