// An n-gram model as a tree of contexts, in flat arrays that somebody else keeps.
#pragma once
#include <algorithm>
#include <cstdint>

namespace elman {

// The children of node p are first[p] .. first[p + 1] - 1, sorted by symbol; suffix[p] is p without its first symbol. Node 0 is the empty
// context, its own suffix.
struct NgramContexts {
  const int64_t* first = nullptr;
  const int32_t* symbol = nullptr;
  const int64_t* suffix = nullptr;

  // -1: none.
  int64_t child(int64_t node, int64_t wanted) const {
    const int32_t* begin = symbol + first[node];
    const int32_t* end = symbol + first[node + 1];
    const int32_t* found = std::lower_bound(begin, end, static_cast<int32_t>(wanted));
    return found != end && *found == wanted ? found - symbol : -1;
  }

  // The longest n-gram that ends in this symbol after this context, without its first symbols where that never occurred.
  int64_t after(int64_t node, int64_t wanted) const {
    while (true) {
      const int64_t found = child(node, wanted);
      if (found >= 0) return found;
      if (node == 0) return 0;
      node = suffix[node];
    }
  }

  // Calls see(context) for a context and all its suffixes, the shortest first; chain is scratch.
  template <class Chain, class See>
  void each(int64_t node, Chain& chain, See see) const {
    chain.assign(1, node);
    while (chain.back() != 0) chain.push_back(suffix[chain.back()]);
    std::for_each(chain.rbegin(), chain.rend(), see);
  }
};

}  // namespace elman
