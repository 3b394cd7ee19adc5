//===- ObjectCode.h - From the LLVM dialect to a shared object --*- C++ -*-===//

#ifndef MOE_BUNDLE_OBJECTCODE_H
#define MOE_BUNDLE_OBJECTCODE_H

#include "moe/Bundle/CpuTarget.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {

/// The bytes of an object file for `module`, which is in the LLVM dialect.
llvm::Expected<std::string> emitObject(ModuleOp module,
                                       const CpuTarget &target);

/// Links object files to the shared object `path`, which needs nothing but the
/// C library and its mathematics. Runs LLVM's linker, which must be beside
/// LLVM's other tools or in the PATH; files are made beside `path`.
llvm::Error linkSharedObject(ArrayRef<std::string> objects,
                             llvm::StringRef path);

} // namespace mlir::moe

#endif // MOE_BUNDLE_OBJECTCODE_H
