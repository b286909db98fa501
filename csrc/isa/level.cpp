#include "isa/level.hpp"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace elman {

extern const Level portable_level;
#if defined(__x86_64__)
extern const Level avx2_level;
extern const Level avx512_level;
#endif

namespace {

bool runs(const char* name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!std::strcmp(name, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!std::strcmp(name, "avx512")) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
  }
#endif
  return !std::strcmp(name, "portable");
}

const Level& choose() {
  const char* asked = std::getenv("ELMAN_ISA");
  const Level* found = asked ? find_level(asked) : nullptr;
  for (const char* name : {"avx512", "avx2", "portable"}) {
    if (!found) found = find_level(name);
  }
  return *found;
}

}  // namespace

const Level* find_level(const char* name) {
  if (!runs(name)) return nullptr;
#if defined(__x86_64__)
  if (!std::strcmp(name, "avx512")) return &avx512_level;
  if (!std::strcmp(name, "avx2")) return &avx2_level;
#endif
  return &portable_level;
}

const Level& level() {
  static const Level& chosen = choose();
  return chosen;
}

}  // namespace elman
