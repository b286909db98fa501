#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "ctc/align.hpp"
#include "ctc/beam.hpp"
#include "tests/arena.hpp"
#include "tests/checks.hpp"

namespace {

using elman::CtcBeam;
using Symbols = std::vector<int32_t>;

constexpr double kNever = -std::numeric_limits<double>::infinity();

double add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log1p(std::exp(b - a));
}

struct Way {
  double sum = kNever, best = kNever;  // over all ways to write some symbols, and of the likeliest
};

// Every way through the frames, one after the other.
template <class T>
std::map<Symbols, Way> every(const T* frames, int64_t steps, int64_t classes, int64_t blank) {
  std::map<Symbols, Way> found;
  std::vector<int64_t> path(static_cast<size_t>(steps), 0);
  while (true) {
    double score = 0;
    Symbols written;
    for (int64_t t = 0; t < steps; ++t) {
      score += static_cast<double>(frames[t * classes + path[t]]);
      if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) written.push_back(static_cast<int32_t>(path[t]));
    }
    Way& way = found[written];
    way.sum = add(way.sum, score), way.best = std::max(way.best, score);
    int64_t t = 0;
    while (t < steps && ++path[t] == classes) path[t++] = 0;
    if (t == steps) return found;
  }
}

template <class T>
T* frames_of(Arena& arena, int64_t steps, int64_t classes) {
  T* frames = uniform<T>(arena, steps * classes, 3);
  for (int64_t t = 0; t < steps; ++t) {
    double sum = kNever;
    for (int64_t s = 0; s < classes; ++s) sum = add(sum, static_cast<double>(frames[t * classes + s]));
    for (int64_t s = 0; s < classes; ++s) frames[t * classes + s] -= static_cast<T>(sum);
  }
  return frames;
}

template <class T>
const char* against_all_ways() {
  Arena arena;
  const int64_t classes = pick(2, 4), steps = pick(1, 6), blank = pick(0, classes - 1);
  const T* frames = frames_of<T>(arena, steps, classes);
  const auto ways = every(frames, steps, classes, blank);
  CtcBeam beam({1000, classes, blank, kNever, 0, 0}, {});
  beam.feed(frames, steps);
  const auto answers = beam.best(1000);
  if (answers.size() != ways.size()) return "a wide beam does not find all that can be written";
  for (const auto& answer : answers) {
    const auto way = ways.find(answer.symbols);
    if (way == ways.end() || std::abs(way->second.sum - answer.score) > 1e-4) return "a beam's score is not the sum over all ways";
    const auto count = static_cast<int64_t>(answer.symbols.size());
    auto* symbols = static_cast<int64_t*>(arena.take(static_cast<size_t>(count) * 8));
    auto* begin = static_cast<int64_t*>(arena.take(static_cast<size_t>(count) * 8));
    auto* end = static_cast<int64_t*>(arena.take(static_cast<size_t>(count) * 8));
    std::copy(answer.symbols.begin(), answer.symbols.end(), symbols);
    const double best = elman::ctc_align(frames, steps, classes, blank, symbols, count, begin, end);
    if (std::abs(best - way->second.best) > 1e-4) return "an alignment is not the likeliest way";
    for (int64_t i = 0; i < count; ++i) {
      if (begin[i] >= end[i] || (i && begin[i] < end[i - 1]) || end[i] > steps) return "symbols of an alignment overlap";
    }
  }
  return nullptr;
}

// A long recording in pieces, with the settled symbols taken out, ends as the whole does.
const char* in_pieces() {
  Arena arena;
  const int64_t classes = pick(2, 20), steps = pick(0, 80), size = pick(1, 12);
  const float* frames = frames_of<float>(arena, steps, classes);
  const elman::CtcOptions options{size, classes, classes - 1, chance(0.5) ? kNever : -4.0, 0, 0.1};
  CtcBeam whole(options, {}), pieces(options, {});
  whole.feed(frames, steps);
  Symbols settled;
  for (int64_t at = 0; at < steps;) {
    const int64_t count = std::min<int64_t>(pick(0, 9), steps - at);
    pieces.feed(frames + at * classes, count);
    for (const int32_t symbol : pieces.settle()) settled.push_back(symbol);
    at += count;
  }
  const auto wanted = whole.best(size), found = pieces.best(size);
  if (wanted.size() != found.size()) return "a beam in pieces has other answers";
  for (size_t i = 0; i < wanted.size(); ++i) {
    Symbols written = settled;
    written.insert(written.end(), found[i].symbols.begin(), found[i].symbols.end());
    if (written != wanted[i].symbols || found[i].score != wanted[i].score) return "a beam in pieces has other answers";
  }
  return pieces.nodes() <= whole.nodes() ? nullptr : "a settled beam holds more";
}

}  // namespace

const char* check_ctc() {
  if (const char* wrong = against_all_ways<float>()) return wrong;
  if (const char* wrong = against_all_ways<double>()) return wrong;
  return in_pieces();
}
