#include <algorithm>
#include <numeric>

#include "stack/stack.hpp"
#include "tests/arena.hpp"
#include "tests/checks.hpp"

namespace {

using elman::Spread;
using elman::Stack;
using elman::StackTensors;
using elman::Tensors;

// A ragged batch for layers over layers, its sequences in any order.
template <class T>
struct Problem {
  Arena arena;
  Stack stack{};
  StackTensors<T> given{};
  std::vector<Tensors<T>> parts;
  std::vector<int64_t> sizes, order;
  int64_t total = 0, padded, out;

  Problem() {
    auto& s = stack.shape;
    s.cell = static_cast<elman::Cell>(pick(0, 3));
    s.inputs = pick(1, 20), s.hidden = pick(1, 20), s.count = pick(1, 9), s.threads = pick(1, 3);
    s.reverse = chance(0.3), s.layer_norm = chance(0.2), s.eps = 1e-5;
    if (chance(0.2)) s.zone_h = s.zone_c = 0.2;
    stack.layers = pick(1, 3), stack.directions = pick(1, 2);
    out = stack.directions * s.hidden, padded = pick(1, 6);
    std::vector<int64_t> lengths(static_cast<size_t>(s.count));
    for (int64_t& length : lengths) length = pick(0, padded);
    for (int64_t t = 0; t < padded; ++t) {
      const int64_t alive = std::count_if(lengths.begin(), lengths.end(), [&](int64_t length) { return length > t; });
      if (alive) sizes.push_back(alive), total += alive;
    }
    order.resize(static_cast<size_t>(s.count));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), generator);
    s.steps = static_cast<int64_t>(sizes.size());
    s.batch_sizes = sizes.data(), s.order = order.data();
    stack.saved_rows = total + pick(0, 2);
    fill();
  }

  bool lstm() const { return stack.shape.cell == elman::Cell::kLstm; }
  int64_t count() const { return stack.layers * stack.directions; }
  int64_t states() const { return count() * stack.shape.count * stack.shape.hidden; }
  T* room(int64_t n) { return static_cast<T*>(arena.take(static_cast<size_t>(n) * sizeof(T))); }

  void fill() {
    const auto& s = stack.shape;
    const int64_t rows = elman::gate_count(s.cell) * s.hidden;
    if (chance(0.7)) given.h_0 = uniform<T>(arena, states(), 1), given.c_0 = lstm() ? uniform<T>(arena, states(), 1) : nullptr;
    given.d_h_n = uniform<T>(arena, states(), 1), given.d_c_n = lstm() ? uniform<T>(arena, states(), 1) : nullptr;
    const bool bias = chance(0.7), mask = chance(0.3);
    for (int64_t part = 0; part < count(); ++part) {
      Tensors<T> t{};
      t.w_ih = uniform<T>(arena, rows * inputs(part), 0.3), t.w_hh = uniform<T>(arena, rows * s.hidden, 0.2);
      if (bias) t.b_ih = uniform<T>(arena, rows, 0.3), t.b_hh = uniform<T>(arena, rows, 0.3);
      if (mask) t.mask = uniform<T>(arena, s.count * s.hidden, 1);
      parts.push_back(t);
    }
  }
  int64_t inputs(int64_t part) const { return part < stack.directions ? stack.shape.inputs : out; }
};

// Results of one way of running: rows as they are, and everything else end to end.
template <class T>
struct Answer {
  T *y, *d_x;
  std::vector<T> rest;
};

// Rows of `width` elements: packed, or padded with the batch first.
Spread spread(bool padded, int64_t steps, int64_t width) { return padded ? Spread{width, steps * width} : Spread{0, width}; }

template <class T>
bool run(Problem<T>& p, bool padded, bool recompute, const T* x, const T* d_y, Answer<T>& found) {
  Stack stack = p.stack;
  auto& s = stack.shape;
  const int64_t rows = padded ? s.count * p.padded : p.total, gates = elman::gate_count(s.cell) * s.hidden;
  s.x = s.d_x = spread(padded, p.padded, s.inputs), s.y = spread(padded, p.padded, p.out);
  s.recompute = recompute && !s.layer_norm, s.threads = pick(1, 3);
  stack.padded_steps = padded ? p.padded : 0;
  const bool kept = !s.recompute && (elman::gate_count(s.cell) > 1 || s.layer_norm || s.zone_h != 0);
  StackTensors<T> t = p.given;
  t.x = x, t.d_y = d_y;
  t.y = found.y = p.room(rows * p.out), t.d_x = found.d_x = p.room(rows * s.inputs);
  t.saved = p.room(stack.saved_rows * elman::saved_width(stack, kept, sizeof(T)));
  std::vector<std::pair<T*, int64_t>> written;
  const auto room = [&](int64_t n) { return written.emplace_back(p.room(n), n).first; };
  t.h_n = room(p.states()), t.c_n = p.lstm() ? room(p.states()) : nullptr;
  t.d_h_0 = room(p.states()), t.d_c_0 = p.lstm() ? room(p.states()) : nullptr;
  std::vector<Tensors<T>> parts = p.parts;
  for (int64_t part = 0; part < p.count(); ++part) {
    auto& own = parts[static_cast<size_t>(part)];
    own.d_w_ih = room(gates * p.inputs(part)), own.d_w_hh = room(gates * s.hidden);
    if (own.b_ih) own.d_b_ih = room(gates), own.d_b_hh = room(gates);
  }
  t.parts = parts.data();
  if (!elman::forward(stack, t) || !elman::backward(stack, t)) return false;
  for (const auto& [data, n] : written) found.rest.insert(found.rest.end(), data, data + n);
  return true;
}

template <class T>
bool same(const T* a, const T* b, int64_t n) {
  return n == 0 || !std::memcmp(a, b, static_cast<size_t>(n) * sizeof(T));
}

// Whether packed rows are those of a padded batch, whose padding is zero.
template <class T>
bool agree(const Problem<T>& p, const T* packed, const T* padded, int64_t width) {
  for (int64_t t = 0; t < p.padded; ++t) {
    const int64_t alive = t < p.stack.shape.steps ? p.sizes[static_cast<size_t>(t)] : 0;
    for (int64_t place = 0; place < p.stack.shape.count; ++place) {
      const T* row = padded + (p.order[static_cast<size_t>(place)] * p.padded + t) * width;
      if (place < alive ? !same(row, packed + place * width, width) : !std::all_of(row, row + width, [](T v) { return v == 0; })) return false;
    }
    packed += alive * width;
  }
  return true;
}

// Copies packed rows into a padded batch whose other rows stay not-a-numbers.
template <class T>
T* scattered(Problem<T>& p, const T* packed, int64_t width) {
  T* padded = p.room(p.stack.shape.count * p.padded * width);
  for (int64_t t = 0; t < p.stack.shape.steps; ++t) {
    for (int64_t place = 0; place < p.sizes[static_cast<size_t>(t)]; ++place, packed += width) {
      std::copy_n(packed, width, padded + (p.order[static_cast<size_t>(place)] * p.padded + t) * width);
    }
  }
  return padded;
}

template <class T>
const char* check() {
  Problem<T> p;
  const T* x = uniform<T>(p.arena, p.total * p.stack.shape.inputs, 1);
  const T* d_y = uniform<T>(p.arena, p.total * p.out, 1);
  const T *x_padded = scattered(p, x, p.stack.shape.inputs), *d_y_padded = scattered(p, d_y, p.out);
  Answer<T> packed, again, padded;
  if (!run(p, false, false, x, d_y, packed) || !run(p, false, true, x, d_y, again)) return "a stack was refused";
  if (!run(p, true, chance(0.5), x_padded, d_y_padded, padded)) return "a padded stack was refused";
  const auto rest = static_cast<int64_t>(packed.rest.size());
  if (!same(packed.rest.data(), again.rest.data(), rest) || !same(packed.y, again.y, p.total * p.out) ||
      !same(packed.d_x, again.d_x, p.total * p.stack.shape.inputs)) {
    return "a stack with gates recomputed has other bits";
  }
  if (!same(packed.rest.data(), padded.rest.data(), rest) || !agree(p, packed.y, padded.y, p.out) ||
      !agree(p, packed.d_x, padded.d_x, p.stack.shape.inputs)) {
    return "a padded stack has other bits than a packed one";
  }
  return nullptr;
}

}  // namespace

const char* check_stack() {
  if (const char* wrong = check<float>()) return wrong;
  return check<double>();
}
