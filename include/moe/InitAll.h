//===- InitAll.h - Everything a tool registers ------------------*- C++ -*-===//

#ifndef MOE_INITALL_H
#define MOE_INITALL_H

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "moe/Conversion/Passes.h"
#include "moe/Conversion/Pipelines.h"
#include "moe/IR/MoE.h"
#include "moe/Tile/Tile.h"
#include "moe/Transforms/Passes.h"

namespace mlir::moe {

/// The project's dialects, upstream's, and the extensions the lowerings rely
/// on, those that make PTX of kernels too.
inline void registerAllDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerAllGPUToLLVMIRTranslations(registry);
  registry.insert<MoEDialect, tile::TileDialect>();
}

/// The moe passes and pipelines.
inline void registerAllPasses() {
  registerMoETransformsPasses();
  registerMoEConversionPasses();
  registerMoEPipelines();
}

} // namespace mlir::moe

#endif // MOE_INITALL_H
