// GRU in torch's form: n = tanh(W_in·x + b_in + r (W_hn·h + b_hn)), h' = (1 - z) n + z h. Cho et al. 2014, section 2.3.
#pragma once
#include "simd/activate.hpp"

namespace elman::ELMAN_LEVEL {

// Slots n, r, z, m; m = W_hn·h + b_hn stays as it is. See elman.hpp for the meaning of the members.
template <class T>
struct Gru {
  static constexpr int kSlots = 4;
  static constexpr bool kHasInner = false;
  using V = Vec<T>;

  ELMAN_INLINE static void activate(const T* pre, V* g) {
    constexpr int W = kLanes<T>;
    g[1] = sigmoid(load(pre + W));
    g[2] = sigmoid(load(pre + 2 * W));
    g[3] = load(pre + 3 * W);
    g[0] = tanh(fma(g[1], g[3], load(pre)));
  }
  ELMAN_INLINE static V inner(const V*, V) { return V{}; }
  ELMAN_INLINE static V output(const V* g, V h, V) { return fma(g[2], h - g[0], g[0]); }
  ELMAN_INLINE static void output_back(const V* g, V h, V, V dh, V* d, V& dh_carry, V&) {
    const V one = splat(T(1));
    d[0] = dh * (one - g[2]) * fma(-g[0], g[0], one);
    d[1] = d[0] * g[3] * g[1] * (one - g[1]);
    d[2] = dh * (h - g[0]) * g[2] * (one - g[2]);
    d[3] = d[0] * g[1];
    dh_carry = dh * g[2];
  }
  ELMAN_INLINE static void inner_back(const V*, V, V, V*, V&) {}
};

}  // namespace elman::ELMAN_LEVEL
