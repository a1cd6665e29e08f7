/* The thread pool: one for the process, shared by every compiled model and every caller.
 *
 * A parallel loop is a job in one of a few slots. Its chunks are claimed by counting `unclaimed` down, by the caller
 * and by any worker that looks; so a loop always ends, even when no worker ever wakes. Each thread begins
 * with chunks of its own: from loop to loop it works on the same part of the tensors, which its core's caches hold.
 * Workers watch `epoch`, first spinning, then asleep on a condition variable. They keep off the core that the caller runs on: a busy system's
 * scheduler likes to wake them there, where they and the caller would take turns.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include "error.h"
#include "mlc_runtime.h"

namespace {

constexpr int max_threads = 1024;
/* More loops than this at once, from different callers, run inline. */
constexpr int slot_count = 8;
/* About 50 us of pauses: longer than the gap between two kernels of a model, shorter than a user notices. */
constexpr int worker_spins = 2000;
/* Chunks for each thread: one that is late or slow leaves some of its share to the others. */
constexpr int64_t chunks_per_thread = 4;
/* The caller spins about as long before it offers its core to the worker it waits for. */
constexpr int caller_spins = 2000;
/* Workers are moved no more often: callers on several cores would move them at every loop. */
constexpr int64_t move_interval_ns = 1000000;

thread_local bool inside_kernel = false;

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/* One parallel loop. The plain fields and `is_taken` are written while no chunk is claimable and read only by the holder
 * of a claim: `unclaimed` publishes them, `unfinished` returns them. */
struct alignas(64) Job {
  std::atomic<bool> reserved{false};
  std::atomic<int> unclaimed{0};
  std::atomic<int> unfinished{0};
  mlc_kernel kernel = nullptr;
  void **args = nullptr;
  int64_t count = 0;
  int64_t grain = 1;
  int chunk_count = 0;
  int thread_count = 1;
  std::atomic<bool> is_taken[max_threads * chunks_per_thread] = {};

  bool run_one_chunk(int thread);
};

/* Claims and runs one chunk, of thread number `thread`'s own if one is left; false when there is none at all. */
bool Job::run_one_chunk(int thread) {
  int left = unclaimed.load(std::memory_order_acquire);
  do {
    if (left <= 0) return false;
  } while (!unclaimed.compare_exchange_weak(left, left - 1, std::memory_order_acquire));
  /* A claim stands for one chunk that is not taken; this finds one. */
  int64_t chunk = int64_t{std::min(thread, thread_count - 1)} * chunk_count / thread_count;
  while (is_taken[chunk].exchange(true, std::memory_order_relaxed)) chunk = chunk + 1 < chunk_count ? chunk + 1 : 0;
  int64_t units = (count - 1) / grain + 1;
  int64_t begin = units * chunk / chunk_count * grain;
  int64_t end = std::min(count, units * (chunk + 1) / chunk_count * grain);
  inside_kernel = true;
  kernel(args, begin, end);
  inside_kernel = false;
  unfinished.fetch_sub(1, std::memory_order_release);
  return true;
}

/* Where one worker sleeps. Each has a bed of its own, so that a loop wakes as many as it wants and none above the
 * limit. */
struct Bed {
  std::mutex mutex;
  std::condition_variable wake_up;
  std::atomic<bool> is_occupied{false};
  std::atomic<pid_t> sleeper{0}; /* the worker's thread id, 0 before it runs */
};

class Pool {
 public:
  void run(mlc_kernel kernel, void **args, int64_t count, int64_t grain, int chunk_count, int thread_count);

 private:
  Job *reserve_slot();
  void ensure_workers(int wanted);
  void keep_workers_off_this_core();
  void wake(int wanted);
  void work(int index);
  void wait_for_epoch_after(uint64_t seen, Bed &bed);

  Job slots_[slot_count];
  alignas(64) std::atomic<uint64_t> epoch_{0};
  std::atomic<int> sleeper_count_{0};
  std::atomic<int> worker_count_{0};
  std::mutex spawn_mutex_;
  /* The cores that workers were made with, written under spawn_mutex_ before the first is; the one they keep off. */
  cpu_set_t cores_;
  std::atomic<int> avoided_core_{-1};
  std::atomic<int64_t> moved_at_ns_{-move_interval_ns};
  Bed beds_[max_threads];
};

std::atomic<int> thread_limit{1};

void Pool::run(mlc_kernel kernel, void **args, int64_t count, int64_t grain, int chunk_count, int thread_count) {
  Job *job = reserve_slot();
  if (job == nullptr) {
    kernel(args, 0, count);
    return;
  }
  int helpers = std::min(chunk_count, thread_count) - 1;
  ensure_workers(helpers);
  keep_workers_off_this_core();
  job->kernel = kernel;
  job->args = args;
  job->count = count;
  job->grain = grain;
  job->chunk_count = chunk_count;
  job->thread_count = helpers + 1;
  for (int chunk = 0; chunk < chunk_count; ++chunk) job->is_taken[chunk].store(false, std::memory_order_relaxed);
  job->unfinished.store(chunk_count, std::memory_order_relaxed);
  job->unclaimed.store(chunk_count, std::memory_order_release);
  wake(helpers);
  while (job->run_one_chunk(0)) {
  }
  for (int spins = 0; job->unfinished.load(std::memory_order_acquire) > 0; ++spins) {
    if (spins < caller_spins)
      pause_briefly();
    else
      std::this_thread::yield();
  }
  job->reserved.store(false, std::memory_order_release);
}

Job *Pool::reserve_slot() {
  for (Job &job : slots_) {
    if (!job.reserved.exchange(true, std::memory_order_acquire)) return &job;
  }
  return nullptr;
}

void Pool::ensure_workers(int wanted) {
  if (worker_count_.load(std::memory_order_acquire) >= wanted) return;
  std::lock_guard<std::mutex> lock(spawn_mutex_);
  if (worker_count_.load() == 0 && sched_getaffinity(0, sizeof cores_, &cores_) != 0) CPU_ZERO(&cores_);
  avoided_core_.store(-1, std::memory_order_relaxed); /* the new ones are not moved yet */
  for (int index = worker_count_.load(); index < wanted; ++index) {
    try {
      std::thread(&Pool::work, this, index).detach();
    } catch (const std::system_error &) {
      return; /* the caller and the workers there are do the chunks */
    }
    worker_count_.store(index + 1, std::memory_order_release);
  }
}

/* Costs a look at the core's number while the caller stays where it is. Refused moves (a core taken away since) are no
 * error: the worker runs where it may. */
void Pool::keep_workers_off_this_core() {
  int core = sched_getcpu();
  int workers = worker_count_.load(std::memory_order_acquire); /* 1 and more: cores_ is written and stays */
  if (core < 0 || workers == 0 || core == avoided_core_.load(std::memory_order_relaxed)) return;
  int64_t now = mlc_now_ns();
  int64_t before = moved_at_ns_.load(std::memory_order_relaxed);
  if (now - before < move_interval_ns || !moved_at_ns_.compare_exchange_strong(before, now)) return;
  cpu_set_t others = cores_;
  if (core < CPU_SETSIZE) CPU_CLR(core, &others);
  if (CPU_COUNT(&others) == 0) return;
  avoided_core_.store(core, std::memory_order_relaxed);
  for (int index = 0; index < workers; ++index) {
    pid_t worker = beds_[index].sleeper.load(std::memory_order_acquire);
    if (worker != 0)
      sched_setaffinity(worker, sizeof others, &others);
    else
      avoided_core_.store(-1, std::memory_order_relaxed); /* not running yet: move it at a later loop */
  }
}

/* A worker counts itself as asleep before it looks at epoch_ for the last time, the caller moves epoch_ before it looks
 * for sleepers: one of them sees the other. */
void Pool::wake(int wanted) {
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (sleeper_count_.load(std::memory_order_seq_cst) == 0) return;
  int candidates = std::min(worker_count_.load(), thread_limit.load() - 1);
  for (int index = 0; index < candidates && wanted > 0; ++index) {
    Bed &bed = beds_[index];
    if (!bed.is_occupied.load(std::memory_order_seq_cst)) continue;
    std::lock_guard<std::mutex> lock(bed.mutex);
    bed.wake_up.notify_one();
    --wanted;
  }
}

void Pool::work(int index) {
  beds_[index].sleeper.store(gettid(), std::memory_order_release);
  for (uint64_t seen = 0;;) {
    wait_for_epoch_after(seen, beds_[index]);
    seen = epoch_.load(std::memory_order_acquire);
    /* Workers beyond a lowered limit stay, and leave the chunks to the others. */
    if (index >= thread_limit.load(std::memory_order_relaxed) - 1) continue;
    for (Job &job : slots_) {
      while (job.run_one_chunk(index + 1)) {
      }
    }
  }
}

void Pool::wait_for_epoch_after(uint64_t seen, Bed &bed) {
  for (int spins = 0; spins < worker_spins; ++spins) {
    if (epoch_.load(std::memory_order_acquire) != seen) return;
    pause_briefly();
  }
  std::unique_lock<std::mutex> lock(bed.mutex);
  bed.is_occupied.store(true, std::memory_order_seq_cst);
  sleeper_count_.fetch_add(1, std::memory_order_seq_cst);
  bed.wake_up.wait(lock, [&] { return epoch_.load(std::memory_order_seq_cst) != seen; });
  bed.is_occupied.store(false, std::memory_order_seq_cst);
  sleeper_count_.fetch_sub(1, std::memory_order_seq_cst);
}

/* Made when the library is loaded, so that no fork falls into its making; never destroyed, because its workers run
 * until the process ends. A forked child has none of them, and may have been copied in the middle of anything, so it
 * gets a new pool and leaves the old one where it is. */
Pool *pool = [] {
  pthread_atfork(nullptr, nullptr, [] { pool = new Pool; });
  return new Pool;
}();

}  // namespace

int mlc_set_threads(int count) {
  if (count < 1 || count > max_threads) {
    mlc::set_error("thread count must be 1 to %d, got %d", max_threads, count);
    return MLC_INVALID_ARGUMENT;
  }
  thread_limit.store(count, std::memory_order_relaxed);
  return MLC_OK;
}

int mlc_threads(void) { return thread_limit.load(std::memory_order_relaxed); }

void mlc_parallel_for(mlc_kernel kernel, void **args, int64_t count, int64_t grain) {
  if (count <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  int64_t units = (count - 1) / grain + 1;
  int thread_count = mlc_threads();
  if (units == 1 || thread_count == 1 || inside_kernel) {
    kernel(args, 0, count);
    return;
  }
  int chunk_count = static_cast<int>(std::min(units, thread_count * chunks_per_thread));
  pool->run(kernel, args, count, grain, chunk_count, thread_count);
}
