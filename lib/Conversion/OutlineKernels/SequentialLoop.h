//===- SequentialLoop.h - Parallel loops inside of threads ------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_OUTLINEKERNELS_SEQUENTIALLOOP_H
#define MOE_LIB_CONVERSION_OUTLINEKERNELS_SEQUENTIALLOOP_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::moe {

/// The two values of a reduction as one.
Value combine(OpBuilder &builder, scf::ReduceOp reduce, unsigned number,
              Value a, Value b);

/// Replaces a parallel loop by loops that take one iteration after another.
void makeSequential(scf::ParallelOp loop);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_OUTLINEKERNELS_SEQUENTIALLOOP_H
