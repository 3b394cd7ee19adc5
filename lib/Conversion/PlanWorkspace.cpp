//===- PlanWorkspace.cpp - moe-plan-workspace -----------------------------===//

#include "TokenBound.h"
#include "moe/Conversion/Passes.h"
#include "moe/Conversion/SliceAssignment.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mlir::moe {
#define GEN_PASS_DEF_PLANWORKSPACEPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Slices begin at multiples of a cache line.
static constexpr int64_t alignment = 64;
/// For which the assignment of slices is good; it is right for any number.
static constexpr int64_t typicalTokens = 1024;

static Value createIndex(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

/// A new last argument.
static BlockArgument addArgument(func::FuncOp func, Type type,
                                 DictionaryAttr attributes = {}) {
  LogicalResult added = func.insertArgument(func.getNumArguments(), type,
                                            attributes, func.getLoc());
  assert(succeeded(added) && "any type can be that of an argument");
  (void)added;
  return func.getArguments().back();
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// The allocation of `buffer`, if it is nothing but that.
static memref::AllocOp getAllocation(Value buffer) {
  return buffer.getDefiningOp<memref::AllocOp>();
}

/// Whether every dynamic extent of `buffer` is the number of tokens, so that
/// the caller can know its size.
static bool hasExtentsOfTokens(Value buffer) {
  if (auto allocation = getAllocation(buffer))
    return llvm::all_of(allocation.getDynamicSizes(), TokenBound::isNumTokens);
  auto type = cast<MemRefType>(buffer.getType());
  return type.hasStaticShape() || isa<BlockArgument>(buffer);
}

/// Makes results arguments that the function writes to: in place where the
/// result is memory of its own, with a copy elsewhere.
static LogicalResult moveResults(func::FuncOp func) {
  Block &body = func.getBody().front();
  auto returned = cast<func::ReturnOp>(body.getTerminator());
  for (auto [i, buffer] : llvm::enumerate(returned.getOperands())) {
    auto type = dyn_cast<MemRefType>(buffer.getType());
    if (!type || !type.getLayout().isIdentity() || !hasExtentsOfTokens(buffer))
      return func.emitError("result ")
             << i << " has type " << buffer.getType()
             << ", expected a buffer whose only dynamic extent is the number "
                "of tokens";
    BlockArgument output = addArgument(func, type, func.getResultAttrDict(i));
    auto allocation = getAllocation(buffer);
    if (allocation && allocation->getBlock() == &body) {
      // A second result of the same memory finds the argument, and copies.
      allocation.getMemref().replaceAllUsesWith(output);
      allocation.erase();
    } else {
      OpBuilder builder(returned);
      memref::CopyOp::create(builder, returned.getLoc(), returned.getOperand(i),
                             output);
    }
  }
  returned->setOperands({});
  return func.eraseResults(llvm::BitVector(func.getNumResults(), true));
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

namespace {
/// An allocation that becomes a slice.
struct Buffer {
  mutable memref::AllocOp allocation;
  /// Around it, innermost first: each iteration has a slice of its own.
  SmallVector<scf::ParallelOp> loops = {};
  BufferLife life = {};
  int64_t slice = 0;

  int64_t getElementBytes() const {
    DataLayout layout = DataLayout::closest(allocation);
    return static_cast<int64_t>(
        layout.getTypeSize(allocation.getType().getElementType()));
  }

  /// Bytes of one iteration: a multiple of the alignment, and a bound.
  Value emitSize(OpBuilder &builder, TokenBound &bound) const;
  /// Bytes of all iterations.
  Value emitTotalSize(OpBuilder &builder, TokenBound &bound) const;
};
} // namespace

template <typename Op>
static Value fold(OpBuilder &builder, Location loc, Value a, Value b) {
  return builder.createOrFold<Op>(loc, a, b);
}

Value Buffer::emitSize(OpBuilder &builder, TokenBound &bound) const {
  Location loc = allocation.getLoc();
  MemRefType type = allocation.getType();
  int64_t bytes = getElementBytes();
  for (int64_t extent : type.getShape())
    if (ShapedType::isStatic(extent))
      bytes *= extent;
  Value size = createIndex(builder, loc, bytes);
  for (Value extent : allocation.getDynamicSizes())
    size = fold<arith::MulIOp>(builder, loc, size, bound.emit(extent));
  Value lines = fold<arith::CeilDivUIOp>(builder, loc, size,
                                         createIndex(builder, loc, alignment));
  return fold<arith::MulIOp>(builder, loc, lines,
                             createIndex(builder, loc, alignment));
}

Value Buffer::emitTotalSize(OpBuilder &builder, TokenBound &bound) const {
  Value size = emitSize(builder, bound);
  for (scf::ParallelOp loop : loops)
    for (Value end : loop.getUpperBound())
      size = fold<arith::MulIOp>(builder, allocation.getLoc(), size,
                                 bound.emit(end));
  return size;
}

/// Whether the variables of `loop` count from 0 to bounds that are known.
static bool isBounded(scf::ParallelOp loop) {
  return llvm::all_of(
             loop.getLowerBound(),
             [](Value begin) { return isConstantIntValue(begin, 0); }) &&
         llvm::all_of(loop.getUpperBound(), TokenBound::isKnown);
}

/// Finds the loops around an allocation and checks that its memory can be
/// given in advance.
static LogicalResult checkBuffer(Buffer &buffer,
                                 const BufferViewFlowAnalysis &views) {
  memref::AllocOp allocation = buffer.allocation;
  for (Value extent : allocation.getDynamicSizes())
    if (!TokenBound::isKnown(extent))
      return allocation.emitError("allocates memory whose size depends on "
                                  "data, expected a function of the number of "
                                  "tokens");
  if (!allocation.getType().getLayout().isIdentity())
    return allocation.emitError("allocates memory of type ")
           << allocation.getType() << ", expected a contiguous one";
  for (Operation *parent = allocation->getParentOp();
       !isa<func::FuncOp>(parent); parent = parent->getParentOp()) {
    if (auto loop = dyn_cast<scf::ParallelOp>(parent)) {
      if (!isBounded(loop))
        return allocation.emitError("allocates memory as often as data says");
      buffer.loops.push_back(loop);
    }
  }
  // The next iteration takes the memory again.
  auto loop = allocation->getParentOfType<LoopLikeOpInterface>();
  if (loop && llvm::any_of(views.resolve(allocation), [&](Value view) {
        return !loop->isProperAncestor(view.getParentRegion()->getParentOp()) &&
               view.getParentRegion()->getParentOp() != loop;
      }))
    return allocation.emitError("is carried out of an iteration of its loop");
  return success();
}

/// Sets from which to which op of the function's body the buffer is used.
static void setLife(Buffer &buffer, const BufferViewFlowAnalysis &views,
                    const DenseMap<Operation *, int64_t> &steps) {
  Block *body = nullptr;
  auto func = buffer.allocation->getParentOfType<func::FuncOp>();
  body = &func.getBody().front();
  auto getStep = [&](Operation *op) {
    return steps.lookup(body->findAncestorOpInBlock(*op));
  };
  buffer.life.first = buffer.life.last = getStep(buffer.allocation);
  for (Value view : views.resolve(buffer.allocation))
    for (Operation *user : view.getUsers()) {
      buffer.life.last = std::max(buffer.life.last, getStep(user));
      // Where an address goes that is no buffer any more, is not followed.
      bool escapes = isa<UnrealizedConversionCastOp,
                         memref::ExtractAlignedPointerAsIndexOp,
                         memref::ExtractStridedMetadataOp>(user);
      if (escapes)
        buffer.life.last = getStep(body->getTerminator());
    }
}

//===----------------------------------------------------------------------===//
// The plan of a function
//===----------------------------------------------------------------------===//

namespace {
class WorkspacePlan {
public:
  explicit WorkspacePlan(func::FuncOp func) : func(func) {}

  /// Finds the buffers and gives them slices.
  LogicalResult make();
  /// Replaces the allocations.
  void apply();
  /// Makes `@<function>_workspace_size`.
  void emitSizeFunction();

private:
  /// Where each slice begins, and behind them all of them end.
  SmallVector<Value> emitOffsets(OpBuilder &builder, Location loc,
                                 Value tokens);
  int64_t evaluateTypicalSize(const Buffer &buffer);

  func::FuncOp func;
  SmallVector<Buffer> buffers;
  int64_t numSlices = 0;
};
} // namespace

LogicalResult WorkspacePlan::make() {
  Block &body = func.getBody().front();
  DenseMap<Operation *, int64_t> steps;
  for (Operation &op : body)
    steps[&op] = static_cast<int64_t>(steps.size());
  BufferViewFlowAnalysis views(func);
  WalkResult result = func.walk([&](memref::AllocOp allocation) {
    Buffer buffer{allocation};
    if (failed(checkBuffer(buffer, views)))
      return WalkResult::interrupt();
    setLife(buffer, views, steps);
    buffer.life.size = evaluateTypicalSize(buffer);
    buffers.push_back(buffer);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  SmallVector<BufferLife> lives;
  for (const Buffer &buffer : buffers)
    lives.push_back(buffer.life);
  for (auto [buffer, slice] : llvm::zip_equal(buffers, assignSlices(lives))) {
    buffer.slice = slice;
    numSlices = std::max(numSlices, slice + 1);
  }
  return success();
}

/// Folds the size for a constant number of tokens.
int64_t WorkspacePlan::evaluateTypicalSize(const Buffer &buffer) {
  Block scratch;
  OpBuilder builder(func.getContext());
  builder.setInsertionPointToStart(&scratch);
  Location loc = func.getLoc();
  TokenBound bound(builder, loc, createIndex(builder, loc, typicalTokens));
  APInt size(64, 0);
  matchPattern(buffer.emitTotalSize(builder, bound), m_ConstantInt(&size));
  return size.getSExtValue();
}

SmallVector<Value> WorkspacePlan::emitOffsets(OpBuilder &builder, Location loc,
                                              Value tokens) {
  TokenBound bound(builder, loc, tokens);
  SmallVector<Value> sizes(numSlices);
  for (const Buffer &buffer : buffers) {
    Value size = buffer.emitTotalSize(builder, bound);
    Value &largest = sizes[buffer.slice];
    largest =
        largest ? fold<arith::MaxSIOp>(builder, loc, largest, size) : size;
  }
  SmallVector<Value> offsets = {createIndex(builder, loc, 0)};
  for (Value size : sizes)
    offsets.push_back(fold<arith::AddIOp>(builder, loc, offsets.back(), size));
  return offsets;
}

void WorkspacePlan::apply() {
  Block &body = func.getBody().front();
  auto bytes = MemRefType::get({ShapedType::kDynamic},
                               IntegerType::get(func.getContext(), 8));
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  Value tokens = TokenBound::emitNumTokens(builder, func);
  SmallVector<Value> offsets = emitOffsets(builder, func.getLoc(), tokens);
  TokenBound bound(builder, func.getLoc(), tokens);
  // Before any of the allocations goes that bounds are read from.
  SmallVector<Value> iterationSizes;
  for (const Buffer &buffer : buffers)
    iterationSizes.push_back(
        buffer.loops.empty() ? Value() : buffer.emitSize(builder, bound));
  SmallVector<SmallVector<Value>> loopEnds;
  for (const Buffer &buffer : buffers) {
    SmallVector<Value> &ends = loopEnds.emplace_back();
    for (scf::ParallelOp loop : buffer.loops)
      for (Value end : loop.getUpperBound())
        ends.push_back(bound.emit(end));
  }
  Value workspace = addArgument(func, bytes);

  for (auto [buffer, iterationSize, ends] :
       llvm::zip_equal(buffers, iterationSizes, loopEnds)) {
    memref::AllocOp allocation = buffer.allocation;
    Location loc = allocation.getLoc();
    builder.setInsertionPoint(allocation);
    Value offset = offsets[buffer.slice];
    // Iterations lie one after the other, those of the outermost loop farthest
    // apart.
    Value stride = iterationSize;
    const Value *end = ends.begin();
    for (scf::ParallelOp loop : buffer.loops)
      for (Value variable : loop.getInductionVars()) {
        offset = arith::AddIOp::create(
            builder, loc, offset,
            arith::MulIOp::create(builder, loc, variable, stride));
        stride = arith::MulIOp::create(builder, loc, stride, *end++);
      }
    auto view =
        memref::ViewOp::create(builder, loc, allocation.getType(), workspace,
                               offset, allocation.getDynamicSizes());
    for (Operation *user : llvm::make_early_inc_range(allocation->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    allocation.getMemref().replaceAllUsesWith(view.getResult());
    allocation.erase();
  }
}

void WorkspacePlan::emitSizeFunction() {
  OpBuilder builder(func);
  Location loc = func.getLoc();
  Type index = builder.getIndexType();
  auto size = func::FuncOp::create(builder, loc,
                                   (func.getName() + "_workspace_size").str(),
                                   builder.getFunctionType({index}, {index}));
  builder.setInsertionPointToStart(size.addEntryBlock());
  SmallVector<Value> offsets = emitOffsets(builder, loc, size.getArgument(0));
  func::ReturnOp::create(builder, loc, offsets.back());
}

namespace {
struct PlanWorkspacePass : moe::impl::PlanWorkspacePassBase<PlanWorkspacePass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func.isPublic() && !func.isExternal())
        functions.push_back(func);
    for (func::FuncOp func : functions)
      if (failed(plan(func)))
        return signalPassFailure();
  }

  static LogicalResult plan(func::FuncOp func) {
    if (!llvm::hasSingleElement(func.getBody()))
      return func.emitError("has branches between blocks, expected structured "
                            "control flow");
    if (failed(TokenBound::checkArguments(func)) || failed(moveResults(func)))
      return failure();
    WorkspacePlan plan(func);
    if (failed(plan.make()))
      return failure();
    plan.emitSizeFunction();
    plan.apply();
    return success();
  }
};
} // namespace
