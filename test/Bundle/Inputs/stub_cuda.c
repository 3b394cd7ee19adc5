/* A driver of CUDA without a device, for tests of what bundles ask of one. It checks the calls and
 * prints them; nothing is executed. STUB_CUDA holds words that make it another driver:
 * old, none, sm_80, no-cubin, no-ptx, refuse-launch, no-memory, fail-kernel. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  OK = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NO_DEVICE = 100,
  INVALID_CONTEXT = 201,
  NO_BINARY = 209,
  ILLEGAL_ADDRESS = 700
};

struct CUfunc_st {
  char name[128];
  int max_dynamic;
};
struct CUmod_st {
  char kind[8];
  struct CUfunc_st functions[64];
  int num_functions;
};

static __thread int pushed; /* contexts of this thread */
static int retained, loaded;

static int is(const char *word) {
  const char *words = getenv("STUB_CUDA");
  return words && strstr(words, word);
}

unsigned cuInit(unsigned flags) { return flags ? INVALID_VALUE : is("none") ? NO_DEVICE : OK; }

unsigned cuDriverGetVersion(int *version) {
  *version = is("old") ? 11080 : 12040;
  return OK;
}

unsigned cuGetErrorName(unsigned result, const char **name) {
  *name = result == NO_DEVICE       ? "CUDA_ERROR_NO_DEVICE"
          : result == NO_BINARY     ? "CUDA_ERROR_NO_BINARY_FOR_GPU"
          : result == INVALID_VALUE ? "CUDA_ERROR_INVALID_VALUE"
          : result == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY"
          : result == ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                                      : "CUDA_ERROR_UNKNOWN";
  return OK;
}

unsigned cuDeviceGetCount(int *count) {
  *count = 2;
  return OK;
}

unsigned cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return OK;
}

unsigned cuDeviceGetAttribute(int *value, unsigned attribute, int device) {
  if (device < 0 || device > 1)
    return INVALID_VALUE;
  *value = attribute == 97   ? 232448 /* shared memory of a block */
           : attribute == 75 ? (is("sm_80") ? 8 : 9)
                             : 0;
  return attribute == 97 || attribute == 75 || attribute == 76 ? OK : INVALID_VALUE;
}

unsigned cuDevicePrimaryCtxRetain(void **context, int device) {
  ++retained;
  *context = &retained;
  return device == 0 || device == 1 ? OK : INVALID_VALUE;
}

unsigned cuDevicePrimaryCtxRelease_v2(int device) {
  if (--retained == 0)
    printf("the driver has no context and %d modules\n", loaded);
  return device == 0 || device == 1 ? OK : INVALID_VALUE;
}

unsigned cuCtxPushCurrent_v2(void *context) {
  ++pushed;
  return context == &retained ? OK : INVALID_CONTEXT;
}

unsigned cuCtxPopCurrent_v2(void **context) {
  *context = &retained;
  return --pushed >= 0 ? OK : INVALID_CONTEXT;
}

/* Contexts that this thread has pushed and not popped. */
int stub_pushed(void) { return pushed; }

unsigned cuModuleLoadDataEx(struct CUmod_st **module, const char *image, unsigned num_options,
                            unsigned *options, void **values) {
  int is_elf = memcmp(image, "\177ELF", 4) == 0;
  if (pushed == 0)
    return INVALID_CONTEXT;
  if (num_options != 2 || options[0] != 5 || options[1] != 6)
    return INVALID_VALUE;
  if (is(is_elf ? "no-cubin" : "no-ptx")) {
    snprintf(values[0], (size_t)(uintptr_t)values[1], "the stub takes no %s",
             is_elf ? "cubin" : "PTX");
    return NO_BINARY;
  }
  if (!is_elf && !strstr(image, ".target sm_90a"))
    return INVALID_VALUE;
  *module = calloc(1, sizeof **module);
  strcpy((*module)->kind, is_elf ? "cubin" : "PTX");
  printf("a module of %s\n", (*module)->kind);
  ++loaded;
  return OK;
}

unsigned cuModuleUnload(struct CUmod_st *module) {
  free(module);
  --loaded;
  return pushed ? OK : INVALID_CONTEXT;
}

unsigned cuModuleGetFunction(struct CUfunc_st **function, struct CUmod_st *module,
                             const char *name) {
  *function = &module->functions[module->num_functions++];
  strcpy((*function)->name, name);
  (*function)->max_dynamic = 49152;
  return module->num_functions <= 64 ? OK : INVALID_VALUE;
}

unsigned cuFuncGetAttribute(int *value, unsigned attribute, struct CUfunc_st *function) {
  *value = 1024;
  return attribute == 1 && function ? OK : INVALID_VALUE;
}

unsigned cuFuncSetAttribute(struct CUfunc_st *function, unsigned attribute, int value) {
  if (attribute != 8 || value > 232448 - 1024)
    return INVALID_VALUE;
  function->max_dynamic = value;
  return OK;
}

unsigned cuTensorMapEncodeTiled(void *map, unsigned type, uint32_t rank, void *address,
                                const uint64_t *sizes, const uint64_t *strides,
                                const uint32_t *box, const uint32_t *steps, unsigned interleave,
                                unsigned swizzle, unsigned promotion, unsigned outside) {
  if ((uintptr_t)map % 64 != 0 || (uintptr_t)address % 16 != 0 || !address || rank != 3 ||
      (type != 6 && type != 9) || interleave != 0 || swizzle != 3 || promotion > 3 ||
      outside != 0)
    return INVALID_VALUE;
  for (uint32_t d = 0; d < rank; ++d)
    if (sizes[d] < 1 || sizes[d] > (uint64_t)1 << 32 || box[d] < 1 || box[d] > 256 ||
        steps[d] != 1)
      return INVALID_VALUE;
  for (uint32_t d = 0; d + 1 < rank; ++d)
    if (strides[d] % 16 != 0 || strides[d] >= (uint64_t)1 << 40)
      return INVALID_VALUE;
  if (box[0] * 2 > 128)
    return INVALID_VALUE;
  memset(map, 0x5a, 128);
  return OK;
}

struct launch_config {
  unsigned grid[3], block[3], shared_bytes;
  void *stream;
  const unsigned *attributes;
  unsigned num_attributes;
};

unsigned cuLaunchKernelEx(const struct launch_config *config, struct CUfunc_st *function,
                          void **arguments, void **extra) {
  if (pushed == 0)
    return INVALID_CONTEXT;
  if (is("refuse-launch"))
    return INVALID_VALUE;
  if (config->grid[0] == 0 || config->grid[1] != 1 || config->grid[2] != 1 ||
      config->block[0] == 0 || config->block[0] > 1024 || config->block[1] != 1 ||
      config->block[2] != 1 || (int)config->shared_bytes > function->max_dynamic || !arguments ||
      extra || config->num_attributes != 1 || config->attributes[0] != 6 ||
      config->attributes[2] != 1)
    return INVALID_VALUE;
  printf("stream %d: %s<%u, %u, %u>\n", (int)(uintptr_t)config->stream, function->name,
         config->grid[0], config->block[0], config->shared_bytes);
  return OK;
}

/* ---------------------------------------------------------------- memory and clocks of moe-run */

static int allocated;

unsigned cuDeviceGetName(char *name, int size, int device) {
  snprintf(name, (size_t)size, "a stub");
  return device == 0 ? OK : INVALID_VALUE;
}

unsigned cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
  if (bytes == 0 || pushed == 0)
    return INVALID_VALUE;
  /* There is room for one tensor. */
  if (is("no-memory") && allocated > 0)
    return OUT_OF_MEMORY;
  ++allocated;
  *address = (uintptr_t)malloc(bytes);
  return OK;
}

unsigned cuMemFree_v2(unsigned long long address) {
  free((void *)(uintptr_t)address);
  if (--allocated == 0)
    printf("the driver has no memory in use\n");
  return OK;
}

unsigned cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t bytes) {
  memcpy((void *)(uintptr_t)to, from, bytes);
  return OK;
}

unsigned cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) {
  memcpy(to, (void *)(uintptr_t)from, bytes);
  return OK;
}

unsigned cuMemsetD8Async(unsigned long long to, unsigned char value, size_t bytes, void *stream) {
  memset((void *)(uintptr_t)to, value, bytes);
  return stream ? OK : INVALID_VALUE;
}

unsigned cuStreamCreate(void **stream, unsigned flags) {
  *stream = (void *)(uintptr_t)7;
  return flags ? INVALID_VALUE : OK;
}

unsigned cuStreamDestroy_v2(void *stream) { return stream ? OK : INVALID_VALUE; }

unsigned cuEventCreate(void **event, unsigned flags) {
  *event = event;
  return flags ? INVALID_VALUE : OK;
}

unsigned cuEventDestroy_v2(void *event) { return event ? OK : INVALID_VALUE; }

unsigned cuEventRecord(void *event, void *stream) { return event && stream ? OK : INVALID_VALUE; }

unsigned cuEventSynchronize(void *event) {
  return event && !is("fail-kernel") ? OK : ILLEGAL_ADDRESS;
}

unsigned cuEventElapsedTime(float *milliseconds, void *begin, void *end) {
  *milliseconds = 0.25f;
  return begin && end ? OK : INVALID_VALUE;
}
