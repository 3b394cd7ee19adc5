//===- Pipelines.h - From the moe dialect to a target -----------*- C++ -*-===//

#ifndef MOE_CONVERSION_PIPELINES_H
#define MOE_CONVERSION_PIPELINES_H

#include "mlir/Pass/PassManager.h"

namespace mlir::moe {

/// The reference lowering: level 1 to the LLVM dialect for the CPU. The result calls
/// `moe_parallel_for` and allocates with `_mlir_memref_to_llvm_alloc`; whoever loads it
/// provides both. Functions with the unit attribute `llvm.emit_c_interface` get a C
/// wrapper.
void buildLowerToCpuPipeline(OpPassManager &manager);

/// Registers `moe-lower-to-cpu`.
void registerMoEPipelines();

} // namespace mlir::moe

#endif // MOE_CONVERSION_PIPELINES_H
