// Layer norm of one row inside the recurrence. Ba, Kiros and Hinton 2016, eq. 20-22: each product over all its G·H gates,
// an LSTM's new c over its H units. Sums run in one fixed order over the row, so a row's bits depend on nothing else.
#pragma once
#include "recurrence/layout.hpp"

namespace elman::ELMAN_LEVEL {

// The vectors of a row that are normalised together: `per_group` neighbours in each group, groups `step` vectors apart.
template <class T>
struct NormedRow {
  static constexpr int W = kLanes<T>;
  const Layout<T>& layout;
  int per_group, step;

  T size() const { return static_cast<T>(layout.hidden * per_group); }

  // visit(element offset in the row, real lanes) for each vector, in order.
  template <class Visit>
  ELMAN_INLINE void each(const Visit& visit) const {
    for (int64_t group = 0; group < layout.groups; ++group) {
      for (int v = 0; v < per_group; ++v) visit((group * step + v) * W, layout.units(group));
    }
  }

  // row -> (row - mean) / deviation, empty lanes zero; returns 1 / deviation.
  T normalize(T* row, double eps) const {
    Vec<T> total{}, squares{};
    each([&](int64_t at, int lanes) { total += keep_first<T>(load(row + at), lanes); });
    const T mean = sum<T>(total) / size();
    each([&](int64_t at, int lanes) {
      const Vec<T> off = keep_first<T>(load(row + at) - mean, lanes);
      squares = fma(off, off, squares);
    });
    const T scale = T(1) / static_cast<T>(__builtin_sqrt(static_cast<double>(sum<T>(squares) / size()) + eps));
    each([&](int64_t at, int lanes) { store(row + at, keep_first<T>((load(row + at) - mean) * scale, lanes)); });
    return scale;
  }

  // Gradient of the raw row from that of the scaled and shifted one: scale (e - mean(e) - normal · mean(e · normal)), e = d · gain.
  // `to` may be `d`; `visit(at, value)` sees each result in order.
  template <class Visit>
  ELMAN_INLINE void back(const T* d, const T* gain, const T* normal, T scale, const Visit& visit) const {
    Vec<T> total{}, along{};
    each([&](int64_t at, int) {
      const Vec<T> e = load(d + at) * load(gain + at);
      total += e;
      along = fma(e, load(normal + at), along);
    });
    const T mean = sum<T>(total) / size(), slope = sum<T>(along) / size();
    each([&](int64_t at, int lanes) {
      const Vec<T> e = load(d + at) * load(gain + at);
      visit(at, keep_first<T>((e - mean - load(normal + at) * slope) * scale, lanes));
    });
  }
};

}  // namespace elman::ELMAN_LEVEL
