//===- SimulatedKernels.h - CUDA kernels compiled for the host --*- C++ -*-===//

#ifndef MOE_EXECUTE_SIMULATEDKERNELS_H
#define MOE_EXECUTE_SIMULATEDKERNELS_H

#include "moe/Simulator/Launch.h"
#include "moe/Simulator/TensorMap.h"

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

/// A launch of a kernel that takes its arguments as CUDA's driver does, by
/// their addresses, and keeps copies: whoever gave them may be gone when the
/// kernel runs.
class KernelLaunch {
public:
  /// Of one argument, none of which is larger than a tensor map.
  static constexpr size_t maxArgumentBytes = sim::TensorMap::encodedSize;

  KernelLaunch(const SimulatedKernels::Entry &entry, uint32_t blocks,
               uint32_t threads, uint32_t sharedBytes, void *const *arguments);

  /// For `sim::run`, while this lives.
  sim::Launch get();
  /// Adds what the kernel may read of its own arguments.
  void addBuffers(std::vector<sim::Buffer> &buffers);

  const SimulatedKernels::Entry &getEntry() const { return *entry; }

private:
  struct alignas(64) Copy {
    char bytes[maxArgumentBytes];
    /// Of an object that is given by value: compiled for the host, a kernel
    /// takes its address.
    void *address;
  };

  const SimulatedKernels::Entry *entry;
  uint32_t blocks, threads, sharedBytes;
  std::vector<Copy> copies;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_SIMULATEDKERNELS_H
