// Whole passes: scratch, threads, and the kernels in order.
#pragma once
#include "gemm/gradients.hpp"
#include "recurrence/backward_norm.hpp"
#include "recurrence/forward_norm.hpp"

namespace elman::ELMAN_LEVEL {

// The rule, measured: products a pass must have for each thread beyond the first. Where rows can be shared out a second thread pays
// from a tenth of a millisecond on. A single row leaves only the products after backpropagation through time, and somebody else's
// process on the other core then costs many times the gain, so much more work is asked for.
constexpr double kWorkPerThread = 4e6;
constexpr double kWorkPerThreadAlone = 5e7;

// How many threads a pass may use. Bits do not depend on it.
template <class T>
int pass_threads(const Shape& shape, const Layout<T>& layout, int64_t total) {
  const double work = static_cast<double>(total) * static_cast<double>(layout.gates * shape.hidden) *
                      static_cast<double>(shape.inputs + shape.hidden);
  const double most = 1 + work / (shape.count > 1 ? kWorkPerThread : kWorkPerThreadAlone);
  const int64_t asked = most < static_cast<double>(shape.threads) ? static_cast<int64_t>(most) : shape.threads;
  return usable_threads(asked);
}

// Calls run(cell type, extra) for the cell and options of a call.
template <class T, class Run>
void with_cell(const Shape& shape, const Tensors<T>& t, const Run& run) {
  const bool extra = t.mask || t.zone_h || t.zone_c || shape.zone_h != 0 || shape.zone_c != 0;
  auto pick = [&](auto cell) { extra ? run(cell, std::true_type{}) : run(cell, std::false_type{}); };
  switch (shape.cell) {
    case Cell::kTanh: return pick(Elman<T, true>{});
    case Cell::kRelu: return pick(Elman<T, false>{});
    case Cell::kGru: return pick(Gru<T>{});
    case Cell::kLstm: return pick(Lstm<T>{});
  }
}

// Everything forward needs, carved twice: once to count, once for real.
template <class T>
struct ForwardPlan {
  int threads;
  int64_t chunk_rows;
  int64_t* offsets;
  PackedLayer<T> packed;
  ForwardScratch<T> scratch[64];

  int64_t carve(char* block, const Shape& shape, const Tensors<T>& t, const Layout<T>& layout) {
    Carver carver(block);
    offsets = carver.take<int64_t>(shape.steps + 1);
    packed.carve(carver, layout, shape.inputs);
    const int64_t rows = (shape.count + threads - 1) / threads;
    const int64_t fitting = kChunkBytes / (layout.gate_width * static_cast<int64_t>(sizeof(T)));
    chunk_rows = fitting > rows ? fitting : rows;
    for (int i = 0; i < threads; ++i) {
      scratch[i].carve(carver, shape, layout, chunk_rows, rows, threads > 1 || shape.reverse || shape.x.step, t.mask != nullptr);
    }
    return carver.used();
  }
};

inline int64_t total_rows(const Shape& shape) {
  int64_t total = 0;
  if (!shape.batch_sizes) return shape.steps * shape.count;
  for (int64_t s = 0; s < shape.steps; ++s) total += shape.batch_sizes[s];
  return total;
}

template <class T>
bool forward(const Shape& shape, const Tensors<T>& t) {
  const Layout<T> layout(shape.cell, shape.hidden);
  ForwardPlan<T> plan;
  plan.threads = pass_threads(shape, layout, total_rows(shape));
  if (plan.threads > 64) plan.threads = 64;
  if (plan.threads > shape.count) plan.threads = shape.count > 0 ? static_cast<int>(shape.count) : 1;
  const Scratch block(plan.carve(nullptr, shape, t, layout));
  if (!block.get()) return false;
  plan.carve(block.get(), shape, t, layout);
  fill_offsets(shape, plan.offsets);
  const Steps steps{shape, plan.offsets};
  auto body = [&](int thread, int threads) {
    plan.packed.fill(layout, t, shape, thread, threads);
    barrier(threads);
    with_cell(shape, t, [&](auto cell, auto extra) {
      for (int part = thread; part < plan.threads; part += threads) {
        Forward<T, decltype(cell), extra.value>{shape, t, layout, plan.packed, steps, plan.scratch[part], Rows{part, plan.threads},
                                                plan.chunk_rows}
            .run();
      }
    });
  };
  parallel(plan.threads, body);
  return true;
}

template <class T>
struct BackwardPlan {
  int threads, row_threads;
  int64_t* offsets;
  T *w_ih, *w_hh;
  PackedLayer<T> packed;
  BackwardScratch<T> scratch[64];
  GradientScratch<T> gradient[64];

  int64_t carve(char* block, const Shape& shape, const Layout<T>& layout) {
    Carver carver(block);
    offsets = carver.take<int64_t>(shape.steps + 1);
    const int64_t depth = layout.groups * layout.gates * kLanes<T>;
    w_ih = carver.take<T>(depth * Columns<T>(shape.inputs).panels() * 4 * kLanes<T>);
    w_hh = carver.take<T>(depth * Columns<T>(shape.hidden).panels() * 4 * kLanes<T>);
    shape.recompute ? packed.carve(carver, layout, shape.inputs) : packed.carve_norms(carver, layout);
    const int64_t rows = (shape.count + row_threads - 1) / row_threads;
    for (int i = 0; i < threads; ++i) {
      scratch[i].carve(carver, shape, layout, rows);
      gradient[i].carve(carver, layout, threads);
    }
    return carver.used();
  }

  void pack(T* to, const Layout<T>& layout, const int* gate, const T* w, const Columns<T>& columns, int thread, int count) {
    const int64_t size = layout.groups * layout.gates * kLanes<T> * 4 * kLanes<T>;
    for (int64_t p = thread; p < columns.panels(); p += count) {
      pack_depth_panel(to + p * size, layout, gate, w, columns.count, p * 4 * kLanes<T>, columns.panel_vectors(p));
    }
  }
};

// After backpropagation through time, one thread's part: gradients of the inputs and of the weights.
template <class T>
void gradients(const Shape& shape, const Tensors<T>& t, const Layout<T>& layout, BackwardPlan<T>& plan, const Steps& steps, int part) {
  const int parts = plan.threads;
  const T* d_x = shape.layer_norm ? t.d_norm_x : t.d_gates;
  const T* d_h = shape.layer_norm ? t.d_norm_h : t.d_gates;
  constexpr int W = kLanes<T>;
  if (t.d_x) {
    input_gradient(layout, steps, d_x + layout.x_slot * W, plan.w_ih, share(steps.total(), part, parts), t.d_x, shape.add_d_x,
                   plan.scratch[part].zeros, plan.scratch[part].block);
  }
  const Range groups = share(layout.groups, part, parts);
  WeightGradient<T>{layout, layout.x_gate, d_x + layout.x_slot * W, RightRows<T>{steps, t.x, nullptr, nullptr, nullptr, shape.inputs},
                    steps.total(), t.d_w_ih, shape.layer_norm ? nullptr : t.d_b_ih, plan.gradient[part]}
      .run(groups);
  WeightGradient<T>{layout, layout.h_gate, d_h + layout.h_slot * W, RightRows<T>{steps, nullptr, t.y, t.h_0, t.mask, shape.hidden},
                    steps.total(), t.d_w_hh, shape.layer_norm ? nullptr : t.d_b_hh, plan.gradient[part]}
      .run(groups);
  if (!shape.layer_norm) return;
  const int64_t width = layout.gate_width, total = steps.total();
  const int only[1] = {0};
  norm_sums(layout, groups, layout.gates, layout.slots, layout.x_gate, width, total, t.d_gates + layout.x_slot * W,
            t.norm_x + layout.x_slot * W, t.d_gain_ih, t.d_b_ih);
  norm_sums(layout, groups, layout.gates, layout.slots, layout.h_gate, width, total, t.d_gates + layout.h_slot * W,
            t.norm_h + layout.h_slot * W, t.d_gain_hh, t.d_b_hh);
  if (t.d_gain_c || t.d_bias_c) norm_sums(layout, groups, 1, 1, only, layout.unit_width, total, t.d_norm_c, t.norm_c, t.d_gain_c, t.d_bias_c);
}

template <class T>
bool backward(const Shape& shape, const Tensors<T>& t) {
  const Layout<T> layout(shape.cell, shape.hidden);
  BackwardPlan<T> plan;
  plan.threads = pass_threads(shape, layout, total_rows(shape));
  if (plan.threads > 64) plan.threads = 64;
  plan.row_threads = plan.threads < shape.count ? plan.threads : shape.count > 0 ? static_cast<int>(shape.count) : 1;
  const Scratch block(plan.carve(nullptr, shape, layout));
  if (!block.get()) return false;
  plan.carve(block.get(), shape, layout);
  fill_offsets(shape, plan.offsets);
  const Steps steps{shape, plan.offsets};
  auto body = [&](int thread, int threads) {
    plan.pack(plan.w_hh, layout, layout.h_gate, t.w_hh, Columns<T>(shape.hidden), thread, threads);
    if (t.d_x) plan.pack(plan.w_ih, layout, layout.x_gate, t.w_ih, Columns<T>(shape.inputs), thread, threads);
    if (shape.recompute) plan.packed.fill(layout, t, shape, thread, threads);
    if (shape.layer_norm && thread == 0) plan.packed.fill_norms(layout, t);
    for (int part = thread; part < plan.threads; part += threads) {
      for (int i = 0; i < 4 * kLanes<T>; ++i) plan.scratch[part].zeros[i] = T(0);
    }
    barrier(threads);
    with_cell(shape, t, [&](auto cell, auto extra) {
      for (int part = thread; part < plan.row_threads; part += threads) {
        Backward<T, decltype(cell), extra.value>{shape, t, layout, plan.w_hh, plan.packed, steps, plan.scratch[part], Rows{part, plan.row_threads}}.run();
      }
    });
    barrier(threads);
    for (int part = thread; part < plan.threads; part += threads) gradients(shape, t, layout, plan, steps, part);
  };
  parallel(plan.threads, body);
  return true;
}

inline Widths widths(Cell cell, int64_t hidden, int element_bytes) {
  if (element_bytes == 4) {
    const Layout<float> layout(cell, hidden);
    return {layout.gate_width, layout.unit_width};
  }
  const Layout<double> layout(cell, hidden);
  return {layout.gate_width, layout.unit_width};
}

}  // namespace elman::ELMAN_LEVEL
