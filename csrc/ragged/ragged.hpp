// Moving rows between packed order (time-major, longest sequence first) and other layouts. Bytes only, no arithmetic.
#pragma once
#include <cstdint>

namespace elman {

// One geometry, shared by all functions.
//   batch_sizes  (steps,)  never rising: how many sequences reach each step; the packed row of (step t, place p) is
//                          batch_sizes[0] + … + batch_sizes[t-1] + p
//   row_bytes              size of one row, the same on both sides
//   threads                at most this many threads; small jobs use one
struct RaggedShape {
  const int64_t* batch_sizes;
  int64_t steps;
  int64_t row_bytes;
  int64_t threads;
};

// Sorts `count` sequences by length, longest first, equal ones in their order: order[p] is the sequence at place p, and
// batch_sizes[t] how many reach step t < steps. False, with nothing to rely on, when a length is not in 0..most.
struct Sorted {
  int64_t steps, rows;  // the longest length, the sum of all
};
bool sort_lengths(const int64_t* lengths, int64_t count, int64_t most, int64_t* order, int64_t* batch_sizes, Sorted& found);

// Whether the parts of a packed batch of `count` sequences agree: batch sizes in 1..count never rise and sum to `rows`, `order` is a
// permutation, `back` its inverse, `lengths` those of the batch sizes. Null parts are not looked at.
bool packed_fit(const int64_t* batch_sizes, int64_t steps, int64_t rows, int64_t count, const int64_t* order, const int64_t* back,
                const int64_t* lengths);

// packed[t, p] = rows[starts[p] + t * stride]. `starts` (batch_sizes[0],) and `stride` count rows.
// End to end: start of each sequence, stride 1; padded batch-first: index·T, stride 1; padded time-first: index, stride N.
void pack_rows(const RaggedShape& shape, char* packed, const char* rows, const int64_t* starts, int64_t stride);

// rows[starts[p] + t * stride] = packed[t, p]; other rows are left as they are.
void unpack_rows(const RaggedShape& shape, char* rows, const char* packed, const int64_t* starts, int64_t stride);

// to[t, p] = from[length(p) - 1 - t, p]: each sequence mirrored in its own length. `to` and `from` must not overlap.
void flip_rows(const RaggedShape& shape, char* to, const char* from);

}  // namespace elman
