#include "mlc_runtime.h"
int mlc_threads(void) { return 1; }
