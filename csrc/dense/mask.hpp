// Masks of dropout and zoneout from a counter: Threefry-4x32 with 12 rounds (Salmon et al. 2011, Parallel random numbers: as easy as
// 1, 2, 3; it passes BigCrush). An element's 16 random bits depend on the key, the counter and the element alone, so that any number of
// threads, vectors of any width and any order give the same mask.
#pragma once
#include "dense/dense.hpp"
#include "dense/functions.hpp"
#include "simd/vec.hpp"

namespace elman::ELMAN_LEVEL {

typedef uint32_t Words __attribute__((vector_size(kBytes)));
constexpr int kWordLanes = kBytes / 4;
// 16 consecutive counters fill 128 elements: first the low halves of their four words, then the high halves. Fixed for all levels.
constexpr int kCounters = 16;
constexpr int kMaskBlock = 8 * kCounters;

template <int N>
ELMAN_INLINE Words rotate(Words x) {
  return (x << N) | (x >> (32 - N));
}

// Two of twelve rounds; rotations by the paper's table.
template <int A, int B, int C, int D>
ELMAN_INLINE void rounds(Words (&x)[4]) {
  x[0] += x[1], x[1] = rotate<A>(x[1]) ^ x[0];
  x[2] += x[3], x[3] = rotate<B>(x[3]) ^ x[2];
  x[0] += x[3], x[3] = rotate<C>(x[3]) ^ x[0];
  x[2] += x[1], x[1] = rotate<D>(x[1]) ^ x[2];
}

ELMAN_INLINE void threefry(Words (&x)[4], const uint32_t (&key)[4]) {
  const uint32_t keys[5] = {key[0], key[1], key[2], key[3], 0x1BD11BDAu ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  auto inject = [&](uint32_t round) {
    for (uint32_t i = 0; i < 4; ++i) x[i] += keys[(i + round) % 5];
    x[3] += round;
  };
  inject(0);
  rounds<10, 26, 11, 21>(x), rounds<13, 27, 23, 5>(x), inject(1);
  rounds<6, 20, 17, 11>(x), rounds<25, 10, 18, 20>(x), inject(2);
  rounds<10, 26, 11, 21>(x), rounds<13, 27, 23, 5>(x), inject(3);
}

// Writes one value for each lane: dropped where its number is below the threshold.
ELMAN_INLINE void write_lanes(const Mask<float>& mask, Words numbers, float* to) {
  const Vec<float> dropped = splat(mask.dropped), kept = splat(mask.kept);
  store(to, numbers < (Words{} + mask.threshold) ? dropped : kept);
}

ELMAN_INLINE void write_lanes(const Mask<double>& mask, Words numbers, double* to) {
  for (int i = 0; i < kWordLanes; ++i) to[i] = numbers[i] < mask.threshold ? mask.dropped : mask.kept;
}

// The 128 values of one block.
template <class T>
ELMAN_INLINE void fill_block(const Mask<T>& mask, uint32_t block, T* y) {
  for (int lane = 0; lane < kCounters; lane += kWordLanes) {
    Words x[4];
    for (int i = 0; i < kWordLanes; ++i) x[0][i] = block * kCounters + static_cast<uint32_t>(lane + i);
    for (int w = 1; w < 4; ++w) x[w] = Words{} + mask.counter[w - 1];
    threefry(x, mask.key);
    for (int w = 0; w < 4; ++w) {
      write_lanes(mask, x[w] & 0xFFFFu, y + w * kCounters + lane);
      write_lanes(mask, x[w] >> 16, y + (w + 4) * kCounters + lane);
    }
  }
}

template <class T>
void fill_mask(const Mask<T>& mask) {
  const int64_t blocks = (mask.count + kMaskBlock - 1) / kMaskBlock;
  auto body = [&](int thread, int threads) {
    const Range part = share(blocks, thread, threads);
    for (int64_t b = part.begin; b < part.end; ++b) {
      T* to = mask.y + b * kMaskBlock;
      const int64_t left = mask.count - b * kMaskBlock;
      if (left >= kMaskBlock) {
        fill_block(mask, static_cast<uint32_t>(b), to);
        continue;
      }
      T last[kMaskBlock];
      fill_block(mask, static_cast<uint32_t>(b), last);
      for (int64_t i = 0; i < left; ++i) to[i] = last[i];
    }
  };
  parallel(threads_for(mask.count, mask.threads), body);
}

}  // namespace elman::ELMAN_LEVEL
