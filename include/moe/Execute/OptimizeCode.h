//===- OptimizeCode.h - LLVM's passes for compiled layers -------*- C++ -*-===//

#ifndef MOE_EXECUTE_OPTIMIZECODE_H
#define MOE_EXECUTE_OPTIMIZECODE_H

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

namespace mlir::moe {

/// Makes the code of a layer ready for code generation. Kernels come unrolled
/// and in vectors, so that what LLVM does beyond cleaning up, at four times the
/// cost, does not make them faster.
llvm::Error optimizeCode(llvm::Module &code, llvm::TargetMachine &machine);

} // namespace mlir::moe

#endif // MOE_EXECUTE_OPTIMIZECODE_H
