#include "ragged/ragged.hpp"

#include <cstring>
#include <memory>

#include "threads/threads.hpp"

namespace elman {
namespace {

constexpr int64_t kBytesPerThread = 1 << 18;  // below this a second thread costs more than it brings

// Packed row at which each step begins; one more entry than steps.
std::unique_ptr<int64_t[]> step_offsets(const RaggedShape& shape) {
  auto offsets = std::make_unique<int64_t[]>(shape.steps + 1);
  offsets[0] = 0;
  for (int64_t t = 0; t < shape.steps; ++t) offsets[t + 1] = offsets[t] + shape.batch_sizes[t];
  return offsets;
}

template <int64_t Bytes>
struct FixedCopy {
  explicit FixedCopy(int64_t) {}
  void operator()(char* to, const char* from, int64_t to_row, int64_t from_row) const {
    std::memcpy(to + to_row * Bytes, from + from_row * Bytes, Bytes);
  }
};

struct AnyCopy {
  int64_t bytes;
  explicit AnyCopy(int64_t row_bytes) : bytes(row_bytes) {}
  void operator()(char* to, const char* from, int64_t to_row, int64_t from_row) const {
    std::memcpy(to + to_row * bytes, from + from_row * bytes, bytes);
  }
};

// Calls visit(copy, t, p, packed row) for every packed row, rows shared out evenly between threads.
template <class Copy, class Visit>
void for_each_row_with(const RaggedShape& shape, const int64_t* offsets, const Visit& visit) {
  const int64_t total = offsets[shape.steps];
  const int64_t wanted = total * shape.row_bytes / kBytesPerThread;
  const int threads = usable_threads(wanted < shape.threads ? wanted : shape.threads);
  const Copy copy(shape.row_bytes);
  auto body = [&](int thread, int count) {
    const Range mine = share(total, thread, count);
    int64_t t = 0;
    while (t < shape.steps && offsets[t + 1] <= mine.begin) ++t;
    for (int64_t row = mine.begin; row < mine.end; ++t) {
      const int64_t end = offsets[t + 1] < mine.end ? offsets[t + 1] : mine.end;
      for (; row < end; ++row) visit(copy, t, row - offsets[t], row);
    }
  };
  parallel(threads, body);
}

template <class Visit>
void for_each_row(const RaggedShape& shape, const int64_t* offsets, const Visit& visit) {
  switch (shape.row_bytes) {
    case 0: return;
    case 1: return for_each_row_with<FixedCopy<1>>(shape, offsets, visit);
    case 2: return for_each_row_with<FixedCopy<2>>(shape, offsets, visit);
    case 4: return for_each_row_with<FixedCopy<4>>(shape, offsets, visit);
    case 8: return for_each_row_with<FixedCopy<8>>(shape, offsets, visit);
    case 16: return for_each_row_with<FixedCopy<16>>(shape, offsets, visit);
    case 32: return for_each_row_with<FixedCopy<32>>(shape, offsets, visit);
    case 64: return for_each_row_with<FixedCopy<64>>(shape, offsets, visit);
    default: return for_each_row_with<AnyCopy>(shape, offsets, visit);
  }
}

}  // namespace

bool packed_fit(const int64_t* batch_sizes, int64_t steps, int64_t rows, int64_t count, const int64_t* order, const int64_t* back,
                const int64_t* lengths) {
  int64_t left = rows, most = count;
  for (int64_t t = 0; t < steps; ++t) {
    if (batch_sizes[t] < 1 || batch_sizes[t] > most || batch_sizes[t] > left) return false;
    most = batch_sizes[t];
    left -= most;
  }
  if (left != 0) return false;
  auto seen = std::make_unique<bool[]>(static_cast<size_t>(count));
  int64_t length = steps;  // of the sequence at place p
  for (int64_t p = 0; p < count; ++p) {
    while (length > 0 && batch_sizes[length - 1] <= p) --length;
    const int64_t sequence = order ? order[p] : p;
    if (sequence < 0 || sequence >= count || seen[sequence]) return false;
    seen[sequence] = true;
    if ((back && back[sequence] != p) || (lengths && lengths[sequence] != length)) return false;
  }
  return true;
}

bool sort_lengths(const int64_t* lengths, int64_t count, int64_t most, int64_t* order, int64_t* batch_sizes, Sorted& found) {
  found = {0, 0};
  std::memset(batch_sizes, 0, static_cast<size_t>(most) * sizeof(int64_t));
  for (int64_t i = 0; i < count; ++i) {
    if (lengths[i] < 0 || lengths[i] > most) return false;
    if (lengths[i] > found.steps) found.steps = lengths[i];
    found.rows += lengths[i];
    if (lengths[i]) ++batch_sizes[lengths[i] - 1];
  }
  for (int64_t t = found.steps - 1; t > 0; --t) batch_sizes[t - 1] += batch_sizes[t];
  // Sequences of length n come after the batch_sizes[n] longer ones.
  auto next = std::make_unique<int64_t[]>(static_cast<size_t>(found.steps + 1));
  for (int64_t n = 0; n < found.steps; ++n) next[n] = batch_sizes[n];
  next[found.steps] = 0;
  for (int64_t i = 0; i < count; ++i) order[next[lengths[i]]++] = i;
  return true;
}

void pack_rows(const RaggedShape& shape, char* packed, const char* rows, const int64_t* starts, int64_t stride) {
  const auto offsets = step_offsets(shape);
  for_each_row(shape, offsets.get(), [&](const auto& copy, int64_t t, int64_t p, int64_t row) {
    copy(packed, rows, row, starts[p] + t * stride);
  });
}

void unpack_rows(const RaggedShape& shape, char* rows, const char* packed, const int64_t* starts, int64_t stride) {
  const auto offsets = step_offsets(shape);
  for_each_row(shape, offsets.get(), [&](const auto& copy, int64_t t, int64_t p, int64_t row) {
    copy(rows, packed, starts[p] + t * stride, row);
  });
}

void flip_rows(const RaggedShape& shape, char* to, const char* from) {
  const auto offsets = step_offsets(shape);
  const int64_t places = shape.steps ? shape.batch_sizes[0] : 0;
  auto lengths = std::make_unique<int64_t[]>(places);
  for (int64_t t = 0, p = places; t <= shape.steps; ++t) {
    const int64_t alive = t < shape.steps ? shape.batch_sizes[t] : 0;
    while (p > alive) lengths[--p] = t;
  }
  for_each_row(shape, offsets.get(), [&](const auto& copy, int64_t t, int64_t p, int64_t row) {
    copy(to, from, row, offsets[lengths[p] - 1 - t] + p);
  });
}

}  // namespace elman
