// Backpropagation through layer norm: after the gates of a step, its rows as wholes.
#pragma once
#include "recurrence/backward.hpp"
#include "recurrence/forward_norm.hpp"

namespace elman::ELMAN_LEVEL {

// The new c as output() saw it: with layer norm the scaled and shifted normal one.
template <class T, class C, bool kExtra>
ELMAN_INLINE Vec<T> Backward<T, C, kExtra>::inner_state(int64_t row, int64_t group, const Vec<T>* g, Vec<T> c_old) {
  if (!C::kHasInner || !shape.layer_norm) return C::inner(g, c_old);
  return affine(t.norm_c + row * layout.unit_width, packed.gain_c, packed.bias_c, group * W);
}

// Completes the `active` rows of a step: through the norm of c into the gates i f g, then through the norms of both products.
template <class T, class C, bool kExtra>
void Backward<T, C, kExtra>::unnorm(int64_t step, int64_t active) {
  const NormedRow<T> gates{layout, layout.gates, layout.slots};
  const int64_t x = layout.x_slot * W, h = layout.h_slot * W;
  for (int64_t j = 0; j < active; ++j) {
    const int64_t row = steps.packed(step, rows.place(j)), at = row * layout.gate_width;
    if (C::kHasInner) unnorm_inner(step, j, row);
    gates.back(t.d_gates + at + x, packed.gain + x, t.norm_x + at + x, t.scales[row * 4],
               [&](int64_t k, Vec<T> value) { store(t.d_norm_x + at + x + k, value); });
    gates.back(t.d_gates + at + h, packed.gain_hh + h, t.norm_h + at + h, t.scales[row * 4 + 1],
               [&](int64_t k, Vec<T> value) { store(t.d_norm_h + at + h + k, value); });
  }
}

template <class T, class C, bool kExtra>
void Backward<T, C, kExtra>::unnorm_inner(int64_t step, int64_t j, int64_t row) {
  const NormedRow<T> units{layout, 1, 1};
  const T* c_before = steps.template past_c<T>(t.c, t.c_0, step, rows.place(j));
  const T* d_c = t.d_norm_c + row * layout.unit_width;
  units.back(d_c, packed.gain_c, t.norm_c + row * layout.unit_width, t.scales[row * 4 + 2], [&](int64_t k, Vec<T> raw) {
    const int64_t group = k / W, at = j * layout.unit_width + k;
    Vec<T> g[4], d[4] = {}, carry{};
    load_gates(step, rows.place(j), group, g);
    C::inner_back(g, of_past(c_before, group, layout.units(group)), load(own.dc + at) + raw, d, carry);
    store(own.dc + at, carry + load(own.kept + at));
    T* to = t.d_gates + row * layout.gate_width + group * layout.slots * W;
    for (int v = 0; v < 3; ++v) store(to + v * W, keep_first<T>(d[v], layout.units(group)));
  });
}

// Gradients of gains and biases, for the groups of one thread: to[gate, unit] = Σ rows d · normal (or Σ rows d), rows in order.
template <class T>
void norm_sums(const Layout<T>& layout, Range groups, int gates, int slots, const int* gate, int64_t width, int64_t total, const T* d,
               const T* normal, T* gain, T* bias) {
  constexpr int W = kLanes<T>;
  for (int64_t group = groups.begin; group < groups.end; ++group) {
    for (int v = 0; v < gates; ++v) {
      const int64_t at = (group * slots + v) * W;
      Vec<T> with{}, alone{};
      for (int64_t row = 0; row < total; ++row) {
        const Vec<T> value = load(d + row * width + at);
        with = fma(value, load(normal + row * width + at), with);
        alone += value;
      }
      const int64_t to = gate[v] * layout.hidden + group * W;
      if (gain) store_upto(gain + to, with, layout.units(group));
      if (bias) store_upto(bias + to, alone, layout.units(group));
    }
  }
}

}  // namespace elman::ELMAN_LEVEL
