#include "ngrams/mixture.hpp"

#include <algorithm>
#include <vector>

namespace elman {
namespace {

// Kneser-Ney from the shortest context to the longest: probabilities so far are scaled by the backoff, those of this context replace them.
void distribution(const NgramTree& tree, int64_t node, int64_t classes, std::vector<int64_t>& chain, double* found) {
  std::fill(found, found + classes, tree.probability[0]);
  tree.each(node, chain, [&](int64_t context) {
    const double backoff = tree.backoff[context];
    for (int64_t i = 0; i < classes; ++i) found[i] *= backoff;
    for (int64_t child = tree.first[context]; child < tree.first[context + 1]; ++child) {
      if (tree.symbol[child] < classes) found[tree.symbol[child]] = tree.probability[child];  // "begin" is never predicted
    }
  });
}

}  // namespace

int64_t ngram_follow(const NgramTree& tree, int64_t node, int64_t symbol) {
  const int64_t found = tree.after(node, symbol);
  return found >= tree.longest ? tree.suffix[found] : found;
}

void ngram_mix(const NgramTree& tree, const int64_t* nodes, const double* shares, const double* own, int64_t count, int64_t classes,
               double* out) {
  std::vector<double> found(static_cast<size_t>(classes));
  std::vector<int64_t> chain;
  for (int64_t r = 0; r < count; ++r, own += classes, out += classes) {
    if (r == 0 || nodes[r] != nodes[r - 1]) distribution(tree, nodes[r], classes, chain, found.data());
    const double share = shares[r], rest = 1 - share;
    for (int64_t i = 0; i < classes; ++i) out[i] = share * own[i] + rest * found[static_cast<size_t>(i)];
  }
}

}  // namespace elman
