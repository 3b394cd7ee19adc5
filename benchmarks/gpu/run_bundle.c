/* Checks and times a layer that was compiled for CUDA, with nothing but its bundle:
 *
 *   cc -DLAYER_NAME=<name> '-DLAYER_HEADER="<name>.h"' -I<bundle> -Itest/Bundle/Inputs \
 *      benchmarks/gpu/run_bundle.c <bundle>/<name>.c -o run_bundle -ldl -lpthread -lm
 *   run_bundle <bundle> <weights> <input> <expected> <tolerance> <repetitions> <tokens>...
 *
 * The files are safetensors, as in test/Models; the rows of the input are repeated until there are
 * so many tokens. Outputs and workspace are poisoned first. Runs are captured in a graph, and each
 * replay is timed by events: cold, after other memory has gone through the cache, and warm. */

#define _POSIX_C_SOURCE 200809L

#include LAYER_HEADER
#include "layer_tensors.h"

#include <dlfcn.h>

/* ---------------------------------------------------------------- CUDA's driver */

typedef unsigned long long device_address;
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;
struct CUctx_st;

#define CUDA_FUNCTIONS(FUNCTION)                                                                  \
  FUNCTION(cuInit, (unsigned flags))                                                              \
  FUNCTION(cuGetErrorName, (unsigned result, const char **name))                                  \
  FUNCTION(cuDeviceGetName, (char *name, int size, int device))                                   \
  FUNCTION(cuDevicePrimaryCtxRetain, (struct CUctx_st **context, int device))                     \
  FUNCTION(cuCtxPushCurrent_v2, (struct CUctx_st *context))                                       \
  FUNCTION(cuMemAlloc_v2, (device_address *address, size_t bytes))                                \
  FUNCTION(cuMemFree_v2, (device_address address))                                                \
  FUNCTION(cuMemcpyHtoD_v2, (device_address to, const void *from, size_t bytes))                  \
  FUNCTION(cuMemcpyDtoH_v2, (void *to, device_address from, size_t bytes))                        \
  FUNCTION(cuMemsetD8Async,                                                                       \
           (device_address to, unsigned char value, size_t bytes, struct CUstream_st *stream))    \
  FUNCTION(cuStreamCreate, (struct CUstream_st **stream, unsigned flags))                         \
  FUNCTION(cuStreamSynchronize, (struct CUstream_st *stream))                                     \
  FUNCTION(cuStreamBeginCapture_v2, (struct CUstream_st *stream, unsigned mode))                  \
  FUNCTION(cuStreamEndCapture, (struct CUstream_st *stream, struct CUgraph_st **graph))           \
  FUNCTION(cuGraphInstantiateWithFlags, (struct CUgraphExec_st **made, struct CUgraph_st *graph,  \
                                         unsigned long long flags))                               \
  FUNCTION(cuGraphLaunch, (struct CUgraphExec_st *graph, struct CUstream_st *stream))             \
  FUNCTION(cuGraphExecDestroy, (struct CUgraphExec_st *graph))                                    \
  FUNCTION(cuGraphDestroy, (struct CUgraph_st *graph))                                            \
  FUNCTION(cuEventCreate, (struct CUevent_st **event, unsigned flags))                            \
  FUNCTION(cuEventRecord, (struct CUevent_st *event, struct CUstream_st *stream))                 \
  FUNCTION(cuEventSynchronize, (struct CUevent_st *event))                                        \
  FUNCTION(cuEventElapsedTime,                                                                    \
           (float *milliseconds, struct CUevent_st *begin, struct CUevent_st *end))

#define CUDA_MEMBER(name, parameters) unsigned(*name) parameters;
static struct { CUDA_FUNCTIONS(CUDA_MEMBER) } cuda;

#define CUDA_CALL(name, ...) check_result(cuda.name(__VA_ARGS__), #name)

static void check_result(unsigned result, const char *function) {
  const char *name = NULL;
  if (result == 0)
    return;
  cuda.cuGetErrorName(result, &name);
  die(function, name ? name : "an unknown error");
}

static void open_driver(void) {
  struct CUctx_st *context;
  void *library = dlopen("libcuda.so.1", RTLD_NOW);
  void *address;
  if (!library)
    die("no driver of CUDA", dlerror());
#define CUDA_FIND(name, parameters)                                                               \
  address = dlsym(library, #name);                                                                \
  if (!address)                                                                                   \
    die("the driver lacks", #name);                                                               \
  memcpy(&cuda.name, &address, sizeof address);
  CUDA_FUNCTIONS(CUDA_FIND)
  CUDA_CALL(cuInit, 0);
  CUDA_CALL(cuDevicePrimaryCtxRetain, &context, 0);
  CUDA_CALL(cuCtxPushCurrent_v2, context);
}

/* ---------------------------------------------------------------- tensors on the device */

enum { CUDA_DEVICE = 2, POISON = 0xff, CACHE_BYTES = 128 << 20 };

static void *to_pointer(device_address address) { return (void *)(uintptr_t)address; }

static device_address allocate(size_t bytes) {
  device_address address;
  CUDA_CALL(cuMemAlloc_v2, &address, bytes > 0 ? bytes : 1);
  return address;
}

/* The tensors of all experts, one behind the other. */
static moe_input upload(moe_input host, size_t expert_bytes) {
  device_address to = allocate(expert_bytes * host.count);
  moe_tensor *tensors = malloc(host.count * sizeof *tensors);
  moe_input result = {tensors, host.count};
  for (size_t e = 0; e < host.count; ++e, to += expert_bytes) {
    tensors[e] = host.tensors[e];
    tensors[e].device.type = CUDA_DEVICE;
    tensors[e].data = to_pointer(to);
    CUDA_CALL(cuMemcpyHtoD_v2, to, host.tensors[e].data, expert_bytes);
  }
  return result;
}

/* `rows` rows of a stored tensor, from the beginning whenever they end. */
static moe_input upload_rows(stored_tensor stored, int64_t rows) {
  size_t row = stored.bytes / (size_t)stored.shape[0];
  char *data = malloc(row * (size_t)rows + 1);
  moe_tensor *tensor = malloc(sizeof *tensor);
  moe_input host = {tensor, 1}, result;
  for (int64_t r = 0; r < rows; ++r)
    memcpy(data + row * (size_t)r, stored.data + row * (size_t)(r % stored.shape[0]), row);
  stored.shape[0] = rows;
  *tensor = make_tensor(stored.dtype, stored.rank, stored.shape, data);
  result = upload(host, row * (size_t)rows);
  free(data);
  return result;
}

/* ---------------------------------------------------------------- a run */

static struct CUstream_st *stream;
static LAYER() *layer;
static described inputs[MAX_PARAMETERS], outputs[MAX_PARAMETERS];
static size_t num_inputs, num_outputs;
static moe_input given[MAX_PARAMETERS];

static int compare_floats(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Replays a graph and prints the median of its times and how far apart the quartiles are. */
static void time_replays(struct CUgraphExec_st *graph, int repetitions, device_address cache,
                         const char *what) {
  struct CUevent_st *begin, *end;
  float *times = malloc((size_t)repetitions * sizeof *times);
  CUDA_CALL(cuEventCreate, &begin, 0);
  CUDA_CALL(cuEventCreate, &end, 0);
  for (int i = 0; i < repetitions; ++i) {
    if (cache)
      CUDA_CALL(cuMemsetD8Async, cache, (unsigned char)i, CACHE_BYTES, stream);
    CUDA_CALL(cuEventRecord, begin, stream);
    CUDA_CALL(cuGraphLaunch, graph, stream);
    CUDA_CALL(cuEventRecord, end, stream);
    CUDA_CALL(cuEventSynchronize, end);
    CUDA_CALL(cuEventElapsedTime, &times[i], begin, end);
  }
  qsort(times, (size_t)repetitions, sizeof *times, compare_floats);
  printf(", %s %.4f ms (%.4f)", what, times[repetitions / 2],
         times[repetitions * 3 / 4] - times[repetitions / 4]);
  free(times);
}

/* Runs a number of tokens in all ways, and says whether the results are right. */
static int run(int64_t tokens, stored_tensor input, stored_tensor expected, double tolerance,
               int repetitions, device_address cache) {
  char message[256] = "";
  moe_tensor results[MAX_PARAMETERS];
  moe_args args = {sizeof args, MOE_ABI_VERSION, 0, given, num_inputs, results, num_outputs, NULL,
                   NULL, message, sizeof message};
  moe_choice choice = {sizeof choice, 0, 0, NULL, NULL, NULL, NULL, 0, 0};
  device_address workspace;
  size_t workspace_bytes, bytes;
  struct CUgraph_st *graph;
  struct CUgraphExec_st *replay;
  char *found;
  double error;
  given[0] = upload_rows(input, tokens);
  for (size_t o = 0; o < num_outputs; ++o) {
    long long shape[2] = {tokens, outputs[o].width};
    results[o] = make_tensor(outputs[o].dtype, 2, shape, NULL);
    results[o].device.type = CUDA_DEVICE;
    bytes = moe_tensor_bytes(&results[o]);
    results[o].data = to_pointer(allocate(bytes));
    CUDA_CALL(cuMemsetD8Async, (device_address)(uintptr_t)results[o].data, POISON, bytes, stream);
  }
  if (LAYER(_workspace_size)(layer, tokens, &workspace_bytes) != MOE_OK)
    die("workspace_size", "");
  workspace = allocate(workspace_bytes);
  CUDA_CALL(cuMemsetD8Async, workspace, POISON, workspace_bytes, stream);

  CUDA_CALL(cuStreamBeginCapture_v2, stream, 0);
  if (LAYER(_run)(layer, &args, to_pointer(workspace), workspace_bytes, stream) != MOE_OK)
    die("run", message);
  CUDA_CALL(cuStreamEndCapture, stream, &graph);
  CUDA_CALL(cuGraphInstantiateWithFlags, &replay, graph, 0);
  CUDA_CALL(cuGraphLaunch, replay, stream);
  CUDA_CALL(cuStreamSynchronize, stream);
  bytes = moe_tensor_bytes(&results[0]);
  found = malloc(bytes + 1);
  CUDA_CALL(cuMemcpyDtoH_v2, found, (device_address)(uintptr_t)results[0].data, bytes);
  error = compare(found, bytes / (results[0].dtype.bits / 8), outputs[0].dtype, expected);
  LAYER(_resolve)(layer, tokens, &choice);
  printf("%lld tokens: variant %d, error %.1e", (long long)tokens, choice.variant, error);
  if (repetitions > 0 && tokens > 0) {
    time_replays(replay, repetitions, cache, "cold");
    time_replays(replay, repetitions, 0, "warm");
  }
  printf("%s\n", error <= tolerance ? "" : ", WRONG");
  CUDA_CALL(cuGraphExecDestroy, replay);
  CUDA_CALL(cuGraphDestroy, graph);
  for (size_t o = 0; o < num_outputs; ++o)
    CUDA_CALL(cuMemFree_v2, (device_address)(uintptr_t)results[o].data);
  CUDA_CALL(cuMemFree_v2, workspace);
  CUDA_CALL(cuMemFree_v2, (device_address)(uintptr_t)given[0].tensors->data);
  free(found);
  return error <= tolerance;
}

int main(int argc, char **argv) {
  char name[128] = "", message[256] = "";
  moe_load_options options = {sizeof options, MOE_ABI_VERSION, 0, message, sizeof message, 0};
  stored_file weights;
  stored_tensor input, expected;
  device_address cache;
  int failures = 0;
  if (argc < 8)
    die("expected",
        "<bundle> <weights> <input> <expected> <tolerance> <repetitions> <tokens>...");
  open_driver();
  CUDA_CALL(cuDeviceGetName, name, sizeof name, 0);
  CUDA_CALL(cuStreamCreate, &stream, 0);
  if (LAYER(_load)(argv[1], &options, &layer) != MOE_OK)
    die("load", message);
  printf("device: %s\n", name);
  num_inputs = describe(LAYER(_manifest)(), "\"inputs\"", inputs);
  num_outputs = describe(LAYER(_manifest)(), "\"outputs\"", outputs);
  weights = open_stored(argv[2]);
  input = find_stored(open_stored(argv[3]), "hidden_states");
  expected = find_stored(open_stored(argv[4]), "hidden_states");
  for (size_t i = 1; i < num_inputs; ++i) {
    moe_input host = read_weights(weights, &inputs[i]);
    given[i] = upload(host, moe_tensor_bytes(&host.tensors[0]));
  }
  cache = atoi(argv[6]) > 0 ? allocate(CACHE_BYTES) : 0;
  for (int i = 7; i < argc; ++i)
    failures += !run(strtoll(argv[i], NULL, 10), input, expected, strtod(argv[5], NULL),
                     atoi(argv[6]), cache);
  LAYER(_unload)(layer);
  return failures > 0;
}
