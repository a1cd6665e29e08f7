/* The thread pool: one for the process, shared by every compiled model and every caller.
 *
 * A parallel loop is a job in one of a few slots. Each thread has an equal share of it, the same one from loop to loop,
 * which its core's caches hold. It takes its share from the front, in chunks that get smaller; who has done all of his
 * takes the last and smallest chunks of others. So threads end together although cores are never equally fast, and a
 * loop always ends, even when no worker ever wakes. Chunks do not depend on who takes them.
 *
 * Workers watch `epoch`, first spinning, then asleep on a condition variable. They spin on while a loop is running:
 * the next one follows close behind, and to wake up takes as long as a small loop. They keep off the core that the
 * caller runs on: a busy system's scheduler likes to wake them there, where they and the caller would take turns.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
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
/* While somebody is at work, as often: a few ms, behind which the loop is a long one and the next wake-up a small part. */
constexpr int busy_rounds = 100;
/* A chunk is this part of what is left of its share. */
constexpr uint32_t chunk_part = 3;
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

/* What one thread is to do: its chunks that nobody has taken, the number of the first in the low half of `left`, of the
 * one behind the last in the high half. Not initialized, so that a pool for many threads takes no memory before they
 * come: nobody looks at shares beyond `share_count`. */
struct alignas(64) Share {
  std::atomic<uint64_t> left;
};

constexpr uint64_t packed(uint32_t first, uint32_t stop) { return uint64_t{stop} << 32 | first; }

/* One parallel loop. The plain fields are written while no chunk can be taken and read only by who has taken one:
 * shares publish them, `unfinished` returns them. */
struct alignas(64) Job {
  std::atomic<bool> reserved{false};
  std::atomic<int64_t> unfinished{0}; /* units */
  std::atomic<int> share_count{0};
  mlc_kernel kernel = nullptr;
  void **args = nullptr;
  int64_t count = 0;
  int64_t grain = 1;
  int64_t units = 0;
  int thread_count = 1;
  Share shares[max_threads];

  void start(mlc_kernel of, void **with, int64_t over, int64_t by, int threads);
  void run_chunks(int thread);

 private:
  int64_t run_first(int owner);
  int64_t run_last(int owner);
  int64_t run(int owner, uint32_t chunk);
  /* units * owner / thread_count, without the product that huge counts would overflow. */
  int64_t share_start(int64_t owner) const {
    return units / thread_count * owner + units % thread_count * owner / thread_count;
  }
};

int64_t chunk_length(int64_t rest) { return (rest - 1) / chunk_part + 1; }

uint32_t chunk_count(int64_t length) {
  uint32_t chunks = 0;
  for (int64_t rest = length; rest > 0; ++chunks) rest -= chunk_length(rest);
  return chunks;
}

void Job::start(mlc_kernel of, void **with, int64_t over, int64_t by, int threads) {
  kernel = of;
  args = with;
  count = over;
  grain = by;
  units = (count - 1) / grain + 1;
  thread_count = threads;
  unfinished.store(units, std::memory_order_relaxed);
  for (int owner = 0; owner < threads; ++owner) {
    uint32_t chunks = chunk_count(share_start(owner + 1) - share_start(owner));
    shares[owner].left.store(packed(0, chunks), std::memory_order_release);
  }
  share_count.store(threads, std::memory_order_release);
}

/* Runs the chunks of thread number `thread`'s own share, then the last ones of other shares, until none is left. What is
 * done is told once for each share: between cores that lie apart, that takes as long as a small chunk. */
void Job::run_chunks(int thread) {
  int owners = share_count.load(std::memory_order_acquire);
  for (int step = 0; step <= owners; ++step) {
    int64_t done = 0;
    if (step == 0) {
      while (int64_t length = thread < owners ? run_first(thread) : 0) done += length;
    } else {
      while (int64_t length = run_last((thread + step) % owners)) done += length;
    }
    if (done > 0) unfinished.fetch_sub(done, std::memory_order_release);
  }
}

/* Each runs one chunk of a share and returns its length, 0 when none is left. */
int64_t Job::run_first(int owner) {
  std::atomic<uint64_t> &left = shares[owner].left;
  for (uint64_t seen = left.load(std::memory_order_relaxed);;) {
    auto first = static_cast<uint32_t>(seen), stop = static_cast<uint32_t>(seen >> 32);
    if (first >= stop) return 0;
    if (!left.compare_exchange_weak(seen, packed(first + 1, stop), std::memory_order_acquire)) continue;
    return run(owner, first);
  }
}

int64_t Job::run_last(int owner) {
  std::atomic<uint64_t> &left = shares[owner].left;
  for (uint64_t seen = left.load(std::memory_order_relaxed);;) {
    auto first = static_cast<uint32_t>(seen), stop = static_cast<uint32_t>(seen >> 32);
    if (first >= stop) return 0;
    if (!left.compare_exchange_weak(seen, packed(first, stop - 1), std::memory_order_acquire)) continue;
    return run(owner, stop - 1);
  }
}

int64_t Job::run(int owner, uint32_t chunk) {
  int64_t first = share_start(owner), stop = share_start(owner + 1);
  for (uint32_t before = 0; before < chunk; ++before) first += chunk_length(stop - first);
  int64_t length = chunk_length(stop - first);
  inside_kernel = true;
  kernel(args, first * grain, first + length == units ? count : (first + length) * grain);
  inside_kernel = false;
  return length;
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
  void run(mlc_kernel kernel, void **args, int64_t count, int64_t grain, int thread_count);

 private:
  Job *reserve_slot();
  void ensure_workers(int wanted);
  void keep_workers_off_this_core();
  void wake(int wanted);
  void work(int index);
  void wait_for_epoch_after(uint64_t seen, int index);
  bool is_at_work() const;

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

/* Workers beyond a lowered limit stay asleep, and leave the chunks to the others. */
bool is_wanted(int worker) { return worker < thread_limit.load(std::memory_order_relaxed) - 1; }

void Pool::run(mlc_kernel kernel, void **args, int64_t count, int64_t grain, int thread_count) {
  Job *job = reserve_slot();
  if (job == nullptr) {
    kernel(args, 0, count);
    return;
  }
  int helpers = thread_count - 1;
  ensure_workers(helpers);
  keep_workers_off_this_core();
  job->start(kernel, args, count, grain, thread_count);
  wake(helpers);
  job->run_chunks(0);
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
    wait_for_epoch_after(seen, index);
    seen = epoch_.load(std::memory_order_acquire);
    if (!is_wanted(index)) continue;
    for (Job &job : slots_) job.run_chunks(index + 1);
  }
}

void Pool::wait_for_epoch_after(uint64_t seen, int index) {
  for (int round = 0; is_wanted(index) && (round == 0 || (round < busy_rounds && is_at_work())); ++round) {
    for (int spins = 0; spins < worker_spins; ++spins) {
      if (epoch_.load(std::memory_order_acquire) != seen) return;
      pause_briefly();
    }
  }
  Bed &bed = beds_[index];
  std::unique_lock<std::mutex> lock(bed.mutex);
  bed.is_occupied.store(true, std::memory_order_seq_cst);
  sleeper_count_.fetch_add(1, std::memory_order_seq_cst);
  bed.wake_up.wait(lock, [&] { return epoch_.load(std::memory_order_seq_cst) != seen; });
  bed.is_occupied.store(false, std::memory_order_seq_cst);
  sleeper_count_.fetch_sub(1, std::memory_order_seq_cst);
}

bool Pool::is_at_work() const {
  return std::any_of(std::begin(slots_), std::end(slots_),
                     [](const Job &job) { return job.unfinished.load(std::memory_order_relaxed) > 0; });
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
  thread_count = static_cast<int>(std::min<int64_t>(units, thread_count));
  pool->run(kernel, args, count, grain, thread_count);
}
