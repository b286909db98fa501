#include "ctc/beam.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace elman {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr size_t kRemembered = 4096;  // contexts of the prior whose scores are kept

double add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log1p(std::exp(b - a));
}

}  // namespace

void NgramTable::row(int64_t state, std::vector<double>& found) const {
  std::vector<int64_t> chain;
  std::fill(found.begin(), found.end(), static_cast<double>(log_prob[0]));
  each(state, chain, [&](int64_t node) {
    const double backoff = log_backoff[node];
    for (double& value : found) value += backoff;
    for (int64_t next = first[node]; next < first[node + 1]; ++next) {
      if (symbol[next] < static_cast<int64_t>(found.size())) found[symbol[next]] = log_prob[next];
    }
  });
}

CtcBeam::CtcBeam(const CtcOptions& options, const NgramTable& prior)
    : options_(options), prior_(prior), has_prior_(prior.first != nullptr && options.weight != 0), row_(options.classes), taken_(options.classes) {
  nodes_.push_back({-1, -1, -1, -1, 0});
  Entry empty{0, -1, 0.0, kNever, 0.0, prior.start, nullptr};
  prepare(empty);
  entries_.push_back(empty);
}

template <class T>
void CtcBeam::feed(const T* frames, int64_t count) {
  for (int64_t t = 0; t < count; ++t, frames += options_.classes) {
    std::copy(frames, frames + options_.classes, row_.begin());
    step(row_.data());
  }
}

template void CtcBeam::feed<float>(const float*, int64_t);
template void CtcBeam::feed<double>(const double*, int64_t);

void CtcBeam::step(const double* frame) {
  tried_.clear();
  for (int32_t s = 0; s < options_.classes; ++s) {
    if (s != options_.blank && frame[s] > options_.threshold) tried_.push_back(s);
  }
  candidates_.clear();
  lowest_.clear();
  stay(frame);
  grow(frame);
  select();
}

// Only two things lead to a prefix of the beam: itself, and its parent with one symbol more, if that is in the beam too.
void CtcBeam::stay(const double* frame) {
  const size_t count = entries_.size();
  totals_.resize(count);
  heirs_.assign(count, -1);
  sibling_.assign(count, -1);
  for (size_t e = 0; e < count; ++e) totals_[e] = add(entries_[e].blank, entries_[e].symbol);
  for (size_t e = 0; e < count; ++e) {
    const Entry& entry = entries_[e];
    double in_symbol = entry.last >= 0 ? entry.symbol + frame[entry.last] : kNever;
    const int32_t parent = entry.last >= 0 ? nodes_[nodes_[entry.node].parent].place : -1;
    if (parent >= 0) {
      sibling_[e] = heirs_[parent];
      heirs_[parent] = static_cast<int32_t>(e);
      const Entry& from = entries_[parent];
      if (frame[entry.last] > options_.threshold) {
        in_symbol = add(in_symbol, (from.last == entry.last ? from.blank : totals_[parent]) + frame[entry.last]);
      }
    }
    const double in_blank = totals_[e] + frame[options_.blank];
    keep(add(in_blank, in_symbol) + entry.bonus, in_blank, in_symbol, static_cast<int32_t>(e), -1);
  }
}

void CtcBeam::grow(const double* frame) {
  for (size_t e = 0; e < entries_.size(); ++e) {
    const Entry& entry = entries_[e];
    for (int32_t heir = heirs_[e]; heir >= 0; heir = sibling_[heir]) taken_[entries_[heir].last] = 1;
    for (const int32_t s : tried_) {
      if (taken_[s]) continue;
      // A repeated symbol is a new one only after a blank.
      const double chance = (s == entry.last ? entry.blank : totals_[e]) + frame[s];
      keep(chance + (entry.bonus + worth(entry, s)), kNever, chance, static_cast<int32_t>(e), s);
    }
    for (int32_t heir = heirs_[e]; heir >= 0; heir = sibling_[heir]) taken_[entries_[heir].last] = 0;
  }
}

void CtcBeam::keep(double score, double blank, double symbol, int32_t entry, int32_t added) {
  const bool full = static_cast<int64_t>(lowest_.size()) == options_.size;
  if (!(score > kNever) || (full && score < lowest_.front())) return;
  candidates_.push_back({score, blank, symbol, entry, added});
  if (full) {
    std::pop_heap(lowest_.begin(), lowest_.end(), std::greater<>());
    lowest_.back() = score;
  } else {
    lowest_.push_back(score);
  }
  std::push_heap(lowest_.begin(), lowest_.end(), std::greater<>());
}

void CtcBeam::select() {
  if (candidates_.empty()) return;  // no path at all goes on: the symbols so far stay
  const double least = lowest_.front();
  std::erase_if(candidates_, [least](const Candidate& c) { return c.score < least; });
  std::sort(candidates_.begin(), candidates_.end(), [this](const Candidate& a, const Candidate& b) { return before(a, b); });
  if (static_cast<int64_t>(candidates_.size()) > options_.size) candidates_.resize(options_.size);
  next_.clear();
  for (const Candidate& chosen : candidates_) enter(chosen, next_);
  for (const Entry& entry : entries_) nodes_[entry.node].place = -1;
  for (size_t e = 0; e < next_.size(); ++e) nodes_[next_[e].node].place = static_cast<int32_t>(e);
  for (const Entry& entry : entries_) release(entry.node);
  entries_.swap(next_);
  if (worths_.size() > kRemembered) worths_.clear();
  for (Entry& entry : entries_) prepare(entry);
}

void CtcBeam::enter(const Candidate& chosen, std::vector<Entry>& next) {
  Entry entry = entries_[chosen.entry];
  entry.blank = chosen.blank;
  entry.symbol = chosen.symbol;
  if (chosen.added >= 0) {
    entry.bonus += worth(entry, chosen.added);
    entry.node = child_of(entry.node, chosen.added);
    entry.last = chosen.added;
    if (has_prior_) entry.state = prior_.after(entry.state, chosen.added);
  }
  next.push_back(entry);
}

void CtcBeam::prepare(Entry& entry) {
  if (!has_prior_) return;
  auto [place, fresh] = worths_.try_emplace(entry.state);
  if (fresh) {
    place->second.resize(options_.classes);
    prior_.row(entry.state, place->second);
    for (double& value : place->second) value = options_.bonus + options_.weight * value;
  }
  entry.worth = place->second.data();
}

// Equal scores are in the order of their symbols, so that the answer never depends on the order of work.
bool CtcBeam::before(const Candidate& a, const Candidate& b) const {
  if (a.score != b.score) return a.score > b.score;
  std::vector<int32_t> left = prefix(entries_[a.entry].node), right = prefix(entries_[b.entry].node);
  if (a.added >= 0) left.push_back(a.added);
  if (b.added >= 0) right.push_back(b.added);
  return left < right;
}

std::vector<int32_t> CtcBeam::prefix(int32_t node) const {
  std::vector<int32_t> symbols;
  for (; nodes_[node].parent >= 0; node = nodes_[node].parent) symbols.push_back(nodes_[node].symbol);
  std::reverse(symbols.begin(), symbols.end());
  return symbols;
}

int32_t CtcBeam::child_of(int32_t node, int32_t symbol) {
  for (int32_t child = nodes_[node].child; child >= 0; child = nodes_[child].next) {
    if (nodes_[child].symbol == symbol) return child;
  }
  int32_t made = static_cast<int32_t>(nodes_.size());
  const Node fresh{node, symbol, -1, nodes_[node].child, -1};
  if (free_.empty()) {
    nodes_.push_back(fresh);
  } else {
    made = free_.back();
    free_.pop_back();
    nodes_[made] = fresh;
  }
  nodes_[node].child = made;
  return made;
}

// Gives back a prefix that no answer begins with, and those before it that are then left alone.
void CtcBeam::release(int32_t node) {
  while (node != root_ && nodes_[node].place < 0 && nodes_[node].child < 0) {
    const int32_t parent = nodes_[node].parent;
    if (parent < 0) return;  // given back already
    int32_t* link = &nodes_[parent].child;
    while (*link != node) link = &nodes_[*link].next;
    *link = nodes_[node].next;
    nodes_[node].parent = -1;
    free_.push_back(node);
    node = parent;
  }
}

// Every leaf of the tree is in the beam. A prefix that is not, with one way on, cannot come back: nothing before it is in the beam either.
std::vector<int32_t> CtcBeam::settle() {
  std::vector<int32_t> settled;
  while (nodes_[root_].place < 0) {
    const int32_t child = nodes_[root_].child;
    if (child < 0 || nodes_[child].next >= 0 || nodes_[child].place >= 0) break;
    settled.push_back(nodes_[child].symbol);
    nodes_[child].parent = -1;
    free_.push_back(root_);
    root_ = child;
  }
  return settled;
}

std::vector<CtcBeam::Answer> CtcBeam::best(int64_t most) const {
  std::vector<Answer> answers;
  for (const Entry& entry : entries_) {
    if (static_cast<int64_t>(answers.size()) == most) break;
    answers.push_back({prefix(entry.node), add(entry.blank, entry.symbol) + entry.bonus});
  }
  return answers;
}

}  // namespace elman
