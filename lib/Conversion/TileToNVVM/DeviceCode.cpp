//===- DeviceCode.cpp - Writing kernels of a GPU as formulas --------------===//

#include "DeviceCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::moe;

Term DeviceCode::widen(Term number) {
  return term(
      arith::ExtSIOp::create(builder, loc, builder.getI64Type(), number));
}

Term DeviceCode::narrow(Term number) {
  return term(
      arith::TruncIOp::create(builder, loc, builder.getI32Type(), number));
}

Term DeviceCode::bitXor(Term a, Term b) {
  return term(arith::XOrIOp::create(builder, loc, a.value, b.value));
}

Term DeviceCode::shiftRight(Term a, int64_t bits) {
  return term(arith::ShRUIOp::create(builder, loc, a.value,
                                     integer(a.type(), bits).value));
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

Term DeviceCode::threadIndex() {
  return term(NVVM::ThreadIdXOp::create(builder, loc, builder.getI32Type()));
}

Term DeviceCode::blockIndex() {
  return term(NVVM::BlockIdXOp::create(builder, loc, builder.getI32Type()));
}

Term DeviceCode::gridSize() {
  return term(NVVM::GridDimXOp::create(builder, loc, builder.getI32Type()));
}

void DeviceCode::syncBlock() { NVVM::Barrier0Op::create(builder, loc); }

void DeviceCode::syncCluster() {
  NVVM::ClusterArriveOp::create(builder, loc, /*aligned=*/UnitAttr());
  NVVM::ClusterWaitOp::create(builder, loc, /*aligned=*/UnitAttr());
}

void DeviceCode::syncWarp() { NVVM::SyncWarpOp::create(builder, loc, i32(-1)); }

void DeviceCode::syncAt(Term barrier, int64_t threads) {
  NVVM::BarrierOp::create(builder, loc, TypeRange(), barrier, i32(threads),
                          NVVM::BarrierReductionAttr(), Value());
}

void DeviceCode::arriveAt(Term barrier, int64_t threads) {
  NVVM::BarrierArriveOp::create(builder, loc, barrier, i32(threads));
}

Term DeviceCode::shuffleUp(Term value, int64_t distance) {
  return term(NVVM::ShflOp::create(builder, loc, value.type(), i32(-1), value,
                                   i32(distance), i32(0), NVVM::ShflKind::up,
                                   UnitAttr()));
}

Term DeviceCode::shuffle(Term value, int64_t lane) {
  return term(NVVM::ShflOp::create(builder, loc, value.type(), i32(-1), value,
                                   i32(lane), i32(31), NVVM::ShflKind::idx,
                                   UnitAttr()));
}

void DeviceCode::ifElse(Term condition, function_ref<void()> yes,
                        function_ref<void()> no) {
  auto branch =
      scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenBlock()->getTerminator());
  yes();
  builder.setInsertionPoint(branch.elseBlock()->getTerminator());
  no();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value DeviceCode::advance(Value pointer, Term bytes) {
  return LLVM::GEPOp::create(builder, loc, pointer.getType(),
                             builder.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes.value});
}

Value DeviceCode::advance(Value pointer, int64_t bytes) {
  return LLVM::GEPOp::create(
      builder, loc, pointer.getType(), builder.getI8Type(), pointer,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
}

Term DeviceCode::loadFrom(Value pointer, Type type) {
  return term(LLVM::LoadOp::create(builder, loc, type, pointer));
}

void DeviceCode::storeTo(Value value, Value pointer) {
  LLVM::StoreOp::create(builder, loc, value, pointer);
}

void DeviceCode::storeMatrices(ArrayRef<Value> pairs, Value pointer) {
  NVVM::StMatrixOp::create(
      builder, loc, pointer, pairs, NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(builder.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void DeviceCode::initBarrier(Value barrier, int64_t arrivals) {
  NVVM::MBarrierInitOp::create(builder, loc, barrier, i32(arrivals), Value());
}

void DeviceCode::arrive(Value barrier) {
  NVVM::MBarrierArriveOp::create(builder, loc, /*res=*/Type(), barrier,
                                 /*count=*/Value());
}

void DeviceCode::arriveExpecting(Value barrier, int64_t bytes) {
  NVVM::MBarrierArriveExpectTxOp::create(
      builder, loc, /*res=*/Type(), barrier, i32(bytes),
      NVVM::MemScopeKind::CTA, /*relaxed=*/false, /*predicate=*/Value());
}

void DeviceCode::arriveIn(Value barrier, Term rank) {
  Value there = NVVM::MapaOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext(), 7),
      barrier, rank);
  // Nothing is written for the other block to read: the wider scope would cost
  // a fence of the whole device.
  NVVM::MBarrierArriveOp::create(builder, loc, /*res=*/Type(), there,
                                 /*count=*/Value(), NVVM::MemScopeKind::CTA,
                                 /*relaxed=*/false);
}

/// Nanoseconds that a waiting thread may sleep before it looks again.
static constexpr int64_t longestSleep = 10000000;

void DeviceCode::wait(Value barrier, Term parity) {
  NVVM::MBarrierTryWaitParityOp::create(builder, loc, barrier, parity,
                                        i32(longestSleep));
}

void DeviceCode::fenceAsyncShared() {
  MLIRContext *context = builder.getContext();
  NVVM::FenceProxyOp::create(
      builder, loc,
      NVVM::ProxyKindAttr::get(context, NVVM::ProxyKind::async_shared),
      NVVM::SharedSpaceAttr::get(context, NVVM::SharedSpace::shared_cta));
}

RingPlace DeviceCode::skip(RingPlace place, int64_t distance, int64_t stages) {
  if (distance == 0)
    return place;
  auto moved = static_cast<double>(distance % stages);
  auto size = static_cast<double>(stages);
  Term wraps = place.stage >= size - moved;
  Term stage = place.stage + moved;
  // Whole rounds, and one more where the ring ends.
  bool odd = distance / stages % 2 != 0;
  Term same = place.parity, other = i32(1) - place.parity;
  return {select(wraps, stage - size, stage),
          select(wraps, odd ? same : other, odd ? other : same)};
}
