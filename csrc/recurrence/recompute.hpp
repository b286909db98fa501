// Gates worked out again in backward instead of being kept since forward: every state is known, so each step is independent.
#pragma once
#include "recurrence/forward.hpp"

namespace elman::ELMAN_LEVEL {

// Scratch of one thread, for one step: inputs and states (masked) of its rows side by side, and their pre-activations.
template <class T>
struct RecomputeScratch {
  T *pre, *x, *h;

  void carve(Carver& carver, const Shape& shape, const Layout<T>& layout, int64_t rows) {
    pre = carver.take<T>(rows * layout.gate_width);
    x = carver.take<T>(rows * shape.inputs);
    h = carver.take<T>(rows * shape.hidden);
  }
};

// Writes the activated gates of a step's local rows into the workspace of their own gradients, which backward then overwrites group
// by group. The products run in the order of the forward pass, so the gates have its bits.
template <class T, class C>
struct Recompute {
  static constexpr int W = kLanes<T>;
  const Shape& shape;
  const Tensors<T>& t;
  const Layout<T>& layout;
  const PackedLayer<T>& packed;
  const Steps& steps;
  const RecomputeScratch<T>& own;
  Rows rows;

  void run(int64_t step, int64_t n) {
    for (int64_t j = 0; j < n; ++j) gather(step, j);
    const int64_t size = packed.panel_size(layout);
    product(layout, layout.x_slot, own.x, shape.inputs, shape.inputs, packed.w_ih, size, n, packed.bias, 0, own.pre);
    for (int64_t j = 0; j < n && layout.h_slot; ++j) begin_alone(own.pre + j * layout.gate_width);
    product(layout, layout.h_slot, own.h, shape.hidden, shape.hidden, packed.w_hh, size, n, own.pre, layout.gate_width, own.pre);
    for (int64_t j = 0; j < n; ++j) activate(steps.packed(step, rows.place(j)), own.pre + j * layout.gate_width);
  }

  void gather(int64_t step, int64_t j) {
    const int64_t place = rows.place(j);
    const T* h = steps.template past_h<T>(t.y, t.h_0, step, place);  // null: zeros
    const T* mask = t.mask ? t.mask + steps.sequence(place) * shape.hidden : nullptr;
    __builtin_memcpy(own.x + j * shape.inputs, t.x + steps.begin(steps.x, step, place), static_cast<size_t>(shape.inputs) * sizeof(T));
    T* to = own.h + j * shape.hidden;
    for (int64_t u = 0; u < shape.hidden; ++u) {
      const T past = h ? h[u] : T(0);
      to[u] = mask ? past * mask[u] : past;
    }
  }

  // The slot only the past writes to starts from its bias.
  void begin_alone(T* pre) const {
    for (int64_t g = 0; g < layout.groups; ++g) {
      const int64_t at = (g * layout.slots + layout.slots - 1) * W;
      store(pre + at, load(packed.bias + at));
    }
  }

  void activate(int64_t row, const T* pre) const {
    for (int64_t group = 0; group < layout.groups; ++group) {
      Vec<T> g[4];
      C::activate(pre + group * layout.slots * W, g);
      T* to = t.d_gates + row * layout.gate_width + group * layout.slots * W;
      for (int v = 0; v < C::kSlots; ++v) store(to + v * W, g[v]);
    }
  }
};

}  // namespace elman::ELMAN_LEVEL
