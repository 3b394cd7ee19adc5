//===- LoopNest.h - Parallel loops as the threads of a kernel ---*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_OUTLINEKERNELS_LOOPNEST_H
#define MOE_LIB_CONVERSION_OUTLINEKERNELS_LOOPNEST_H

#include "KernelWriter.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::moe {

/// Parallel loops one inside the other, whose iterations together are those of
/// a kernel. Between two of them may be ops that only read, and nothing that
/// the loops inside write.
class LoopNest {
public:
  explicit LoopNest(scf::ParallelOp outermost);

  /// How many values each variable takes: of no loop of the nest.
  struct Range {
    Value begin, end, step;
    Value variable;
  };
  ArrayRef<Range> getRanges() const { return ranges; }

  /// Has the kernel compute each iteration in one of its threads, however many
  /// there are.
  LogicalResult emit(KernelWriter &kernel) const;

private:
  SmallVector<scf::ParallelOp> loops;
  SmallVector<Range> ranges;
};

/// How many values lie from begin to end.
Value emitCount(OpBuilder &builder, Location loc, Value begin, Value end,
                Value step);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_OUTLINEKERNELS_LOOPNEST_H
