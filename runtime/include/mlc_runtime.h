#pragma once
extern "C" __attribute__((visibility("default"))) int mlc_threads(void);
