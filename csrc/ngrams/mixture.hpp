// N-gram probabilities added in shares to those of another model, row by row.
#pragma once
#include <cstdint>

#include "ngrams/contexts.hpp"

namespace elman {

// The root's probability is that of a symbol never seen. Nodes from `longest` on are n-grams of the largest order, no contexts.
struct NgramTree : NgramContexts {
  const double* probability;
  const double* backoff;
  int64_t longest;
};

// The longest context that occurred after a context is followed by a symbol.
int64_t ngram_follow(const NgramTree& tree, int64_t node, int64_t symbol);

// out (count, classes) = share[r] · own + (1 - share[r]) · n-grams after context nodes[r]; out may be own.
void ngram_mix(const NgramTree& tree, const int64_t* nodes, const double* shares, const double* own, int64_t count, int64_t classes,
               double* out);

}  // namespace elman
