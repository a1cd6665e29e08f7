/* The message behind mlc_last_error(), one a thread. */
#ifndef MLC_ERROR_H
#define MLC_ERROR_H

#include <cstdint>

namespace mlc {

/* Stores a formatted message for the calling thread; the format is printf's. */
__attribute__((format(printf, 1, 2))) void set_error(const char *format, ...);

}  // namespace mlc

#endif
