//===- FirstError.cpp - Diagnostics as one error --------------------------===//

#include "moe/Execute/FirstError.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::moe;

FirstError::FirstError(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error ||
            !text.empty())
          return success();
        llvm::raw_string_ostream stream(text);
        if (auto place =
                diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
          stream << place.getFilename().getValue() << ':' << place.getLine()
                 << ':' << place.getColumn() << ": ";
        stream << diagnostic.str();
        return success();
      }) {}

llvm::Error FirstError::take(const Twine &otherwise) const {
  return llvm::createStringError(text.empty() ? otherwise : Twine(text));
}
