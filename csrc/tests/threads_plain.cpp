// threads.hpp on plain POSIX threads: sanitizers see every synchronisation, which they do not inside an OpenMP runtime.
#include "threads/threads.hpp"

#include <pthread.h>

#include <thread>
#include <vector>

namespace elman {
namespace {

thread_local pthread_barrier_t* team_barrier = nullptr;

}  // namespace

int usable_threads(int64_t asked) { return asked < 1 ? 1 : asked > 8 ? 8 : static_cast<int>(asked); }

void parallel(int threads, void (*body)(void*, int, int), void* context) {
  if (threads <= 1) {
    body(context, 0, 1);
    return;
  }
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, static_cast<unsigned>(threads));
  std::vector<std::thread> team;
  for (int i = 0; i < threads; ++i) {
    team.emplace_back([&, i] {
      team_barrier = &barrier;
      body(context, i, threads);
    });
  }
  for (std::thread& member : team) member.join();
  pthread_barrier_destroy(&barrier);
}

void barrier(int threads) {
  if (threads > 1) pthread_barrier_wait(team_barrier);
}

}  // namespace elman
