// The Python face of the native code: plain functions on addresses and sizes, the GIL released, no arithmetic.
// Callers in elman check shapes, types and layouts first; an address is a number as Tensor.data_ptr() gives it.
#include <nanobind/nanobind.h>

#include "bindings/ctc.hpp"
#include "bindings/dense.hpp"
#include "bindings/ngrams.hpp"
#include "bindings/stream_pool.hpp"
#include "bindings/recurrence.hpp"
#include "bindings/stream.hpp"
#include "ragged/ragged.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class T>
T* at(uint64_t address) {
  return reinterpret_cast<T*>(static_cast<uintptr_t>(address));
}

elman::RaggedShape ragged(uint64_t batch_sizes, int64_t steps, int64_t row_bytes, int64_t threads) {
  return {at<const int64_t>(batch_sizes), steps, row_bytes, threads};
}

void pack_rows(uint64_t packed, uint64_t rows, uint64_t starts, int64_t stride, uint64_t batch_sizes, int64_t steps, int64_t row_bytes,
               int64_t threads) {
  nb::gil_scoped_release free_the_interpreter;
  elman::pack_rows(ragged(batch_sizes, steps, row_bytes, threads), at<char>(packed), at<const char>(rows), at<const int64_t>(starts), stride);
}

void unpack_rows(uint64_t rows, uint64_t packed, uint64_t starts, int64_t stride, uint64_t batch_sizes, int64_t steps, int64_t row_bytes,
                 int64_t threads) {
  nb::gil_scoped_release free_the_interpreter;
  elman::unpack_rows(ragged(batch_sizes, steps, row_bytes, threads), at<char>(rows), at<const char>(packed), at<const int64_t>(starts), stride);
}

void flip_rows(uint64_t to, uint64_t from, uint64_t batch_sizes, int64_t steps, int64_t row_bytes, int64_t threads) {
  nb::gil_scoped_release free_the_interpreter;
  elman::flip_rows(ragged(batch_sizes, steps, row_bytes, threads), at<char>(to), at<const char>(from));
}

// (steps, rows) of sorted lengths, or None when one of them is not in 0..most.
nb::object sort_lengths(uint64_t lengths, int64_t count, int64_t most, uint64_t order, uint64_t batch_sizes) {
  elman::Sorted found{};
  if (!elman::sort_lengths(at<const int64_t>(lengths), count, most, at<int64_t>(order), at<int64_t>(batch_sizes), found)) return nb::none();
  return nb::make_tuple(found.steps, found.rows);
}

bool packed_fit(uint64_t batch_sizes, int64_t steps, int64_t rows, int64_t count, uint64_t order, uint64_t back, uint64_t lengths) {
  return elman::packed_fit(at<const int64_t>(batch_sizes), steps, rows, count, at<const int64_t>(order), at<const int64_t>(back),
                           at<const int64_t>(lengths));
}

}  // namespace

NB_MODULE(_native, module) {
  module.attr("__doc__") = "elman's compiled kernels. Import torch first, so that both share one OpenMP pool.";
  module.def("pack_rows", &pack_rows, "packed"_a, "rows"_a, "starts"_a, "stride"_a, "batch_sizes"_a, "steps"_a, "row_bytes"_a, "threads"_a,
             "Copy rows into packed order: packed[t, p] = rows[starts[p] + t * stride].");
  module.def("unpack_rows", &unpack_rows, "rows"_a, "packed"_a, "starts"_a, "stride"_a, "batch_sizes"_a, "steps"_a, "row_bytes"_a, "threads"_a,
             "Copy packed rows out: rows[starts[p] + t * stride] = packed[t, p].");
  module.def("flip_rows", &flip_rows, "to"_a, "from_"_a, "batch_sizes"_a, "steps"_a, "row_bytes"_a, "threads"_a,
             "Mirror each packed sequence in its own length.");
  module.def("sort_lengths", &sort_lengths, "lengths"_a, "count"_a, "most"_a, "order"_a, "batch_sizes"_a,
             "Sort sequences by length: (steps, rows), or None when a length is not in 0..most.");
  module.def("packed_fit", &packed_fit, "batch_sizes"_a, "steps"_a, "rows"_a, "count"_a, "order"_a, "back"_a, "lengths"_a,
             "Whether the parts of a packed batch agree.");
  bind_ctc(module);
  bind_dense(module);
  bind_ngrams(module);
  bind_pool(module);
  bind_recurrence(module);
  bind_stream(module);
}
