/* ---------------------------------------------------------------- CUDA's driver */

/* What is used of cuda.h, under names of its own. */
typedef unsigned cuda_result; /* CUresult */
struct CUctx_st;
struct CUmod_st;
struct CUfunc_st;
struct CUstream_st;
struct CUtensorMap_st;
struct CUlaunchConfig_st;

/* CUlaunchAttribute and CUlaunchConfig. */
typedef struct cuda_launch_attribute {
  unsigned id, unused;
  int value, padding;
  uint64_t more[7];
} cuda_launch_attribute;

typedef struct cuda_launch_config {
  unsigned grid[3], block[3], shared_bytes;
  struct CUstream_st *stream;
  cuda_launch_attribute *attributes;
  unsigned num_attributes;
} cuda_launch_config;

enum {
  CUDA_OLDEST_VERSION = 12000, /* has tensor maps */
  CUDA_MAX_SHARED_PER_BLOCK = 97, /* CU_DEVICE_ATTRIBUTE_..._MEMORY_PER_BLOCK_OPTIN */
  CUDA_CAPABILITY_MAJOR = 75,
  CUDA_CAPABILITY_MINOR = 76,
  CUDA_STATIC_SHARED = 1, /* CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES */
  CUDA_MAX_DYNAMIC_SHARED = 8, /* CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES */
  CUDA_JIT_LOG = 5, /* CU_JIT_ERROR_LOG_BUFFER, and its size */
  CUDA_JIT_LOG_SIZE = 6,
  CUDA_OVERLAP_LAUNCHES = 6, /* CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION */
  CUDA_NO_INTERLEAVE = 0, /* of a tensor map, and so are those that follow */
  CUDA_SWIZZLE_128B = 3,
  CUDA_PROMOTE_256B = 3,
  CUDA_ZEROS_OUTSIDE = 0
};

#define CUDA_FUNCTIONS(FUNCTION)                                                                  \
  FUNCTION(cuInit, (unsigned flags))                                                              \
  FUNCTION(cuDriverGetVersion, (int *version))                                                    \
  FUNCTION(cuGetErrorName, (cuda_result result, const char **name))                               \
  FUNCTION(cuDeviceGetCount, (int *count))                                                        \
  FUNCTION(cuDeviceGet, (int *device, int ordinal))                                               \
  FUNCTION(cuDeviceGetAttribute, (int *value, unsigned attribute, int device))                    \
  FUNCTION(cuDevicePrimaryCtxRetain, (struct CUctx_st **context, int device))                     \
  FUNCTION(cuDevicePrimaryCtxRelease_v2, (int device))                                            \
  FUNCTION(cuCtxPushCurrent_v2, (struct CUctx_st *context))                                       \
  FUNCTION(cuCtxPopCurrent_v2, (struct CUctx_st **context))                                       \
  FUNCTION(cuModuleLoadDataEx, (struct CUmod_st **module, const void *image, unsigned num_options, \
                                unsigned *options, void **values))                                \
  FUNCTION(cuModuleUnload, (struct CUmod_st *module))                                             \
  FUNCTION(cuModuleGetFunction,                                                                   \
           (struct CUfunc_st **function, struct CUmod_st *module, const char *name))              \
  FUNCTION(cuFuncGetAttribute, (int *value, unsigned attribute, struct CUfunc_st *function))      \
  FUNCTION(cuFuncSetAttribute, (struct CUfunc_st *function, unsigned attribute, int value))       \
  FUNCTION(cuTensorMapEncodeTiled,                                                                \
           (struct CUtensorMap_st *map, unsigned type, uint32_t rank, void *address,              \
            const uint64_t *sizes, const uint64_t *strides, const uint32_t *box,                  \
            const uint32_t *steps, unsigned interleave, unsigned swizzle, unsigned promotion,     \
            unsigned outside))                                                                    \
  FUNCTION(cuLaunchKernelEx, (const struct CUlaunchConfig_st *config, struct CUfunc_st *function, \
                              void **arguments, void **extra))

#define CUDA_MEMBER(name, parameters) cuda_result(*name) parameters;

typedef struct cuda_driver {
  void *library;
  CUDA_FUNCTIONS(CUDA_MEMBER)
} cuda_driver;

static void close_driver(cuda_driver *driver) {
  if (driver->library)
    dlclose(driver->library);
}

static int open_driver(cuda_driver *driver, char *message, size_t message_size) {
  int version = 0;
  const char *missing = NULL;
  memset(driver, 0, sizeof *driver);
  driver->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!driver->library)
    return fail(MOE_UNSUPPORTED, message, message_size, "no driver of CUDA: %s", dlerror());
#define CUDA_FIND(name, parameters)                                                               \
  if (!missing && !find_function(driver->library, #name, "", &driver->name))                      \
    missing = #name;
  CUDA_FUNCTIONS(CUDA_FIND)
  if (missing) {
    close_driver(driver);
    return fail(MOE_UNSUPPORTED, message, message_size,
                "the driver of CUDA has no %s, expected CUDA %d.0 or newer", missing,
                CUDA_OLDEST_VERSION / 1000);
  }
  driver->cuDriverGetVersion(&version);
  if (version < CUDA_OLDEST_VERSION) {
    close_driver(driver);
    return fail(MOE_UNSUPPORTED, message, message_size,
                "the driver is for CUDA %d.%d, expected %d.0 or newer", version / 1000,
                version % 1000 / 10, CUDA_OLDEST_VERSION / 1000);
  }
  return MOE_OK;
}

/* Such as CUDA_ERROR_INVALID_VALUE. */
static const char *error_name(const cuda_driver *driver, cuda_result result) {
  const char *name = NULL;
  if (driver->cuGetErrorName(result, &name) != 0 || !name)
    return "an unknown error";
  return name;
}

static int find_device(const cuda_driver *driver, int32_t device, int *handle, char *message,
                       size_t message_size) {
  int count = 0;
  cuda_result result = driver->cuInit(0);
  if (result == 0)
    result = driver->cuDeviceGetCount(&count);
  if (result != 0)
    return fail(MOE_UNSUPPORTED, message, message_size, "no device of CUDA: %s",
                error_name(driver, result));
  if (device < 0 || device >= count || driver->cuDeviceGet(handle, device) != 0)
    return fail(MOE_UNSUPPORTED, message, message_size, "device %d, expected one of %d devices",
                (int)device, count);
  return MOE_OK;
}
