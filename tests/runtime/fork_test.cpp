/* A forked child has none of its parent's workers and must still run parallel loops and take workspaces. */
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "check.h"
#include "mlc_runtime.h"

namespace {

/* Two chunks that wait for each other: ends only if two threads run them. */
void meet(void **args, int64_t, int64_t) {
  auto *count = static_cast<std::atomic<int> *>(args[0]);
  ++*count;
  while (*count < 2) std::this_thread::yield();
}

void two_threads_meet() {
  std::atomic<int> count{0};
  void *args[] = {&count};
  mlc_parallel_for(meet, args, 2, 1);
  CHECK(count == 2);
}

void spin(void **args, int64_t begin, int64_t end) {
  auto *sum = static_cast<std::atomic<int64_t> *>(args[0]);
  *sum += end - begin;
}

void run_in_child(void (*body)()) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void child_body() {
  two_threads_meet();
  void *workspace = mlc_workspace_take(1000);
  CHECK(workspace != nullptr);
  mlc_workspace_give(workspace);
  run_in_child(two_threads_meet);
}

}  // namespace

int main() {
#ifdef __SANITIZE_THREAD__
  return 0; /* ThreadSanitizer ends a forked child that starts threads, whatever the program does. */
#endif
  mlc_set_threads(2);
  two_threads_meet();
  run_in_child(child_body);

  /* Fork while other threads are in the pool and hold its locks. */
  std::atomic<bool> stop{false};
  auto busy = [&] {
    std::atomic<int64_t> sum{0};
    void *args[] = {&sum};
    while (!stop) {
      mlc_parallel_for(spin, args, 64, 1);
      mlc_workspace_give(mlc_workspace_take(4096));
    }
  };
  std::thread first(busy), second(busy);
  for (int i = 0; i < 50; ++i) run_in_child(child_body);
  stop = true;
  first.join();
  second.join();
  two_threads_meet();
}
