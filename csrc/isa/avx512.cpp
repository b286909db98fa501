// The kernels compiled for one level; CMakeLists.txt gives the flags.

#include <new>

#define ELMAN_LEVEL avx512
#include "dense/functions.hpp"
#include "dense/mask.hpp"
#include "dense/product.hpp"
#include "isa/draw.hpp"
#include "isa/level.hpp"
#include "isa/passes.hpp"
#include "isa/pool.hpp"
#include "isa/stream.hpp"

namespace elman {
extern const Level avx512_level;
const Level avx512_level = {"avx512",
                          avx512::kBytes,
                          avx512::widths,
                          avx512::forward<float>,
                          avx512::forward<double>,
                          avx512::backward<float>,
                          avx512::backward<double>,
                                avx512::make_stream<float>,
                          avx512::make_stream<double>,
                          avx512::make_pool<float>,
                          avx512::make_pool<double>,
                          {avx512::product<float>, avx512::apply<float>, avx512::softmax<float>, avx512::fill_mask<float>},
                          {avx512::product<double>, avx512::apply<double>, avx512::softmax<double>, avx512::fill_mask<double>},
                          avx512::draw<float>,
                          avx512::draw<double>};
}  // namespace elman
