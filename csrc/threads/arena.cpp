#include "threads/arena.hpp"

#include <cstdlib>

namespace elman {
namespace {

constexpr int64_t kKeep = int64_t{256} << 20;

struct Block {
  char* memory = nullptr;
  int64_t size = 0;
  void drop() {
    std::free(memory);
    memory = nullptr;
    size = 0;
  }
  ~Block() { drop(); }
};

thread_local Block block;

}  // namespace

char* scratch(int64_t bytes) {
  if (bytes > block.size) {
    block.drop();
    const int64_t rounded = (bytes + bytes / 8 + 4095) / 4096 * 4096;
    block.memory = static_cast<char*>(std::aligned_alloc(4096, static_cast<size_t>(rounded)));
    block.size = block.memory ? rounded : 0;
  }
  return block.memory;
}

void release_scratch() {
  if (block.size > kKeep) block.drop();
}

}  // namespace elman
