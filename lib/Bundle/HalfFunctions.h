//===- HalfFunctions.h - Conversions of f16 as functions --------*- C++ -*-===//

#ifndef MOE_LIB_BUNDLE_HALFFUNCTIONS_H
#define MOE_LIB_BUNDLE_HALFFUNCTIONS_H

#include "llvm/IR/Module.h"

namespace mlir::moe {

/// Defines what LLVM calls to convert between f16 and f32 on processors without
/// instructions for it: these functions are not part of the C library. Nothing
/// if no instruction of `code` has to do with f16.
void addHalfFunctions(llvm::Module &code);

} // namespace mlir::moe

#endif // MOE_LIB_BUNDLE_HALFFUNCTIONS_H
