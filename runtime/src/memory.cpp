/* Aligned memory, the pool of workspaces that calls take and give back, and the arena of one call. */
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "error.h"
#include "mlc_runtime.h"

namespace {

struct Block {
  void *pointer;
  int64_t bytes;
};

/* Keeps blocks between calls. `taken_` and `kept_` only change under the mutex. */
class WorkspacePool {
 public:
  void *take(int64_t bytes);
  void give(void *pointer);
  int64_t trim();

  /* Held over fork, so that the child never inherits a pool in the middle of a change. */
  std::mutex mutex;

 private:
  void *reuse(int64_t bytes);
  void record_taken(Block block);
  void drop_oldest_above(int64_t limit_bytes);

  std::vector<Block> kept_; /* oldest first */
  std::unordered_map<void *, int64_t> taken_;
  int64_t kept_bytes_ = 0;
  int64_t taken_bytes_ = 0;
  int64_t peak_taken_bytes_ = 0;
};

void *WorkspacePool::take(int64_t bytes) {
  bytes = std::max<int64_t>(bytes, MLC_ALIGNMENT);
  std::lock_guard<std::mutex> lock(mutex);
  if (void *pointer = reuse(bytes)) return pointer;
  void *pointer = mlc_alloc(bytes);
  if (pointer == nullptr) return nullptr;
  try {
    record_taken({pointer, bytes});
  } catch (...) {
    mlc_free(pointer);
    throw;
  }
  return pointer;
}

/* The smallest kept block that fits without wasting more than half of itself. Linear in the kept blocks: there are
 * about as many as calls that ever ran at once. */
void *WorkspacePool::reuse(int64_t bytes) {
  auto best = kept_.end();
  for (auto block = kept_.begin(); block != kept_.end(); ++block) {
    bool fits = block->bytes >= bytes && block->bytes / 2 <= bytes;
    if (fits && (best == kept_.end() || block->bytes < best->bytes)) best = block;
  }
  if (best == kept_.end()) return nullptr;
  Block block = *best;
  record_taken(block);
  kept_.erase(best);
  kept_bytes_ -= block.bytes;
  return block.pointer;
}

void WorkspacePool::record_taken(Block block) {
  taken_.emplace(block.pointer, block.bytes);
  taken_bytes_ += block.bytes;
  peak_taken_bytes_ = std::max(peak_taken_bytes_, taken_bytes_);
}

void WorkspacePool::give(void *pointer) {
  std::lock_guard<std::mutex> lock(mutex);
  auto taken = taken_.find(pointer);
  if (taken == taken_.end()) {
    mlc::set_error("workspace %p was given back but is not taken", pointer);
    return;
  }
  Block block{pointer, taken->second};
  taken_.erase(taken);
  taken_bytes_ -= block.bytes;
  drop_oldest_above(peak_taken_bytes_ - block.bytes);
  try {
    kept_.push_back(block);
    kept_bytes_ += block.bytes;
  } catch (const std::bad_alloc &) {
    mlc_free(pointer); /* no room to remember it: the next call allocates again */
  }
}

int64_t WorkspacePool::trim() {
  std::lock_guard<std::mutex> lock(mutex);
  int64_t freed = kept_bytes_;
  drop_oldest_above(0);
  return freed;
}

void WorkspacePool::drop_oldest_above(int64_t limit_bytes) {
  size_t dropped = 0;
  while (kept_bytes_ > limit_bytes) {
    kept_bytes_ -= kept_[dropped].bytes;
    mlc_free(kept_[dropped].pointer);
    ++dropped;
  }
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(dropped));
}

/* Made when the library is loaded, so that no fork falls into its making. Never destroyed: threads of the program may
 * still run compiled models while the process ends. */
WorkspacePool *const workspaces = [] {
  pthread_atfork([] { workspaces->mutex.lock(); }, [] { workspaces->mutex.unlock(); },
                 [] { workspaces->mutex.unlock(); });
  return new WorkspacePool;
}();

}  // namespace

/* Small buffers are cut from chunks that grow with the arena; a large one gets a block of its own. */
struct mlc_arena {
  std::mutex mutex;
  std::vector<void *> blocks;
  char *chunk = nullptr;
  int64_t chunk_left = 0;
  int64_t chunk_bytes = 64 << 10;

  void *add_block(int64_t bytes);
  void *cut(int64_t bytes);
};

constexpr int64_t max_chunk_bytes = 4 << 20;

void *mlc_alloc(int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX - MLC_ALIGNMENT) {
    mlc::set_error("cannot allocate %lld bytes", static_cast<long long>(bytes));
    return nullptr;
  }
  int64_t rounded = std::max<int64_t>(MLC_ALIGNMENT, (bytes + MLC_ALIGNMENT - 1) / MLC_ALIGNMENT * MLC_ALIGNMENT);
  void *pointer = std::aligned_alloc(MLC_ALIGNMENT, static_cast<size_t>(rounded));
  if (pointer == nullptr) mlc::set_error("out of memory: %lld bytes", static_cast<long long>(bytes));
  return pointer;
}

void mlc_free(void *pointer) { std::free(pointer); }

void *mlc_workspace_take(int64_t bytes) {
  if (bytes < 0) return mlc_alloc(bytes);
  try {
    return workspaces->take(bytes);
  } catch (const std::bad_alloc &) {
    mlc::set_error("out of memory: %lld bytes of workspace", static_cast<long long>(bytes));
    return nullptr;
  }
}

void mlc_workspace_give(void *pointer) {
  if (pointer != nullptr) workspaces->give(pointer);
}

int64_t mlc_workspace_trim(void) { return workspaces->trim(); }

mlc_arena *mlc_arena_new(void) {
  auto *arena = new (std::nothrow) mlc_arena;
  if (arena == nullptr) mlc::set_error("out of memory: an arena");
  return arena;
}

void *mlc_arena_alloc(mlc_arena *arena, int64_t bytes) {
  if (bytes < 0 || bytes > INT64_MAX - MLC_ALIGNMENT) return mlc_alloc(bytes); /* its error */
  int64_t rounded = std::max<int64_t>(1, (bytes + MLC_ALIGNMENT - 1) / MLC_ALIGNMENT) * MLC_ALIGNMENT;
  std::lock_guard<std::mutex> lock(arena->mutex);
  return rounded > arena->chunk_bytes / 4 ? arena->add_block(rounded) : arena->cut(rounded);
}

void *mlc_arena::add_block(int64_t bytes) {
  try {
    if (blocks.size() == blocks.capacity()) blocks.reserve(blocks.size() * 2 + 8);
  } catch (const std::bad_alloc &) {
    mlc::set_error("out of memory: an arena of %zu blocks", blocks.size());
    return nullptr;
  }
  void *pointer = mlc_workspace_take(bytes);
  if (pointer != nullptr) blocks.push_back(pointer);
  return pointer;
}

void *mlc_arena::cut(int64_t bytes) {
  if (chunk_left < bytes) {
    void *added = add_block(chunk_bytes);
    if (added == nullptr) return nullptr;
    chunk = static_cast<char *>(added);
    chunk_left = chunk_bytes;
    chunk_bytes = std::min(chunk_bytes * 2, max_chunk_bytes);
  }
  void *pointer = chunk;
  chunk += bytes;
  chunk_left -= bytes;
  return pointer;
}

void mlc_arena_free(mlc_arena *arena) {
  if (arena == nullptr) return;
  for (void *pointer : arena->blocks) mlc_workspace_give(pointer);
  delete arena;
}

int mlc_call_begin(mlc_call *call, int64_t workspace_bytes) {
  call->workspace = mlc_workspace_take(workspace_bytes);
  call->arena = call->workspace == nullptr ? nullptr : mlc_arena_new();
  if (call->arena != nullptr) return 0;
  mlc_call_end(call);
  return -1;
}

void mlc_call_end(mlc_call *call) {
  mlc_arena_free(call->arena);
  mlc_workspace_give(call->workspace);
  call->arena = nullptr;
  call->workspace = nullptr;
}
