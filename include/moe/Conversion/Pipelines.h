//===- Pipelines.h - From the moe dialect to a target -----------*- C++ -*-===//

#ifndef MOE_CONVERSION_PIPELINES_H
#define MOE_CONVERSION_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir::moe {

/// What schedules are chosen for.
template <typename Options> struct ScheduledFor : PassPipelineOptions<Options> {
  mlir::detail::PassOptions::Option<std::string> target{
      *this, "target", llvm::cl::desc("What the kernels are to run on"),
      llvm::cl::init("native")};
  mlir::detail::PassOptions::Option<int64_t> tokens{
      *this, "tokens", llvm::cl::desc("For how many tokens they are chosen"),
      llvm::cl::init(512)};
};

struct PlanKernelsOptions : ScheduledFor<PlanKernelsOptions> {};

struct LowerToCpuOptions : ScheduledFor<LowerToCpuOptions> {
  Option<bool> fuse{*this, "fuse",
                    llvm::cl::desc("Fuse ops into fewer kernels first"),
                    llvm::cl::init(true)};
};

struct LowerToBundleOptions : PassPipelineOptions<LowerToBundleOptions> {
  Option<std::string> symbol{*this, "symbol",
                             llvm::cl::desc("Name of the layer's entry"),
                             llvm::cl::init("moe_layer_entry")};
};

struct LowerToCudaBundleOptions
    : PassPipelineOptions<LowerToCudaBundleOptions> {
  Option<std::string> symbol{*this, "symbol",
                             llvm::cl::desc("Name of the layer's entry"),
                             llvm::cl::init("moe_layer_entry")};
  Option<int64_t> tokens{*this, "tokens",
                         llvm::cl::desc("For how many tokens kernels are made"),
                         llvm::cl::init(512)};
};

struct LowerToCudaOptions : ScheduledFor<LowerToCudaOptions> {
  LowerToCudaOptions() { target = "sm_90a"; }
  Option<bool> fuse{*this, "fuse",
                    llvm::cl::desc("Fuse ops into fewer kernels first"),
                    llvm::cl::init(true)};
  Option<std::string> symbol{*this, "symbol",
                             llvm::cl::desc("Name of the layer's entry"),
                             llvm::cl::init("moe_layer_entry")};
};

/// Level 1 to level 2: gates and experts as grouped GEMMs that read their rows
/// in place and weigh their results.
void buildFusePipeline(OpPassManager &manager,
                       const PlanKernelsOptions &options);

/// All levels down to the LLVM dialect for a CPU: fused, scheduled and tiled,
/// or, without `fuse`, the reference lowering, every op as the loops it means.
/// The result takes a parallel-for, as moe-outline-parallel says, and allocates
/// with
/// `_mlir_memref_to_llvm_alloc`, which whoever loads it provides. Functions
/// with the unit attribute `llvm.emit_c_interface` get a C wrapper.
void buildLowerToCpuPipeline(OpPassManager &manager,
                             const LowerToCpuOptions &options);

/// Level 1 to level 2 with a schedule for each kernel.
void buildPlanKernelsPipeline(OpPassManager &manager,
                              const PlanKernelsOptions &options);

/// Level 2 to the LLVM dialect for a bundle: the layer gets its memory from the
/// caller, and the entry of moe-export-layer. The result calls nothing but
/// functions of the C library.
void buildLowerToBundlePipeline(OpPassManager &manager,
                                const LowerToBundleOptions &options);

/// Level 2, with experts stacked, to the LLVM dialect for the host and kernels,
/// as buildLowerToCudaPipeline makes them.
void buildLowerToCudaBundlePipeline(OpPassManager &manager,
                                    const LowerToCudaBundleOptions &options);

/// All levels down to the LLVM dialect for the host, with the entry of
/// moe-export-layer, which asks the device for launches as moe-lower-launches
/// says, and the kernels in a gpu.module in the LLVM and NVVM dialects. Weights
/// are taken as one tensor for all experts.
void buildLowerToCudaPipeline(OpPassManager &manager,
                              const LowerToCudaOptions &options);

/// Registers `moe-fuse`, `moe-plan-kernels`, `moe-lower-to-cpu`,
/// `moe-lower-to-bundle`, `moe-lower-to-cuda-bundle` and `moe-lower-to-cuda`.
void registerMoEPipelines();

} // namespace mlir::moe

#endif // MOE_CONVERSION_PIPELINES_H
