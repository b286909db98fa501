// N-grams beside another model: a tree of contexts by the addresses of its arrays, which the caller keeps.
#include "bindings/ngrams.hpp"

#include "ngrams/mixture.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class T>
T* at(uint64_t address) {
  return reinterpret_cast<T*>(static_cast<uintptr_t>(address));
}

class Tree {
 public:
  Tree(uint64_t first, uint64_t symbol, uint64_t suffix, uint64_t probability, uint64_t backoff, int64_t longest)
      : tree_{{at<const int64_t>(first), at<const int32_t>(symbol), at<const int64_t>(suffix)}, at<const double>(probability),
              at<const double>(backoff), longest} {}

  int64_t follow(int64_t node, int64_t symbol) const {
    check(node);
    return elman::ngram_follow(tree_, node, symbol);
  }

  void mix(uint64_t nodes, uint64_t shares, uint64_t own, int64_t count, int64_t classes, uint64_t out) const {
    for (int64_t r = 0; r < count; ++r) check(at<const int64_t>(nodes)[r]);
    nb::gil_scoped_release free_the_interpreter;
    elman::ngram_mix(tree_, at<const int64_t>(nodes), at<const double>(shares), at<const double>(own), count, classes, at<double>(out));
  }

 private:
  void check(int64_t node) const {
    if (node < 0 || node >= tree_.longest) throw nb::index_error("this context is not in the tree");
  }
  elman::NgramTree tree_;
};

}  // namespace

void bind_ngrams(nb::module_& module) {
  nb::class_<Tree>(module, "NgramTree", "An n-gram model as a tree of contexts, by the addresses of its arrays.")
      .def(nb::init<uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, int64_t>(), "first"_a, "symbol"_a, "suffix"_a,
           "probability"_a, "backoff"_a, "longest"_a)
      .def("follow", &Tree::follow, "node"_a, "symbol"_a, "The longest context that occurred after this one is followed by a symbol.")
      .def("mix", &Tree::mix, "nodes"_a, "shares"_a, "own"_a, "count"_a, "classes"_a, "out"_a,
           "out (count, classes) = share * own + (1 - share) * n-grams after each node; float64, out may be own.");
}
