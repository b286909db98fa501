// The likeliest way to write symbols in CTC frames (Viterbi): the place of each symbol.
#pragma once
#include <cstdint>

namespace elman {

// frames (steps, classes) log-probabilities; symbols (count,). begin, end (count,): the first frame of each symbol and the one after its last.
// Returns the log-probability of that way; minus infinity, with nothing written, when there is none. Takes steps · (2 · count + 1) bytes.
template <class T>
double ctc_align(const T* frames, int64_t steps, int64_t classes, int64_t blank, const int64_t* symbols, int64_t count, int64_t* begin,
                 int64_t* end);

}  // namespace elman
