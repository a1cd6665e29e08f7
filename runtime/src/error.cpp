#include "error.h"

#include <cstdarg>
#include <cstdio>

#include "mlc_runtime.h"

namespace {
thread_local char last_error[256] = "";
}

namespace mlc {

void set_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
}

}  // namespace mlc

const char *mlc_last_error(void) { return last_error; }
