#include <cmath>
#include <map>

#include "ctc/align.hpp"
#include "ctc/beam.hpp"
#include "ngrams/mixture.hpp"
#include "tests/arena.hpp"
#include "tests/checks.hpp"

namespace {

using Gram = std::vector<int32_t>;

template <class T>
T* copied(Arena& arena, const std::vector<T>& values) {
  T* data = static_cast<T*>(arena.take(values.size() * sizeof(T)));
  if (!values.empty()) std::memcpy(data, values.data(), values.size() * sizeof(T));
  return data;
}

// Every n-gram of a random text, as a map and as the tree that the kernels read; probabilities and backoffs are any numbers.
struct Model {
  std::map<Gram, int64_t> node;
  std::vector<Gram> gram;
  std::vector<double> probability, backoff;
  std::vector<float> log_prob, log_backoff;
  int64_t classes, order;
  elman::NgramTree tree;
  elman::NgramTable table;

  explicit Model(Arena& arena) : classes(pick(1, 9)), order(pick(1, 4)) {
    Gram text(static_cast<size_t>(pick(1, 60)));
    for (int32_t& symbol : text) symbol = static_cast<int32_t>(pick(0, classes - 1));
    node[{}] = 0;
    gram.push_back({});
    for (size_t length = 1; length <= static_cast<size_t>(order); ++length) {
      std::map<std::pair<int64_t, int32_t>, Gram> level;
      for (size_t at = 0; at + length <= text.size(); ++at) {
        const Gram found(text.begin() + static_cast<long>(at), text.begin() + static_cast<long>(at + length));
        level[{node.at(Gram(found.begin(), found.end() - 1)), found.back()}] = found;
      }
      if (length == static_cast<size_t>(order)) tree.longest = static_cast<int64_t>(gram.size());
      for (const auto& [key, found] : level) node[found] = static_cast<int64_t>(gram.size()), gram.push_back(found);
    }
    lay(arena);
  }

  void lay(Arena& arena) {
    std::vector<int64_t> first(gram.size() + 1, 0), suffix;
    std::vector<int32_t> symbol;
    int64_t next = 1;
    for (size_t i = 0; i < gram.size(); ++i) {
      first[i] = next;
      while (next < static_cast<int64_t>(gram.size())) {
        const Gram& child = gram[static_cast<size_t>(next)];
        if (node.at(Gram(child.begin(), child.end() - 1)) != static_cast<int64_t>(i)) break;
        ++next;
      }
      symbol.push_back(i ? gram[i].back() : -1);
      suffix.push_back(i ? node.at(Gram(gram[i].begin() + 1, gram[i].end())) : 0);
      probability.push_back(0.01 + static_cast<double>(pick(0, 100)));
      backoff.push_back(0.01 + static_cast<double>(pick(0, 3)));
      log_prob.push_back(static_cast<float>(std::log(probability.back())));
      log_backoff.push_back(static_cast<float>(std::log(backoff.back())));
    }
    first[gram.size()] = next;
    static_cast<elman::NgramContexts&>(tree) = {copied(arena, first), copied(arena, symbol), copied(arena, suffix)};
    tree.probability = copied(arena, probability), tree.backoff = copied(arena, backoff);
    static_cast<elman::NgramContexts&>(table) = tree;
    table.log_prob = copied(arena, log_prob), table.log_backoff = copied(arena, log_backoff);
  }

  // By the definition: the longest n-gram that is there, times the backoffs of the longer contexts.
  double chance_of(Gram context, int32_t symbol) const {
    double scale = 1;
    while (true) {
      Gram whole = context;
      whole.push_back(symbol);
      if (const auto found = node.find(whole); found != node.end()) return scale * probability[static_cast<size_t>(found->second)];
      scale *= backoff[static_cast<size_t>(node.at(context))];
      if (context.empty()) return scale * probability[0];
      context.erase(context.begin());
    }
  }
};

const char* check_mixture(Arena& arena, const Model& model) {
  const int64_t rows = pick(0, 6), classes = model.classes;
  std::vector<int64_t> nodes(static_cast<size_t>(rows));
  for (int64_t& node : nodes) node = pick(0, model.tree.longest - 1);
  double* shares = uniform<double>(arena, rows, 1);
  double* own = uniform<double>(arena, rows * classes, 1);
  auto* out = static_cast<double*>(arena.take(static_cast<size_t>(rows * classes) * sizeof(double)));
  elman::ngram_mix(model.tree, copied(arena, nodes), shares, own, rows, classes, out);
  for (int64_t r = 0; r < rows; ++r) {
    const Gram& context = model.gram[static_cast<size_t>(nodes[static_cast<size_t>(r)])];
    for (int64_t s = 0; s < classes; ++s) {
      const double wanted = shares[r] * own[r * classes + s] + (1 - shares[r]) * model.chance_of(context, static_cast<int32_t>(s));
      if (std::abs(out[r * classes + s] - wanted) > 1e-9 * (1 + std::abs(wanted))) return "a mixture is not the sum of its shares";
    }
    Gram after = context;
    after.push_back(static_cast<int32_t>(pick(0, classes)));  // one of them was never seen
    const int32_t last = after.back();
    while (!model.node.count(after) || model.node.at(after) >= model.tree.longest) after.erase(after.begin());
    if (elman::ngram_follow(model.tree, nodes[static_cast<size_t>(r)], last) != model.node.at(after)) return "a context is not followed by the longest one";
  }
  return nullptr;
}

// Fed at once and piece by piece, with and without a prior; a best answer can be laid on its frames.
const char* check_prior(Arena& arena, const Model& model) {
  const int64_t classes = model.classes + 1, steps = pick(0, 30), blank = model.classes;
  const elman::CtcOptions options{pick(1, 8), classes, blank, chance(0.3) ? -3.0 : -HUGE_VAL, chance(0.5) ? 0.4 : 0.0, chance(0.3) ? 0.5 : 0.0};
  float* frames = uniform<float>(arena, steps * classes, 4);
  for (int64_t t = 0; t < steps; ++t) {
    double sum = 0;
    for (int64_t s = 0; s < classes; ++s) sum += std::exp(static_cast<double>(frames[t * classes + s]));
    for (int64_t s = 0; s < classes; ++s) frames[t * classes + s] -= static_cast<float>(std::log(sum));
  }
  elman::CtcBeam whole(options, model.table), pieces(options, model.table);
  whole.feed(frames, steps);
  for (int64_t t = 0, count; t < steps; t += count) {
    count = pick(1, steps - t);
    pieces.feed(frames + t * classes, count);
  }
  const auto expected = whole.best(3), found = pieces.best(3);
  if (expected.size() != found.size() || expected.empty()) return "a search in pieces gives another number of answers";
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].symbols != expected[i].symbols || found[i].score != expected[i].score) return "a search in pieces gives another answer";
  }
  const std::vector<int64_t> symbols(found[0].symbols.begin(), found[0].symbols.end());
  const auto count = static_cast<int64_t>(symbols.size());
  auto* begin = static_cast<int64_t*>(arena.take(symbols.size() * sizeof(int64_t)));
  auto* end = static_cast<int64_t*>(arena.take(symbols.size() * sizeof(int64_t)));
  const double score = elman::ctc_align(frames, steps, classes, blank, copied(arena, symbols), count, begin, end);
  if (!std::isfinite(score)) return "the best answer does not fit into its frames";
  for (int64_t i = 0; i < count; ++i) {
    if (begin[i] >= end[i] || end[i] > steps || (i && begin[i] < end[i - 1])) return "symbols do not follow one another";
  }
  return nullptr;
}

}  // namespace

const char* check_ngrams() {
  Arena arena;
  const Model model(arena);
  const char* wrong = check_mixture(arena, model);
  return wrong ? wrong : check_prior(arena, model);
}
