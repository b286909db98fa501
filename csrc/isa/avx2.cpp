// The kernels compiled for one level; CMakeLists.txt gives the flags.

#include <new>

#define ELMAN_LEVEL avx2
#include "dense/functions.hpp"
#include "dense/mask.hpp"
#include "dense/product.hpp"
#include "isa/draw.hpp"
#include "isa/level.hpp"
#include "isa/passes.hpp"
#include "isa/pool.hpp"
#include "isa/stream.hpp"

namespace elman {
extern const Level avx2_level;
const Level avx2_level = {"avx2",
                          avx2::kBytes,
                          avx2::widths,
                          avx2::forward<float>,
                          avx2::forward<double>,
                          avx2::backward<float>,
                          avx2::backward<double>,
                              avx2::make_stream<float>,
                          avx2::make_stream<double>,
                          avx2::make_pool<float>,
                          avx2::make_pool<double>,
                          {avx2::product<float>, avx2::apply<float>, avx2::softmax<float>, avx2::fill_mask<float>},
                          {avx2::product<double>, avx2::apply<double>, avx2::softmax<double>, avx2::fill_mask<double>},
                          avx2::draw<float>,
                          avx2::draw<double>};
}  // namespace elman
