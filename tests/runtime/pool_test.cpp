/* mlc_parallel_for: every index once, fixed chunk boundaries, nesting, several callers, changing thread counts. */
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "check.h"
#include "mlc_runtime.h"

namespace {

using Chunks = std::set<std::pair<int64_t, int64_t>>;

struct Recorder {
  std::mutex mutex;
  Chunks chunks;
};

void record_chunk(void **args, int64_t begin, int64_t end) {
  auto *recorder = static_cast<Recorder *>(args[0]);
  std::lock_guard<std::mutex> lock(recorder->mutex);
  CHECK(recorder->chunks.emplace(begin, end).second);
}

Chunks chunks_of(int64_t count, int64_t grain) {
  Recorder recorder;
  void *args[] = {&recorder};
  mlc_parallel_for(record_chunk, args, count, grain);
  return recorder.chunks;
}

void add_one(void **args, int64_t begin, int64_t end) {
  auto *counts = static_cast<int *>(args[0]);
  for (int64_t i = begin; i < end; ++i) ++counts[i];
}

void test_every_index_is_visited_once() {
  for (int threads : {1, 2, 3, 8}) {
    CHECK(mlc_set_threads(threads) == MLC_OK);
    for (int64_t count : {0, 1, 2, 7, 64, 1000, 4097}) {
      for (int64_t grain : {-1, 0, 1, 16, 5000}) {
        std::vector<int> counts(static_cast<size_t>(count), 0);
        void *args[] = {counts.data()};
        mlc_parallel_for(add_one, args, count, grain);
        for (int visits : counts) CHECK(visits == 1);
      }
    }
  }
}

void test_chunks_are_the_same_on_every_run() {
  mlc_set_threads(4);
  Chunks expected{{0, 16}, {16, 32}, {32, 48}, {48, 64}, {64, 80}, {80, 96}, {96, 100}};
  for (int i = 0; i < 200; ++i) CHECK(chunks_of(100, 16) == expected);
}

void test_chunks_of_a_share_get_smaller() {
  mlc_set_threads(2);
  Chunks first{{0, 90}, {90, 150}, {150, 190}, {190, 220}, {220, 240}, {240, 250}, {250, 260}, {260, 270}};
  Chunks expected = first;
  for (auto [begin, end] : first) expected.emplace(begin + 270, end + 270);
  CHECK(chunks_of(540, 10) == expected);
}

/* One thread sleeps in its first chunk until the other has done all else, its last chunks included. */
void test_threads_take_chunks_of_one_that_is_late() {
  mlc_set_threads(2);
  std::atomic<int64_t> done{0};
  std::atomic<bool> is_first{true};
  void *args[] = {&done, &is_first};
  mlc_parallel_for(
      [](void **chunk_args, int64_t begin, int64_t end) {
        auto *count = static_cast<std::atomic<int64_t> *>(chunk_args[0]);
        if (static_cast<std::atomic<bool> *>(chunk_args[1])->exchange(false)) {
          while (*count < 1000 - (end - begin)) std::this_thread::yield();
        }
        *count += end - begin;
      },
      args, 1000, 1);
  CHECK(done == 1000);
}

void test_grain_limits_the_chunk_count() {
  mlc_set_threads(4);
  CHECK((chunks_of(20, 16) == Chunks{{0, 16}, {16, 20}}));
  CHECK((chunks_of(16, 16) == Chunks{{0, 16}}));
  CHECK(chunks_of(0, 16).empty());
}

/* Chunks that only note how long they are: no products of units and threads, or of chunks and grains, overflow. */
void test_huge_counts_are_covered() {
  constexpr int64_t most = INT64_MAX;
  for (int threads : {2, 3, 8}) {
    mlc_set_threads(threads);
    for (int64_t count : {(int64_t{1} << 31) + 1, int64_t{1} << 53, most}) {
      for (int64_t grain : {int64_t{1}, int64_t{1} << 20, most / 2 + 5}) {
        int64_t behind = 0;
        for (auto [begin, end] : chunks_of(count, grain)) {
          CHECK(begin == behind && end > begin);
          behind = end;
        }
        CHECK(behind == count);
      }
    }
  }
}

void nested(void **args, int64_t begin, int64_t end) {
  auto *sum = static_cast<std::atomic<int64_t> *>(args[0]);
  for (int64_t i = begin; i < end; ++i) {
    auto me = std::this_thread::get_id();
    void *inner[] = {sum, &me};
    mlc_parallel_for(
        [](void **inner_args, int64_t from, int64_t to) {
          CHECK(*static_cast<std::thread::id *>(inner_args[1]) == std::this_thread::get_id());
          CHECK(from == 0 && to == 10);
          *static_cast<std::atomic<int64_t> *>(inner_args[0]) += to - from;
        },
        inner, 10, 1);
  }
}

void test_nested_calls_run_inline() {
  mlc_set_threads(4);
  std::atomic<int64_t> sum{0};
  void *args[] = {&sum};
  mlc_parallel_for(nested, args, 100, 1);
  CHECK(sum == 1000);
}

/* More callers than job slots, each with its own data. */
void test_many_callers_at_once() {
  mlc_set_threads(3);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 12; ++caller) {
    callers.emplace_back([] {
      std::vector<int> counts(257, 0);
      void *args[] = {counts.data()};
      for (int i = 0; i < 300; ++i) mlc_parallel_for(add_one, args, 257, 1);
      for (int visits : counts) CHECK(visits == 300);
    });
  }
  for (std::thread &caller : callers) caller.join();
}

void test_thread_count_may_change_under_way() {
  std::atomic<bool> stop{false};
  std::thread changer([&] {
    for (int count = 1; !stop; count = count % 5 + 1) {
      CHECK(mlc_set_threads(count) == MLC_OK);
      std::this_thread::yield();
    }
  });
  std::vector<int> counts(100, 0);
  void *args[] = {counts.data()};
  for (int i = 0; i < 1000; ++i) mlc_parallel_for(add_one, args, 100, 1);
  stop = true;
  changer.join();
  for (int visits : counts) CHECK(visits == 1000);
}

void test_parked_workers_wake_up() {
  mlc_set_threads(2);
  std::atomic<int> together{0};
  void *args[] = {&together};
  for (int round = 1; round <= 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20)); /* far longer than workers spin */
    /* Each of the two chunks waits for the other: this ends only if a worker takes one. */
    mlc_parallel_for(
        [](void **chunk_args, int64_t, int64_t) {
          auto *count = static_cast<std::atomic<int> *>(chunk_args[0]);
          int target = (count->fetch_add(1) / 2 + 1) * 2;
          while (*count < target) std::this_thread::yield();
        },
        args, 2, 1);
    CHECK(together == 2 * round);
  }
}

cpu_set_t allowed_cores() {
  cpu_set_t cores;
  CHECK(sched_getaffinity(0, sizeof cores, &cores) == 0);
  return cores;
}

/* On one core after the other: the chunk that the worker runs is run somewhere else. */
void test_workers_keep_off_the_core_of_the_caller() {
  mlc_set_threads(2);
  cpu_set_t allowed = allowed_cores();
  if (CPU_COUNT(&allowed) < 2) return;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed)) continue;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(core, &only);
    CHECK(sched_setaffinity(0, sizeof only, &only) == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5)); /* workers are not moved more than once a millisecond */
    for (int round = 0; round < 20; ++round) {
      std::thread::id caller = std::this_thread::get_id();
      std::atomic<int> together{0};
      std::atomic<int> worker_core{-1};
      void *args[] = {&caller, &together, &worker_core};
      mlc_parallel_for(
          [](void **chunk_args, int64_t, int64_t) {
            if (*static_cast<std::thread::id *>(chunk_args[0]) != std::this_thread::get_id())
              *static_cast<std::atomic<int> *>(chunk_args[2]) = sched_getcpu();
            auto *count = static_cast<std::atomic<int> *>(chunk_args[1]);
            for (++*count; *count < 2;) std::this_thread::yield();
          },
          args, 2, 1);
      CHECK(worker_core >= 0 && worker_core != core);
    }
  }
  CHECK(sched_setaffinity(0, sizeof allowed, &allowed) == 0);
}

/* Who holds the calling thread to one core holds its workers there as well: taskset means what it says. */
void test_workers_of_a_process_on_one_core_stay_there() {
  cpu_set_t allowed = allowed_cores();
  pid_t child = fork();
  CHECK(child >= 0);
  if (child > 0) {
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    return;
  }
  int core = 0;
  while (!CPU_ISSET(core, &allowed)) ++core;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(core, &only);
  CHECK(sched_setaffinity(0, sizeof only, &only) == 0);
  mlc_set_threads(3);
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    void *args[] = {&core};
    mlc_parallel_for([](void **a, int64_t, int64_t) { CHECK(sched_getcpu() == *static_cast<int *>(a[0])); }, args, 3, 1);
  }
  _exit(0);
}

void test_bad_thread_counts_are_refused() {
  mlc_set_threads(2);
  CHECK(mlc_set_threads(0) == MLC_INVALID_ARGUMENT);
  CHECK(std::strcmp(mlc_last_error(), "thread count must be 1 to 1024, got 0") == 0);
  CHECK(mlc_set_threads(1025) == MLC_INVALID_ARGUMENT);
  CHECK(mlc_threads() == 2);
}

}  // namespace

int main() {
  CHECK(mlc_threads() == 1);
  test_workers_of_a_process_on_one_core_stay_there(); /* forks: first, while there is one thread */
  test_every_index_is_visited_once();
  test_chunks_are_the_same_on_every_run();
  test_chunks_of_a_share_get_smaller();
  test_threads_take_chunks_of_one_that_is_late();
  test_grain_limits_the_chunk_count();
  test_huge_counts_are_covered();
  test_nested_calls_run_inline();
  test_many_callers_at_once();
  test_thread_count_may_change_under_way();
  test_parked_workers_wake_up();
  test_workers_keep_off_the_core_of_the_caller();
  test_bad_thread_counts_are_refused();
}
