//===- DeviceModule.h - Kernels of a GPU beside their host ------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_DEVICEMODULE_H
#define MOE_LIB_CONVERSION_DEVICEMODULE_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {

/// The one gpu.module of all kernels of a module, which is made if there is
/// none.
gpu::GPUModuleOp getDeviceModule(ModuleOp module);

/// Code of the host: where the elements of a buffer lie, as !llvm.ptr<1>.
Value getGlobalPointer(OpBuilder &builder, Location loc, Value buffer);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_DEVICEMODULE_H
