//===- WarpLoop.cpp - A parallel loop as the warps of a kernel ------------===//

#include "WarpLoop.h"
#include "LoopNest.h"
#include "SequentialLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::moe;

/// Shared memory of a block that leaves room for others on a multiprocessor.
static constexpr int64_t largestShared = 32 << 10;

bool mlir::moe::isForWarps(scf::ParallelOp loop, int64_t threads) {
  bool hasLoops = false, fits = true;
  int64_t bytes = 0;
  loop.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op == loop)
      return WalkResult::advance();
    if (isa<scf::ParallelOp>(op)) {
      hasLoops = true;
      return WalkResult::skip();
    }
    if (auto memory = dyn_cast<memref::AllocaOp>(op)) {
      MemRefType type = memory.getType();
      fits &= type.hasStaticShape() &&
              llvm::all_of(op->getUsers(), [](Operation *user) {
                return isa<memref::LoadOp, memref::StoreOp, vector::LoadOp,
                           vector::StoreOp>(user);
              });
      if (type.hasStaticShape())
        bytes += type.getNumElements() *
                 static_cast<int64_t>(DataLayout::closest(op).getTypeSize(
                     type.getElementType()));
    }
    return WalkResult::advance();
  });
  return hasLoops && fits && bytes * (threads / warpSize) <= largestShared;
}

namespace {
/// Shares what one iteration does between the lanes of a warp.
class LaneSplitter {
public:
  LaneSplitter(MLIRContext *context, Value lane)
      : builder(context), lane(lane) {}

  LogicalResult split(Block &block);

private:
  LogicalResult splitLoop(scf::ParallelOp loop);
  void storeOnce(Operation *op);
  /// What a lane has read or written, others may write or read.
  void synchronize();
  Value reduce(scf::ReduceOp reduction, unsigned number, Value value);
  Value shuffle(Value value, int64_t distance);
  Value i32(int64_t value);

  OpBuilder builder;
  Location loc = UnknownLoc::get(builder.getContext());
  /// As an index.
  Value lane;
};
} // namespace

LogicalResult LaneSplitter::split(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    loc = op.getLoc();
    if (auto loop = dyn_cast<scf::ParallelOp>(op)) {
      if (failed(splitLoop(loop)))
        return failure();
    } else if (op.getNumRegions() > 0) {
      for (Region &region : op.getRegions())
        for (Block &nested : region)
          if (failed(split(nested)))
            return failure();
    } else if (hasEffect<MemoryEffects::Write>(&op)) {
      if (!op.use_empty())
        return op.emitError("writes memory and gives a value, expected one of "
                            "both where all lanes of a warp do the same");
      storeOnce(&op);
    }
  }
  return success();
}

Value LaneSplitter::i32(int64_t value) {
  return arith::ConstantOp::create(
      builder, loc, builder.getI32IntegerAttr(static_cast<int32_t>(value)));
}

void LaneSplitter::synchronize() {
  NVVM::SyncWarpOp::create(builder, loc, i32(-1));
}

void LaneSplitter::storeOnce(Operation *op) {
  builder.setInsertionPoint(op);
  synchronize();
  Value isFirst =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, lane,
                            arith::ConstantIndexOp::create(builder, loc, 0));
  auto branch = scf::IfOp::create(builder, loc, isFirst,
                                  /*withElseRegion=*/false);
  op->moveBefore(branch.thenBlock()->getTerminator());
  builder.setInsertionPointAfter(branch);
  synchronize();
}

/// What `combiner` changes no value by, if that is known.
static std::optional<TypedAttr> getNeutralElement(Operation *combiner) {
  Type type = combiner->getResult(0).getType();
  if (!type.isIndex())
    return arith::getNeutralElement(combiner);
  if (isa<arith::MaxSIOp>(combiner))
    return IntegerAttr::get(type, std::numeric_limits<int64_t>::min());
  if (isa<arith::AddIOp>(combiner))
    return IntegerAttr::get(type, 0);
  return std::nullopt;
}

LogicalResult LaneSplitter::splitLoop(scf::ParallelOp loop) {
  auto reduction = cast<scf::ReduceOp>(loop.getBody()->getTerminator());
  builder.setInsertionPoint(loop);
  SmallVector<Value> initial(loop.getInitVals()), neutral;
  for (Region &region : reduction.getReductions()) {
    Operation *combiner = &region.front().front();
    std::optional<TypedAttr> element = getNeutralElement(combiner);
    if (!element || combiner->getNextNode() != region.front().getTerminator())
      return reduction.emitError("reduces by an operation of which lanes do "
                                 "not know the neutral element");
    neutral.push_back(arith::ConstantOp::create(builder, loc, *element));
  }
  // The lanes take turns in the innermost dimension, where memory is
  // contiguous.
  unsigned last = loop.getNumLoops() - 1;
  Value width = arith::ConstantIndexOp::create(builder, loc, warpSize);
  Value step = loop.getStep()[last];
  Value first =
      arith::AddIOp::create(builder, loc, loop.getLowerBound()[last],
                            arith::MulIOp::create(builder, loc, lane, step));
  loop.getLowerBoundMutable()[last].assign(first);
  loop.getStepMutable()[last].assign(
      arith::MulIOp::create(builder, loc, step, width));
  loop.getInitValsMutable().assign(neutral);
  builder.setInsertionPointAfter(loop);
  for (auto [i, result] : llvm::enumerate(loop.getResults())) {
    Value partial = result;
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : result.getUses())
      uses.push_back(&use);
    Value total = combine(builder, reduction, i, initial[i],
                          reduce(reduction, i, partial));
    for (OpOperand *use : uses)
      use->set(total);
  }
  synchronize();
  // Loops inside are those of a lane.
  SmallVector<scf::ParallelOp> loops;
  loop.walk([&](scf::ParallelOp inner) { loops.push_back(inner); });
  for (scf::ParallelOp inner : loops)
    makeSequential(inner);
  return success();
}

Value LaneSplitter::reduce(scf::ReduceOp reduction, unsigned number,
                           Value value) {
  for (int64_t distance = warpSize / 2; distance > 0; distance /= 2)
    value =
        combine(builder, reduction, number, value, shuffle(value, distance));
  return value;
}

/// The value of the lane whose number differs by the bit `distance`.
Value LaneSplitter::shuffle(Value value, int64_t distance) {
  Type type = value.getType(), word = builder.getI32Type();
  auto exchange = [&](Value part) -> Value {
    return NVVM::ShflOp::create(builder, loc, part.getType(), i32(-1), part,
                                i32(distance), i32(warpSize - 1),
                                NVVM::ShflKind::bfly, UnitAttr());
  };
  if (type.isF32() || type == word)
    return exchange(value);
  if (type.isInteger(1)) {
    Value wide = arith::ExtUIOp::create(builder, loc, word, value);
    return arith::TruncIOp::create(builder, loc, type, exchange(wide));
  }
  Type doubleWord = builder.getI64Type();
  Value bits = value;
  if (type.isIndex())
    bits = arith::IndexCastOp::create(builder, loc, doubleWord, value);
  else if (type.isF64())
    bits = arith::BitcastOp::create(builder, loc, doubleWord, value);
  Value shift =
      arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(32));
  Value low = arith::TruncIOp::create(builder, loc, word, bits);
  Value high = arith::TruncIOp::create(
      builder, loc, word, arith::ShRUIOp::create(builder, loc, bits, shift));
  low = arith::ExtUIOp::create(builder, loc, doubleWord, exchange(low));
  high = arith::ExtUIOp::create(builder, loc, doubleWord, exchange(high));
  bits = arith::OrIOp::create(
      builder, loc, arith::ShLIOp::create(builder, loc, high, shift), low);
  if (type.isIndex())
    return arith::IndexCastOp::create(builder, loc, type, bits);
  if (type.isF64())
    return arith::BitcastOp::create(builder, loc, type, bits);
  return bits;
}

/// Gives memory that is on the stack of an iteration to the warp.
static void shareStack(KernelWriter &kernel, scf::ForOp iterations,
                       Value warpOfBlock, int64_t warps) {
  SmallVector<memref::AllocaOp> stack;
  iterations.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<scf::ParallelOp>(op))
      return WalkResult::skip();
    if (auto memory = dyn_cast<memref::AllocaOp>(op))
      stack.push_back(memory);
    return WalkResult::advance();
  });
  for (memref::AllocaOp memory : stack) {
    MemRefType type = memory.getType();
    SmallVector<int64_t> shape = {warps};
    llvm::append_range(shape, type.getShape());
    Value all = kernel.allocateShared(shape, type.getElementType());
    OpBuilder builder(memory);
    auto number = [&](int64_t value) -> OpFoldResult {
      return builder.getIndexAttr(value);
    };
    SmallVector<OpFoldResult> offsets(shape.size(), number(0)),
        sizes = {number(1)}, strides(shape.size(), number(1));
    offsets[0] = warpOfBlock;
    for (int64_t extent : type.getShape())
      sizes.push_back(number(extent));
    MemRefType part = memref::SubViewOp::inferRankReducedResultType(
        type.getShape(), cast<MemRefType>(all.getType()), offsets, sizes,
        strides);
    Value own = memref::SubViewOp::create(builder, memory.getLoc(), part, all,
                                          offsets, sizes, strides);
    memory.getResult().replaceAllUsesWith(own);
    memory.erase();
  }
}

/// Has the warps from `warp` on take every `stride`-th iteration.
static LogicalResult emitIterations(KernelWriter &kernel, scf::ParallelOp loop,
                                    Value thread, Value warp, Value stride,
                                    Value warpOfBlock, int64_t warpsOfBlock) {
  OpBuilder &builder = kernel.builder;
  Value width = arith::ConstantIndexOp::create(builder, kernel.loc, warpSize);
  Value lane = arith::RemUIOp::create(builder, kernel.loc, thread, width);
  scf::ForOp iterations = LoopNest::ofOneLoop(loop).emit(kernel, warp, stride);
  shareStack(kernel, iterations, warpOfBlock, warpsOfBlock);
  return LaneSplitter(builder.getContext(), lane).split(*iterations.getBody());
}

LogicalResult mlir::moe::emitWarps(KernelWriter &kernel, scf::ParallelOp loop,
                                   int64_t threads) {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  int64_t warpsOfBlock = threads / warpSize;
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value thread = kernel.emitThread();
  Value warp = arith::DivUIOp::create(builder, loc, thread, index(warpSize));
  Value warps = arith::DivUIOp::create(builder, loc, kernel.emitNumThreads(),
                                       index(warpSize));
  Value warpOfBlock =
      arith::RemUIOp::create(builder, loc, warp, index(warpsOfBlock));
  return emitIterations(kernel, loop, thread, warp, warps, warpOfBlock,
                        warpsOfBlock);
}

LogicalResult mlir::moe::emitWarpsOfBlock(KernelWriter &kernel,
                                          scf::ParallelOp loop,
                                          int64_t threads) {
  OpBuilder &builder = kernel.builder;
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, kernel.loc, value);
  };
  Value thread = kernel.emitThreadOfBlock();
  Value warp =
      arith::DivUIOp::create(builder, kernel.loc, thread, index(warpSize));
  int64_t warps = threads / warpSize;
  return emitIterations(kernel, loop, thread, warp, index(warps), warp, warps);
}
