// The forward pass with layer norm: a row's product must be whole before any of its gates can be.
#pragma once
#include "recurrence/forward.hpp"

namespace elman::ELMAN_LEVEL {

// Scaled and shifted copy of a normalised row: to = normal · gain + bias.
template <class T>
ELMAN_INLINE Vec<T> affine(const T* normal, const T* gain, const T* bias, int64_t at) {
  return fma(load(normal + at), load(gain + at), load(bias + at));
}

template <class T, class C, bool kExtra>
void Forward<T, C, kExtra>::project_normed(const T* x, int64_t x_row, int64_t total, int64_t i, int64_t end) {
  product(layout, layout.x_slot, x, x_row, shape.inputs, packed.w_ih, packed.panel_size(layout), total, packed.zeros, 0, own.pre);
  const NormedRow<T> normed{layout, layout.gates, layout.slots};
  T* row = own.pre + layout.x_slot * W;
  for (; i < end; ++i) {
    const int64_t step = steps.at(i), n = rows.count(steps.active(step));
    for (int64_t j = 0; j < n; ++j, row += layout.gate_width) {
      const int64_t out = steps.packed(step, rows.place(j));
      const T scale = normed.normalize(row, shape.eps);
      keep_normal(t.norm_x, out, layout.x_slot, row, 0, scale, normed);
      const int64_t first = layout.x_slot * W;
      normed.each([&](int64_t at, int) { store(row + at, affine(row, packed.gain + first, packed.bias + first, at)); });
    }
  }
}

// Saves a normalised row (its slots from `slot` on) and its scale, when backward will need them.
template <class T, class C, bool kExtra>
void Forward<T, C, kExtra>::keep_normal(T* saved, int64_t out, int slot, const T* row, int which, T scale, const NormedRow<T>& normed) {
  if (!saved) return;
  T* to = saved + out * layout.gate_width + slot * W;
  normed.each([&](int64_t at, int) { store(to + at, load(row + at)); });
  t.scales[out * 4 + which] = scale;
}

template <class T, class C, bool kExtra>
void Forward<T, C, kExtra>::advance_normed(int64_t step, int64_t n, T* pre, int now) {
  product(layout, layout.h_slot, own.masked[now], layout.unit_width, shape.hidden, packed.w_hh, packed.panel_size(layout), n, packed.zeros,
          0, own.past);
  const NormedRow<T> normed{layout, layout.gates, layout.slots};
  const int64_t first = layout.h_slot * W;
  for (int64_t j = 0; j < n; ++j) {
    T* row = own.past + j * layout.gate_width + first;
    T* to = pre + j * layout.gate_width + first;
    const T scale = normed.normalize(row, shape.eps);
    keep_normal(t.norm_h, steps.packed(step, rows.place(j)), layout.h_slot, row, 1, scale, normed);
    normed.each([&](int64_t at, int) {
      const bool alone = layout.h_slot && at / W % layout.slots == layout.gates - 1;  // GRU's m: the past's part only
      const Vec<T> part = affine(row, packed.gain_hh + first, packed.bias_hh + first, at);
      store(to + at, alone ? part : load(to + at) + part);
    });
    row_normed(step, j, pre + j * layout.gate_width, now);
  }
}

// The cell on local row j, whose pre-activations are complete.
template <class T, class C, bool kExtra>
void Forward<T, C, kExtra>::row_normed(int64_t step, int64_t j, T* pre, int now) {
  if (!C::kHasInner) {
    for (int64_t g = 0; g < layout.groups; ++g) cell(step, j, g, pre, now);
    return;
  }
  T *fresh = own.inner, *normal = own.inner + layout.unit_width;
  for (int64_t group = 0; group < layout.groups; ++group) {
    Vec<T> g[4];
    T* at = pre + group * layout.slots * W;
    C::activate(at, g);
    save_gates(step, j, group, g);
    for (int v = 0; v < C::kSlots; ++v) store(at + v * W, g[v]);
    const Vec<T> c = C::inner(g, load(own.c + j * layout.unit_width + group * W));
    store(fresh + group * W, c);
    store(normal + group * W, c);
  }
  const NormedRow<T> normed{layout, 1, 1};
  const int64_t out = steps.packed(step, rows.place(j));
  const T scale = normed.normalize(normal, shape.eps);
  if (t.norm_c) {
    normed.each([&](int64_t at, int) { store(t.norm_c + out * layout.unit_width + at, load(normal + at)); });
    t.scales[out * 4 + 2] = scale;
  }
  for (int64_t group = 0; group < layout.groups; ++group) {
    Vec<T> g[4];
    for (int v = 0; v < C::kSlots; ++v) g[v] = load(pre + (group * layout.slots + v) * W);
    const int64_t at = j * layout.unit_width + group * W;
    const Vec<T> h = C::output(g, load(own.h[now] + at), affine(normal, packed.gain_c, packed.bias_c, group * W));
    emit(step, j, group, now, h, load(own.c + at), load(fresh + group * W));
  }
}

}  // namespace elman::ELMAN_LEVEL
