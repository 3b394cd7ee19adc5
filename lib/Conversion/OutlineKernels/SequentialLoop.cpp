//===- SequentialLoop.cpp - Parallel loops inside of threads --------------===//

#include "SequentialLoop.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::moe;

Value mlir::moe::combine(OpBuilder &builder, scf::ReduceOp reduce,
                         unsigned number, Value a, Value b) {
  Block &block = reduce.getReductions()[number].front();
  IRMapping mapping;
  mapping.map(block.getArgument(0), a);
  mapping.map(block.getArgument(1), b);
  for (Operation &op : block.without_terminator())
    builder.clone(op, mapping);
  return mapping.lookupOrDefault(block.getTerminator()->getOperand(0));
}

void mlir::moe::makeSequential(scf::ParallelOp loop) {
  OpBuilder builder(loop);
  SmallVector<Value> variables;
  scf::ForOp outermost;
  ValueRange state = loop.getInitVals();
  for (auto [begin, end, step] : llvm::zip_equal(
           loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
    auto inner =
        scf::ForOp::create(builder, loop.getLoc(), begin, end, step, state);
    if (!outermost)
      outermost = inner;
    else if (!state.empty())
      scf::YieldOp::create(builder, loop.getLoc(), inner.getResults());
    builder.setInsertionPointToStart(inner.getBody());
    variables.push_back(inner.getInductionVar());
    state = inner.getRegionIterArgs();
  }
  // The innermost body ends as the loop did.
  auto reduce = cast<scf::ReduceOp>(loop.getBody()->getTerminator());
  Block *target = builder.getInsertionBlock();
  target->getOperations().splice(
      builder.getInsertionPoint(), loop.getBody()->getOperations(),
      loop.getBody()->begin(), reduce->getIterator());
  for (auto [variable, by] :
       llvm::zip_equal(loop.getInductionVars(), variables))
    variable.replaceAllUsesWith(by);
  if (!state.empty()) {
    builder.setInsertionPointToEnd(target);
    SmallVector<Value> next;
    for (auto [i, operand] : llvm::enumerate(reduce.getOperands()))
      next.push_back(combine(builder, reduce, i, state[i], operand));
    scf::YieldOp::create(builder, loop.getLoc(), next);
  }
  loop.replaceAllUsesWith(outermost.getResults());
  loop.erase();
}
