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

/* Whether the device is one that the kernels were compiled for. */
static int check_device(const cuda_driver *driver, int32_t device, int *handle, char *message,
                        size_t message_size) {
  int major = 0, minor = 0;
  int status = find_device(driver, device, handle, message, message_size);
  if (status != MOE_OK)
    return status;
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
  status = check_device(&driver, device, &handle, message, message_size);
  close_driver(&driver);
  return status;
}

static int load_set(machine *opened, int set, const file_contents *contents,
                    const moe_load_options *options) {
  const kernel_set *kernels = &kernel_sets[set];
  const char *const *forms = (const char *const *)contents->bytes + kernels->first_file;
  const cuda_driver *driver = &opened->driver;
  char log[512];
  cuda_result result = load_module(driver, &opened->modules[set], forms, kernels->num_files, log,
                                   sizeof log);
  if (result != 0)
    return fail(MOE_LOAD_FAILED, options->message, options->message_size, "%s: %s%s%s",
                files[kernels->first_file + kernels->num_files - 1].name,
                error_name(driver, result), log[0] ? ": " : "", log);
  return MOE_OK;
}

static int load_kernels(machine *opened, const file_contents *contents,
                        const moe_load_options *options) {
  int shared_bytes = 0;
  opened->driver.cuDeviceGetAttribute(&shared_bytes, CUDA_MAX_SHARED_PER_BLOCK, opened->handle);
  for (int set = 0; set < NUM_KERNEL_SETS; ++set) {
    int first = kernel_sets[set].first_kernel;
    int status = load_set(opened, set, contents, options);
    if (status != MOE_OK)
      return status;
    for (int kernel = first; kernel < first + kernel_sets[set].num_kernels; ++kernel) {
      cuda_result result = find_kernel(&opened->driver, &opened->functions[kernel],
                                       opened->modules[set], kernel_names[kernel], shared_bytes);
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
static int open_context(machine *opened, const file_contents *contents,
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
  status = load_kernels(opened, contents, options);
  if (status != MOE_OK)
    unload_kernels(opened);
  driver->cuCtxPopCurrent_v2(&popped);
  if (status != MOE_OK)
    driver->cuDevicePrimaryCtxRelease_v2(opened->handle);
  return status;
}

static int open_machine(machine *opened, const file_contents *contents,
                        const moe_load_options *options) {
  int status = open_driver(&opened->driver, options->message, options->message_size);
  if (status != MOE_OK)
    return status;
  opened->device = options->device;
  status = check_device(&opened->driver, opened->device, &opened->handle, options->message,
                        options->message_size);
  if (status == MOE_OK)
    status = open_context(opened, contents, options);
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

/* ---------------------------------------------------------------- running */

static int execute(const machine *on, int index, entry_function *entry, const checked_run *run,
                   void *workspace, void *stream) {
  static const device_functions functions = {launch, encode_tensor_map};
  int first = kernel_sets[variants[index].code].first_kernel;
  launching state = {&on->driver, on->functions + first, kernel_names + first, stream, 0, ""};
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
