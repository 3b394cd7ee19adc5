//===- ObjectCode.h - From the LLVM dialect to a shared object --*- C++ -*-===//

#ifndef MOE_BUNDLE_OBJECTCODE_H
#define MOE_BUNDLE_OBJECTCODE_H

#include "moe/Bundle/CpuTarget.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {

/// Code that is compiled by itself.
struct CodePart {
  /// Of an LLVM module. Its function @task gets its name when it is compiled.
  std::string bitcode;
  /// That name, which equal functions share; nothing for what is left of a
  /// code when its long functions are parts of their own.
  std::string task;
};

/// The parts of `module`, which is in the LLVM dialect. No two differ that have
/// the same task.
llvm::Expected<std::vector<CodePart>> splitTasks(ModuleOp module);

/// The bytes of an object file for a part.
llvm::Expected<std::string> emitObject(const CodePart &part,
                                       const CpuTarget &target);

/// Links object files to the shared object `path`, which needs nothing but the
/// C library and its mathematics. Runs LLVM's linker, which must be beside
/// LLVM's other tools or in the PATH; files are made beside `path`.
llvm::Error linkSharedObject(ArrayRef<std::string> objects,
                             llvm::StringRef path);

} // namespace mlir::moe

#endif // MOE_BUNDLE_OBJECTCODE_H
