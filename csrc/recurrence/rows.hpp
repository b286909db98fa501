// Which sequences a thread takes, and where a step's rows stand in packed order.
#pragma once
#include "recurrence/layer.hpp"
#include "simd/vec.hpp"

namespace elman::ELMAN_LEVEL {

// Sequences first, first + stride, …: neighbours in sorted order go to different threads, so ragged batches stay balanced.
struct Rows {
  int64_t first, stride;
  // How many of the first `active` sequences are ours.
  int64_t count(int64_t active) const { return active > first ? (active - first + stride - 1) / stride : 0; }
  // The sequence at local place j.
  int64_t sequence(int64_t j) const { return first + j * stride; }
};

// offsets[t] is the packed row where step t begins.
struct Steps {
  const Shape& shape;
  const int64_t* offsets;
  int64_t active(int64_t t) const { return t >= 0 && t < shape.steps ? shape.batch_sizes[t] : 0; }
  int64_t total() const { return offsets[shape.steps]; }
  // The step at place i in the order the recurrence runs through time, and the step read before `t` (may not exist).
  int64_t at(int64_t i) const { return shape.reverse ? shape.steps - 1 - i : i; }
  int64_t before(int64_t t) const { return shape.reverse ? t + 1 : t - 1; }
  // Where the state before step t of a sequence is found: a row of y (or c), or of the initial state.
  template <class T>
  const T* previous(const T* states, const T* initial, int64_t t, int64_t sequence) const {
    const int64_t p = before(t);
    return sequence < active(p) ? states + (offsets[p] + sequence) * shape.hidden : initial + sequence * shape.hidden;
  }
};

inline void fill_offsets(const Shape& shape, int64_t* offsets) {
  offsets[0] = 0;
  for (int64_t t = 0; t < shape.steps; ++t) offsets[t + 1] = offsets[t] + shape.batch_sizes[t];
}

}  // namespace elman::ELMAN_LEVEL
