//===- FirstError.h - Diagnostics as one error ------------------*- C++ -*-===//

#ifndef MOE_EXECUTE_FIRSTERROR_H
#define MOE_EXECUTE_FIRSTERROR_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir::moe {

/// While it lives, keeps the first error that MLIR reports, which is the cause
/// of all others, and no diagnostic is printed.
class FirstError {
public:
  explicit FirstError(MLIRContext *context);

  /// The error "<file>:<line>:<column>: <cause>", without the place if it is
  /// not known. If there was none, `otherwise` is the cause.
  llvm::Error take(const Twine &otherwise) const;

private:
  std::string text;
  ScopedDiagnosticHandler handler;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_FIRSTERROR_H
