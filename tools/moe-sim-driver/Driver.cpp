//===- Driver.cpp - The device and its contexts ---------------------------===//

#include "Driver.h"
#include "moe/Execute/KernelHost.h"

/// An H100's.
static constexpr int maxSharedPerBlock = 232448, multiprocessors = 132;

/// All programs share the one context.
static int primaryContext;
static thread_local std::vector<void *> contexts;

std::mutex &driver::getLock() {
  static std::mutex lock;
  return lock;
}

bool driver::hasContext() { return !contexts.empty(); }

CUDA_API unsigned cuInit(unsigned flags) {
  return flags == 0 ? noError : invalidValue;
}

CUDA_API unsigned cuDriverGetVersion(int *version) {
  *version = 13000;
  return noError;
}

CUDA_API unsigned cuGetErrorName(unsigned result, const char **name) {
  static const std::map<unsigned, const char *> names = {
      {noError, "CUDA_SUCCESS"},
      {invalidValue, "CUDA_ERROR_INVALID_VALUE"},
      {outOfMemory, "CUDA_ERROR_OUT_OF_MEMORY"},
      {invalidImage, "CUDA_ERROR_INVALID_IMAGE"},
      {invalidContext, "CUDA_ERROR_INVALID_CONTEXT"},
      {notFound, "CUDA_ERROR_NOT_FOUND"},
      {launchFailed, "CUDA_ERROR_LAUNCH_FAILED"},
      {notSupported, "CUDA_ERROR_NOT_SUPPORTED"},
      {captureInvalid, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"}};
  auto found = names.find(result);
  *name = found == names.end() ? nullptr : found->second;
  return *name ? noError : invalidValue;
}

CUDA_API unsigned cuDeviceGetCount(int *count) {
  *count = 1;
  return noError;
}

CUDA_API unsigned cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return ordinal == 0 ? noError : invalidValue;
}

CUDA_API unsigned cuDeviceGetName(char *name, int size, int device) {
  snprintf(name, static_cast<size_t>(size), "%ssm_90a",
           mlir::moe::simulatedDevice.data());
  return device == 0 ? noError : invalidValue;
}

CUDA_API unsigned cuDeviceGetAttribute(int *value, unsigned attribute,
                                       int device) {
  // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, _L2_CACHE_SIZE,
  // _COMPUTE_CAPABILITY_MAJOR and _MINOR, _MAX_SHARED_MEMORY_PER_BLOCK_OPTIN.
  static const std::map<unsigned, int> values = {{16, multiprocessors},
                                                 {38, 50 << 20},
                                                 {75, 9},
                                                 {76, 0},
                                                 {97, maxSharedPerBlock}};
  auto found = values.find(attribute);
  if (device != 0 || found == values.end())
    return invalidValue;
  *value = found->second;
  return noError;
}

CUDA_API unsigned cuDevicePrimaryCtxRetain(void **context, int device) {
  *context = &primaryContext;
  return device == 0 ? noError : invalidValue;
}

CUDA_API unsigned cuDevicePrimaryCtxRelease_v2(int device) {
  return device == 0 ? noError : invalidValue;
}

CUDA_API unsigned cuCtxPushCurrent_v2(void *context) {
  if (context != &primaryContext)
    return invalidContext;
  contexts.push_back(context);
  return noError;
}

CUDA_API unsigned cuCtxPopCurrent_v2(void **context) {
  if (contexts.empty())
    return invalidContext;
  *context = contexts.back();
  contexts.pop_back();
  return noError;
}

CUDA_API unsigned cuCtxSetCurrent(void *context) {
  if (context != &primaryContext)
    return invalidContext;
  contexts.assign(1, context);
  return noError;
}

CUDA_API unsigned cuCtxSynchronize() { return noError; }
