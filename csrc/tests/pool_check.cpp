#include <algorithm>
#include <memory>
#include <numeric>

#include "tests/arena.hpp"
#include "tests/checks.hpp"

namespace {

using elman::Shape;
using elman::Tensors;

template <class T, class Make, class Forward>
const char* check(Make make, Forward forward) {
  Arena arena;
  Shape shape{};
  shape.cell = static_cast<elman::Cell>(pick(0, 3));
  shape.inputs = pick(1, 20), shape.hidden = pick(1, 40), shape.count = pick(1, 40), shape.steps = pick(1, 4);
  shape.layer_norm = chance(0.3), shape.eps = 1e-5, shape.threads = pick(1, 3);
  if (chance(0.2)) shape.zone_h = shape.zone_c = 0.2;
  const int64_t n = shape.count, rows = elman::gate_count(shape.cell) * shape.hidden, width = n * shape.hidden;
  const bool lstm = shape.cell == elman::Cell::kLstm;
  Tensors<T> t{};
  t.w_ih = uniform<T>(arena, rows * shape.inputs, 0.3), t.w_hh = uniform<T>(arena, rows * shape.hidden, 0.1);
  if (chance(0.7)) t.b_ih = uniform<T>(arena, rows, 0.3), t.b_hh = uniform<T>(arena, rows, 0.3);
  const std::unique_ptr<elman::PoolLayer> pool(make(shape, t));
  if (!pool || !pool->ready()) return "a pool was refused";
  std::vector<int64_t> sizes(static_cast<size_t>(shape.steps), n);
  shape.batch_sizes = sizes.data();
  t.x = uniform<T>(arena, shape.steps * n * shape.inputs, 1);
  t.h_0 = uniform<T>(arena, width, 1), t.c_0 = lstm ? uniform<T>(arena, width, 1) : nullptr;
  const auto room = [&](int64_t count) { return static_cast<T*>(arena.take(static_cast<size_t>(count) * sizeof(T))); };
  t.y = room(shape.steps * width), t.h_n = room(width), t.c_n = lstm ? room(width) : nullptr;
  if (!forward(shape, t)) return "a pass was refused";
  auto* places = static_cast<int64_t*>(arena.take(static_cast<size_t>(n) * sizeof(int64_t)));
  std::vector<int64_t> order(static_cast<size_t>(n) + 5);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), generator);
  std::copy_n(order.begin(), n, places);
  if (!pool->resize(n) || !pool->resize(n + 5)) return "a pool was refused";
  pool->set(places, n, t.h_0, t.c_0);
  T* y = room(width);
  for (int64_t step = 0; step < shape.steps; ++step) {
    if (!pool->step(places, n, t.x + step * n * shape.inputs, y, pick(1, 3))) return "a pool's step was refused";
    if (std::memcmp(y, t.y + step * width, static_cast<size_t>(width) * sizeof(T))) return "a pool's member has other bits";
  }
  T *h = room(width), *c = lstm ? room(width) : nullptr;
  pool->get(places, n, h, c);
  const bool same = !std::memcmp(h, t.h_n, static_cast<size_t>(width) * sizeof(T)) && (!lstm || !std::memcmp(c, t.c_n, static_cast<size_t>(width) * sizeof(T)));
  pool->set(places, n, nullptr, nullptr);
  pool->get(places, 1, h, c);
  return same && std::all_of(h, h + shape.hidden, [](T value) { return value == 0; }) ? nullptr : "a pool's states are wrong";
}

}  // namespace

const char* check_pool(const elman::Level& level) {
  if (const char* wrong = check<float>(level.pool_float, level.forward_float)) return wrong;
  return check<double>(level.pool_double, level.forward_double);
}
