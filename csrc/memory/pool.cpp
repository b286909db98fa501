#include "memory/pool.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

namespace elman {
namespace {

constexpr int64_t kHeader = 64;
constexpr int64_t kHuge = int64_t{2} << 20;
#if defined(ELMAN_KEEP_NO_BLOCKS)  // sanitizers see the end of a block only when it is freed
int64_t part_of_memory() { return 0; }
#else
int64_t part_of_memory() { return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) / 16 * sysconf(_SC_PAGESIZE); }
#endif
constexpr int kKeepBlocks = 32;
constexpr int64_t kStale = 64;  // a block unused for so many requests is given back

// In front of every block.
struct Header {
  int64_t size;  // of the block with its header
  int64_t used;  // request at which it was released
};

struct Pool {
  std::mutex mutex;
  Header* blocks[kKeepBlocks] = {};
  int64_t kept = 0, requests = 0;
  int64_t most = part_of_memory();  // bytes of unused blocks
};

// Never destroyed: tensors may release blocks while the process ends.
Pool& pool() {
  static Pool* only = [] {
    pthread_atfork([] { pool().mutex.lock(); }, [] { pool().mutex.unlock(); }, [] { pool().mutex.unlock(); });
    return new Pool;
  }();
  return *only;
}

Header* from_system(int64_t size) {
  const int64_t align = size >= kHuge ? kHuge : 64;
  const int64_t whole = (size + 4095) / 4096 * 4096;
  void* memory = nullptr;
  if (posix_memalign(&memory, static_cast<size_t>(align), static_cast<size_t>(whole))) return nullptr;
  if (whole >= kHuge) madvise(memory, static_cast<size_t>(whole), MADV_HUGEPAGE);
  auto* header = static_cast<Header*>(memory);
  header->size = whole;
  return header;
}

// The smallest kept block that fits without wasting more than half of it, or null; `pool` is locked.
Header* take(Pool& pool, int64_t size) {
  int best = -1;
  for (int i = 0; i < kKeepBlocks; ++i) {
    const Header* block = pool.blocks[i];
    if (!block || block->size < size || block->size > 2 * size + 4096) continue;
    if (best < 0 || block->size < pool.blocks[best]->size) best = i;
  }
  if (best < 0) return nullptr;
  Header* found = pool.blocks[best];
  pool.blocks[best] = nullptr;
  pool.kept -= found->size;
  return found;
}

// Drops blocks not used for long; `pool` is locked.
void drop_stale(Pool& pool, int64_t older_than) {
  for (Header*& block : pool.blocks) {
    if (!block || block->used > older_than) continue;
    pool.kept -= block->size;
    std::free(block);
    block = nullptr;
  }
}

}  // namespace

char* acquire(int64_t bytes) {
  const int64_t size = bytes + kHeader;
  Pool& shared = pool();
  Header* found = nullptr;
  {
    const std::lock_guard<std::mutex> lock(shared.mutex);
    ++shared.requests;
    found = take(shared, size);
    if (shared.requests % kStale == 0) drop_stale(shared, shared.requests - kStale);
  }
  if (!found) found = from_system(size);
  return found ? reinterpret_cast<char*>(found) + kHeader : nullptr;
}

void release(char* block) {
  if (!block) return;
  auto* header = reinterpret_cast<Header*>(block - kHeader);
  Pool& shared = pool();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  header->used = shared.requests;
  for (Header*& place : shared.blocks) {
    if (place || shared.kept + header->size > shared.most) continue;
    place = header;
    shared.kept += header->size;
    return;
  }
  std::free(header);
}

int64_t keep_at_most(int64_t bytes) {
  Pool& shared = pool();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  return shared.most = std::clamp<int64_t>(bytes, 0, shared.most);
}

void trim() {
  Pool& shared = pool();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  drop_stale(shared, shared.requests);
}

}  // namespace elman
