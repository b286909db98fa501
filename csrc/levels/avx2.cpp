// The kernels compiled for one level; CMakeLists.txt gives the flags.

#define ELMAN_LEVEL avx2
#include "levels/level.hpp"
#include "levels/passes.hpp"

namespace elman {
extern const Level avx2_level;
const Level avx2_level = {"avx2",
                          avx2::kBytes,
                          avx2::widths,
                          avx2::forward<float>,
                          avx2::forward<double>,
                          avx2::backward<float>,
                          avx2::backward<double>};
}  // namespace elman
