// One call of the recurrence: one layer, one direction, over a packed batch. Plain data, the same for every level.
#pragma once
#include <cstdint>

namespace elman {

enum class Cell : int { kTanh, kRelu, kGru, kLstm };

constexpr int gate_count(Cell cell) { return cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1; }

// Where the row of (step t, place p) of a tensor begins, in elements. Places are sequences, longest first.
//   step 0: packed rows, `sequence` elements from row to row (0: as many as the row has)
//   else:   a padded batch, at t·step + order[p]·sequence
struct Spread {
  int64_t step, sequence;
};

// Sizes and switches. N sequences, packed rows time-major with the longest sequence first.
struct Shape {
  Cell cell;
  int64_t inputs;              // I
  int64_t hidden;              // H
  int64_t count;               // N, empty sequences included
  int64_t steps;               // T
  const int64_t* batch_sizes;  // (T,), never rising, each in 1..N; null: N at every step
  int64_t threads;             // at most so many
  bool reverse;                // read each sequence from its own last step to its first
  bool layer_norm;             // both products are normalised over G·H, and an LSTM's c over H
  double eps;                  // of layer norm
  double zone_h, zone_c;       // keep-factors for all elements, used where the tensors of the same names are null
  const int64_t* order;        // (N,): the row of each place in tensors of one row a sequence and in padded batches; null: the same
  Spread x, y, d_x;            // rows of x, of y and d_y, of d_x
  bool add_d_x;                // d_x is added to the values there
  bool recompute;              // backward: the gates were not saved; work them out again (not with layer norm)
};

// Tensors, contiguous but for the rows of x, y, d_x and d_y; null where a call has none (for h_0 and c_0: zeros). "saved" is
// written by forward when not null and read by backward. No two may overlap.
template <class T>
struct Tensors {
  // inputs of both passes
  const T *x, *h_0, *c_0;             // (ΣT, I), (N, H), (N, H)
  const T *w_ih, *w_hh, *b_ih, *b_hh;  // (G·H, I), (G·H, H), (G·H,), (G·H,); rows in torch's gate order
  const T *mask;                      // (N, H): multiplies h before w_hh
  const T *zone_h, *zone_c;           // (ΣT, H)
  const T *gain_ih, *gain_hh, *gain_c, *bias_c;  // (G·H,), (G·H,), (H,), (H,): layer norm
  // outputs of forward
  T *y, *h_n, *c_n;  // (ΣT, H), (N, H), (N, H)
  // saved: activated gates (ΣT, gate_width), every c (ΣT, H), layer norm's normalised products and 1/deviations
  T *gates, *c, *norm_x, *norm_h, *norm_c, *scales;  // (ΣT, gate_width) × 3, (ΣT, hidden_width), (ΣT, 4)
  // inputs of backward
  const T *d_y, *d_h_n, *d_c_n;  // (ΣT, H), (N, H), (N, H)
  // outputs of backward; any may be null when nobody asks
  T *d_x, *d_h_0, *d_c_0, *d_w_ih, *d_w_hh, *d_b_ih, *d_b_hh, *d_gain_ih, *d_gain_hh, *d_gain_c, *d_bias_c;
  // workspace of backward: gradients of the gates (ΣT, gate_width), and with layer norm of the two raw products
  T *d_gates, *d_norm_x, *d_norm_h, *d_norm_c;
};

// Row lengths of the saved tensors and of the workspace, in elements; they depend on the level's vectors.
struct Widths {
  int64_t gates, hidden;
};

}  // namespace elman
