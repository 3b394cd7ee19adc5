//===- LoadLayer.cpp - The layer that a file describes --------------------===//

#include "LoadLayer.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::moe;

llvm::Expected<OwningOpRef<ModuleOp>>
mlir::moe::loadLayer(MLIRContext &context, StringRef path, const ImportOptions &options) {
  if (path.ends_with(".json"))
    return importLayer(context, path, options);

  std::string cause;
  auto file = openInputFile(path, &cause);
  if (!file)
    return llvm::createStringError(path + ": " + cause);
  // The first error is the cause of all others.
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error || !cause.empty())
      return success();
    llvm::raw_string_ostream stream(cause);
    if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
      stream << path << ':' << place.getLine() << ':' << place.getColumn() << ": ";
    else
      stream << path << ": ";
    stream << diagnostic.str();
    return success();
  });
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return llvm::createStringError(cause.empty() ? path + ": no module of MLIR" : Twine(cause));
  return std::move(module);
}
