// Random calls of every kernel without Python or torch, for sanitizers: ./driver [calls] [seed].
//
// Every tensor lies alone between two pages that nobody may touch, flush with one of them, so that one element too far
// faults even in a release build. Each call runs with one thread and with several, and with gates recomputed, and must give the same
// bits; checks.hpp lists the other checks.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "isa/level.hpp"
#include "ragged/ragged.hpp"
#include "tests/arena.hpp"
#include "tests/checks.hpp"

namespace {

using elman::Shape;
using elman::Tensors;

struct Case {
  Shape shape;
  std::vector<int64_t> batch_sizes;
  int64_t total;
};

Case draw() {
  Case made{};
  Shape& s = made.shape;
  const int64_t sizes[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 48, 63, 65, 70};
  s.cell = static_cast<elman::Cell>(pick(0, 3));
  s.inputs = sizes[pick(0, 15)];
  s.hidden = sizes[pick(0, 15)];
  s.count = pick(0, 19);
  std::vector<int64_t> lengths(static_cast<size_t>(s.count));
  const int64_t longest = pick(0, 9);
  for (int64_t& length : lengths) length = pick(0, longest);
  for (int64_t t = 0; t < longest; ++t) {
    int64_t alive = 0;
    for (int64_t length : lengths) alive += length > t;
    if (alive) made.batch_sizes.push_back(alive);
    made.total += alive;
  }
  s.steps = static_cast<int64_t>(made.batch_sizes.size());
  s.reverse = chance(0.5);
  s.layer_norm = chance(0.3);
  s.eps = 1e-5;
  if (chance(0.2)) s.zone_h = s.zone_c = 0.2;
  return made;
}

template <class T>
void fill_inputs(Arena& arena, const Case& c, Tensors<T>& t) {
  const Shape& s = c.shape;
  const int64_t rows = elman::gate_count(s.cell) * s.hidden, states = s.count * s.hidden;
  t.x = uniform<T>(arena, c.total * s.inputs, 1);
  t.h_0 = uniform<T>(arena, states, 1);
  if (s.cell == elman::Cell::kLstm) t.c_0 = uniform<T>(arena, states, 1);
  t.w_ih = uniform<T>(arena, rows * s.inputs, 0.3);
  t.w_hh = uniform<T>(arena, rows * s.hidden, 0.1);
  if (chance(0.7)) t.b_ih = uniform<T>(arena, rows, 0.3), t.b_hh = uniform<T>(arena, rows, 0.3);
  if (chance(0.3)) t.mask = uniform<T>(arena, states, 1);
  if (chance(0.3)) t.zone_h = uniform<T>(arena, c.total * s.hidden, 0.5), t.zone_c = uniform<T>(arena, c.total * s.hidden, 0.5);
  if (!s.layer_norm || chance(0.2)) return;
  t.gain_ih = uniform<T>(arena, rows, 1), t.gain_hh = uniform<T>(arena, rows, 1);
  if (s.cell == elman::Cell::kLstm) t.gain_c = uniform<T>(arena, s.hidden, 1), t.bias_c = uniform<T>(arena, s.hidden, 1);
}

struct Output {
  void* data;
  size_t bytes;
};

template <class T>
T* room(Arena& arena, std::vector<Output>& outputs, int64_t count, bool compared = true) {
  const size_t bytes = static_cast<size_t>(count) * sizeof(T);
  void* data = arena.take(bytes);
  if (compared) outputs.push_back({data, bytes});
  return static_cast<T*>(data);
}

template <class T>
void fill_outputs(Arena& arena, const Case& c, const elman::Widths& widths, Tensors<T>& t, std::vector<Output>& outputs) {
  const Shape& s = c.shape;
  const bool lstm = s.cell == elman::Cell::kLstm;
  const int64_t states = s.count * s.hidden, rows = elman::gate_count(s.cell) * s.hidden;
  t.y = room<T>(arena, outputs, c.total * s.hidden);
  t.h_n = room<T>(arena, outputs, states);
  if (lstm) t.c_n = room<T>(arena, outputs, states), t.c = room<T>(arena, outputs, c.total * s.hidden);
  for (T** saved : {&t.gates, &t.d_gates}) *saved = room<T>(arena, outputs, c.total * widths.gates, false);
  if (s.layer_norm) {
    for (T** saved : {&t.norm_x, &t.norm_h, &t.d_norm_x, &t.d_norm_h}) *saved = room<T>(arena, outputs, c.total * widths.gates, false);
    for (T** saved : {&t.norm_c, &t.d_norm_c}) *saved = room<T>(arena, outputs, c.total * widths.hidden, false);
    t.scales = room<T>(arena, outputs, c.total * 4, false);
    t.d_gain_ih = room<T>(arena, outputs, rows), t.d_gain_hh = room<T>(arena, outputs, rows);
    if (lstm) t.d_gain_c = room<T>(arena, outputs, s.hidden), t.d_bias_c = room<T>(arena, outputs, s.hidden);
  }
  t.d_x = room<T>(arena, outputs, c.total * s.inputs);
  t.d_h_0 = room<T>(arena, outputs, states);
  if (lstm) t.d_c_0 = room<T>(arena, outputs, states);
  t.d_w_ih = room<T>(arena, outputs, rows * s.inputs), t.d_w_hh = room<T>(arena, outputs, rows * s.hidden);
  t.d_b_ih = room<T>(arena, outputs, rows), t.d_b_hh = room<T>(arena, outputs, rows);
}

template <class T, class Forward, class Backward>
bool run(const elman::Level& level, Forward forward, Backward backward, Case& c) {
  Arena inputs;
  Tensors<T> given{};
  fill_inputs(inputs, c, given);
  given.d_y = uniform<T>(inputs, c.total * c.shape.hidden, 1);
  if (chance(0.5)) given.d_h_n = uniform<T>(inputs, c.shape.count * c.shape.hidden, 1);
  auto* sizes = static_cast<int64_t*>(inputs.take(c.batch_sizes.size() * sizeof(int64_t)));
  std::copy(c.batch_sizes.begin(), c.batch_sizes.end(), sizes);
  c.shape.batch_sizes = sizes;
  const elman::Widths widths = level.widths(c.shape.cell, c.shape.hidden, sizeof(T));
  std::vector<Output> found[3];
  Arena rooms[3];
  for (int i = 0; i < 3; ++i) {
    Tensors<T> t = given;
    fill_outputs(rooms[i], c, widths, t, found[i]);
    c.shape.threads = i ? pick(2, 8) : 1;
    c.shape.recompute = i == 2 && !c.shape.layer_norm;
    if (c.shape.recompute) t.gates = nullptr;
    if (!forward(c.shape, t) || !backward(c.shape, t)) return false;
  }
  for (int other : {1, 2}) {
    for (size_t i = 0; i < found[0].size(); ++i) {
      if (found[0][i].bytes && std::memcmp(found[0][i].data, found[other][i].data, found[0][i].bytes)) return false;
    }
  }
  return true;
}

bool run_rows(const Case& c) {
  if (c.shape.steps == 0) return true;
  Arena arena;
  const int64_t bytes = pick(1, 40);
  const elman::RaggedShape shape{c.batch_sizes.data(), c.shape.steps, bytes, pick(1, 4)};
  char* packed = static_cast<char*>(arena.take(static_cast<size_t>(c.total * bytes)));
  char* flipped = static_cast<char*>(arena.take(static_cast<size_t>(c.total * bytes)));
  char* again = static_cast<char*>(arena.take(static_cast<size_t>(c.total * bytes)));
  for (int64_t i = 0; i < c.total * bytes; ++i) packed[i] = static_cast<char>(pick(0, 127));
  elman::flip_rows(shape, flipped, packed);
  elman::flip_rows(shape, again, flipped);
  return !std::memcmp(again, packed, static_cast<size_t>(c.total * bytes));
}

}  // namespace

int main(int count, char** arguments) {
  const int calls = count > 1 ? std::atoi(arguments[1]) : 300;
  generator.seed(count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 0u);
  int done = 0;
  for (const char* name : {"portable", "avx2", "avx512"}) {
    const elman::Level* level = elman::find_level(name);
    for (int i = 0; level && i < calls; ++i, ++done) {
      Case c = draw();
      const bool good = chance(0.6) ? run<float>(*level, level->forward_float, level->backward_float, c)
                                    : run<double>(*level, level->forward_double, level->backward_double, c);
      const char* wrong = good && run_rows(c) ? nullptr : "passes differ between numbers of threads, or were refused";
      if (!wrong) wrong = check_dense(*level);
      if (!wrong) wrong = check_pool(*level);
      if (!wrong && level == &elman::level()) wrong = check_stack();
      if (!wrong && level == &elman::level()) wrong = check_ngrams();
      if (!wrong && level == &elman::level()) wrong = check_ctc();
      if (!wrong && i % 5 == 0) wrong = check_reference(*level);
      if (!wrong) continue;
      std::printf("%s: call %d: %s\n", name, i, wrong);
      return 1;
    }
  }
  std::printf("%d calls, 0 differences\n", done);
  return 0;
}
