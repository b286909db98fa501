// exp, sigmoid and tanh on vectors. NaN stays NaN; infinities give the limits.
#pragma once
#include "simd/vec.hpp"

namespace elman::ELMAN_LEVEL {

// Polynomials by Horner's rule with fused steps, highest coefficient first.
template <class V, class T, int N>
ELMAN_INLINE V horner(V x, const T (&c)[N]) {
  V y = c[0] - V{};
#pragma GCC unroll 16
  for (int i = 1; i < N; ++i) y = fma(y, x, c[i] - V{});
  return y;
}

// exp after Cephes (Moshier): x = n ln 2 + r, a polynomial in r, n into the exponent bits. Error below 2 ulp for float32.
// The argument is held where the result is a normal number, so exp never overflows to infinity.
ELMAN_INLINE Vec<float> exp(Vec<float> x) {
  using V = Vec<float>;
  x = at_least(at_most(x, 88.0f), -87.0f);
  constexpr float kMagic = 12582912.0f;  // 1.5·2^23: adding it leaves the nearest integer in the low bits
  const V shifted = fma(x, splat(1.44269504088896341f), splat(kMagic));
  const V n = shifted - kMagic;
  V r = fma(n, splat(-0.693359375f), x);
  r = fma(n, splat(2.12194440e-4f), r);
  constexpr float kC[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
  const V y = fma(horner(r, kC), r * r, r) + 1.0f;
  const Bits<float> power = (bits<float>(shifted) << 23) + 0x3f800000;
  return y * reinterpret_cast<V>(power);
}

// Taylor's series to degree 13 on |r| <= ln 2 / 2: error below 1e-16 relative before rounding.
ELMAN_INLINE Vec<double> exp(Vec<double> x) {
  using V = Vec<double>;
  x = at_least(at_most(x, 708.0), -708.0);
  constexpr double kMagic = 6755399441055744.0;  // 1.5·2^52
  const V shifted = fma(x, splat(1.4426950408889634074), splat(kMagic));
  const V n = shifted - kMagic;
  V r = fma(n, splat(-6.93145751953125e-1), x);
  r = fma(n, splat(-1.42860682030941723212e-6), r);
  constexpr double kC[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                           1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
  const V y = fma(horner(r, kC), r * r, r) + 1.0;
  const Bits<double> power = (bits<double>(shifted) << 52) + 0x3ff0000000000000;
  return y * reinterpret_cast<V>(power);
}

template <class V>
ELMAN_INLINE V sigmoid(V x) {
  return 1 / (exp(-x) + 1);
}

// The rational approximation of degree 13/6 that Eigen uses: below 5 ulp, odd, exact at 0. Beyond the clamp it is 1 with fused steps,
// where it first gets there, and 1 - 2^-23 without, where it would go beyond 1.
#if defined(ELMAN_NO_FMA)
inline constexpr float kTanhClamp = 7.90531110763549805f;
#else
inline constexpr float kTanhClamp = 7.99881172180175781f;
#endif

ELMAN_INLINE Vec<float> tanh(Vec<float> x) {
  using V = Vec<float>;
  x = at_least(at_most(x, kTanhClamp), -kTanhClamp);
  const V s = x * x;
  constexpr float kP[] = {-2.76076847742355e-16f, 2.00018790482477e-13f, -8.60467152213735e-11f, 5.12229709037114e-08f,
                          1.48572235717979e-05f,  6.37261928875436e-04f, 4.89352455891786e-03f};
  constexpr float kQ[] = {1.19825839466702e-06f, 1.18534705686654e-04f, 2.26843463243900e-03f, 4.89352518554385e-03f};
  return x * horner(s, kP) / horner(s, kQ);
}

// Cephes: a rational function near zero, 1 - 2/(exp(2|x|) + 1) beyond 0.625.
ELMAN_INLINE Vec<double> tanh(Vec<double> x) {
  using V = Vec<double>;
  const V size = x < 0 ? -x : x;
  const V far = 1 - 2 / (exp(size + size) + 1);
  const V s = x * x;
  constexpr double kP[] = {-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3};
  constexpr double kQ[] = {1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3};
  const V near = fma(x * s, horner(s, kP) / horner(s, kQ), x);
  return size < 0.625 ? near : (x < 0 ? -far : far);
}

template <class V>
ELMAN_INLINE V relu(V x) {
  return x < 0 ? V{} : x;  // NaN stays NaN
}

}  // namespace elman::ELMAN_LEVEL
