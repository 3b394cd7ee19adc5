//===- RunProgram.h - Programs that make parts of bundles -------*- C++ -*-===//

#ifndef MOE_LIB_BUNDLE_RUNPROGRAM_H
#define MOE_LIB_BUNDLE_RUNPROGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir::moe {

/// Runs a program. What it prints goes to the file `log`. The error is the
/// first line of that, or why the program could not be run.
llvm::Error runProgram(llvm::ArrayRef<std::string> arguments,
                       llvm::StringRef log);

/// Calls `work` with a directory that is gone afterwards.
llvm::Error
withTemporaryDirectory(llvm::function_ref<llvm::Error(llvm::StringRef)> work);

/// The bytes of a file.
llvm::Expected<std::string> readFile(llvm::StringRef path);

} // namespace mlir::moe

#endif // MOE_LIB_BUNDLE_RUNPROGRAM_H
