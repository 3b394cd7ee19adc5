//===- Pipelines.h - From the moe dialect to a target -----------*- C++ -*-===//

#ifndef MOE_CONVERSION_PIPELINES_H
#define MOE_CONVERSION_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir::moe {

struct LowerToCpuOptions : PassPipelineOptions<LowerToCpuOptions> {
  Option<bool> fuse{*this, "fuse",
                    llvm::cl::desc("Fuse ops into fewer kernels first"),
                    llvm::cl::init(true)};
  Option<std::string> target{*this, "target",
                             llvm::cl::desc("Machine to choose schedules for"),
                             llvm::cl::init("native")};
  Option<int64_t> tokens{*this, "tokens",
                         llvm::cl::desc("Tokens to choose schedules for"),
                         llvm::cl::init(512)};
};

/// Level 1 to level 2: gates and experts as grouped GEMMs that read their rows in
/// place and weigh their results.
void buildFusePipeline(OpPassManager &manager);

/// All levels down to the LLVM dialect for a CPU: fused, scheduled and tiled, or,
/// without `fuse`, the reference lowering, every op as the loops it means. The
/// result calls `moe_parallel_for` and allocates with
/// `_mlir_memref_to_llvm_alloc`; whoever loads it provides both. Functions with
/// the unit attribute `llvm.emit_c_interface` get a C wrapper.
void buildLowerToCpuPipeline(OpPassManager &manager,
                             const LowerToCpuOptions &options);

/// Registers `moe-fuse` and `moe-lower-to-cpu`.
void registerMoEPipelines();

} // namespace mlir::moe

#endif // MOE_CONVERSION_PIPELINES_H
