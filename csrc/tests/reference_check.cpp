#include <cmath>

#include "tests/arena.hpp"
#include "tests/checks.hpp"

namespace {

using elman::Shape;
using elman::Tensors;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// A full batch, forward in time.
template <class T>
struct Problem {
  Arena arena;
  Shape shape{};
  Tensors<T> t{};
  std::vector<int64_t> sizes;
  int64_t rows, width;

  Problem() {
    shape.cell = static_cast<elman::Cell>(pick(0, 3));
    shape.inputs = pick(1, 12), shape.hidden = pick(1, 20), shape.count = pick(1, 9), shape.steps = pick(1, 6);
    shape.threads = pick(1, 3), shape.recompute = chance(0.5);
    sizes.assign(static_cast<size_t>(shape.steps), shape.count);
    shape.batch_sizes = sizes.data();
    rows = elman::gate_count(shape.cell) * shape.hidden, width = shape.count * shape.hidden;
    t.x = uniform<T>(arena, shape.steps * shape.count * shape.inputs, 1);
    t.h_0 = uniform<T>(arena, width, 1), t.c_0 = lstm() ? uniform<T>(arena, width, 1) : nullptr;
    t.w_ih = uniform<T>(arena, rows * shape.inputs, 0.5), t.w_hh = uniform<T>(arena, rows * shape.hidden, 0.3);
    t.b_ih = uniform<T>(arena, rows, 0.3), t.b_hh = uniform<T>(arena, rows, 0.3);
    t.y = room(shape.steps * width), t.h_n = room(width), t.c_n = lstm() ? room(width) : nullptr;
    t.c = lstm() ? room(shape.steps * width) : nullptr;
  }
  bool lstm() const { return shape.cell == elman::Cell::kLstm; }
  T* room(int64_t count) { return static_cast<T*>(arena.take(static_cast<size_t>(count) * sizeof(T))); }

  double product(const T* w, const T* bias, int64_t row, const double* v, int64_t depth) const {
    double sum = static_cast<double>(bias[row]);
    for (int64_t k = 0; k < depth; ++k) sum += static_cast<double>(w[row * depth + k]) * v[k];
    return sum;
  }

  // One step of one sequence.
  void advance(const double* x, std::vector<double>& h, std::vector<double>& c) const {
    const int64_t n = shape.hidden;
    const std::vector<double> old = h;
    const auto gx = [&](int64_t g, int64_t u) { return product(t.w_ih, t.b_ih, g * n + u, x, shape.inputs); };
    const auto gh = [&](int64_t g, int64_t u) { return product(t.w_hh, t.b_hh, g * n + u, old.data(), n); };
    for (int64_t u = 0; u < n; ++u) {
      const size_t at = static_cast<size_t>(u);
      switch (shape.cell) {
        case elman::Cell::kTanh: h[at] = std::tanh(gx(0, u) + gh(0, u)); break;
        case elman::Cell::kRelu: h[at] = std::max(0.0, gx(0, u) + gh(0, u)); break;
        case elman::Cell::kGru: {
          const double r = sigmoid(gx(0, u) + gh(0, u)), z = sigmoid(gx(1, u) + gh(1, u));
          h[at] = (1 - z) * std::tanh(gx(2, u) + r * gh(2, u)) + z * old[at];
          break;
        }
        case elman::Cell::kLstm: {
          const double i = sigmoid(gx(0, u) + gh(0, u)), f = sigmoid(gx(1, u) + gh(1, u)), o = sigmoid(gx(3, u) + gh(3, u));
          c[at] = f * c[at] + i * std::tanh(gx(2, u) + gh(2, u));
          h[at] = o * std::tanh(c[at]);
        }
      }
    }
  }

  // Largest difference between y and plain loops.
  double worst() const {
    double found = 0;
    for (int64_t r = 0; r < shape.count; ++r) {
      std::vector<double> h(static_cast<size_t>(shape.hidden)), c(h), x(static_cast<size_t>(shape.inputs));
      for (size_t u = 0; u < h.size(); ++u) {
        const size_t at = static_cast<size_t>(r * shape.hidden) + u;
        h[u] = static_cast<double>(t.h_0[at]), c[u] = lstm() ? static_cast<double>(t.c_0[at]) : 0;
      }
      for (int64_t step = 0; step < shape.steps; ++step) {
        const int64_t row = step * shape.count + r;
        for (size_t k = 0; k < x.size(); ++k) x[k] = static_cast<double>(t.x[static_cast<size_t>(row * shape.inputs) + k]);
        advance(x.data(), h, c);
        for (size_t u = 0; u < h.size(); ++u) found = std::max(found, std::abs(h[u] - static_cast<double>(t.y[static_cast<size_t>(row * shape.hidden) + u])));
      }
    }
    return found;
  }
};

template <class T, class Forward>
const char* values(Forward forward, double tolerance) {
  Problem<T> problem;
  if (!forward(problem.shape, problem.t)) return "a pass was refused";
  return problem.worst() < tolerance ? nullptr : "values differ from plain loops";
}

// d(sum of weight · y) for single elements, by central differences in double.
const char* gradients(const elman::Level& level) {
  Problem<double> p;
  auto& t = p.t;
  const elman::Widths widths = level.widths(p.shape.cell, p.shape.hidden, sizeof(double));
  const int64_t total = p.shape.steps * p.shape.count;
  if (!p.shape.recompute) t.gates = p.room(total * widths.gates);
  t.d_gates = p.room(total * widths.gates);
  const double* weight = uniform<double>(p.arena, p.shape.steps * p.width, 1);
  t.d_y = weight;
  t.d_x = p.room(total * p.shape.inputs), t.d_h_0 = p.room(p.width), t.d_c_0 = p.lstm() ? p.room(p.width) : nullptr;
  t.d_w_ih = p.room(p.rows * p.shape.inputs), t.d_w_hh = p.room(p.rows * p.shape.hidden), t.d_b_ih = p.room(p.rows), t.d_b_hh = p.room(p.rows);
  if (!level.forward_double(p.shape, t) || !level.backward_double(p.shape, t)) return "a pass was refused";
  const auto loss = [&] {
    double sum = 0;
    if (!level.forward_double(p.shape, t)) return sum;
    for (int64_t i = 0; i < p.shape.steps * p.width; ++i) sum += weight[i] * t.y[i];
    return sum;
  };
  const struct { const double *value, *grad; int64_t count; } leaves[] = {
      {t.x, t.d_x, total * p.shape.inputs}, {t.h_0, t.d_h_0, p.width}, {t.w_ih, t.d_w_ih, p.rows * p.shape.inputs},
      {t.w_hh, t.d_w_hh, p.rows * p.shape.hidden}, {t.b_ih, t.d_b_ih, p.rows}, {t.b_hh, t.d_b_hh, p.rows}};
  for (const auto& leaf : leaves) {
    const int64_t at = pick(0, leaf.count - 1);
    double* value = const_cast<double*>(leaf.value) + at;
    const double was = *value, step = 1e-6;
    *value = was + step;
    const double up = loss();
    *value = was - step;
    const double down = loss();
    *value = was;
    // A rectifier's kink may lie between the two: then the slope is anything between its sides.
    if (p.shape.cell != elman::Cell::kRelu && std::abs((up - down) / (2 * step) - leaf.grad[at]) > 1e-6 * (1 + std::abs(leaf.grad[at]))) {
      return "a gradient differs from differences";
    }
  }
  return nullptr;
}

}  // namespace

const char* check_reference(const elman::Level& level) {
  if (const char* wrong = values<float>(level.forward_float, 2e-4)) return wrong;
  if (const char* wrong = values<double>(level.forward_double, 1e-12)) return wrong;
  return gradients(level);
}
