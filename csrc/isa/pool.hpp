// Many streams of one layer in one block of memory, any of them stepped together: weights packed once, the kernels of whole
// sequences, hence the bits of single streams.
#pragma once
#include "isa/level.hpp"
#include "isa/passes.hpp"

namespace elman::ELMAN_LEVEL {

template <class T, class C, bool kExtra>
class PoolOf final : public PoolLayer {
 public:
  PoolOf(const Shape& shape, const Tensors<T>& tensors) : shape_(shape), tensors_(tensors), layout_(shape.cell, shape.hidden) {
    shape_.steps = 1;
    shape_.reverse = false;
    shape_.count = 0;
    const int64_t fitting = kChunkBytes / (layout_.gate_width * static_cast<int64_t>(sizeof(T)));
    rows_ = fitting < 12 ? 12 : fitting > 480 ? 480 : fitting;
    Carver counter(nullptr);
    packed_.carve(counter, layout_, shape_.inputs);
    weights_ = acquire(counter.used());
    if (!weights_) return;
    Carver carver(weights_);
    packed_.carve(carver, layout_, shape_.inputs);
    packed_.fill(layout_, tensors_, shape_, 0, 1);
  }
  ~PoolOf() override {
    release(weights_);
    release(states_);
  }
  PoolOf(const PoolOf&) = delete;
  PoolOf& operator=(const PoolOf&) = delete;

  bool ready() const override { return weights_ != nullptr; }

  bool resize(int64_t places) override {
    char* fresh = acquire(places * row_bytes());
    if (!fresh) return false;
    if (states_) __builtin_memcpy(fresh, states_, static_cast<size_t>((places < places_ ? places : places_) * row_bytes()));
    release(states_);
    states_ = fresh;
    places_ = places;
    return true;
  }

  bool step(const int64_t* places, int64_t count, const void* x, void* y, int64_t threads) override {
    if (count == 0) return true;
    Shape shape = shape_;
    shape.threads = threads;
    int team = pass_threads(shape, layout_, count);
    if (team > count) team = static_cast<int>(count);
    const int64_t size = scratch_size(), rows = rows_;
    const Scratch memory(size * team);
    if (!memory.get()) return false;
    auto body = [&](int thread, int running) {
      for (int part = thread; part < team; part += running) {
        const Range mine = share(count, part, team);
        for (int64_t at = mine.begin; at < mine.end; at += rows) {
          const int64_t n = mine.end - at < rows ? mine.end - at : rows;
          block(memory.get() + size * part, places + at, n, static_cast<const T*>(x) + at * shape_.inputs, static_cast<T*>(y) + at * shape_.hidden);
        }
      }
    };
    parallel(team, body);
    return true;
  }

  void get(const int64_t* places, int64_t count, void* h, void* c) const override {
    for (int64_t i = 0; i < count; ++i) {
      copy(static_cast<T*>(h) + i * shape_.hidden, row(places[i]), shape_.hidden);
      if (C::kHasInner) copy(static_cast<T*>(c) + i * shape_.hidden, row(places[i]) + layout_.unit_width, shape_.hidden);
    }
  }

  // Null states are zeros.
  void set(const int64_t* places, int64_t count, const void* h, const void* c) override {
    for (int64_t i = 0; i < count; ++i) {
      T* to = row(places[i]);
      for (int64_t u = 0; u < kStates * layout_.unit_width; ++u) to[u] = T(0);
      if (h) copy(to, static_cast<const T*>(h) + i * shape_.hidden, shape_.hidden);
      if (C::kHasInner && c) copy(to + layout_.unit_width, static_cast<const T*>(c) + i * shape_.hidden, shape_.hidden);
    }
  }

 private:
  static constexpr int64_t kStates = C::kHasInner ? 2 : 1;

  static void copy(T* to, const T* from, int64_t count) { __builtin_memcpy(to, from, static_cast<size_t>(count) * sizeof(T)); }
  int64_t row_bytes() const { return kStates * layout_.unit_width * static_cast<int64_t>(sizeof(T)); }
  // A place: h, then c, each padded with zeros to whole vectors.
  T* row(int64_t place) const { return reinterpret_cast<T*>(states_) + place * kStates * layout_.unit_width; }

  int64_t scratch_size() const {
    Carver carver(nullptr);
    ForwardScratch<T> scratch;
    scratch.carve(carver, shape_, layout_, rows_, rows_, false, false);
    return carver.used();
  }

  // One step of up to rows_ streams: states in, the layer's own step, states out.
  void block(char* memory, const int64_t* places, int64_t n, const T* x, T* y) const {
    Carver carver(memory);
    ForwardScratch<T> scratch;
    scratch.carve(carver, shape_, layout_, rows_, rows_, false, false);
    Shape shape = shape_;
    Tensors<T> tensors = tensors_;
    const int64_t offsets[] = {0, n};
    shape.count = n;
    shape.batch_sizes = &n;
    tensors.x = x;
    tensors.y = y;
    const int64_t width = layout_.unit_width;
    for (int64_t j = 0; j < n; ++j) {
      copy(scratch.h[0] + j * width, row(places[j]), width);
      if (C::kHasInner) copy(scratch.c + j * width, row(places[j]) + width, width);
    }
    Forward<T, C, kExtra> walk{shape, tensors, layout_, packed_, Steps{shape, offsets}, scratch, Rows{0, 1}, n};
    walk.project(0, 1);
    walk.advance(0, n, scratch.pre, 0);
    for (int64_t j = 0; j < n; ++j) {
      copy(row(places[j]), scratch.h[1] + j * width, layout_.groups * kLanes<T>);
      if (C::kHasInner) copy(row(places[j]) + width, scratch.c + j * width, layout_.groups * kLanes<T>);
    }
  }

  Shape shape_;
  Tensors<T> tensors_;
  Layout<T> layout_;
  PackedLayer<T> packed_{};
  int64_t rows_ = 0, places_ = 0;
  char *weights_ = nullptr, *states_ = nullptr;
};

template <class T>
PoolLayer* make_pool(const Shape& shape, const Tensors<T>& tensors) {
  PoolLayer* made = nullptr;
  with_cell(shape, tensors, [&](auto cell, auto extra) { made = new (std::nothrow) PoolOf<T, decltype(cell), extra.value>(shape, tensors); });
  return made;
}

}  // namespace elman::ELMAN_LEVEL
