// Scratch memory of a call: one block per calling thread, kept between calls, so that steady work faults no new pages.
#pragma once
#include <cstdint>

namespace elman {

// At least `bytes` of 64-byte aligned memory that belongs to the calling thread until its next call of scratch().
// Null when the system has none. Blocks above 256 MiB are given back by release_scratch(), which every call ends with.
char* scratch(int64_t bytes);
void release_scratch();

// Hands out aligned pieces of a block, or only counts them when the block is null.
class Carver {
 public:
  explicit Carver(char* block) : block_(block) {}
  template <class T>
  T* take(int64_t count) {
    T* piece = block_ ? reinterpret_cast<T*>(block_ + used_) : nullptr;
    used_ += (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    return piece;
  }
  int64_t used() const { return used_; }

 private:
  char* block_;
  int64_t used_ = 0;
};

}  // namespace elman
