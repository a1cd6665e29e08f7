#include <chrono>

#include "mlc_runtime.h"

int64_t mlc_now_ns(void) {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}
