// Threads: how many a call may use, and one parallel region per call.
#pragma once
#include <cstdint>

namespace elman {

// The number of threads a call may really use: `asked` (torch's setting), but 1 inside another parallel region and in a
// forked child, where the parent's OpenMP pool no longer exists. Never below 1.
int usable_threads(int64_t asked);

// Calls body(context, thread, threads) on each of `threads` threads; with one thread no OpenMP call is made at all.
void parallel(int threads, void (*body)(void*, int, int), void* context);

// Waits for every thread of the current team (nothing to do for a team of one).
void barrier(int threads);

// The same for a lambda taking (int thread, int threads).
template <class F>
void parallel(int threads, F& body) {
  parallel(threads, [](void* context, int thread, int count) { (*static_cast<F*>(context))(thread, count); }, &body);
}

// The half-open range of `count` things that `thread` of `threads` takes.
struct Range {
  int64_t begin, end;
};
inline Range share(int64_t count, int thread, int threads) {
  return {count * thread / threads, count * (thread + 1) / threads};
}

}  // namespace elman
