//===- CudaDevice.cpp - A GPU, reached by CUDA's driver -------------------===//

#include "CudaDevice.h"
#include "CudaMemoryFunctions.h"
#include "moe/Execute/KernelHost.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>

using namespace mlir;
using namespace mlir::moe;

namespace {
/// What bundles themselves do.
// clang-format off
#include "Template/layer.h"
#include "Template/message.c"
#include "Template/symbols.c"
#include "Template/Cuda/driver.c"
#include "Template/Cuda/kernels.c"
// clang-format on

struct CUevent_st;
} // namespace

struct CudaDevice::Driver : cuda_driver {
  CUDA_MEMORY_FUNCTIONS(CUDA_MEMBER)

  int handle = 0;
  std::string name;
  CUctx_st *context = nullptr;
  CUstream_st *stream = nullptr;
  CUevent_st *begin = nullptr, *end = nullptr;
  CUmod_st *module = nullptr;
  std::vector<CUfunc_st *> kernels;
  std::vector<std::string> names;
  std::vector<const char *> kernelNames;
  std::vector<unsigned long long> memory;
};

static unsigned long long toAddress(const void *pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

llvm::Error CudaDevice::makeError(unsigned result,
                                  const llvm::Twine &what) const {
  if (result == 0)
    return llvm::Error::success();
  return llvm::createStringError(what + ": " +
                                 error_name(driver.get(), result));
}

//===----------------------------------------------------------------------===//
// Opening and closing
//===----------------------------------------------------------------------===//

CudaDevice::CudaDevice() : driver(std::make_unique<Driver>()) {}

llvm::Expected<std::unique_ptr<CudaDevice>> CudaDevice::open() {
  char message[512] = "";
  std::unique_ptr<CudaDevice> device(new CudaDevice);
  Driver &driver = *device->driver;
  if (open_driver(&driver, message, sizeof message) != MOE_OK)
    return llvm::createStringError(message);
#define CUDA_REQUIRE(name, parameters)                                         \
  if (!find_function(driver.library, #name, "", &driver.name))                 \
    return llvm::createStringError("the driver of CUDA has no " #name);
  CUDA_MEMORY_FUNCTIONS(CUDA_REQUIRE)
  if (find_device(&driver, 0, &driver.handle, message, sizeof message) !=
      MOE_OK)
    return llvm::createStringError(message);
  char name[128] = "";
  driver.cuDeviceGetName(name, sizeof name, driver.handle);
  driver.name = name;
  return std::move(device);
}

llvm::Expected<BundleTarget> CudaDevice::getTarget() const {
  int major = 0, minor = 0;
  driver->cuDeviceGetAttribute(&major, CUDA_CAPABILITY_MAJOR, driver->handle);
  driver->cuDeviceGetAttribute(&minor, CUDA_CAPABILITY_MINOR, driver->handle);
  auto gpu = findGpu(major, minor);
  if (!gpu)
    return llvm::createStringError("device 0, " + driver->name + ", has " +
                                   llvm::toString(gpu.takeError()));
  bool simulated = StringRef(driver->name).starts_with(simulatedDevice);
  return findBundleTarget(
      ((simulated ? simulatedPrefix : "") + gpu->name).str());
}

llvm::Error CudaDevice::openContext() {
  CUctx_st *context = nullptr;
  unsigned result = driver->cuDevicePrimaryCtxRetain(&context, driver->handle);
  if (result == 0)
    result = driver->cuCtxPushCurrent_v2(context);
  if (result == 0) {
    driver->context = context;
    result = driver->cuStreamCreate(&driver->stream, 0);
  }
  if (result == 0)
    result = driver->cuEventCreate(&driver->begin, 0);
  if (result == 0)
    result = driver->cuEventCreate(&driver->end, 0);
  return makeError(result, "device 0 gives no context");
}

CudaDevice::~CudaDevice() {
  release();
  if (driver->module)
    driver->cuModuleUnload(driver->module);
  if (driver->begin)
    driver->cuEventDestroy_v2(driver->begin);
  if (driver->end)
    driver->cuEventDestroy_v2(driver->end);
  if (driver->stream)
    driver->cuStreamDestroy_v2(driver->stream);
  if (!driver->context)
    return;
  driver->cuCtxPopCurrent_v2(&driver->context);
  driver->cuDevicePrimaryCtxRelease_v2(driver->handle);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

llvm::Error CudaDevice::load(const CudaCode &code) {
  if (!driver->context)
    if (llvm::Error error = openContext())
      return error;
  SmallVector<const char *> forms;
  for (const auto &[extension, image] : code.forms)
    forms.push_back(image.c_str());
  char log[512] = "";
  unsigned result =
      load_module(driver.get(), &driver->module, forms.data(),
                  static_cast<int>(forms.size()), log, sizeof log);
  if (result == 0)
    return findKernels(code);
  return makeError(result, "the driver refuses the kernels" +
                               llvm::Twine(*log ? ", " : "") + log);
}

llvm::Error CudaDevice::findKernels(const CudaCode &code) {
  int sharedBytes = 0;
  driver->cuDeviceGetAttribute(&sharedBytes, CUDA_MAX_SHARED_PER_BLOCK,
                               driver->handle);
  driver->names = code.kernels;
  driver->kernels.resize(driver->names.size());
  for (auto [name, kernel] : llvm::zip_equal(driver->names, driver->kernels)) {
    unsigned result = find_kernel(driver.get(), &kernel, driver->module,
                                  name.c_str(), sharedBytes);
    if (result != 0)
      return makeError(result, "kernel " + name);
    driver->kernelNames.push_back(name.c_str());
  }
  return llvm::Error::success();
}

llvm::Expected<double> CudaDevice::launch(
    function_ref<void(const void *functions, void *device)> host) {
  static constexpr device_functions functions = {::launch, encode_tensor_map};
  launching state = {driver.get(),
                     driver->kernels.data(),
                     driver->kernelNames.data(),
                     driver->stream,
                     0,
                     ""};
  state.result = driver->cuEventRecord(driver->begin, driver->stream);
  host(&functions, &state);
  if (state.result != 0)
    return makeError(state.result, "kernel " + llvm::Twine(state.refused));
  unsigned result = driver->cuEventRecord(driver->end, driver->stream);
  if (result == 0)
    result = driver->cuEventSynchronize(driver->end);
  float milliseconds = 0;
  if (result == 0)
    result =
        driver->cuEventElapsedTime(&milliseconds, driver->begin, driver->end);
  if (result != 0)
    return makeError(result, "the kernels failed");
  return milliseconds;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

llvm::Expected<void *> CudaDevice::allocate(size_t bytes) {
  unsigned long long address = 0;
  // A driver gives nothing for no bytes.
  bytes = std::max<size_t>(bytes, 1);
  if (unsigned result = driver->cuMemAlloc_v2(&address, bytes))
    return makeError(result, "no " + llvm::Twine(bytes) +
                                 " bytes of the device's memory");
  driver->memory.push_back(address);
  if (unsigned result =
          driver->cuMemsetD8Async(address, 0xff, bytes, driver->stream))
    return makeError(result, "memory cannot be set");
  return reinterpret_cast<void *>(address);
}

llvm::Error CudaDevice::write(void *to, const void *from, size_t bytes) {
  return makeError(bytes ? driver->cuMemcpyHtoD_v2(toAddress(to), from, bytes)
                         : 0,
                   "a tensor cannot be copied to the device");
}

llvm::Error CudaDevice::read(void *to, const void *from, size_t bytes) {
  return makeError(bytes ? driver->cuMemcpyDtoH_v2(to, toAddress(from), bytes)
                         : 0,
                   "a tensor cannot be copied from the device");
}

void CudaDevice::release() {
  for (unsigned long long address : driver->memory)
    driver->cuMemFree_v2(address);
  driver->memory.clear();
}
