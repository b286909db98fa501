#include "ctc/align.hpp"

#include <cstddef>
#include <limits>
#include <vector>

namespace elman {

// States: blank, symbol, blank, symbol, …, blank. From a frame to the next one stays, goes one further, or leaves out a blank between
// different symbols.
template <class T>
double ctc_align(const T* frames, int64_t steps, int64_t classes, int64_t blank, const int64_t* symbols, int64_t count, int64_t* begin,
                 int64_t* end) {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const int64_t states = 2 * count + 1;
  std::vector<double> score(states, kNever), before(states);
  std::vector<uint8_t> moved(static_cast<size_t>(steps) * states);
  score[0] = 0;  // before the first frame: a blank, from which the first symbol is one further
  for (int64_t t = 0; t < steps; ++t, frames += classes) {
    score.swap(before);
    uint8_t* move = moved.data() + t * states;
    for (int64_t s = 0; s < states; ++s) {
      double best = before[s];
      move[s] = 0;
      if (s >= 1 && before[s - 1] > best) best = before[s - 1], move[s] = 1;
      const bool skips = s % 2 == 1 && s >= 3 && symbols[s / 2] != symbols[s / 2 - 1];
      if (skips && before[s - 2] > best) best = before[s - 2], move[s] = 2;
      score[s] = best + static_cast<double>(frames[s % 2 ? symbols[s / 2] : blank]);
    }
  }
  int64_t state = states - 1;
  if (count && score[states - 2] > score[state]) --state;
  const double found = score[state];
  if (!(found > kNever)) return kNever;
  for (int64_t i = 0; i < count; ++i) end[i] = 0;
  for (int64_t t = steps - 1; t >= 0; --t) {
    if (state % 2) {
      if (!end[state / 2]) end[state / 2] = t + 1;
      begin[state / 2] = t;
    }
    state -= moved[t * states + state];
  }
  return found;
}

template double ctc_align<float>(const float*, int64_t, int64_t, int64_t, const int64_t*, int64_t, int64_t*, int64_t*);
template double ctc_align<double>(const double*, int64_t, int64_t, int64_t, const int64_t*, int64_t, int64_t*, int64_t*);

}  // namespace elman
