//===- OutlineKernels.cpp - moe-outline-kernels ---------------------------===//
//
// Of the ops of a function's body, those that touch memory go to the device, in
// order: a parallel loop as a kernel with a thread for each iteration, the ops
// between two such kernels as a kernel of one thread. What remains on the host
// are numbers and addresses.
//
//===----------------------------------------------------------------------===//

#include "../DeviceModule.h"
#include "../TokenBound.h"
#include "LaunchBody.h"
#include "LoopNest.h"
#include "WarpLoop.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::moe {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Threads of a block.
static constexpr int64_t blockSize = 128;

/// Whether `load` reads a number that one store has written for good, as
/// moe-keep-scalars stores it: it may be read later instead.
static bool readsKeptScalar(Operation *op) {
  auto load = dyn_cast<memref::LoadOp>(op);
  if (!load || load.getMemRefType().getRank() != 0)
    return false;
  int64_t stores = 0;
  for (Operation *user : load.getMemRef().getUsers()) {
    if (isa<memref::LoadOp>(user))
      continue;
    if (!isa<memref::StoreOp>(user) || user->getBlock() != op->getBlock() ||
        !user->isBeforeInBlock(op))
      return false;
    ++stores;
  }
  return stores == 1 && load.getMemRef().getDefiningOp<memref::ViewOp>();
}

/// Loops in place of a copy.
static void expandCopy(memref::CopyOp copy) {
  OpBuilder builder(copy);
  Location loc = copy.getLoc();
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0),
        one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto type = cast<MemRefType>(copy.getSource().getType());
  SmallVector<Value> ends;
  for (int64_t d = 0; d < type.getRank(); ++d)
    ends.push_back(
        builder.createOrFold<memref::DimOp>(loc, copy.getSource(), d));
  // A number is copied in one iteration.
  size_t dimensions = std::max<size_t>(ends.size(), 1);
  ends.resize(dimensions, one);
  auto loop = scf::ParallelOp::create(
      builder, loc, SmallVector<Value>(dimensions, zero), ends,
      SmallVector<Value>(dimensions, one));
  builder.setInsertionPointToStart(loop.getBody());
  ValueRange at =
      ValueRange(loop.getInductionVars()).take_front(type.getRank());
  Value element = memref::LoadOp::create(builder, loc, copy.getSource(), at);
  memref::StoreOp::create(builder, loc, element, copy.getTarget(), at);
  copy.erase();
}

namespace {
/// Moves what one function does with memory to kernels.
class Outliner {
public:
  Outliner(func::FuncOp function, int64_t maxBlocks)
      : function(function), body(function.getBody().front()),
        maxBlocks(maxBlocks) {}

  LogicalResult outline();

private:
  /// Whether the host does `op` itself, or leaves it to kernels that use it.
  bool staysOnHost(Operation *op) const;
  void findDeviceValues();
  KernelWriter makeKernel(int64_t threads, Operation *launchPoint);
  LogicalResult outlineLoop(scf::ParallelOp loop);
  LogicalResult outlineLaunch(gpu::LaunchOp launch);
  LogicalResult outlineSequence(ArrayRef<Operation *> ops);
  /// Blocks for the iterations of the nest, of which each takes so many at a
  /// time.
  Value emitBlocks(const LoopNest &nest, int64_t iterationsOfBlock,
                   Operation *launchPoint);
  void eraseDeadOps();
  /// Replaces device values in what the host does by their bounds.
  LogicalResult boundHostValues();
  LogicalResult boundOperand(OpOperand &operand);

  func::FuncOp function;
  Block &body;
  int64_t maxBlocks;
  /// Loads of the body that kernels do again.
  DenseSet<Operation *> keptScalars;
  DeviceValues deviceValues;
  gpu::GPUModuleOp device;
  std::optional<SymbolTable> symbols;
  int64_t numKernels = 0;
};
} // namespace

bool Outliner::staysOnHost(Operation *op) const {
  return isMemoryEffectFree(op) || keptScalars.contains(op) ||
         op->hasTrait<OpTrait::IsTerminator>() ||
         isa<gpu::LaunchFuncOp, func::CallOp>(op) ||
         (!isa<memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>(
              op->getDialect()) &&
          !isa<gpu::LaunchOp>(op));
}

/// Whether the iterations of a loop can be a kernel's. Those of a reduction of
/// the whole are not.
static bool isParallel(Operation *op) {
  auto loop = dyn_cast<scf::ParallelOp>(op);
  return loop && loop.getInitVals().empty();
}

/// Whether what is in `op` is for the host.
static bool holdsLaunch(Operation *op) {
  return op
      ->walk([](Operation *nested) {
        return isa<gpu::LaunchFuncOp, func::CallOp>(nested)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

void Outliner::findDeviceValues() {
  deviceValues.clear();
  for (Operation &op : body) {
    bool depends = keptScalars.contains(&op);
    if (isMemoryEffectFree(&op))
      depends = llvm::any_of(getUsedValues(&op), [&](Value value) {
        return deviceValues.contains(value);
      });
    if (depends)
      deviceValues.insert_range(op.getResults());
  }
}

/// Whether only `piece` itself uses what its ops give.
static LogicalResult checkResults(ArrayRef<Operation *> piece) {
  for (Operation *op : piece)
    for (Operation *user : op->getUsers())
      if (!llvm::is_contained(piece,
                              op->getBlock()->findAncestorOpInBlock(*user)))
        return op->emitError("computes a number on the device that others use, "
                             "expected it to be kept by moe-keep-scalars");
  return success();
}

LogicalResult Outliner::outline() {
  function.walk([](memref::CopyOp copy) { expandCopy(copy); });
  for (Operation &op : body)
    if (readsKeptScalar(&op))
      keptScalars.insert(&op);
  findDeviceValues();

  SmallVector<SmallVector<Operation *>> pieces;
  bool continues = false;
  for (Operation &op : body) {
    if (staysOnHost(&op)) {
      // A launch between two ops separates them.
      continues &= isMemoryEffectFree(&op) || keptScalars.contains(&op);
      continue;
    }
    if (holdsLaunch(&op))
      return op.emitError("launches kernels or calls functions inside control "
                          "flow, expected them in the function's body");
    bool isKernel = isParallel(&op) || isa<gpu::LaunchOp>(op);
    if (!continues || isKernel)
      pieces.emplace_back();
    pieces.back().push_back(&op);
    continues = !isKernel;
  }
  if (pieces.empty())
    return success();

  device = getDeviceModule(function->getParentOfType<ModuleOp>());
  symbols.emplace(device);
  for (ArrayRef<Operation *> piece : pieces) {
    if (failed(checkResults(piece)))
      return failure();
    LogicalResult outlined =
        llvm::TypeSwitch<Operation *, LogicalResult>(piece.front())
            .Case<scf::ParallelOp>([&](auto loop) {
              return isParallel(loop) ? outlineLoop(loop)
                                      : outlineSequence(piece);
            })
            .Case<gpu::LaunchOp>(
                [&](auto launch) { return outlineLaunch(launch); })
            .Default([&](auto) { return outlineSequence(piece); });
    if (failed(outlined))
      return failure();
    for (Operation *op : llvm::reverse(piece))
      op->erase();
  }
  return boundHostValues();
}

KernelWriter Outliner::makeKernel(int64_t threads, Operation *launchPoint) {
  std::string name =
      (function.getName() + "_kernel_" + Twine(numKernels++)).str();
  return KernelWriter(name, device, *symbols, deviceValues, threads,
                      launchPoint);
}

LogicalResult Outliner::outlineLoop(scf::ParallelOp loop) {
  KernelWriter kernel = makeKernel(blockSize, loop);
  if (failed(kernel.useOperands(loop)))
    return failure();
  LoopNest nest(loop);
  if (isForWarps(nest.getInnermost(), blockSize)) {
    if (failed(emitWarps(kernel, loop, blockSize)))
      return failure();
    kernel.launch(
        emitBlocks(LoopNest::ofOneLoop(loop), blockSize / warpSize, loop));
    return success();
  }
  nest.emit(kernel, kernel.emitThread(), kernel.emitNumThreads());
  kernel.launch(emitBlocks(nest, blockSize, loop));
  return success();
}

LogicalResult Outliner::outlineLaunch(gpu::LaunchOp launch) {
  std::optional<int64_t> threads = getBlockSize(launch);
  if (!threads)
    return launch.emitError(
        "expected blocks of one dimension and of a constant "
        "number of threads");
  KernelWriter kernel = makeKernel(*threads, launch);
  if (failed(emitLaunchBody(launch, kernel)))
    return failure();
  kernel.launch(launch.getGridSizeX());
  return success();
}

LogicalResult Outliner::outlineSequence(ArrayRef<Operation *> ops) {
  KernelWriter kernel = makeKernel(/*threads=*/1, ops.back());
  for (Operation *op : ops) {
    if (failed(kernel.useOperands(op)))
      return failure();
    kernel.clone(op);
  }
  OpBuilder builder(ops.back());
  kernel.launch(arith::ConstantIndexOp::create(builder, kernel.loc, 1));
  return success();
}

//===----------------------------------------------------------------------===//
// Numbers of the host
//===----------------------------------------------------------------------===//

Value Outliner::emitBlocks(const LoopNest &nest, int64_t iterationsOfBlock,
                           Operation *launchPoint) {
  OpBuilder builder(launchPoint);
  Location loc = launchPoint->getLoc();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  TokenBound bound(builder, loc, TokenBound::emitNumTokens(builder, function));
  Value total = index(1);
  for (const LoopNest::Range &range : nest.getRanges()) {
    Value count;
    if (!llvm::any_of(
            ValueRange{range.begin, range.end, range.step},
            [&](Value value) { return deviceValues.contains(value); }))
      count = emitCount(builder, loc, range.begin, range.end, range.step);
    else if (TokenBound::isKnown(range.end))
      count = bound.emit(range.end);
    else
      // Threads take iterations until none is left.
      return index(maxBlocks);
    total = builder.createOrFold<arith::MulIOp>(loc, total, count);
  }
  Value blocks = builder.createOrFold<arith::CeilDivUIOp>(
      loc, total, index(iterationsOfBlock));
  blocks = builder.createOrFold<arith::MinUIOp>(loc, blocks, index(maxBlocks));
  return builder.createOrFold<arith::MaxUIOp>(loc, blocks, index(1));
}

LogicalResult Outliner::boundOperand(OpOperand &operand) {
  Operation *user = operand.getOwner();
  if (!TokenBound::isKnown(operand.get())) {
    InFlightDiagnostic error = user->emitError(
        "needs a number on the host that the device computes, expected one "
        "with a bound that the number of tokens sets");
    error.attachNote(operand.get().getLoc()) << "computed here";
    return error;
  }
  OpBuilder builder(user);
  TokenBound bound(builder, user->getLoc(),
                   TokenBound::emitNumTokens(builder, function));
  operand.set(bound.emit(operand.get()));
  return success();
}

void Outliner::eraseDeadOps() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op)) {
      keptScalars.erase(&op);
      op.erase();
    }
  findDeviceValues();
}

LogicalResult Outliner::boundHostValues() {
  // What only kernels needed goes.
  eraseDeadOps();
  // The address of a buffer does not depend on its size.
  for (auto view : body.getOps<memref::ViewOp>())
    for (OpOperand &size : view->getOpOperands().drop_front(2))
      if (deviceValues.contains(size.get()) && failed(boundOperand(size)))
        return failure();
  findDeviceValues();
  for (Operation &op : body) {
    if (isMemoryEffectFree(&op) && !op.hasTrait<OpTrait::IsTerminator>())
      continue;
    auto launch = dyn_cast<gpu::LaunchFuncOp>(op);
    for (OpOperand &operand : op.getOpOperands()) {
      if (!deviceValues.contains(operand.get()))
        continue;
      bool isSize = launch && !llvm::is_contained(launch.getKernelOperands(),
                                                  operand.get());
      if (!isSize && !isa<func::CallOp>(op))
        return op.emitError("needs a number on the host that the device "
                            "computes");
      if (failed(boundOperand(operand)))
        return failure();
    }
  }
  eraseDeadOps();
  return success();
}

namespace {
struct OutlineKernelsPass
    : moe::impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  using OutlineKernelsPassBase::OutlineKernelsPassBase;

  void runOnOperation() override {
    for (auto function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (function.isExternal())
        continue;
      if (!llvm::hasSingleElement(function.getBody())) {
        function.emitError("has branches between blocks, expected structured "
                           "control flow");
        return signalPassFailure();
      }
      if (failed(Outliner(function, maxBlocks).outline()))
        return signalPassFailure();
    }
  }
};
} // namespace
