//===- BlockCode.cpp - Loops of blocks of threads -------------------------===//

#include "BlockCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::moe;

void BlockCode::launch(
    Code &code, Term blocks, int64_t threads, ArrayRef<int64_t> sharedSizes,
    function_ref<void(BlockCode &, ArrayRef<Value> shared)> body) {
  OpBuilder &builder = code.builder;
  MLIRContext *context = builder.getContext();
  SmallVector<Type> shared;
  for (int64_t size : sharedSizes)
    shared.push_back(MemRefType::get(
        {size}, builder.getI32Type(), MemRefLayoutAttrInterface(),
        gpu::AddressSpaceAttr::get(context, gpu::AddressSpace::Workgroup)));
  Term one = code.index(1);
  auto launch = gpu::LaunchOp::create(
      builder, code.loc, blocks, one, one, code.index(threads), one, one,
      /*dynamicSharedMemorySize=*/Value(), /*asyncTokenType=*/Type(),
      /*asyncDependencies=*/ValueRange(), shared);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&launch.getBody().front());

  BlockCode block(code, threads);
  block.thread = code.term(launch.getThreadIds().x);
  block.warp = block.thread / warpSize;
  block.lane = block.thread % warpSize;
  block.block = code.term(launch.getBlockIds().x);
  block.numBlocks = code.term(launch.getGridSize().x);
  SmallVector<Value> buffers(launch.getWorkgroupAttributions());
  body(block, buffers);
  gpu::TerminatorOp::create(builder, code.loc);
}

void BlockCode::forEachOfBlock(Term count, Code::Body body) {
  code.forRange(thread, count, threads, body);
}

void BlockCode::forEachByWarps(Term begin, Term end, Code::Body body) {
  auto loop =
      scf::ParallelOp::create(code.builder, code.loc, ValueRange{begin},
                              ValueRange{end}, ValueRange{code.index(1)});
  OpBuilder::InsertionGuard guard(code.builder);
  code.builder.setInsertionPoint(loop.getBody()->getTerminator());
  body(code.term(loop.getInductionVars()[0]));
}

void BlockCode::add(Term value, Value numbers, Term at) {
  memref::AtomicRMWOp::create(code.builder, code.loc,
                              arith::AtomicRMWKind::addi, toI32(value), numbers,
                              ValueRange{at});
}

void BlockCode::sync() { NVVM::Barrier0Op::create(code.builder, code.loc); }

/// All lanes, or the last one.
static Value makeI32(Code &code, int64_t value) {
  return code.integer(code.builder.getI32Type(), value);
}

void BlockCode::syncWarp() {
  NVVM::SyncWarpOp::create(code.builder, code.loc, makeI32(code, -1));
}

Term BlockCode::toI32(Term number) {
  return code.term(arith::IndexCastOp::create(
      code.builder, code.loc, code.builder.getI32Type(), number));
}

Term BlockCode::toIndex(Value number) {
  return code.term(arith::IndexCastOp::create(
      code.builder, code.loc, code.builder.getIndexType(), number));
}

Term BlockCode::match(Term number) {
  return code.term(NVVM::MatchSyncOp::create(
      code.builder, code.loc, code.builder.getI32Type(), makeI32(code, -1),
      toI32(number), NVVM::MatchSyncKind::any));
}

Term BlockCode::countBefore(Term lanes) {
  Value before = NVVM::LaneMaskLtOp::create(code.builder, code.loc,
                                            code.builder.getI32Type());
  return count(
      code.term(arith::AndIOp::create(code.builder, code.loc, lanes, before)));
}

Term BlockCode::count(Term lanes) {
  return toIndex(math::CtPopOp::create(code.builder, code.loc, lanes));
}

Term BlockCode::sumUpTo(Term number) {
  Term sum = toI32(number);
  for (int64_t distance = 1; distance < warpSize; distance *= 2) {
    Term before = code.term(
        NVVM::ShflOp::create(code.builder, code.loc, sum.type(),
                             makeI32(code, -1), sum, makeI32(code, distance),
                             makeI32(code, 0), NVVM::ShflKind::up, UnitAttr()));
    sum = code.select(lane < static_cast<double>(distance), sum, sum + before);
  }
  return toIndex(sum);
}

Term BlockCode::getOfLast(Term number) {
  return toIndex(NVVM::ShflOp::create(
      code.builder, code.loc, code.builder.getI32Type(), makeI32(code, -1),
      toI32(number), makeI32(code, warpSize - 1), makeI32(code, warpSize - 1),
      NVVM::ShflKind::idx, UnitAttr()));
}
