//===- LoopNest.cpp - Parallel loops as the threads of a kernel -----------===//

#include "LoopNest.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// Which loops
//===----------------------------------------------------------------------===//

/// The buffer of which `buffer` is a view; a view of bytes is one of its own.
static Value getRoot(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>()) {
    if (isa<memref::ViewOp>(view))
      break;
    buffer = view.getViewSource();
  }
  return buffer;
}

/// Whether `loop` may write what `read` reads.
static bool mayWrite(scf::ParallelOp loop, memref::LoadOp read) {
  Value source = getRoot(read.getMemRef());
  WalkResult result = loop.walk([&](Operation *op) {
    if (op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() ||
        isMemoryEffectFree(op) || isa<memref::LoadOp>(op))
      return WalkResult::advance();
    auto store = dyn_cast<memref::StoreOp>(op);
    return store && getRoot(store.getMemRef()) != source
               ? WalkResult::advance()
               : WalkResult::interrupt();
  });
  return result.wasInterrupted();
}

/// The only loop in the body of `outer`, if the two can be one.
static scf::ParallelOp getInnerLoop(scf::ParallelOp outer) {
  Block &body = *outer.getBody();
  Operation *last = body.getTerminator()->getPrevNode();
  auto inner = dyn_cast_or_null<scf::ParallelOp>(last);
  if (!inner || !inner.getInitVals().empty())
    return {};
  for (ValueRange bounds :
       {inner.getLowerBound(), inner.getUpperBound(), inner.getStep()})
    for (Value bound : bounds)
      if (outer->isProperAncestor(bound.getParentRegion()->getParentOp()) ||
          bound.getParentBlock() == &body)
        return {};
  // What is before the loop is computed again in each of its iterations.
  for (Operation &op : body) {
    if (&op == inner)
      break;
    auto load = dyn_cast<memref::LoadOp>(op);
    bool isCheap = op.getNumRegions() == 0 && isMemoryEffectFree(&op);
    if (!isCheap && (!load || mayWrite(inner, load)))
      return {};
  }
  return inner;
}

LoopNest::LoopNest(scf::ParallelOp outermost) {
  for (scf::ParallelOp loop = outermost; loop; loop = getInnerLoop(loop))
    add(loop);
}

LoopNest LoopNest::ofOneLoop(scf::ParallelOp loop) {
  LoopNest nest;
  nest.add(loop);
  return nest;
}

void LoopNest::add(scf::ParallelOp loop) {
  loops.push_back(loop);
  for (auto [begin, end, step, variable] :
       llvm::zip_equal(loop.getLowerBound(), loop.getUpperBound(),
                       loop.getStep(), loop.getInductionVars()))
    ranges.push_back({begin, end, step, variable});
}

//===----------------------------------------------------------------------===//
// Their iterations
//===----------------------------------------------------------------------===//

Value mlir::moe::emitCount(OpBuilder &builder, Location loc, Value begin,
                           Value end, Value step) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value length = builder.createOrFold<arith::SubIOp>(loc, end, begin);
  length = builder.createOrFold<arith::MaxSIOp>(loc, length, zero);
  return builder.createOrFold<arith::CeilDivUIOp>(loc, length, step);
}

scf::ForOp LoopNest::emit(KernelWriter &kernel, Value first,
                          Value stride) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Value total = arith::ConstantIndexOp::create(builder, loc, 1);
  SmallVector<Value> counts;
  for (const Range &range : ranges) {
    counts.push_back(emitCount(builder, loc, kernel.lookup(range.begin),
                               kernel.lookup(range.end),
                               kernel.lookup(range.step)));
    total = builder.createOrFold<arith::MulIOp>(loc, total, counts.back());
  }
  auto loop = scf::ForOp::create(builder, loc, first, total, stride);

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  // The last variable changes fastest.
  Value rest = loop.getInductionVar();
  for (auto [range, count] : llvm::reverse(llvm::zip_equal(ranges, counts))) {
    Value at = rest;
    if (range.variable != ranges.front().variable) {
      at = arith::RemUIOp::create(builder, loc, rest, count);
      rest = arith::DivUIOp::create(builder, loc, rest, count);
    }
    Value scaled =
        builder.createOrFold<arith::MulIOp>(loc, at, kernel.lookup(range.step));
    kernel.map(range.variable, builder.createOrFold<arith::AddIOp>(
                                   loc, scaled, kernel.lookup(range.begin)));
  }
  for (scf::ParallelOp inner : loops)
    for (Operation &op : inner.getBody()->without_terminator())
      if (!llvm::is_contained(loops, &op))
        kernel.clone(&op);
  return loop;
}
