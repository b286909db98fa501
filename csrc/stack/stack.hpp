// Layers over layers, in one direction or two, over one batch: a call from Python, in one entry for each pass.
#pragma once
#include "recurrence/layer.hpp"

namespace elman {

// Shared by all layers and directions.
struct Stack {
  Shape shape;                // of the first layer: inputs is I, x, y and d_x are the caller's; reverse: of its first direction
  int64_t layers, directions;
  int64_t saved_rows;         // rows that `saved` has room for, at least as many as there are packed rows
  int64_t padded_steps;       // T of a padded batch whose rows behind each sequence become zeros in y and d_x; 0: none
};

// Tensors of the whole; L·D parts, a layer's directions side by side.
//   h_0, c_0, h_n, c_n and their gradients are (L·D, N, H); y (…, D·H) in the rows of shape.y
//   saved (saved_rows · saved_width) may be null in forward, when no backward follows
template <class T>
struct StackTensors {
  const T *x, *h_0, *c_0;
  T *y, *h_n, *c_n, *saved;
  const T *d_y, *d_h_n, *d_c_n;
  T *d_x, *d_h_0, *d_c_0;
  const Tensors<T>* parts;  // of each part its weights, masks and zoneouts, and in backward their gradients; the rest is not read
};

// Elements of `saved` for each row. `gates`: whether an Elman cell's gates are kept, which is when a zoneout hides them.
int64_t saved_width(const Stack& stack, bool gates, int element_bytes);

// False when memory for scratch is refused.
template <class T>
bool forward(const Stack& stack, const StackTensors<T>& tensors);
template <class T>
bool backward(const Stack& stack, const StackTensors<T>& tensors);

}  // namespace elman
