// Shared by the checks of the driver: random numbers, and memory between pages that nobody may touch.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

inline std::mt19937 generator;

inline int64_t pick(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(generator); }
inline bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(generator) < p; }

// Memory between guard pages; freed with the arena.
class Arena {
 public:
  ~Arena() {
    for (const auto& [start, size] : maps_) munmap(start, size);
  }
  // The data ends at the upper guard page or, every other time, begins at the lower one.
  void* take(size_t bytes) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t body = (bytes + page - 1) / page * page;
    char* start = static_cast<char*>(mmap(nullptr, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (start == MAP_FAILED || (body && mprotect(start + page, body, PROT_READ | PROT_WRITE))) std::abort();
    maps_.emplace_back(start, body + 2 * page);
    char* data = start + page + (chance(0.5) ? body - bytes : 0);
    std::memset(data, 0xff, bytes);  // not-a-numbers, should anybody read before writing
    return data;
  }

 private:
  std::vector<std::pair<char*, size_t>> maps_;
};

template <class T>
T* uniform(Arena& arena, int64_t count, double scale) {
  T* data = static_cast<T*>(arena.take(static_cast<size_t>(count) * sizeof(T)));
  for (int64_t i = 0; i < count; ++i) data[i] = static_cast<T>(scale * std::uniform_real_distribution<>(-1, 1)(generator));
  return data;
}
