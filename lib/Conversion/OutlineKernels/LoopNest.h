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
  /// Of no other loop.
  static LoopNest ofOneLoop(scf::ParallelOp loop);

  /// The values of a variable.
  struct Range {
    Value begin, end, step;
    Value variable;
  };
  ArrayRef<Range> getRanges() const { return ranges; }
  scf::ParallelOp getInnermost() const { return loops.back(); }

  /// A loop of the kernel over the iterations `first`, `first` + `stride`, ...
  /// The kernel knows the values that they use.
  scf::ForOp emit(KernelWriter &kernel, Value first, Value stride) const;

private:
  LoopNest() = default;
  void add(scf::ParallelOp loop);

  SmallVector<scf::ParallelOp> loops;
  SmallVector<Range> ranges;
};

/// How many values lie from begin to end.
Value emitCount(OpBuilder &builder, Location loc, Value begin, Value end,
                Value step);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_OUTLINEKERNELS_LOOPNEST_H
