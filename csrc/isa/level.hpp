// The kernels of one instruction-set level, and the choice between levels.
#pragma once
#include "dense/dense.hpp"
#include "recurrence/layer.hpp"

namespace elman {

// One layer of a stream of `count` sequences; weights are copied when it is made. Pointers are to elements of its type.
class StreamLayer {
 public:
  virtual ~StreamLayer() = default;
  virtual bool ready() const = 0;                               // false: memory was refused
  virtual void step(const void* x, void* y) = 0;                // (count, I) -> (count, H), contiguous, not overlapping
  virtual void get_state(void* h, void* c) = 0;                 // (count, H) each; c only for an LSTM
  virtual void set_state(const void* h, const void* c) = 0;
};

// One layer of many streams, each in a numbered place; weights are copied when it is made.
class PoolLayer {
 public:
  virtual ~PoolLayer() = default;
  virtual bool ready() const = 0;               // false: memory was refused
  virtual bool resize(int64_t places) = 0;      // states stay, those of new places must be set; false: memory was refused
  // One step of the streams at `count` different places: x (count, I), y (count, H); false: memory was refused.
  virtual bool step(const int64_t* places, int64_t count, const void* x, void* y, int64_t threads) = 0;
  virtual void get(const int64_t* places, int64_t count, void* h, void* c) const = 0;  // (count, H) each; c only for an LSTM
  virtual void set(const int64_t* places, int64_t count, const void* h, const void* c) = 0;  // null: zeros
};

// Functions of one level. Passes return false when memory for scratch is refused.
struct Level {
  const char* name;
  int bytes;  // per vector
  Widths (*widths)(Cell cell, int64_t hidden, int element_bytes);
  bool (*forward_float)(const Shape&, const Tensors<float>&);
  bool (*forward_double)(const Shape&, const Tensors<double>&);
  bool (*backward_float)(const Shape&, const Tensors<float>&);
  bool (*backward_double)(const Shape&, const Tensors<double>&);
  StreamLayer* (*stream_float)(const Shape&, const Tensors<float>&);  // null when memory is refused
  StreamLayer* (*stream_double)(const Shape&, const Tensors<double>&);
  PoolLayer* (*pool_float)(const Shape&, const Tensors<float>&);  // null when memory is refused
  PoolLayer* (*pool_double)(const Shape&, const Tensors<double>&);
  DenseKernels<float> dense_float;
  DenseKernels<double> dense_double;
  int64_t (*draw_float)(const float* scores, const float* bias, int64_t n, double uniform, double cold, float* chances);
  int64_t (*draw_double)(const double* scores, const double* bias, int64_t n, double uniform, double cold, double* chances);
};

// The best level this machine can run, or the one named by the environment variable ELMAN_ISA when the machine can run it.
// Chosen once, at the first call.
const Level& level();

// The level of a name, or null when there is none or this machine cannot run it.
const Level* find_level(const char* name);

}  // namespace elman
