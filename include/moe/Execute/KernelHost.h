//===- KernelHost.h - What launches the kernels of a layer ------*- C++ -*-===//

#ifndef MOE_EXECUTE_KERNELHOST_H
#define MOE_EXECUTE_KERNELHOST_H

#include "moe/Execute/CompiledLayer.h"

namespace mlir::moe {

/// What the name of a simulated GPU begins with; the GPU's follows.
inline constexpr llvm::StringLiteral simulatedPrefix = "sim-";
/// The same of the name that a simulating driver gives its device.
inline constexpr llvm::StringLiteral simulatedDevice = "simulated ";

/// The code of the host for a layer whose kernels are a GPU's: it only computes
/// sizes and launches, on a device that moe-lower-launches describes.
class KernelHost {
public:
  struct Options {
    /// The GPU, in LLVM's spelling.
    std::string target = "sm_90a";
    bool fuse = true;
    int64_t tokens = 512;
  };

  /// Lowers `module`, which is changed, and lets `takeKernels` take the
  /// gpu.module out of it.
  static llvm::Expected<KernelHost>
  compile(ModuleOp module, Signature signature, const Options &options,
          function_ref<llvm::Error(ModuleOp)> takeKernels);

  const Signature &getSignature() const { return signature; }

  /// What the kernels read, for so many tokens: aligned, and the tensors of
  /// experts one behind the other. An error if the shape of an argument is not
  /// that of so many tokens.
  llvm::Expected<std::vector<Tensor>>
  copyArguments(ArrayRef<Argument> arguments, int64_t tokens) const;

  /// What they write, filled with bytes that no test takes for right.
  std::vector<Tensor> makeResults(int64_t tokens) const;

  int64_t getWorkspaceSize(int64_t tokens) const;

  /// Launches the kernels on `device` by its table of functions. `buffers` has
  /// the address of each argument, then of each result.
  void launch(ArrayRef<void *> buffers, int64_t tokens, void *workspace,
              const void *functions, void *device) const;

private:
  using Entry = void (*)(void *const *buffers, int64_t tokens, void *workspace,
                         const void *functions, void *device);
  using WorkspaceSize = int64_t (*)(int64_t tokens);

  Signature signature;
  std::unique_ptr<ExecutionEngine> engine;
  Entry entry = nullptr;
  WorkspaceSize workspaceSize = nullptr;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_KERNELHOST_H
