
/* ---------------------------------------------------------------- kernels of a GPU */

/* Loads the first form of the code that the driver takes: one of machine code is not for every
 * driver, one of PTX is. What it says of the last one goes to `log`. */
static cuda_result load_module(const cuda_driver *driver, struct CUmod_st **module,
                               const char *const *forms, int num_forms, char *log,
                               size_t log_size) {
  unsigned keys[2] = {CUDA_JIT_LOG, CUDA_JIT_LOG_SIZE};
  void *values[2] = {log, (void *)log_size};
  cuda_result result = 0;
  for (int i = 0; i < num_forms; ++i) {
    log[0] = 0;
    result = driver->cuModuleLoadDataEx(module, forms[i], 2, keys, values);
    log[log_size - 1] = 0;
    if (result == 0)
      break;
  }
  return result;
}

/* Finds a kernel and lets it have all shared memory of a multiprocessor. That makes the driver
 * load it, which it may not do later, while a graph is captured. */
static cuda_result find_kernel(const cuda_driver *driver, struct CUfunc_st **kernel,
                               struct CUmod_st *module, const char *name, int shared_bytes) {
  int own = 0;
  cuda_result result = driver->cuModuleGetFunction(kernel, module, name);
  if (result == 0)
    result = driver->cuFuncGetAttribute(&own, CUDA_STATIC_SHARED, *kernel);
  if (result == 0)
    result = driver->cuFuncSetAttribute(*kernel, CUDA_MAX_DYNAMIC_SHARED, shared_bytes - own);
  return result;
}

/* A run in progress, and the first that the driver refused. */
typedef struct launching {
  const cuda_driver *driver;
  struct CUfunc_st *const *kernels; /* in the order in which launches count them */
  const char *const *names;
  void *stream;
  cuda_result result;
  const char *refused;
} launching;

/* A kernel may start before the one before it has ended: it waits for that by itself. */
static void launch(launching *state, int32_t kernel, int32_t blocks, int32_t threads,
                   int32_t shared_bytes, void **arguments) {
  cuda_launch_attribute overlap = {CUDA_OVERLAP_LAUNCHES, 0, 1, 0, {0}};
  cuda_launch_config config = {{(unsigned)blocks, 1, 1},
                               {(unsigned)threads, 1, 1},
                               (unsigned)shared_bytes,
                               (struct CUstream_st *)state->stream,
                               &overlap,
                               1};
  if (state->result != 0 || blocks == 0)
    return;
  state->result = state->driver->cuLaunchKernelEx((const struct CUlaunchConfig_st *)&config,
                                                  state->kernels[kernel], arguments, NULL);
  state->refused = state->names[kernel];
}

/* Describes a tensor of three dimensions to the device, whose copies take `box0` x `box1`
 * elements of two bytes. One without elements may have no address: nothing of it is read. */
static void encode_tensor_map(launching *state, void *map, void *address, int32_t type,
                              int64_t size0, int64_t size1, int64_t size2, int64_t stride1,
                              int64_t stride2, int32_t box0, int32_t box1) {
  const uint64_t sizes[3] = {(uint64_t)size0, (uint64_t)size1, (uint64_t)size2};
  const uint64_t strides[2] = {(uint64_t)stride1, (uint64_t)stride2};
  const uint32_t box[3] = {(uint32_t)box0, (uint32_t)box1, 1}, steps[3] = {1, 1, 1};
  if (state->result != 0)
    return;
  state->result = state->driver->cuTensorMapEncodeTiled(
      (struct CUtensorMap_st *)map, (unsigned)type, 3, address ? address : map, sizes, strides,
      box, steps, CUDA_NO_INTERLEAVE, CUDA_SWIZZLE_128B, CUDA_PROMOTE_256B, CUDA_ZEROS_OUTSIDE);
  state->refused = "with tensor maps";
}

/* What the host's code calls, in the order in which it expects it. */
typedef struct device_functions {
  void (*launch)(launching *, int32_t, int32_t, int32_t, int32_t, void **);
  void (*encode_tensor_map)(launching *, void *, void *, int32_t, int64_t, int64_t, int64_t,
                            int64_t, int64_t, int32_t, int32_t);
} device_functions;

typedef void entry_function(void *const *buffers, int64_t tokens, void *workspace,
                            const device_functions *functions, launching *state);
