#include "threads/threads.hpp"

#include <omp.h>
#include <pthread.h>

namespace elman {
namespace {

bool forked = false;

void mark_forked() { forked = true; }

// Registered when the module is loaded: OpenMP threads do not survive fork(), and using the pool then hangs.
const int registered = pthread_atfork(nullptr, nullptr, mark_forked);

}  // namespace

int usable_threads(int64_t asked) {
  (void)registered;
  if (forked || asked <= 1 || omp_in_parallel()) return 1;
  return asked < 1024 ? static_cast<int>(asked) : 1024;
}

void parallel(int threads, void (*body)(void*, int, int), void* context) {
  if (threads <= 1) {
    body(context, 0, 1);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    body(context, omp_get_thread_num(), omp_get_num_threads());
  }
}

void barrier(int threads) {
  if (threads > 1) {
#pragma omp barrier
  }
}

}  // namespace elman
