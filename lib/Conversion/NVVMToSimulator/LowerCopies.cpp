//===- LowerCopies.cpp - Asynchronous copies ------------------------------===//

#include "Calls.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

static Value storeCoordinates(ValueRange coordinates, Calls &calls) {
  Value memory = calls.allocate(5);
  calls.store(memory, coordinates);
  return memory;
}

static Value toMask(Value mask, Calls &calls) {
  return mask ? calls.toI32(mask) : calls.i32(0);
}

static FailureOr<bool>
lowerTensorLoad(NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp op,
                Calls &calls) {
  if (op.getMode() != NVVM::TMALoadMode::TILE || !op.getIm2colOffsets().empty())
    return op.emitError("only copies of mode tile are simulated");
  calls.guard(op, op.getPredicate());
  calls.call("tensor_load",
             {calls.toI64(op.getDstMem()), calls.space(op.getDstMem()),
              op.getTmaDescriptor(),
              storeCoordinates(op.getCoordinates(), calls),
              calls.i32(static_cast<int64_t>(op.getCoordinates().size())),
              calls.toI64(op.getMbar()), toMask(op.getMulticastMask(), calls)});
  return true;
}

template <typename Op>
static FailureOr<bool> lowerTensorStore(Op op, int64_t reduction,
                                        Calls &calls) {
  if (op.getMode() != NVVM::TMAStoreMode::TILE)
    return op.emitError("only copies of mode tile are simulated");
  Value map = op.getTmaDescriptor();
  calls.call("tensor_store",
             {calls.fromBits(calls.toI64(map), calls.pointerType()),
              calls.toI64(op.getSrcMem()),
              storeCoordinates(op.getCoordinates(), calls),
              calls.i32(static_cast<int64_t>(op.getCoordinates().size())),
              calls.i32(reduction)});
  return true;
}

static FailureOr<bool> lowerBulk(Operation *op, Calls &calls) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp>(
          [&](auto op) { return lowerTensorLoad(op, calls); })
      .Case<NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp>([&](auto op) {
        calls.guard(op, op.getPredicate());
        return lowerTensorStore(op, -1, calls);
      })
      .Case<NVVM::CpAsyncBulkTensorReduceOp>([&](auto op) {
        return lowerTensorStore(op, static_cast<int64_t>(op.getRedKind()),
                                calls);
      })
      .Case<NVVM::CpAsyncBulkGlobalToSharedClusterOp>([&](auto op) {
        calls.call("bulk_load",
                   {calls.toI64(op.getDstMem()), calls.space(op.getDstMem()),
                    calls.toI64(op.getSrcMem()), calls.toI64(op.getMbar()),
                    op.getSize(), toMask(op.getMulticastMask(), calls)});
        return true;
      })
      .Case<NVVM::CpAsyncBulkSharedCTAToSharedClusterOp>([&](auto op) {
        calls.call("bulk_send",
                   {calls.toI64(op.getDstMem()), calls.toI64(op.getSrcMem()),
                    calls.toI64(op.getMbar()), op.getSize()});
        return true;
      })
      .Case<NVVM::CpAsyncBulkSharedCTAToGlobalOp>(
          [&](NVVM::CpAsyncBulkSharedCTAToGlobalOp op) -> FailureOr<bool> {
            if (op.getByteMask())
              return op.emitError("a byte mask is not simulated");
            calls.call("bulk_store",
                       {calls.toI64(op.getDstMem()),
                        calls.toI64(op.getSrcMem()), op.getSize()});
            return true;
          })
      .Case<NVVM::CpAsyncBulkCommitGroupOp>([&](auto) {
        calls.call("bulk_commit", {});
        return true;
      })
      .Case<NVVM::CpAsyncBulkWaitGroupOp>([&](auto op) {
        calls.call("bulk_wait", {calls.i32(op.getGroup()),
                                 calls.i32(op.getRead().value_or(false))});
        return true;
      })
      .Default([](Operation *) { return false; });
}

FailureOr<bool> mlir::moe::lowerCopies(Operation *op, Calls &calls) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<NVVM::CpAsyncOp>([&](NVVM::CpAsyncOp op) {
        Value size = calls.i32(op.getSize());
        calls.call("async_copy",
                   {calls.toI64(op.getDst()), calls.toI64(op.getSrc()), size,
                    op.getCpSize() ? op.getCpSize() : size});
        return true;
      })
      .Case<NVVM::CpAsyncCommitGroupOp>([&](auto) {
        calls.call("async_commit", {});
        return true;
      })
      .Case<NVVM::CpAsyncWaitGroupOp>([&](auto op) {
        calls.call("async_wait", {calls.i32(op.getN())});
        return true;
      })
      .Case<NVVM::CpAsyncMBarrierArriveOp>([&](auto op) {
        calls.call("async_arrive",
                   {calls.toI64(op.getAddr()), calls.space(op.getAddr()),
                    calls.i32(op.getNoinc())});
        return true;
      })
      .Default([&](Operation *op) { return lowerBulk(op, calls); });
}
