// Prefix beam search over CTC frames (Graves 2012, section 7.5.3; Hannun 2014), fed piece by piece, with an n-gram prior.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ngrams/contexts.hpp"

namespace elman {

// A symbol is scored by adding log_backoff and going to suffix until a child is found, then its log_prob; in nats.
struct NgramTable : NgramContexts {
  const float* log_prob = nullptr;
  const float* log_backoff = nullptr;
  int64_t start = 0;  // the state before the first symbol

  void row(int64_t state, std::vector<double>& found) const;  // log-probabilities of the symbols 0 .. found.size() - 1
};

struct CtcOptions {
  int64_t size;      // prefixes kept
  int64_t classes;   // columns of a frame, the blank included
  int64_t blank;
  double threshold;  // symbols of a frame below this are not tried
  double weight;     // of the prior
  double bonus;      // for every symbol
};

class CtcBeam {
 public:
  struct Answer {
    std::vector<int32_t> symbols;
    double score;
  };

  CtcBeam(const CtcOptions& options, const NgramTable& prior);

  // frames (count, classes), rows contiguous; log-probabilities.
  template <class T>
  void feed(const T* frames, int64_t count);

  std::vector<Answer> best(int64_t most) const;  // at most so many, best first

  // The symbols that all prefixes of the beam share and nothing can change any more; they are forgotten, and best() goes on behind them.
  std::vector<int32_t> settle();
  int64_t nodes() const { return static_cast<int64_t>(nodes_.size() - free_.size()); }

 private:
  struct Node {
    int32_t parent, symbol, child, next;  // child: the newest; next: of the same parent; -1: none
    int32_t place;                        // in the beam, -1: not
  };
  struct Entry {
    int32_t node, last;
    double blank, symbol, bonus;  // chances of ending in a blank and in the last symbol; the sum of prior and bonus
    int64_t state;
    const double* worth;  // of each next symbol; null without a prior
  };
  struct Candidate {
    double score, blank, symbol;
    int32_t entry, added;  // added: -1 where the prefix stays as it is
  };

  void step(const double* frame);
  void stay(const double* frame);
  void grow(const double* frame);
  void keep(double score, double blank, double symbol, int32_t entry, int32_t added);
  void select();
  void enter(const Candidate& chosen, std::vector<Entry>& next);
  void prepare(Entry& entry);
  double worth(const Entry& entry, int32_t symbol) const { return entry.worth ? entry.worth[symbol] : options_.bonus; }
  bool before(const Candidate& a, const Candidate& b) const;
  std::vector<int32_t> prefix(int32_t node) const;
  int32_t child_of(int32_t node, int32_t symbol);
  void release(int32_t node);

  CtcOptions options_;
  NgramTable prior_;
  bool has_prior_;
  int32_t root_ = 0;
  std::vector<Node> nodes_;
  std::vector<int32_t> free_;
  std::vector<Entry> entries_, next_;
  std::vector<Candidate> candidates_;
  std::vector<double> totals_, lowest_, row_;      // lowest_: a heap of the best scores so far, the lowest on top
  std::vector<int32_t> tried_, heirs_, sibling_;   // heirs_[e]: first entry of the beam whose parent is e, sibling_: the next one
  std::vector<char> taken_;                        // symbols by which an entry already has an heir
  std::unordered_map<int64_t, std::vector<double>> worths_;
};

}  // namespace elman
