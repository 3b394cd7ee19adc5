//===- CudaLayer.h - A layer on this machine's GPU --------------*- C++ -*-===//

#ifndef MOE_BUNDLE_CUDALAYER_H
#define MOE_BUNDLE_CUDALAYER_H

#include "moe/Execute/KernelHost.h"

namespace mlir::moe {

class CudaDevice;

/// @moe_layer of a module as CUDA kernels, launched as bundles launch them, on
/// the first device of CUDA's driver, be it simulated.
class CudaLayer {
public:
  /// Lowers `module`, which is changed, for the device that there is, whatever
  /// the target of `options`. Results are named as in `signature`.
  static llvm::Expected<CudaLayer> compile(ModuleOp module, Signature signature,
                                           KernelHost::Options options);

  CudaLayer(CudaLayer &&);
  ~CudaLayer();

  /// Runs the layer for so many tokens on arguments of the types and shapes of
  /// the signature, and gives its results and the milliseconds of the device.
  llvm::Expected<std::pair<std::vector<Tensor>, double>>
  run(ArrayRef<Argument> arguments, int64_t tokens);

private:
  CudaLayer(KernelHost host, std::unique_ptr<CudaDevice> device);

  KernelHost host;
  std::unique_ptr<CudaDevice> device;
};

} // namespace mlir::moe

#endif // MOE_BUNDLE_CUDALAYER_H
