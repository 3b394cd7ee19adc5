//===- DeviceModule.h - Kernels of a GPU beside their host ------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_DEVICEMODULE_H
#define MOE_LIB_CONVERSION_DEVICEMODULE_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::moe {

/// The one gpu.module of all kernels of a module, which is made if there is
/// none.
gpu::GPUModuleOp getDeviceModule(ModuleOp module);

/// Code at the beginning of a kernel. It may be launched while kernels before
/// it run, which is how a stream does it that is asked to (programmatic
/// dependent launch): `startNext` lets the kernel after this one do the same,
/// and nothing that others compute is touched before `waitForOthers`. Each
/// kernel waits, so that all before it have ended when a wait ends. Else both
/// do nothing.
void startNext(OpBuilder &builder, Location loc);
void waitForOthers(OpBuilder &builder, Location loc);

/// Code of the host: where the elements of a buffer lie, as !llvm.ptr<1>.
Value getGlobalPointer(OpBuilder &builder, Location loc, Value buffer);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_DEVICEMODULE_H
