// Vectors of one instruction-set level: the only file that knows intrinsics.
//
// Included once per level, with ELMAN_LEVEL naming the namespace. Everything above it is written against Vec<T>, a
// compiler vector type of kBytes bytes, and these primitives. Contraction is off (-ffp-contract=off): a product and a sum
// become one fused operation exactly where fma() is written, so that every path of a level gives the same bits.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if defined(__x86_64__)
#define ELMAN_KEEP_IN_REGISTER(v) __asm__("" : "+v"(v))
#else
#define ELMAN_KEEP_IN_REGISTER(v) static_cast<void>(v)
#endif
#define ELMAN_INLINE inline __attribute__((always_inline))

namespace elman::ELMAN_LEVEL {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX2__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

template <class T>
struct VecOf {
  typedef T type __attribute__((vector_size(kBytes)));
  typedef T anywhere __attribute__((vector_size(kBytes), aligned(sizeof(T))));  // the same in memory, at any address of a T
};
template <class T>
using Vec = typename VecOf<T>::type;
template <class T>
using Bits = typename VecOf<std::conditional_t<sizeof(T) == 4, int32_t, int64_t>>::type;  // same width, as integers

template <class T>
constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));

template <class T>
ELMAN_INLINE Vec<T> load(const T* from) {
  return *reinterpret_cast<const typename VecOf<T>::anywhere*>(from);
}

template <class T>
ELMAN_INLINE void store(T* to, Vec<T> v) {
  *reinterpret_cast<typename VecOf<T>::anywhere*>(to) = v;
}

template <class T>
ELMAN_INLINE Vec<T> splat(T value) {
  return value - Vec<T>{};
}

template <class T>
ELMAN_INLINE Bits<T> bits(Vec<T> v) {
  return reinterpret_cast<Bits<T>>(v);
}

// load_first: lanes beyond `count` are zero and their memory is not touched. store_first: only `count` lanes are written.
// fma(a, b, c) = a*b + c, one rounding where the machine has it. at_most, at_least: a NaN in `v` stays a NaN.
#if defined(__AVX512F__)
ELMAN_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm512_fmadd_ps(a, b, c); }
ELMAN_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm512_fmadd_pd(a, b, c); }
ELMAN_INLINE Vec<float> at_most(Vec<float> v, float x) { return _mm512_min_ps(splat(x), v); }
ELMAN_INLINE Vec<double> at_most(Vec<double> v, double x) { return _mm512_min_pd(splat(x), v); }
ELMAN_INLINE Vec<float> at_least(Vec<float> v, float x) { return _mm512_max_ps(splat(x), v); }
ELMAN_INLINE Vec<double> at_least(Vec<double> v, double x) { return _mm512_max_pd(splat(x), v); }
ELMAN_INLINE Vec<float> load_first(const float* p, int n) { return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p); }
ELMAN_INLINE Vec<double> load_first(const double* p, int n) { return _mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << n) - 1), p); }
ELMAN_INLINE void store_first(float* p, Vec<float> v, int n) { _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v); }
ELMAN_INLINE void store_first(double* p, Vec<double> v, int n) { _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << n) - 1), v); }
#else
#if defined(__AVX2__) && defined(__FMA__)
ELMAN_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm256_fmadd_ps(a, b, c); }
ELMAN_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm256_fmadd_pd(a, b, c); }
#elif defined(__ARM_NEON)
ELMAN_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return vfmaq_f32(c, a, b); }
ELMAN_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return vfmaq_f64(c, a, b); }
#else
#define ELMAN_NO_FMA
template <class V>
ELMAN_INLINE V fma(V a, V b, V c) {
  return a * b + c;
}
#endif
template <class V, class T>
ELMAN_INLINE V at_most(V v, T x) {
  const V limit = x - V{};
  return limit < v ? limit : v;
}
template <class V, class T>
ELMAN_INLINE V at_least(V v, T x) {
  const V limit = x - V{};
  return limit > v ? limit : v;
}
template <class T>
ELMAN_INLINE Vec<T> load_first(const T* from, int count) {
  T lanes[kLanes<T>] = {};
  for (int i = 0; i < count; ++i) lanes[i] = from[i];
  return load(lanes);
}
template <class T>
ELMAN_INLINE void store_first(T* to, Vec<T> v, int count) {
  T lanes[kLanes<T>];
  store(lanes, v);
  for (int i = 0; i < count; ++i) to[i] = lanes[i];
}
#endif

// Whole or partial, by count: for the ragged end of a row.
template <class T>
ELMAN_INLINE Vec<T> load_upto(const T* from, int count) {
  return count == kLanes<T> ? load(from) : load_first(from, count);
}
template <class T>
ELMAN_INLINE void store_upto(T* to, Vec<T> v, int count) {
  if (count == kLanes<T>) {
    store(to, v);
  } else {
    store_first(to, v, count);
  }
}

// v in the first `count` lanes, exact zero (even for NaN) in the others.
template <class T>
ELMAN_INLINE Vec<T> keep_first(Vec<T> v, int count) {
  if (count == kLanes<T>) return v;
  T lanes[kLanes<T>];
  store(lanes, v);
  return load_first(static_cast<const T*>(lanes), count);
}

// The sum of all lanes, in one fixed order.
template <class T>
ELMAN_INLINE T sum(Vec<T> v) {
  T total = v[0];
  for (int i = 1; i < kLanes<T>; ++i) total += v[i];
  return total;
}

}  // namespace elman::ELMAN_LEVEL
