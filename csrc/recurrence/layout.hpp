// How gates and hidden units are laid out inside the kernels of one level.
//
// Hidden units are taken in groups of one vector (the last group may be partly empty); a row of gates holds, group by group,
// one vector per slot: LSTM i f g o, GRU n r z m (m: the past's part of n), Elman its only sum. A group's whole epilogue is
// then a few neighbouring vectors, and the same order serves as the depth of the backward products.
#pragma once
#include "recurrence/layer.hpp"
#include "simd/vec.hpp"

namespace elman::ELMAN_LEVEL {

template <class T>
struct Layout {
  static constexpr int W = kLanes<T>;
  Cell cell;
  int64_t hidden;
  int gates;           // G
  int slots;           // vectors per group in a row of gates
  int64_t groups;      // ceil(H / W)
  int64_t gate_width;  // elements from row to row of gates; one vector more than needed keeps rows out of each other's cache sets
  int64_t unit_width;  // the same for rows of hidden units
  int x_gate[4];       // torch's gate in slot x_slot + v of the input's product
  int h_gate[4];       // … of the past's product
  int x_slot, h_slot;  // where the two products begin in a group

  Layout(Cell which, int64_t h) : cell(which), hidden(h), gates(gate_count(which)), slots(which == Cell::kGru ? 4 : gates) {
    groups = (h + W - 1) / W;
    gate_width = groups * slots * W + W;
    unit_width = groups * W + W;
    const bool gru = which == Cell::kGru;
    const int order[4] = {0, 1, 2, 3}, turned[4] = {2, 0, 1, 3};
    for (int v = 0; v < 4; ++v) {
      x_gate[v] = gru ? turned[v] : order[v];
      h_gate[v] = order[v];
    }
    x_slot = 0;
    h_slot = gru ? 1 : 0;
  }

  // Real units in a group.
  int units(int64_t group) const {
    const int64_t left = hidden - group * W;
    return left < W ? static_cast<int>(left) : W;
  }

  // Panels: the columns one tile computes. A gated cell takes one group with all its gates, Elman up to four groups.
  int groups_per_panel() const { return gates == 1 ? 4 : 1; }
  int64_t panels() const { return (groups + groups_per_panel() - 1) / groups_per_panel(); }
  int panel_groups(int64_t panel) const {
    const int64_t left = groups - panel * groups_per_panel();
    return left < groups_per_panel() ? static_cast<int>(left) : groups_per_panel();
  }
  int panel_vectors(int64_t panel) const { return panel_groups(panel) * gates; }
  // Where a panel begins in a row of gates, the slot offset apart.
  int64_t panel_column(int64_t panel) const { return panel * groups_per_panel() * slots * W; }
};

}  // namespace elman::ELMAN_LEVEL
