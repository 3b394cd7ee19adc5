//===- Reference.h - Buffers and what should be in them ---------*- C++ -*-===//

#ifndef MOE_TOOLS_MOESIM_REFERENCE_H
#define MOE_TOOLS_MOESIM_REFERENCE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <vector>

namespace mlir::moe {

/// The memory of an argument of @reference.
struct HostBuffer {
  MemRefType type;
  char *data = nullptr;
  size_t size = 0;
  /// Whether it starts with values, and whether the results are compared.
  bool written = false, result = false;
  std::unique_ptr<char, void (*)(void *)> owner{nullptr, std::free};
};

/// Buffers for the arguments of `function`, filled as `sim.init` says: "random"
/// (floats between -1 and 1), "zero", "index" (each element its number), or the
/// integers that there are;
/// without it, nothing is in the buffer, and it is a result, as those with
/// `sim.result`.
llvm::Expected<std::vector<HostBuffer>> makeBuffers(func::FuncOp function);

std::vector<HostBuffer> copyBuffers(ArrayRef<HostBuffer> buffers);

/// Compiles the module's @reference for the host and calls it.
llvm::Error runReference(ModuleOp module, ArrayRef<HostBuffer> buffers);

/// The relative L2 error of a buffer.
double getError(const HostBuffer &found, const HostBuffer &expected);

} // namespace mlir::moe

#endif // MOE_TOOLS_MOESIM_REFERENCE_H
