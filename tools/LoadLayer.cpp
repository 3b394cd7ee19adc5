//===- LoadLayer.cpp - The layer that a file describes --------------------===//

#include "LoadLayer.h"
#include "moe/Execute/FirstError.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::moe;

llvm::Expected<OwningOpRef<ModuleOp>>
mlir::moe::parseModule(MLIRContext &context, StringRef path) {
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/true);
  if (!file)
    return llvm::createStringError(
        path + ": cannot read: " + file.getError().message());
  FirstError error(&context);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return error.take(path + ": no module of MLIR");
  return std::move(module);
}

llvm::Expected<OwningOpRef<ModuleOp>>
mlir::moe::loadLayer(MLIRContext &context, StringRef path,
                     const ImportOptions &options) {
  return path.ends_with(".json") ? importLayer(context, path, options)
                                 : parseModule(context, path);
}
