// Pool: many streams of the same layers, any of them stepped in one call, on addresses that elman/kernels/stream_pool.py has checked.
#include "bindings/stream_pool.hpp"

#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "bindings/arguments.hpp"
#include "isa/level.hpp"
#include "memory/pool.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class T = void>
T* at(uint64_t address) {
  return reinterpret_cast<T*>(static_cast<uintptr_t>(address));
}

class Pool {
 public:
  explicit Pool(bool is_double) : is_double_(is_double) {}

  void add(nb::tuple sizes, nb::tuple numbers, nb::tuple addresses) {
    if (!elman::fits(sizes, numbers, addresses)) throw nb::value_error("sizes, numbers and addresses must have the lengths that the module gives");
    const elman::Shape shape = elman::read_shape(sizes.ptr(), numbers.ptr(), 0);
    std::unique_ptr<elman::PoolLayer> layer(is_double_ ? elman::level().pool_double(shape, elman::read_tensors<double>(addresses.ptr()))
                                                       : elman::level().pool_float(shape, elman::read_tensors<float>(addresses.ptr())));
    if (!layer || !layer->ready()) throw std::bad_alloc();
    hidden_ = shape.hidden;
    layers_.push_back(std::move(layer));
  }

  void resize(int64_t places) {
    const std::lock_guard<std::mutex> alone(mutex_);
    for (auto& layer : layers_) {
      if (!layer->resize(places)) throw std::bad_alloc();
    }
  }

  void step(uint64_t places, int64_t count, uint64_t x, uint64_t y, int64_t threads) {
    bool done = true;
    {
      nb::gil_scoped_release free_the_interpreter;
      const std::lock_guard<std::mutex> alone(mutex_);
      const int64_t between = layers_.size() > 1 ? count * hidden_ * (is_double_ ? 8 : 4) : 0;
      const elman::Scratch first(between), second(layers_.size() > 2 ? between : 0);
      char* const rooms[] = {first.get(), second.get()};
      const void* from = at<const void>(x);
      done = first.get() && second.get();
      for (size_t i = 0; done && i < layers_.size(); ++i) {
        void* to = i + 1 == layers_.size() ? at(y) : rooms[i % 2];
        done = layers_[i]->step(at<const int64_t>(places), count, from, to, threads);
        from = to;
      }
    }
    if (!done) throw std::bad_alloc();
  }

  void get(size_t layer, uint64_t places, int64_t count, uint64_t h, uint64_t c) {
    nb::gil_scoped_release free_the_interpreter;
    const std::lock_guard<std::mutex> alone(mutex_);
    layers_.at(layer)->get(at<const int64_t>(places), count, at(h), at(c));
  }

  void set(size_t layer, uint64_t places, int64_t count, uint64_t h, uint64_t c) {
    nb::gil_scoped_release free_the_interpreter;
    const std::lock_guard<std::mutex> alone(mutex_);
    layers_.at(layer)->set(at<const int64_t>(places), count, at<const void>(h), at<const void>(c));
  }

 private:
  bool is_double_;
  int64_t hidden_ = 0;
  std::vector<std::unique_ptr<elman::PoolLayer>> layers_;
  std::mutex mutex_;
};

// The position of the first id that is outside, free, or was named before; -1 when there is none. `marks` (places,) remember `call`.
int64_t first_wrong(uint64_t ids, int64_t count, uint64_t active, uint64_t marks, int64_t places, int64_t call) {
  const auto* id = at<const int64_t>(ids);
  const auto* taken = at<const bool>(active);
  auto* mark = at<int64_t>(marks);
  for (int64_t i = 0; i < count; ++i) {
    if (id[i] < 0 || id[i] >= places || !taken[id[i]] || mark[id[i]] == call) return i;
    mark[id[i]] = call;
  }
  return -1;
}

}  // namespace

void bind_pool(nb::module_& module) {
  module.def("first_wrong", &first_wrong, "ids"_a, "count"_a, "active"_a, "marks"_a, "places"_a, "call"_a,
             "Position of the first id that is outside, not active, or named twice in this call; -1 without one.");
  nb::class_<Pool>(module, "Pool", "Streams of the same layers by place; weights are packed when a layer is added.")
      .def(nb::init<bool>(), "is_double"_a)
      .def("add", &Pool::add, "sizes"_a, "numbers"_a, "addresses"_a, "Add a layer on top.")
      .def("resize", &Pool::resize, "places"_a, "Make room; states stay, new ones must be set.")
      .def("step", &Pool::step, "places"_a, "count"_a, "x"_a, "y"_a, "threads"_a, "One step of some streams: (count, I) to (count, H).")
      .def("get", &Pool::get, "layer"_a, "places"_a, "count"_a, "h"_a, "c"_a, "Copy states to addresses.")
      .def("set", &Pool::set, "layer"_a, "places"_a, "count"_a, "h"_a, "c"_a, "Copy states from addresses; 0: zeros.");
}
