//===- SimulatedLayer.h - A layer on a simulated GPU ------------*- C++ -*-===//

#ifndef MOE_EXECUTE_SIMULATEDLAYER_H
#define MOE_EXECUTE_SIMULATEDLAYER_H

#include "moe/Execute/CompiledLayer.h"
#include "moe/Execute/SimulatedKernels.h"

namespace mlir::moe {

/// What the name of a simulated GPU begins with; the GPU's follows.
inline constexpr llvm::StringLiteral simulatedPrefix = "sim-";

/// @moe_layer of a module as CUDA kernels, which the simulator executes.
class SimulatedLayer {
public:
  struct Options {
    /// The GPU, in LLVM's spelling.
    std::string target = "sm_90a";
    bool fuse = true;
    int64_t tokens = 512;
    /// Decides the order of threads and copies.
    uint64_t seed = 0;
  };

  /// Lowers `module`, which is changed. Results are named as in `signature`.
  static llvm::Expected<SimulatedLayer>
  compile(ModuleOp module, Signature signature, const Options &options);

  /// Runs the layer for so many tokens on arguments of the types and shapes of
  /// the signature. The error is the first hazard of a kernel. One run at a
  /// time in a process.
  llvm::Expected<std::vector<Tensor>> run(ArrayRef<Argument> arguments,
                                          int64_t tokens);

private:
  using Entry = void (*)(void *const *buffers, int64_t tokens, void *workspace,
                         void *functions, void *device);
  using WorkspaceSize = int64_t (*)(int64_t tokens);

  SimulatedLayer(Signature signature, SimulatedKernels kernels)
      : signature(std::move(signature)), kernels(std::move(kernels)) {}

  Signature signature;
  SimulatedKernels kernels;
  /// In the order in which launches count them.
  std::vector<const SimulatedKernels::Entry *> numbered;
  std::unique_ptr<ExecutionEngine> engine;
  Entry entry = nullptr;
  WorkspaceSize workspaceSize = nullptr;
  uint64_t seed = 0;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_SIMULATEDLAYER_H
