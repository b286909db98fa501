// LSTM: c' = f c + i g, h' = o tanh(c'). Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000; torch's order i f g o.
#pragma once
#include "simd/activate.hpp"

namespace elman::ELMAN_LEVEL {

// See elman.hpp for the meaning of the members. With layer norm `c` of output() is the normalised c'.
template <class T>
struct Lstm {
  static constexpr int kSlots = 4;
  static constexpr bool kHasInner = true;
  using V = Vec<T>;

  ELMAN_INLINE static void activate(const T* pre, V* g) {
    constexpr int W = kLanes<T>;
    g[0] = sigmoid(load(pre));
    g[1] = sigmoid(load(pre + W));
    g[2] = tanh(load(pre + 2 * W));
    g[3] = sigmoid(load(pre + 3 * W));
  }
  ELMAN_INLINE static V inner(const V* g, V c) { return fma(g[1], c, g[0] * g[2]); }
  ELMAN_INLINE static V output(const V* g, V, V c) { return g[3] * tanh(c); }
  ELMAN_INLINE static void output_back(const V* g, V, V c, V dh, V* d, V& dh_carry, V& dc) {
    const V one = splat(T(1));
    const V t = tanh(c);
    d[3] = dh * t * g[3] * (one - g[3]);
    dc = dh * g[3] * fma(-t, t, one);
    dh_carry = V{};
  }
  // dc: gradient of the new c; dc_carry: of the old one.
  ELMAN_INLINE static void inner_back(const V* g, V c_old, V dc, V* d, V& dc_carry) {
    const V one = splat(T(1));
    d[0] = dc * g[2] * g[0] * (one - g[0]);
    d[1] = dc * c_old * g[1] * (one - g[1]);
    d[2] = dc * g[0] * fma(-g[2], g[2], one);
    dc_carry = dc * g[1];
  }
};

}  // namespace elman::ELMAN_LEVEL
