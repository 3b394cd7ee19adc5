//===- WarpLoop.h - A parallel loop as the warps of a kernel ----*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_OUTLINEKERNELS_WARPLOOP_H
#define MOE_LIB_CONVERSION_OUTLINEKERNELS_WARPLOOP_H

#include "KernelWriter.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::moe {

inline constexpr int64_t warpSize = 32;

/// Whether `loop` is for the warps of blocks of so many threads: its iterations
/// have parallel loops in them, which lanes can share, and memory on the stack
/// that fits in a block's.
bool isForWarps(scf::ParallelOp loop, int64_t threads);

/// Has the kernel compute each iteration in one of its warps. The lanes share
/// the iterations of parallel loops inside; the rest all of them do, but only
/// one stores. Memory on the stack is the warp's. The kernel knows the values
/// that they use.
LogicalResult emitWarps(KernelWriter &kernel, scf::ParallelOp loop,
                        int64_t threads);

/// The same of a loop inside the body of a launch of so many threads, for the
/// warps of each block.
LogicalResult emitWarpsOfBlock(KernelWriter &kernel, scf::ParallelOp loop,
                               int64_t threads);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_OUTLINEKERNELS_WARPLOOP_H
