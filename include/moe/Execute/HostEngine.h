//===- HostEngine.h - LLVM dialect to code for this machine -----*- C++ -*-===//

#ifndef MOE_EXECUTE_HOSTENGINE_H
#define MOE_EXECUTE_HOSTENGINE_H

#include "mlir/ExecutionEngine/ExecutionEngine.h"

namespace mlir::moe {

/// Makes code of a module in the LLVM dialect, in memory. It may call the
/// functions that `symbols` gives.
llvm::Expected<std::unique_ptr<ExecutionEngine>> createHostEngine(
    ModuleOp module,
    llvm::function_ref<llvm::orc::SymbolMap(llvm::orc::MangleAndInterner)>
        symbols);

} // namespace mlir::moe

#endif // MOE_EXECUTE_HOSTENGINE_H
