//===- CudaDevice.h - A GPU, reached by CUDA's driver -----------*- C++ -*-===//

#ifndef MOE_LIB_BUNDLE_CUDADEVICE_H
#define MOE_LIB_BUNDLE_CUDADEVICE_H

#include "moe/Bundle/CudaCode.h"

namespace mlir::moe {

/// A device with its context, kernels and memory, all of which it gives back in
/// the end. Errors are one line, with the driver's name of what went wrong.
class CudaDevice {
public:
  /// Finds the driver's first device. The driver stays open until the program
  /// ends: so does what others may have of it.
  static llvm::Expected<std::unique_ptr<CudaDevice>> open();
  ~CudaDevice();

  /// What code for it is compiled for.
  llvm::Expected<BundleTarget> getTarget() const;

  /// Makes the device's context and loads the first form of the code that the
  /// driver takes. Once.
  llvm::Error load(const CudaCode &code);

  /// Memory of the device, filled with bytes that no test takes for right.
  llvm::Expected<void *> allocate(size_t bytes);
  llvm::Error write(void *to, const void *from, size_t bytes);
  llvm::Error read(void *to, const void *from, size_t bytes);
  /// Of all memory.
  void release();

  /// Lets `host` launch kernels with a table of functions and the object that
  /// they take, as moe-lower-launches says, and waits until all have ended.
  /// Gives the milliseconds that they took.
  llvm::Expected<double>
  launch(function_ref<void(const void *functions, void *device)> host);

private:
  struct Driver;

  CudaDevice();
  llvm::Error openContext();
  llvm::Error findKernels(const CudaCode &code);
  /// "<what>: <the driver's name of the result>", if that is an error.
  llvm::Error makeError(unsigned result, const llvm::Twine &what) const;

  std::unique_ptr<Driver> driver;
};

} // namespace mlir::moe

#endif // MOE_LIB_BUNDLE_CUDADEVICE_H
