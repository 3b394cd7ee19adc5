//===- Pipelines.cpp - From the moe dialect to a target -------------------===//

#include "moe/Conversion/Pipelines.h"
#include "moe/Conversion/Passes.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::moe;

/// Every tensor becomes memory.
static void addBufferization(OpPassManager &manager, bool manyThreads) {
  manager.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  // Else each is a kernel.
  if (manyThreads)
    manager.addNestedPass<func::FuncOp>(createLinalgElementwiseOpFusionPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  manager.addPass(bufferization::createOneShotBufferizePass(options));
  manager.addNestedPass<func::FuncOp>(createConvertCopyToLinalgPass());
  if (!manyThreads)
    manager.addNestedPass<func::FuncOp>(createConvertLinalgToVectorPass());
  manager.addNestedPass<func::FuncOp>(
      manyThreads ? createConvertLinalgToParallelLoopsPass()
                  : createConvertLinalgToLoopsPass());
}

/// Arithmetic that processors lack becomes arithmetic they have: narrow floats
/// are computed as f32, and bf16 is converted by integer operations unless it
/// is said to be theirs.
static void addFloatEmulation(OpPassManager &manager, bool convertBf16 = true) {
  arith::ArithEmulateUnsupportedFloatsOptions emulation;
  emulation.sourceTypeStrs = {"bf16", "f16"};
  emulation.targetTypeStr = "f32";
  manager.addPass(arith::createArithEmulateUnsupportedFloats(emulation));
  math::MathExtendToSupportedTypesOptions extension;
  extension.extraTypeStrs = {};
  extension.targetTypeStr = "f32";
  manager.addPass(math::createMathExtendToSupportedTypes(extension));
  arith::ArithExpandOpsPassOptions expansion;
  expansion.includeBf16 = convertBf16;
  manager.addPass(arith::createArithExpandOpsPass(expansion));
}

static void addConversionToLLVM(OpPassManager &manager) {
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createLowerToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}

void mlir::moe::buildFusePipeline(OpPassManager &manager,
                                  const PlanKernelsOptions &options) {
  SelectPlanPassOptions plan;
  plan.targetName = options.target;
  plan.tokens = options.tokens;
  manager.addNestedPass<func::FuncOp>(createSelectPlanPass(plan));
  manager.addNestedPass<func::FuncOp>(createFuseSharedExpertsPass());
  manager.addNestedPass<func::FuncOp>(createFuseGatePass());
  manager.addNestedPass<func::FuncOp>(createSplitExpertsPass());
  manager.addNestedPass<func::FuncOp>(createFuseGatherPass());
  manager.addNestedPass<func::FuncOp>(createFuseWeightsPass());
  manager.addNestedPass<func::FuncOp>(createFuseCombinePass());
  manager.addNestedPass<func::FuncOp>(createFuseRoutingPass());
}

void mlir::moe::buildPlanKernelsPipeline(OpPassManager &manager,
                                         const PlanKernelsOptions &options) {
  buildFusePipeline(manager, options);
  SelectSchedulePassOptions selection;
  selection.targetName = options.target;
  selection.tokens = options.tokens;
  manager.addNestedPass<func::FuncOp>(createSelectSchedulePass(selection));
}

/// What remains is structured control flow and memory. Kernels are written as
/// canonical code: only what is around them is made so.
static void addConversionToLoops(OpPassManager &manager,
                                 bool manyThreads = false,
                                 int64_t tokens = 512) {
  ConvertMoEToLoopsPassOptions options;
  options.manyThreads = manyThreads;
  options.tokens = tokens;
  manager.addPass(createConvertMoEToLoopsPass(options));
  addBufferization(manager, manyThreads);
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createConvertTileToVectorPass());
  manager.addPass(createCSEPass());
}

/// What remains is the LLVM dialect. LLVM cleans up, as it would anyway.
static void addLoweringToLLVM(OpPassManager &manager) {
  addFloatEmulation(manager);
  addConversionToLLVM(manager);
}

/// Grouped GEMMs become what a kernel does with one tile.
template <typename Options>
static void addTiles(OpPassManager &manager, const Options &options) {
  PlanKernelsOptions plan;
  plan.target = options.target;
  plan.tokens = options.tokens;
  buildPlanKernelsPipeline(manager, plan);
  manager.addNestedPass<func::FuncOp>(createConvertMoEToTilePass());
}

void mlir::moe::buildLowerToCpuPipeline(OpPassManager &manager,
                                        const LowerToCpuOptions &options) {
  if (options.fuse)
    addTiles(manager, options);
  addConversionToLoops(manager);
  manager.addPass(createExpandVectorMathPass());
  manager.addPass(createOutlineParallelPass());
  addLoweringToLLVM(manager);
}

void mlir::moe::buildLowerToBundlePipeline(
    OpPassManager &manager, const LowerToBundleOptions &options) {
  manager.addNestedPass<func::FuncOp>(createConvertMoEToTilePass());
  addConversionToLoops(manager);
  manager.addPass(createPlanWorkspacePass());
  manager.addPass(createExpandVectorMathPass());
  manager.addPass(createOutlineParallelPass());
  ExportLayerPassOptions exported;
  exported.symbol = options.symbol;
  manager.addPass(createExportLayerPass(exported));
  addLoweringToLLVM(manager);
}

/// What remains in the modules of kernels is the LLVM and NVVM dialects.
static void addDeviceLowering(OpPassManager &manager) {
  OpPassManager &device = manager.nest<gpu::GPUModuleOp>();
  addFloatEmulation(device, /*convertBf16=*/false);
  device.addPass(createExpandDeviceMathPass());
  device.addPass(memref::createExpandStridedMetadataPass());
  device.addPass(createLowerAffinePass());
  device.addPass(createSCFToControlFlowPass());
  device.addPass(createConvertVectorToLLVMPass());
  // Not convert-gpu-to-nvvm, which calls the vendor's library for functions.
  ConvertToLLVMPassOptions toLLVM;
  toLLVM.filterDialects = {"arith", "cf", "index", "math", "memref"};
  device.addPass(createConvertToLLVMPass(toLLVM));
  device.addPass(createReconcileUnrealizedCastsPass());
  device.addPass(createCanonicalizerPass());
  device.addPass(createCSEPass());
}

/// What remains is the LLVM dialect on the host, and kernels.
static void addLoweringToKernels(OpPassManager &manager,
                                 const std::string &symbol, int64_t tokens) {
  addConversionToLoops(manager, /*manyThreads=*/true, tokens);
  manager.addNestedPass<func::FuncOp>(createKeepScalarsPass());
  manager.addPass(createPlanWorkspacePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createConvertTileToNVVMPass());
  manager.addPass(createOutlineKernelsPass());
  manager.addPass(createLowerLaunchesPass());
  ExportLayerPassOptions exported;
  exported.symbol = symbol;
  manager.addPass(createExportLayerPass(exported));
  addDeviceLowering(manager);
  addLoweringToLLVM(manager);
}

void mlir::moe::buildLowerToCudaBundlePipeline(
    OpPassManager &manager, const LowerToCudaBundleOptions &options) {
  manager.addNestedPass<func::FuncOp>(createConvertMoEToTilePass());
  addLoweringToKernels(manager, options.symbol, options.tokens);
}

void mlir::moe::buildLowerToCudaPipeline(OpPassManager &manager,
                                         const LowerToCudaOptions &options) {
  manager.addPass(createInlinerPass());
  manager.addNestedPass<func::FuncOp>(createStackExpertsPass());
  if (options.fuse)
    addTiles(manager, options);
  addLoweringToKernels(manager, options.symbol, options.tokens);
}

void mlir::moe::registerMoEPipelines() {
  PassPipelineRegistration<PlanKernelsOptions>(
      "moe-fuse", "Fuse moe ops into one op for each kernel",
      buildFusePipeline);
  PassPipelineRegistration<LowerToCpuOptions>(
      "moe-lower-to-cpu", "Lower moe ops to the LLVM dialect for the CPU",
      buildLowerToCpuPipeline);
  PassPipelineRegistration<PlanKernelsOptions>(
      "moe-plan-kernels", "Fuse moe ops and choose how to compute them",
      buildPlanKernelsPipeline);
  PassPipelineRegistration<LowerToBundleOptions>(
      "moe-lower-to-bundle",
      "Lower kernels to the LLVM dialect for a bundle of the CPU",
      buildLowerToBundlePipeline);
  PassPipelineRegistration<LowerToCudaBundleOptions>(
      "moe-lower-to-cuda-bundle",
      "Lower kernels to the LLVM dialect for the host and to kernels for a GPU",
      buildLowerToCudaBundlePipeline);
  PassPipelineRegistration<LowerToCudaOptions>(
      "moe-lower-to-cuda",
      "Lower moe ops to the LLVM dialect for the host and to kernels for a GPU",
      buildLowerToCudaPipeline);
}
