/* Aligned memory, the workspace pool and arenas. */
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "mlc_runtime.h"

namespace {

bool is_aligned(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer) % MLC_ALIGNMENT == 0; }

void test_allocations_are_aligned_and_writable() {
  for (int64_t bytes : {0, 1, 63, 64, 65, 1 << 20}) {
    void *pointer = mlc_alloc(bytes);
    CHECK(pointer != nullptr && is_aligned(pointer));
    std::memset(pointer, 0xff, static_cast<size_t>(bytes));
    mlc_free(pointer);
  }
  mlc_free(nullptr);
}

void test_impossible_sizes_leave_a_message() {
  CHECK(mlc_alloc(-1) == nullptr);
  CHECK(std::strcmp(mlc_last_error(), "cannot allocate -1 bytes") == 0);
  CHECK(mlc_workspace_take(-7) == nullptr);
  CHECK(std::strcmp(mlc_last_error(), "cannot allocate -7 bytes") == 0);
  CHECK(mlc_workspace_take(INT64_MAX) == nullptr);
  CHECK(mlc_alloc(INT64_MAX) == nullptr);
}

void test_errors_belong_to_their_thread() {
  CHECK(mlc_alloc(-1) == nullptr);
  std::thread([] {
    CHECK(std::strcmp(mlc_last_error(), "") == 0);
    CHECK(mlc_alloc(-2) == nullptr);
  }).join();
  CHECK(std::strcmp(mlc_last_error(), "cannot allocate -1 bytes") == 0);
}

void test_a_workspace_is_reused_and_never_shared() {
  void *first = mlc_workspace_take(1000);
  void *second = mlc_workspace_take(1000);
  CHECK(first != second && is_aligned(first) && is_aligned(second));
  mlc_workspace_give(first);
  CHECK(mlc_workspace_take(900) == first); /* fits, wastes little */
  mlc_workspace_give(first);
  mlc_workspace_give(second);
  void *larger = mlc_workspace_take(1500);
  CHECK(larger != first && larger != second);
  mlc_workspace_give(larger);
  mlc_workspace_give(nullptr);
  mlc_workspace_trim();
  CHECK(mlc_workspace_trim() == 0);
}

void test_kept_bytes_stay_below_the_peak() {
  mlc_workspace_trim();
  for (int64_t bytes = 1 << 16; bytes <= 1 << 22; bytes += 1 << 16) mlc_workspace_give(mlc_workspace_take(bytes));
  CHECK(mlc_workspace_trim() <= 1 << 22);
}

void test_giving_back_twice_is_harmless() {
  void *pointer = mlc_workspace_take(128);
  mlc_workspace_give(pointer);
  mlc_workspace_give(pointer);
  CHECK(std::string(mlc_last_error()).find("was given back but is not taken") != std::string::npos);
  void *first = mlc_workspace_take(128);
  void *second = mlc_workspace_take(128);
  CHECK(first != second);
  mlc_workspace_give(first);
  mlc_workspace_give(second);
}

void test_concurrent_calls_have_their_own_workspace() {
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([caller] {
      for (int i = 0; i < 500; ++i) {
        auto *bytes = static_cast<unsigned char *>(mlc_workspace_take(4096));
        std::memset(bytes, caller, 4096);
        std::this_thread::yield();
        for (int at = 0; at < 4096; at += 512) CHECK(bytes[at] == caller);
        mlc_workspace_give(bytes);
      }
    });
  }
  for (std::thread &caller : callers) caller.join();
}

void test_arena_buffers_live_until_the_arena_is_freed() {
  mlc_arena *arena = mlc_arena_new();
  CHECK(arena != nullptr);
  std::vector<std::pair<unsigned char *, size_t>> buffers;
  for (size_t i = 0; i < 3000; ++i) {
    size_t bytes = i % 100 == 0 ? 200000 : i % 700;
    auto *buffer = static_cast<unsigned char *>(mlc_arena_alloc(arena, static_cast<int64_t>(bytes)));
    CHECK(buffer != nullptr && is_aligned(buffer));
    std::memset(buffer, static_cast<int>(i % 251), bytes);
    buffers.emplace_back(buffer, bytes);
  }
  for (size_t i = 0; i < buffers.size(); ++i) {
    for (size_t at = 0; at < buffers[i].second; ++at) CHECK(buffers[i].first[at] == i % 251);
  }
  CHECK(mlc_arena_alloc(arena, -1) == nullptr);
  CHECK(mlc_arena_alloc(arena, INT64_MAX - 100) == nullptr);
  mlc_arena_free(arena);
  mlc_arena_free(nullptr);
}

void test_a_call_has_both_of_its_memories_or_neither() {
  mlc_call call{};
  CHECK(mlc_call_begin(&call, 1000) == 0);
  CHECK(is_aligned(call.workspace) && call.arena != nullptr);
  std::memset(call.workspace, 1, 1000);
  CHECK(mlc_arena_alloc(call.arena, 100) != nullptr);
  mlc_call_end(&call);
  CHECK(call.workspace == nullptr && call.arena == nullptr);
  mlc_call_end(&call);
  CHECK(mlc_call_begin(&call, INT64_MAX) != 0);
  CHECK(call.workspace == nullptr && call.arena == nullptr);
  CHECK(std::strlen(mlc_last_error()) > 0);
}

void test_the_clock_moves_forward() {
  int64_t before = mlc_now_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(mlc_now_ns() - before >= 2000000);
}

}  // namespace

int main() {
  test_allocations_are_aligned_and_writable();
  test_impossible_sizes_leave_a_message();
  test_errors_belong_to_their_thread();
  test_a_workspace_is_reused_and_never_shared();
  test_kept_bytes_stay_below_the_peak();
  test_giving_back_twice_is_harmless();
  test_concurrent_calls_have_their_own_workspace();
  test_arena_buffers_live_until_the_arena_is_freed();
  test_a_call_has_both_of_its_memories_or_neither();
  test_the_clock_moves_forward();
  mlc_workspace_trim();
}
