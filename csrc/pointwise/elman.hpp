// Elman: h = σ(pre), σ tanh or the rectifier. Elman 1990, "Finding structure in time".
#pragma once
#include "simd/activate.hpp"

namespace elman::ELMAN_LEVEL {

// Every cell has the same members, on vectors of one group of hidden units; gates `g` are as activate() left them.
//   activate  pre-activations -> gates
//   inner     the new c (cells with one state have none)
//   output    the new h from the gates, the old h and the (normalised) new c
//   output_back, inner_back   the gradients d of the pre-activations, and the part carried to the step before; a slot
//             that output_back leaves to inner_back, or the other way round, is not touched
template <class T, bool kTanh>
struct Elman {
  static constexpr int kSlots = 1;
  static constexpr bool kHasInner = false;
  using V = Vec<T>;

  ELMAN_INLINE static void activate(const T* pre, V* g) { g[0] = kTanh ? tanh(load(pre)) : relu(load(pre)); }
  ELMAN_INLINE static V inner(const V*, V) { return V{}; }
  ELMAN_INLINE static V output(const V* g, V, V) { return g[0]; }
  ELMAN_INLINE static void output_back(const V* g, V, V, V dh, V* d, V& dh_carry, V&) {
    d[0] = kTanh ? dh * fma(-g[0], g[0], splat(T(1))) : (g[0] > 0 ? dh : V{});
    dh_carry = V{};
  }
  ELMAN_INLINE static void inner_back(const V*, V, V, V*, V&) {}
};

}  // namespace elman::ELMAN_LEVEL
