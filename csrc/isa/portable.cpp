// The kernels compiled for one level; CMakeLists.txt gives the flags.

#include <new>

#define ELMAN_LEVEL portable
#include "dense/functions.hpp"
#include "dense/mask.hpp"
#include "dense/product.hpp"
#include "isa/draw.hpp"
#include "isa/level.hpp"
#include "isa/passes.hpp"
#include "isa/pool.hpp"
#include "isa/stream.hpp"

namespace elman {
extern const Level portable_level;
const Level portable_level = {"portable",
                          portable::kBytes,
                          portable::widths,
                          portable::forward<float>,
                          portable::forward<double>,
                          portable::backward<float>,
                          portable::backward<double>,
                                  portable::make_stream<float>,
                          portable::make_stream<double>,
                          portable::make_pool<float>,
                          portable::make_pool<double>,
                          {portable::product<float>, portable::apply<float>, portable::softmax<float>, portable::fill_mask<float>},
                          {portable::product<double>, portable::apply<double>, portable::softmax<double>, portable::fill_mask<double>},
                          portable::draw<float>,
                          portable::draw<double>};
}  // namespace elman
