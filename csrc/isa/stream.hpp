// A layer stepped one element at a time: weights packed once, the same kernels as whole sequences, hence the same bits.
#pragma once
#include "isa/level.hpp"
#include "isa/passes.hpp"

namespace elman::ELMAN_LEVEL {

template <class T, class C, bool kExtra>
class StreamOf final : public StreamLayer {
 public:
  StreamOf(const Shape& shape, const Tensors<T>& tensors)
      : shape_(shape), tensors_(tensors), layout_(shape.cell, shape.hidden), size_(shape.count), offsets_{0, shape.count} {
    shape_.steps = 1;
    shape_.batch_sizes = &size_;
    shape_.reverse = false;
    block_ = acquire(carve(nullptr));
    if (!block_) return;
    carve(block_);
    packed_.fill(layout_, tensors_, shape_, 0, 1);
    set_state(tensors.h_0, tensors.c_0);
  }
  ~StreamOf() override { release(block_); }
  StreamOf(const StreamOf&) = delete;
  StreamOf& operator=(const StreamOf&) = delete;

  bool ready() const override { return block_ != nullptr; }

  void step(const void* x, void* y) override {
    tensors_.x = static_cast<const T*>(x);
    tensors_.y = static_cast<T*>(y);
    auto walk = walker();
    walk.project(0, 1);
    walk.advance(0, shape_.count, scratch_.pre, now_);
    now_ ^= 1;
  }

  void get_state(void* h, void* c) override {
    tensors_.h_n = static_cast<T*>(h);
    tensors_.c_n = static_cast<T*>(c);
    walker().finish(0, shape_.count, now_);
  }

  void set_state(const void* h, const void* c) override {
    tensors_.h_0 = static_cast<const T*>(h);
    tensors_.c_0 = static_cast<const T*>(c);
    auto walk = walker();
    for (int64_t j = 0; j < shape_.count; ++j) walk.start(j);
  }

 private:
  int64_t carve(char* block) {
    Carver carver(block);
    packed_.carve(carver, layout_, shape_.inputs);
    scratch_.carve(carver, shape_, layout_, shape_.count, shape_.count, false, false);
    return carver.used();
  }

  Forward<T, C, kExtra> walker() {
    return {shape_, tensors_, layout_, packed_, Steps{shape_, offsets_}, scratch_, Rows{0, 1}, shape_.count};
  }

  Shape shape_;
  Tensors<T> tensors_;
  Layout<T> layout_;
  int64_t size_, offsets_[2];
  PackedLayer<T> packed_{};
  ForwardScratch<T> scratch_{};
  char* block_ = nullptr;
  int now_ = 0;
};

template <class T>
StreamLayer* make_stream(const Shape& shape, const Tensors<T>& tensors) {
  StreamLayer* made = nullptr;
  with_cell(shape, tensors, [&](auto cell, auto extra) { made = new (std::nothrow) StreamOf<T, decltype(cell), extra.value>(shape, tensors); });
  return made;
}

}  // namespace elman::ELMAN_LEVEL
