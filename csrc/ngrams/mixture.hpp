// N-gram probabilities added in shares to those of another model, row by row.
#pragma once
#include <cstdint>

namespace elman {

// An n-gram model as a tree of contexts: the children of node p are first[p] .. first[p + 1] - 1, sorted by symbol; node 0 is the empty
// context, whose probability is that of a symbol never seen. Nodes from `longest` on are n-grams of the largest order, no contexts.
struct NgramTree {
  const int64_t* first;
  const int32_t* symbol;
  const int64_t* suffix;
  const double* probability;
  const double* backoff;
  int64_t nodes;
  int64_t longest;
};

// The longest context that occurred after a context is followed by a symbol.
int64_t ngram_follow(const NgramTree& tree, int64_t node, int64_t symbol);

// out (count, classes) = share[r] · own + (1 - share[r]) · n-grams after context nodes[r]; out may be own.
void ngram_mix(const NgramTree& tree, const int64_t* nodes, const double* shares, const double* own, int64_t count, int64_t classes,
               double* out);

}  // namespace elman
