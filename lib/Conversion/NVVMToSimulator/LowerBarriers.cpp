//===- LowerBarriers.cpp - Waiting for others -----------------------------===//

#include "Calls.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

static Value orZero(Value value, Calls &calls) {
  return value ? value : calls.i32(0);
}

/// An arrival at an mbarrier of `count` threads that announces `bytes`.
template <typename Op>
static void lowerArrive(Op op, Value count, Value bytes, int64_t flags,
                        Calls &calls) {
  Value phase =
      calls.call("mbarrier_arrive", calls.i64Type(),
                 {calls.toI64(op.getAddr()), calls.space(op.getAddr()), count,
                  bytes, calls.i32(flags)});
  if (op->getNumResults())
    op->getResult(0).replaceAllUsesWith(phase);
}

/// Bits of the runtime's flags.
static constexpr int64_t drop = 1, relaxed = 2, noComplete = 4;

static FailureOr<bool> lowerMbarriers(Operation *op, Calls &calls) {
  auto one = [&](Value count) { return count ? count : calls.i32(1); };
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<NVVM::MBarrierInitOp>([&](NVVM::MBarrierInitOp op) {
        calls.guard(op, op.getPredicate());
        calls.call("mbarrier_init", {calls.toI64(op.getAddr()),
                                     calls.space(op.getAddr()), op.getCount()});
        return true;
      })
      .Case<NVVM::MBarrierInvalOp>([&](NVVM::MBarrierInvalOp op) {
        calls.call("mbarrier_invalidate",
                   {calls.toI64(op.getAddr()), calls.space(op.getAddr())});
        return true;
      })
      .Case<NVVM::MBarrierExpectTxOp>([&](NVVM::MBarrierExpectTxOp op) {
        calls.call("mbarrier_expect",
                   {calls.toI64(op.getAddr()), calls.space(op.getAddr()),
                    op.getTxcount()});
        return true;
      })
      .Case<NVVM::MBarrierCompleteTxOp>([&](NVVM::MBarrierCompleteTxOp op) {
        calls.call("mbarrier_complete",
                   {calls.toI64(op.getAddr()), calls.space(op.getAddr()),
                    op.getTxcount()});
        return true;
      })
      .Case<NVVM::MBarrierArriveOp>([&](NVVM::MBarrierArriveOp op) {
        lowerArrive(op, one(op.getCount()), calls.i32(0),
                    op.getRelaxed() ? relaxed : 0, calls);
        return true;
      })
      .Case<NVVM::MBarrierArriveDropOp>([&](NVVM::MBarrierArriveDropOp op) {
        lowerArrive(op, one(op.getCount()), calls.i32(0),
                    drop | (op.getRelaxed() ? relaxed : 0), calls);
        return true;
      })
      .Case<NVVM::MBarrierArriveNocompleteOp>([&](auto op) {
        lowerArrive(op, op.getCount(), calls.i32(0), noComplete, calls);
        return true;
      })
      .Case<NVVM::MBarrierArriveDropNocompleteOp>([&](auto op) {
        lowerArrive(op, op.getCount(), calls.i32(0), drop | noComplete, calls);
        return true;
      })
      .Case<NVVM::MBarrierArriveExpectTxOp>(
          [&](NVVM::MBarrierArriveExpectTxOp op) -> FailureOr<bool> {
            if (op.getPredicate() && op->getNumResults())
              return op.emitError("a predicate and a result are not simulated");
            calls.guard(op, op.getPredicate());
            lowerArrive(op, calls.i32(1), op.getTxcount(),
                        op.getRelaxed() ? relaxed : 0, calls);
            return true;
          })
      .Case<NVVM::MBarrierArriveDropExpectTxOp>([&](auto op) {
        lowerArrive(op, calls.i32(1), op.getTxcount(),
                    drop | (op.getRelaxed() ? relaxed : 0), calls);
        return true;
      })
      .Case<NVVM::MBarrierTryWaitParityOp>(
          [&](NVVM::MBarrierTryWaitParityOp op) {
            calls.call("mbarrier_wait",
                       {calls.toI64(op.getAddr()), calls.space(op.getAddr()),
                        op.getPhase()});
            return true;
          })
      .Case<NVVM::MBarrierTestWaitOp, NVVM::MBarrierTryWaitOp>([&](auto op) {
        Value state = op.getStateOrPhase();
        Value done = calls.call("mbarrier_test", calls.i32Type(),
                                {calls.toI64(op.getAddr()),
                                 calls.space(op.getAddr()), calls.toI64(state),
                                 calls.i32(state.getType().isInteger(32))});
        op.getRes().replaceAllUsesWith(calls.fromBits(done, op.getType()));
        return true;
      })
      .Default([](Operation *) { return false; });
}

/// The memory that a fence makes visible to the async proxy.
static constexpr int64_t sharedSpace = 1, globalSpace = 2;

static int64_t getFencedSpaces(NVVM::ProxyKind kind) {
  switch (kind) {
  case NVVM::ProxyKind::async:
    return sharedSpace | globalSpace;
  case NVVM::ProxyKind::async_shared:
    return sharedSpace;
  case NVVM::ProxyKind::async_global:
    return globalSpace;
  default:
    return 0;
  }
}

FailureOr<bool> mlir::moe::lowerBarriers(Operation *op, Calls &calls) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<NVVM::Barrier0Op>([&](auto) {
        calls.call("barrier_sync", calls.i32Type(),
                   {calls.i32(0), calls.i32(0), calls.i32(0), calls.i32(0)});
        return true;
      })
      .Case<NVVM::BarrierOp>([&](NVVM::BarrierOp op) {
        int64_t reduction = op.getReductionOp()
                                ? static_cast<int64_t>(*op.getReductionOp())
                                : 0;
        Value result = calls.call("barrier_sync", calls.i32Type(),
                                  {orZero(op.getBarrierId(), calls),
                                   orZero(op.getNumberOfThreads(), calls),
                                   calls.i32(reduction),
                                   orZero(op.getReductionPredicate(), calls)});
        if (op->getNumResults())
          op->getResult(0).replaceAllUsesWith(result);
        return true;
      })
      .Case<NVVM::BarrierArriveOp>([&](NVVM::BarrierArriveOp op) {
        calls.call("barrier_arrive",
                   {orZero(op.getBarrierId(), calls), op.getNumberOfThreads()});
        return true;
      })
      .Case<NVVM::ClusterArriveOp>([&](auto) {
        calls.call("cluster_arrive", {calls.i32(0)});
        return true;
      })
      .Case<NVVM::ClusterArriveRelaxedOp>([&](auto) {
        calls.call("cluster_arrive", {calls.i32(1)});
        return true;
      })
      .Case<NVVM::ClusterWaitOp>([&](auto) {
        calls.call("cluster_wait", {});
        return true;
      })
      .Case<NVVM::FenceMbarrierInitOp>([&](auto) {
        calls.call("fence_mbarrier_init", {});
        return true;
      })
      .Case<NVVM::FenceProxyOp>([&](NVVM::FenceProxyOp op) {
        // Other proxies than the async one are not told apart.
        if (int64_t spaces = getFencedSpaces(op.getKind()))
          calls.call("fence_proxy_async", {calls.i32(spaces)});
        return true;
      })
      .Case<NVVM::FenceProxySyncRestrictOp>([&](auto) {
        calls.call("fence_proxy_async", {calls.i32(sharedSpace)});
        return true;
      })
      .Case<NVVM::FenceProxyAcquireOp, NVVM::FenceProxyReleaseOp>([&](auto op) {
        lowerFence(getScope(op.getScope()), calls);
        return true;
      })
      .Case<NVVM::SetMaxRegisterOp>([&](NVVM::SetMaxRegisterOp op) {
        bool increase = op.getAction() == NVVM::SetMaxRegisterAction::increase;
        calls.call("set_max_registers",
                   {calls.i32(op.getRegCount()), calls.i32(increase)});
        return true;
      })
      .Case<NVVM::GriddepcontrolOp>([&](NVVM::GriddepcontrolOp op) {
        calls.call(op.getKind() == NVVM::GridDepActionKind::wait
                       ? "grid_wait"
                       : "grid_launch_dependents",
                   {});
        return true;
      })
      .Default([&](Operation *op) { return lowerMbarriers(op, calls); });
}
