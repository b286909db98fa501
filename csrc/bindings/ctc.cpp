// CTC from Python: a beam that is fed frames, and the alignment of an answer; elman/kernels/ctc.py has checked shapes and ranges.
#include "bindings/ctc.hpp"

#include <mutex>

#include "ctc/align.hpp"
#include "ctc/beam.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class T>
T* at(uint64_t address) {
  return reinterpret_cast<T*>(static_cast<uintptr_t>(address));
}

class Beam {
 public:
  Beam(int64_t size, int64_t classes, int64_t blank, double threshold, double weight, double bonus, uint64_t first, uint64_t symbol,
       uint64_t suffix, uint64_t log_prob, uint64_t log_backoff, int64_t start)
      : beam_({size, classes, blank, threshold, weight, bonus},
              {at<const int64_t>(first), at<const int32_t>(symbol), at<const int64_t>(suffix), at<const float>(log_prob),
               at<const float>(log_backoff), start}) {}

  void feed(bool is_double, uint64_t frames, int64_t count) {
    nb::gil_scoped_release free_the_interpreter;
    const std::lock_guard<std::mutex> alone(mutex_);
    if (is_double) {
      beam_.feed(at<const double>(frames), count);
    } else {
      beam_.feed(at<const float>(frames), count);
    }
  }

  // [(symbols, score), …], best first.
  nb::list best(int64_t most) {
    std::vector<elman::CtcBeam::Answer> answers;
    {
      nb::gil_scoped_release free_the_interpreter;
      const std::lock_guard<std::mutex> alone(mutex_);
      answers = beam_.best(most);
    }
    nb::list found;
    for (const auto& answer : answers) {
      nb::list symbols;
      for (const int32_t symbol : answer.symbols) symbols.append(symbol);
      found.append(nb::make_tuple(nb::tuple(symbols), answer.score));
    }
    return found;
  }

  nb::list settle() {
    const std::lock_guard<std::mutex> alone(mutex_);
    nb::list settled;
    for (const int32_t symbol : beam_.settle()) settled.append(symbol);
    return settled;
  }

  int64_t nodes() {
    const std::lock_guard<std::mutex> alone(mutex_);
    return beam_.nodes();
  }

 private:
  elman::CtcBeam beam_;
  std::mutex mutex_;
};

double align(bool is_double, uint64_t frames, int64_t steps, int64_t classes, int64_t blank, uint64_t symbols, int64_t count,
             uint64_t begin, uint64_t end) {
  nb::gil_scoped_release free_the_interpreter;
  const auto* wanted = at<const int64_t>(symbols);
  return is_double ? elman::ctc_align(at<const double>(frames), steps, classes, blank, wanted, count, at<int64_t>(begin), at<int64_t>(end))
                   : elman::ctc_align(at<const float>(frames), steps, classes, blank, wanted, count, at<int64_t>(begin), at<int64_t>(end));
}

}  // namespace

void bind_ctc(nb::module_& module) {
  nb::class_<Beam>(module, "CtcBeam", "Prefix beam search over CTC frames, fed piece by piece; see csrc/ctc/beam.hpp.")
      .def(nb::init<int64_t, int64_t, int64_t, double, double, double, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, int64_t>(),
           "size"_a, "classes"_a, "blank"_a, "threshold"_a, "weight"_a, "bonus"_a, "first"_a, "symbol"_a, "suffix"_a, "log_prob"_a,
           "log_backoff"_a, "start"_a)
      .def("feed", &Beam::feed, "is_double"_a, "frames"_a, "count"_a, "Read (count, classes) log-probabilities.")
      .def("best", &Beam::best, "most"_a, "Up to so many (symbols, score), best first.")
      .def("settle", &Beam::settle, "The symbols that cannot change any more; best goes on behind them.")
      .def("nodes", &Beam::nodes, "Beginnings held in memory.");
  module.def("ctc_align", &align, "is_double"_a, "frames"_a, "steps"_a, "classes"_a, "blank"_a, "symbols"_a, "count"_a, "begin"_a, "end"_a,
             "Write the place of each symbol on the likeliest path; returns its log-probability.");
}
