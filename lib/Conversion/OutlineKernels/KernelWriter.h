//===- KernelWriter.h - Moving code of the host to a kernel -----*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_OUTLINEKERNELS_KERNELWRITER_H
#define MOE_LIB_CONVERSION_OUTLINEKERNELS_KERNELWRITER_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::moe {

/// Values of the host that depend on what the device computes: kernels compute
/// them again.
using DeviceValues = DenseSet<Value>;

/// The values from outside that `op` and its regions use.
SetVector<Value> getUsedValues(Operation *op);

/// Writes one kernel. What it uses of the host becomes arguments: numbers, and
/// for each buffer its address and its dynamic sizes.
class KernelWriter {
public:
  /// The kernel runs in blocks of so many threads, and is launched before
  /// `launchPoint`.
  KernelWriter(StringRef name, gpu::GPUModuleOp module, SymbolTable &symbols,
               const DeviceValues &deviceValues, int64_t threads,
               Operation *launchPoint);

  /// Where code of the kernel is written.
  OpBuilder builder;
  Location loc;

  /// Has the kernel know all values that `op` uses.
  LogicalResult useOperands(Operation *op);
  /// What stands for a value of the host.
  FailureOr<Value> use(Value value);
  Value lookup(Value value) const { return mapping.lookup(value); }
  void map(Value value, Value by) { mapping.map(value, by); }
  /// Memory of each block.
  Value allocateShared(ArrayRef<int64_t> shape, Type element);
  /// Copies an op all of whose values are known.
  void clone(Operation *op) { builder.clone(*op, mapping); }

  /// The number of the thread in its block.
  Value emitThreadOfBlock();
  /// The number of the thread in the grid, and how many there are.
  Value emitThread();
  Value emitNumThreads();

  /// Ends the kernel and launches it in so many blocks.
  void launch(Value blocks);

private:
  FailureOr<Value> useBuffer(Value buffer);
  Value addArgument(Value operand);
  Value addIndexArgument(Value index);
  void copyGlobal(memref::GetGlobalOp op);

  gpu::GPUModuleOp module;
  SymbolTable &symbols;
  const DeviceValues &deviceValues;
  int64_t threads;
  /// At the launch.
  OpBuilder host;
  LLVM::LLVMFuncOp function;
  IRMapping mapping;
  SmallVector<Value> operands;
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_OUTLINEKERNELS_KERNELWRITER_H
