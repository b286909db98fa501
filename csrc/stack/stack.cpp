#include "stack/stack.hpp"

#include <cstring>

#include "isa/level.hpp"
#include "memory/pool.hpp"

namespace elman {
namespace {

bool run_forward(const Shape& shape, const Tensors<float>& t) { return level().forward_float(shape, t); }
bool run_forward(const Shape& shape, const Tensors<double>& t) { return level().forward_double(shape, t); }
bool run_backward(const Shape& shape, const Tensors<float>& t) { return level().backward_float(shape, t); }
bool run_backward(const Shape& shape, const Tensors<double>& t) { return level().backward_double(shape, t); }

bool has_inner(Cell cell) { return cell == Cell::kLstm; }

// Hands out the saved tensors of the parts one after the other, then the outputs of all layers but the last.
template <class T>
class Saved {
 public:
  Saved(const Stack& stack, bool gates, T* memory) : stack_(stack), gates_(gates), memory_(memory) {
    widths_ = level().widths(stack.shape.cell, stack.shape.hidden, sizeof(T));
  }

  void place(Tensors<T>& t) {
    const Shape& shape = stack_.shape;
    if (gates_) t.gates = take(widths_.gates);
    if (shape.layer_norm) {
      t.norm_x = take(widths_.gates);
      t.norm_h = take(widths_.gates);
      if (has_inner(shape.cell)) t.norm_c = take(widths_.hidden);
      t.scales = take(4);
    }
    if (has_inner(shape.cell)) t.c = take(shape.hidden);
  }
  T* output() { return take(stack_.directions * stack_.shape.hidden); }
  int64_t width() const { return width_; }

 private:
  T* take(int64_t width) {
    T* piece = memory_ ? memory_ + width_ * stack_.saved_rows : nullptr;
    width_ += width;
    return piece;
  }

  const Stack& stack_;
  const bool gates_;
  T* memory_;
  Widths widths_;
  int64_t width_ = 0;
};

// The gates of a plain Elman cell are its output; recomputed ones are not kept at all.
template <class T>
bool keeps_gates(const Stack& stack, const StackTensors<T>& tensors) {
  const Shape& shape = stack.shape;
  if (shape.recompute) return false;
  return gate_count(shape.cell) > 1 || shape.layer_norm || shape.zone_h != 0 || (stack.layers && tensors.parts[0].zone_h);
}

int64_t total_rows(const Shape& shape) {
  if (!shape.batch_sizes) return shape.steps * shape.count;
  int64_t total = 0;
  for (int64_t t = 0; t < shape.steps; ++t) total += shape.batch_sizes[t];
  return total;
}

// Zeros into the rows of a padded batch that no sequence reaches.
template <class T>
void clear_padding(const Stack& stack, const Spread& spread, int64_t width, T* to) {
  const Shape& shape = stack.shape;
  for (int64_t t = 0; t < stack.padded_steps; ++t) {
    const int64_t active = t >= shape.steps ? 0 : shape.batch_sizes ? shape.batch_sizes[t] : shape.count;
    for (int64_t p = active; p < shape.count; ++p) {
      const int64_t sequence = shape.order ? shape.order[p] : p;
      std::memset(to + t * spread.step + sequence * spread.sequence, 0, static_cast<size_t>(width) * sizeof(T));
    }
  }
}

// Walks over the parts of a stack: the shape and the tensors of each, as the kernels take them.
template <class T>
class Parts {
 public:
  Parts(const Stack& stack, const StackTensors<T>& tensors)
      : stack_(stack), all_(tensors), out_(stack.directions * stack.shape.hidden), saved_(stack, keeps_gates(stack, tensors), tensors.saved) {}

  int64_t count() const { return stack_.layers * stack_.directions; }
  int64_t output_width() const { return out_; }

  Shape shape(int64_t layer, int64_t direction) const {
    Shape shape = stack_.shape;
    shape.reverse = shape.reverse != (direction == 1);
    shape.y = layer + 1 == stack_.layers ? Spread{shape.y.step, shape.y.sequence ? shape.y.sequence : out_} : Spread{0, out_};
    if (layer == 0) return shape;
    shape.inputs = out_;
    shape.x = shape.d_x = Spread{0, out_};
    shape.add_d_x = direction == 1;
    return shape;
  }

  // `x` and `y` are those of the layer; the part's own half of y is chosen here.
  Tensors<T> tensors(int64_t layer, int64_t direction, const T* x, T* y) const {
    const int64_t part = layer * stack_.directions + direction;
    const int64_t state = part * stack_.shape.count * stack_.shape.hidden, half = direction * stack_.shape.hidden;
    Tensors<T> t = all_.parts[part];
    t.x = x;
    t.y = y + half;
    t.h_0 = at(all_.h_0, state), t.c_0 = at(all_.c_0, state);
    t.h_n = at(all_.h_n, state), t.c_n = at(all_.c_n, state);
    t.d_h_n = at(all_.d_h_n, state), t.d_c_n = at(all_.d_c_n, state);
    t.d_h_0 = at(all_.d_h_0, state), t.d_c_0 = at(all_.d_c_0, state);
    if (!all_.saved) return t;
    Saved<T> saved = saved_;
    for (int64_t i = 0; i <= part; ++i) saved.place(t);
    return t;
  }

  // The saved output of a layer that is not the last.
  T* output(int64_t layer) const {
    Saved<T> saved = saved_;
    Tensors<T> ignored{};
    for (int64_t i = 0; i < count(); ++i) saved.place(ignored);
    T* found = nullptr;
    for (int64_t i = 0; i <= layer; ++i) found = saved.output();
    return found;
  }

 private:
  template <class P>
  static P* at(P* base, int64_t offset) {
    return base ? base + offset : nullptr;
  }

  const Stack& stack_;
  const StackTensors<T>& all_;
  const int64_t out_;
  const Saved<T> saved_;
};

}  // namespace

int64_t saved_width(const Stack& stack, bool gates, int element_bytes) {
  Saved<float> as_float(stack, gates, nullptr);
  Saved<double> as_double(stack, gates, nullptr);
  Tensors<float> f{};
  Tensors<double> d{};
  for (int64_t i = 0; i < stack.layers * stack.directions; ++i) as_float.place(f), as_double.place(d);
  for (int64_t i = 0; i + 1 < stack.layers; ++i) as_float.output(), as_double.output();
  return element_bytes == 4 ? as_float.width() : as_double.width();
}

template <class T>
bool forward(const Stack& stack, const StackTensors<T>& tensors) {
  const Parts<T> parts(stack, tensors);
  const int64_t between = total_rows(stack.shape) * parts.output_width() * static_cast<int64_t>(sizeof(T));
  const bool keep = tensors.saved != nullptr;
  const Scratch first(!keep && stack.layers > 1 ? between : 0), second(!keep && stack.layers > 2 ? between : 0);
  if (!first.get() || !second.get()) return false;
  const T* x = tensors.x;
  for (int64_t layer = 0; layer < stack.layers; ++layer) {
    T* y = layer + 1 == stack.layers ? tensors.y
           : keep                    ? parts.output(layer)
                                     : reinterpret_cast<T*>(layer % 2 ? second.get() : first.get());
    for (int64_t way = 0; way < stack.directions; ++way) {
      if (!run_forward(parts.shape(layer, way), parts.tensors(layer, way, x, y))) return false;
    }
    x = y;
  }
  clear_padding(stack, stack.shape.y, parts.output_width(), tensors.y);
  return true;
}

template <class T>
bool backward(const Stack& stack, const StackTensors<T>& tensors) {
  const Parts<T> parts(stack, tensors);
  const int64_t rows = total_rows(stack.shape);
  const int64_t between = rows * parts.output_width() * static_cast<int64_t>(sizeof(T));
  const Widths widths = level().widths(stack.shape.cell, stack.shape.hidden, sizeof(T));
  const Scratch first(stack.layers > 1 ? between : 0), second(stack.layers > 2 ? between : 0);
  const Scratch gates(rows * (widths.gates * (stack.shape.layer_norm ? 3 : 1) + widths.hidden) * static_cast<int64_t>(sizeof(T)));
  if (!first.get() || !second.get() || !gates.get()) return false;
  T* work = reinterpret_cast<T*>(gates.get());
  const T* d_y = tensors.d_y;
  for (int64_t layer = stack.layers; layer-- > 0;) {
    T* d_x = layer == 0 ? tensors.d_x : reinterpret_cast<T*>(layer % 2 ? first.get() : second.get());
    for (int64_t way = 0; way < stack.directions; ++way) {
      Tensors<T> t = parts.tensors(layer, way, layer ? parts.output(layer - 1) : tensors.x,
                                   layer + 1 == stack.layers ? tensors.y : parts.output(layer));
      Shape shape = parts.shape(layer, way);
      shape.add_d_x = way == 1;
      t.d_y = d_y ? d_y + way * shape.hidden : nullptr;
      t.d_x = d_x;
      t.d_gates = work;
      t.d_norm_x = work + rows * widths.gates;
      t.d_norm_h = work + 2 * rows * widths.gates;
      t.d_norm_c = work + 3 * rows * widths.gates;
      if (!run_backward(shape, t)) return false;
    }
    d_y = d_x;
  }
  if (tensors.d_x) clear_padding(stack, stack.shape.d_x, stack.shape.inputs, tensors.d_x);
  return true;
}

template bool forward<float>(const Stack&, const StackTensors<float>&);
template bool forward<double>(const Stack&, const StackTensors<double>&);
template bool backward<float>(const Stack&, const StackTensors<float>&);
template bool backward<double>(const Stack&, const StackTensors<double>&);

}  // namespace elman
