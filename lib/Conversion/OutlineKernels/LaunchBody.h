//===- LaunchBody.h - Kernels that are written where they run ---*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_OUTLINEKERNELS_LAUNCHBODY_H
#define MOE_LIB_CONVERSION_OUTLINEKERNELS_LAUNCHBODY_H

#include "KernelWriter.h"

namespace mlir::moe {

/// The threads of a block, if their number is a constant and blocks and threads
/// have one dimension.
std::optional<int64_t> getBlockSize(gpu::LaunchOp launch);

/// Moves the body of a launch to the kernel.
LogicalResult emitLaunchBody(gpu::LaunchOp launch, KernelWriter &kernel);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_OUTLINEKERNELS_LAUNCHBODY_H
