//===- SimulatedLayer.h - A layer on a simulated GPU ------------*- C++ -*-===//

#ifndef MOE_EXECUTE_SIMULATEDLAYER_H
#define MOE_EXECUTE_SIMULATEDLAYER_H

#include "moe/Execute/KernelHost.h"
#include "moe/Execute/SimulatedKernels.h"

namespace mlir::moe {

/// @moe_layer of a module as CUDA kernels, which the simulator executes.
class SimulatedLayer {
public:
  /// Lowers `module`, which is changed. Results are named as in `signature`.
  static llvm::Expected<SimulatedLayer>
  compile(ModuleOp module, Signature signature,
          const KernelHost::Options &options);

  /// Runs the layer for so many tokens on arguments of the types and shapes of
  /// the signature. `seed` decides the order of threads and copies. The error
  /// is the first hazard of a kernel. One run at a time in a process.
  llvm::Expected<std::vector<Tensor>> run(ArrayRef<Argument> arguments,
                                          int64_t tokens, uint64_t seed = 0);

private:
  SimulatedLayer(KernelHost host, SimulatedKernels kernels,
                 ArrayRef<std::string> names);

  KernelHost host;
  SimulatedKernels kernels;
  /// In the order in which launches count them.
  std::vector<const SimulatedKernels::Entry *> numbered;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_SIMULATEDLAYER_H
