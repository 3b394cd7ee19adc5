//===- SimulatedKernels.h - CUDA kernels compiled for the host --*- C++ -*-===//

#ifndef MOE_EXECUTE_SIMULATEDKERNELS_H
#define MOE_EXECUTE_SIMULATEDKERNELS_H

#include "moe/Simulator/Launch.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::moe {

/// The kernels of the gpu.modules of a module, for `sim::run`.
class SimulatedKernels {
public:
  /// Lowers `module`, which is changed. It holds only gpu.modules.
  static llvm::Expected<SimulatedKernels> compile(ModuleOp module);

  struct Entry {
    sim::Kernel kernel;
    /// What the kernel itself demands, if anything.
    std::optional<sim::Dim3> block, cluster;
    /// Of each argument: its size, and whether it is an object that is given by
    /// value.
    struct Argument {
      size_t bytes;
      bool byValue;
    };
    std::vector<Argument> arguments;
  };

  /// The kernel of that name, or nothing.
  const Entry *find(StringRef name) const {
    auto found = entries.find(name);
    return found == entries.end() ? nullptr : &found->second;
  }

private:
  std::unique_ptr<ExecutionEngine> engine;
  llvm::StringMap<Entry> entries;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_SIMULATEDKERNELS_H
