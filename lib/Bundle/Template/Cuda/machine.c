/* ---------------------------------------------------------------- a GPU as a machine */

/* Kernels of one code: `num_files` files that each hold all of them, the best one first, and
 * their names, at the place that launches give. */
typedef struct kernel_set {
  int first_file, num_files, first_kernel, num_kernels;
} kernel_set;

/* KERNELS */
typedef struct machine {
  int32_t device;
  int handle; /* of the device, a CUdevice */
  cuda_driver driver;
  struct CUctx_st *context;
  struct CUmod_st *modules[NUM_KERNEL_SETS];
  struct CUfunc_st *functions[NUM_KERNELS];
} machine;

/* ---------------------------------------------------------------- opening */

/* Finds the device and checks that it is the one that the kernels were compiled for. */
static int find_device(const cuda_driver *driver, int32_t device, int *handle, char *message,
                       size_t message_size) {
  int count = 0, major = 0, minor = 0;
  cuda_result result = driver->cuInit(0);
  if (result == 0)
    result = driver->cuDeviceGetCount(&count);
  if (result != 0)
    return fail(MOE_UNSUPPORTED, message, message_size, "no device of CUDA: %s",
                error_name(driver, result));
  if (device < 0 || device >= count || driver->cuDeviceGet(handle, device) != 0)
    return fail(MOE_UNSUPPORTED, message, message_size, "device %d, expected one of %d devices",
                (int)device, count);
  driver->cuDeviceGetAttribute(&major, CUDA_CAPABILITY_MAJOR, *handle);
  driver->cuDeviceGetAttribute(&minor, CUDA_CAPABILITY_MINOR, *handle);
  if (major != TARGET_MAJOR || minor != TARGET_MINOR)
    return fail(MOE_UNSUPPORTED, message, message_size,
                "device %d has compute capability %d.%d, expected %d.%d as target %s has",
                (int)device, major, minor, TARGET_MAJOR, TARGET_MINOR, variants[0].target);
  return MOE_OK;
}

static int check_machine(int32_t device, char *message, size_t message_size) {
  cuda_driver driver;
  int handle, status = open_driver(&driver, message, message_size);
  if (status != MOE_OK)
    return status;
  status = find_device(&driver, device, &handle, message, message_size);
  close_driver(&driver);
  return status;
}

/* Loads the first file of a set that the driver takes: one of machine code is not for every
 * driver, one of PTX is. */
static int load_module(machine *opened, int set, const char *directory,
                       const moe_load_options *options) {
  const kernel_set *kernels = &kernel_sets[set];
  const cuda_driver *driver = &opened->driver;
  cuda_result result = 0;
  char log[512] = "";
  for (int i = 0; i < kernels->num_files; ++i) {
    unsigned keys[2] = {CUDA_JIT_LOG, CUDA_JIT_LOG_SIZE};
    void *values[2] = {log, (void *)sizeof log};
    char *image;
    size_t size;
    int status = read_checked(directory, &files[kernels->first_file + i], &image, &size,
                              options->message, options->message_size);
    if (status != MOE_OK)
      return status;
    result = driver->cuModuleLoadDataEx(&opened->modules[set], image, 2, keys, values);
    free(image);
    if (result == 0)
      return MOE_OK;
  }
  log[sizeof log - 1] = 0;
  return fail(MOE_LOAD_FAILED, options->message, options->message_size, "%s: %s%s%s",
              files[kernels->first_file + kernels->num_files - 1].name, error_name(driver, result),
              log[0] ? ": " : "", log);
}

/* Finds a kernel and lets it have all shared memory of a multiprocessor. That makes the driver
 * load it, which it may not do later, while a graph is captured. */
static cuda_result find_kernel(machine *opened, int set, int kernel, int shared_bytes) {
  const cuda_driver *driver = &opened->driver;
  struct CUfunc_st **function = &opened->functions[kernel];
  int own = 0;
  cuda_result result =
      driver->cuModuleGetFunction(function, opened->modules[set], kernel_names[kernel]);
  if (result == 0)
    result = driver->cuFuncGetAttribute(&own, CUDA_STATIC_SHARED, *function);
  if (result == 0)
    result = driver->cuFuncSetAttribute(*function, CUDA_MAX_DYNAMIC_SHARED, shared_bytes - own);
  return result;
}

static int load_kernels(machine *opened, const char *directory,
                        const moe_load_options *options) {
  int shared_bytes = 0;
  opened->driver.cuDeviceGetAttribute(&shared_bytes, CUDA_MAX_SHARED_PER_BLOCK, opened->handle);
  for (int set = 0; set < NUM_KERNEL_SETS; ++set) {
    int first = kernel_sets[set].first_kernel;
    int status = load_module(opened, set, directory, options);
    if (status != MOE_OK)
      return status;
    for (int kernel = first; kernel < first + kernel_sets[set].num_kernels; ++kernel) {
      cuda_result result = find_kernel(opened, set, kernel, shared_bytes);
      if (result != 0)
        return fail(MOE_LOAD_FAILED, options->message, options->message_size, "kernel %s: %s",
                    kernel_names[kernel], error_name(&opened->driver, result));
    }
  }
  return MOE_OK;
}

static void unload_kernels(machine *opened) {
  for (int set = 0; set < NUM_KERNEL_SETS; ++set)
    if (opened->modules[set])
      opened->driver.cuModuleUnload(opened->modules[set]);
}

/* Calls `load_kernels` in the primary context of the device, which it keeps if all goes well. */
static int open_context(machine *opened, const char *directory,
                        const moe_load_options *options) {
  const cuda_driver *driver = &opened->driver;
  struct CUctx_st *popped;
  int status;
  cuda_result result = driver->cuDevicePrimaryCtxRetain(&opened->context, opened->handle);
  if (result != 0)
    return fail(MOE_LOAD_FAILED, options->message, options->message_size,
                "device %d gives no context: %s", (int)opened->device,
                error_name(driver, result));
  result = driver->cuCtxPushCurrent_v2(opened->context);
  if (result != 0) {
    driver->cuDevicePrimaryCtxRelease_v2(opened->handle);
    return fail(MOE_LOAD_FAILED, options->message, options->message_size,
                "the context of device %d cannot be used: %s", (int)opened->device,
                error_name(driver, result));
  }
  status = load_kernels(opened, directory, options);
  if (status != MOE_OK)
    unload_kernels(opened);
  driver->cuCtxPopCurrent_v2(&popped);
  if (status != MOE_OK)
    driver->cuDevicePrimaryCtxRelease_v2(opened->handle);
  return status;
}

static int open_machine(machine *opened, const char *directory,
                        const moe_load_options *options) {
  int status = open_driver(&opened->driver, options->message, options->message_size);
  if (status != MOE_OK)
    return status;
  opened->device = options->device;
  status = find_device(&opened->driver, opened->device, &opened->handle, options->message,
                       options->message_size);
  if (status == MOE_OK)
    status = open_context(opened, directory, options);
  if (status != MOE_OK)
    close_driver(&opened->driver);
  return status;
}

static void close_machine(machine *opened) {
  struct CUctx_st *popped;
  if (opened->driver.cuCtxPushCurrent_v2(opened->context) == 0) {
    unload_kernels(opened);
    opened->driver.cuCtxPopCurrent_v2(&popped);
  }
  opened->driver.cuDevicePrimaryCtxRelease_v2(opened->handle);
  close_driver(&opened->driver);
}

/* ---------------------------------------------------------------- launching */

/* A run in progress, and the first that the driver refused. */
typedef struct launching {
  const machine *on;
  int first_kernel;
  void *stream;
  cuda_result result;
  const char *refused;
} launching;

/* A kernel may start before the one before it has ended: it waits for that by itself. */
static void launch(launching *state, int32_t kernel, int32_t blocks, int32_t threads,
                   int32_t shared_bytes, void **arguments) {
  const machine *on = state->on;
  int number = state->first_kernel + kernel;
  cuda_launch_attribute overlap = {CUDA_OVERLAP_LAUNCHES, 0, 1, 0, {0}};
  cuda_launch_config config = {{(unsigned)blocks, 1, 1},
                               {(unsigned)threads, 1, 1},
                               (unsigned)shared_bytes,
                               (struct CUstream_st *)state->stream,
                               &overlap,
                               1};
  if (state->result != 0 || blocks == 0)
    return;
  state->result = on->driver.cuLaunchKernelEx((const struct CUlaunchConfig_st *)&config,
                                              on->functions[number], arguments, NULL);
  state->refused = kernel_names[number];
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
  state->result = state->on->driver.cuTensorMapEncodeTiled(
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

static int execute(const machine *on, int index, entry_function *entry, const checked_run *run,
                   void *workspace, void *stream) {
  static const device_functions functions = {launch, encode_tensor_map};
  launching state = {on, kernel_sets[variants[index].code].first_kernel, stream, 0, ""};
  struct CUctx_st *popped;
  state.result = on->driver.cuCtxPushCurrent_v2(on->context);
  if (state.result != 0)
    return FAIL(run, MOE_LAUNCH_FAILED, "the context of device %d cannot be used: %s",
                (int)on->device, error_name(&on->driver, state.result));
  entry(run->buffers, run->tokens, workspace, &functions, &state);
  on->driver.cuCtxPopCurrent_v2(&popped);
  if (state.result != 0)
    return FAIL(run, MOE_LAUNCH_FAILED, "kernel %s: %s", state.refused,
                error_name(&on->driver, state.result));
  return MOE_OK;
}
