// Memory of the kernels: blocks that are kept and used again, so that steady work faults no new pages.
//
// A training step allocates tens of megabytes that live for milliseconds; asking the system for them each time cost a
// quarter of the step. Blocks are 64-byte aligned and not cleared.
#pragma once
#include <cstdint>

namespace elman {

// A block of at least `bytes`, from the pool or the system; null when the system has none. Any thread may release it.
char* acquire(int64_t bytes);
void release(char* block);

// Lowers the bytes of unused blocks that are kept, at first a sixteenth of the machine's memory; returns the new number.
int64_t keep_at_most(int64_t bytes);

// Gives every unused block back to the system.
void trim();

// Owns a block for the length of a scope.
class Scratch {
 public:
  explicit Scratch(int64_t bytes) : block_(acquire(bytes)) {}
  ~Scratch() { release(block_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  char* get() const { return block_; }

 private:
  char* block_;
};

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
