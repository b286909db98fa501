// Which sequences a thread takes, and where a step's rows are.
#pragma once
#include "recurrence/layer.hpp"
#include "simd/vec.hpp"

namespace elman::ELMAN_LEVEL {

// Places first, first + stride, …: neighbours in sorted order go to different threads, so ragged batches stay balanced.
struct Rows {
  int64_t first, stride;
  // How many of the first `active` places are ours.
  int64_t count(int64_t active) const { return active > first ? (active - first + stride - 1) / stride : 0; }
  // The place of local row j.
  int64_t place(int64_t j) const { return first + j * stride; }
};

// offsets[t] is the packed row where step t begins.
struct Steps {
  const Shape& shape;
  const int64_t* offsets;
  Spread x, y, d_x;

  Steps(const Shape& call, const int64_t* first_rows)
      : shape(call), offsets(first_rows), x(dense(call.x, call.inputs)), y(dense(call.y, call.hidden)), d_x(dense(call.d_x, call.inputs)) {}

  int64_t active(int64_t t) const { return t >= 0 && t < shape.steps ? offsets[t + 1] - offsets[t] : 0; }
  int64_t total() const { return offsets[shape.steps]; }
  // The step at position i in the order the recurrence runs through time, and the step read before `t` (may not exist).
  int64_t at(int64_t i) const { return shape.reverse ? shape.steps - 1 - i : i; }
  int64_t before(int64_t t) const { return shape.reverse ? t + 1 : t - 1; }

  // The packed row of a place at a step; its row in tensors of one row a sequence; where its row of a spread tensor begins.
  ELMAN_INLINE int64_t packed(int64_t t, int64_t place) const { return offsets[t] + place; }
  ELMAN_INLINE int64_t sequence(int64_t place) const { return shape.order ? shape.order[place] : place; }
  ELMAN_INLINE int64_t begin(const Spread& spread, int64_t t, int64_t place) const {
    return spread.step ? t * spread.step + sequence(place) * spread.sequence : packed(t, place) * spread.sequence;
  }

  // Whether a place has a step before t; else its past is the initial state.
  ELMAN_INLINE bool has_past(int64_t t, int64_t place) const { return place < active(before(t)); }
  // h before step t of a place, in y or in h_0; null: zeros.
  template <class T>
  ELMAN_INLINE const T* past_h(const T* y_rows, const T* h_0, int64_t t, int64_t place) const {
    if (has_past(t, place)) return y_rows + begin(y, before(t), place);
    return h_0 ? h_0 + sequence(place) * shape.hidden : nullptr;
  }
  // The same for c, whose rows are packed.
  template <class T>
  ELMAN_INLINE const T* past_c(const T* c_rows, const T* c_0, int64_t t, int64_t place) const {
    if (has_past(t, place)) return c_rows + packed(before(t), place) * shape.hidden;
    return c_0 ? c_0 + sequence(place) * shape.hidden : nullptr;
  }

 private:
  static Spread dense(const Spread& spread, int64_t width) { return {spread.step, spread.sequence ? spread.sequence : width}; }
};

inline void fill_offsets(const Shape& shape, int64_t* offsets) {
  offsets[0] = 0;
  for (int64_t t = 0; t < shape.steps; ++t) offsets[t + 1] = offsets[t] + (shape.batch_sizes ? shape.batch_sizes[t] : shape.count);
}

}  // namespace elman::ELMAN_LEVEL
