//===- LoadLayer.h - The layer that a file describes ------------*- C++ -*-===//

#ifndef MOE_TOOLS_LOADLAYER_H
#define MOE_TOOLS_LOADLAYER_H

#include "moe/Import/Import.h"

namespace mlir::moe {

/// Reads a module from a file of IR. Errors are one line: "<path>: <cause>".
llvm::Expected<OwningOpRef<ModuleOp>> parseModule(MLIRContext &context,
                                                  llvm::StringRef path);

/// Reads a module with @moe_layer from a file of IR, or imports it if the
/// file's name ends in .json. Errors are one line: "<path>: <cause>".
llvm::Expected<OwningOpRef<ModuleOp>> loadLayer(MLIRContext &context,
                                                llvm::StringRef path,
                                                const ImportOptions &options);

} // namespace mlir::moe

#endif // MOE_TOOLS_LOADLAYER_H
