/* The C ABI between compiled models, the loader in runtime/native.py and this library.
 *
 * Nothing here throws. A function that can fail returns NULL or a nonzero code and leaves a message for
 * mlc_last_error(). Unless a function says otherwise it may be called from any thread at any time, also in a
 * forked child.
 */
#ifndef MLC_RUNTIME_H
#define MLC_RUNTIME_H

#include <stdint.h>

#define MLC_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

enum {
  MLC_OK = 0,
  MLC_INVALID_ARGUMENT = 1,
  MLC_OUT_OF_MEMORY = 2,
};

/* Every buffer of this library starts on a multiple of this many bytes: one cache line, one AVX-512 register. */
enum { MLC_ALIGNMENT = 64 };

/* The message of the last failure on the calling thread, "" before the first. Owned by the library; valid until
 * the next failing call on this thread. */
MLC_API const char *mlc_last_error(void);

/* ---- threads ------------------------------------------------------------------------------------------------ */

/* Work on the half-open range [begin, end). args is passed through untouched and shared by all chunks. */
typedef void (*mlc_kernel)(void **args, int64_t begin, int64_t end);

/* Lets mlc_parallel_for use count threads from now on, the caller included; calls already running keep theirs.
 * The process starts with 1. MLC_INVALID_ARGUMENT unless 1 <= count <= 1024. */
MLC_API int mlc_set_threads(int count);

/* Threads that mlc_parallel_for uses, the caller included. */
MLC_API int mlc_threads(void);

/* Runs kernel over [0, count) in contiguous chunks and returns when all are done; what they wrote is visible to
 * the caller. Each thread has an equal share, in chunks that are a third of what is left of it; their boundaries are
 * multiples of grain (values below 1 mean 1) and depend on nothing but count, grain and mlc_threads(). Who is done with
 * his share takes chunks of the others, from their ends; the caller works too.
 * A call from inside a kernel, and one that finds every job slot taken, runs inline as one chunk. count <= 0 does
 * nothing. Threads are made at the first call that wants them; when the system refuses one, fewer do the same work. */
MLC_API void mlc_parallel_for(mlc_kernel kernel, void **args, int64_t count, int64_t grain);

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* bytes of uninitialized memory, aligned to MLC_ALIGNMENT; 0 bytes give a pointer that may be freed. The caller owns
 * it and gives it to mlc_free. NULL when bytes is negative or memory is short. */
MLC_API void *mlc_alloc(int64_t bytes);

/* Frees what mlc_alloc returned; NULL is ignored. */
MLC_API void mlc_free(void *pointer);

/* Like mlc_alloc, but prefers a block that was given back and fits. The caller owns the block until it gives it to
 * mlc_workspace_give. Contents are undefined. */
MLC_API void *mlc_workspace_take(int64_t bytes);

/* Gives back what mlc_workspace_take returned; NULL is ignored. Blocks are kept for later calls, together at most the
 * largest number of bytes that were ever taken at the same time; the oldest are freed first. */
MLC_API void mlc_workspace_give(void *pointer);

/* Frees every block that is kept and not taken; returns how many bytes that were. */
MLC_API int64_t mlc_workspace_trim(void);

/* ---- arenas: buffers of one call whose sizes are known only in mid-run ---------------------------------------- */

typedef struct mlc_arena mlc_arena;

/* An empty arena, owned by the caller, who ends it with mlc_arena_free. NULL when memory is short. */
MLC_API mlc_arena *mlc_arena_new(void);

/* bytes of uninitialized memory, aligned to MLC_ALIGNMENT, owned by the arena and usable until it is freed. NULL when
 * bytes is negative or memory is short. Safe from several threads. */
MLC_API void *mlc_arena_alloc(mlc_arena *arena, int64_t bytes);

/* Frees the arena and all its buffers; NULL is ignored. No other thread may still use them. */
MLC_API void mlc_arena_free(mlc_arena *arena);

/* ---- one call of a compiled model ----------------------------------------------------------------------------- */

/* Nanoseconds of a monotonic clock, for profile marks. */
MLC_API int64_t mlc_now_ns(void);

typedef struct mlc_call mlc_call;

/* Results of mlc_main and of host steps besides 0, done, and n > 0, message n - 1 of the artifact's error table. */
enum {
  MLC_CALL_HOST_STEP_FAILED = -1, /* the caller knows why */
  MLC_CALL_OUT_OF_MEMORY = -2,    /* an allocation returned NULL */
};

/* Runs step number `step` of the artifact outside native code. Before it, main points values[s] and shapes[s] at the
 * buffer and dims of each tensor operand and of each result whose buffer it has planned; the step sets both, in the
 * arena, for its dynamic results. Nonzero: the step failed, and mlc_main returns that code at once. */
typedef int64_t (*mlc_host_step)(void *host_ctx, int64_t step, mlc_call *call);

/* What mlc_main gets. All arrays belong to the caller and live for the call. Tensors are dense and row-major; bool
 * and the 4-bit types take one byte an element. Inputs and outputs are aligned to their element, weights, workspace
 * and arena buffers to MLC_ALIGNMENT. */
struct mlc_call {
  void **inputs;        /* one buffer an input, read only; NULL for an input that is no tensor */
  void **outputs;       /* one buffer an output; NULL: main sets it to an arena buffer once it knows the shape */
  const void *weights;  /* the artifact's weights.bin */
  void *workspace;      /* mlc_workspace_bytes(symbols) bytes */
  int64_t *symbols;     /* values of the named dims: those of the inputs are set, the others are written by main */
  mlc_arena *arena;     /* for buffers whose size depends on data */
  mlc_host_step host_step; /* called on the thread of mlc_main only, never from a kernel */
  void *host_ctx;       /* first argument of host_step */
  void **values;        /* one slot for each tensor that a host step reads or writes */
  int64_t **shapes;     /* the dims of each slot; the rank is in the artifact's step table */
  int64_t *profile;     /* nanoseconds to add to for each row of the profile table, or NULL: measure nothing */
  int64_t error_args[4]; /* the numbers in the message of a nonzero result */
};

/* Gives the call a new arena and so many bytes of workspace until mlc_call_end. Nonzero when memory is short: the call
 * has neither then. */
MLC_API int mlc_call_begin(mlc_call *call, int64_t workspace_bytes);

/* Ends the call's arena and gives its workspace back; both pointers are NULL afterwards. */
MLC_API void mlc_call_end(mlc_call *call);

/* What the object code of an artifact exports:
 *   int64_t mlc_workspace_bytes(const int64_t *symbols);   bytes of workspace at these values of the input symbols
 *   int64_t mlc_main(mlc_call *call);                      0 or an error as above
 * mlc_main may run on several threads at once, each with an mlc_call of its own. */

#ifdef __cplusplus
}
#endif

#endif
