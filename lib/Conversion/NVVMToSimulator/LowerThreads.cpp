//===- LowerThreads.cpp - Who a thread is, and warps ----------------------===//

#include "Calls.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

/// The special registers, in the runtime's order, after `nvvm.read.ptx.sreg.`.
static constexpr StringLiteral specialRegisters[] = {"tid.x",
                                                     "tid.y",
                                                     "tid.z",
                                                     "ntid.x",
                                                     "ntid.y",
                                                     "ntid.z",
                                                     "ctaid.x",
                                                     "ctaid.y",
                                                     "ctaid.z",
                                                     "nctaid.x",
                                                     "nctaid.y",
                                                     "nctaid.z",
                                                     "clusterid.x",
                                                     "clusterid.y",
                                                     "clusterid.z",
                                                     "nclusterid.x",
                                                     "nclusterid.y",
                                                     "nclusterid.z",
                                                     "cluster.ctaid.x",
                                                     "cluster.ctaid.y",
                                                     "cluster.ctaid.z",
                                                     "cluster.nctaid.x",
                                                     "cluster.nctaid.y",
                                                     "cluster.nctaid.z",
                                                     "cluster.ctarank",
                                                     "cluster.nctarank",
                                                     "laneid",
                                                     "warpsize",
                                                     "warpid",
                                                     "nwarpid",
                                                     "lanemask.eq",
                                                     "lanemask.le",
                                                     "lanemask.lt",
                                                     "lanemask.ge",
                                                     "lanemask.gt",
                                                     "smid",
                                                     "nsmid",
                                                     "gridid",
                                                     "total.smem.size",
                                                     "dynamic.smem.size",
                                                     "clock",
                                                     "clock64",
                                                     "globaltimer",
                                                     "globaltimer.lo"};

static bool lowerSpecialRegister(Operation *op, Calls &calls) {
  StringRef name = op->getName().getStringRef();
  if (!name.consume_front("nvvm.read.ptx.sreg."))
    return false;
  const auto *entry = llvm::find(specialRegisters, name);
  if (entry == std::end(specialRegisters))
    return false;
  // All clocks are one.
  auto number = std::min<int64_t>(entry - std::begin(specialRegisters), 40);
  Value bits =
      calls.call("special_register", calls.i64Type(), {calls.i32(number)});
  op->getResult(0).replaceAllUsesWith(
      calls.fromBits(bits, op->getResult(0).getType()));
  return true;
}

/// The lower half of an i64 as `type`, and whether its bit 32 is set.
static Value makePair(Value bits, LLVM::LLVMStructType type, Calls &calls) {
  OpBuilder &builder = calls.builder;
  Value low = LLVM::TruncOp::create(builder, calls.loc, calls.i32Type(), bits);
  Value high = LLVM::LShrOp::create(builder, calls.loc, bits, calls.i64(32));
  Value flag =
      LLVM::TruncOp::create(builder, calls.loc, builder.getI1Type(), high);
  Value result = LLVM::UndefOp::create(builder, calls.loc, type);
  result = LLVM::InsertValueOp::create(builder, calls.loc, result,
                                       calls.fromBits(low, type.getBody()[0]),
                                       ArrayRef<int64_t>{0});
  return LLVM::InsertValueOp::create(builder, calls.loc, result, flag,
                                     ArrayRef<int64_t>{1});
}

static Value makeResult(Value bits, Type type, Calls &calls) {
  if (auto pair = dyn_cast<LLVM::LLVMStructType>(type))
    return makePair(bits, pair, calls);
  if (bits.getType() == calls.i64Type())
    bits =
        LLVM::TruncOp::create(calls.builder, calls.loc, calls.i32Type(), bits);
  return calls.fromBits(bits, type);
}

FailureOr<bool> mlir::moe::lowerThreads(Operation *op, Calls &calls) {
  if (lowerSpecialRegister(op, calls))
    return true;
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<NVVM::ShflOp>([&](NVVM::ShflOp op) {
        Value bits =
            calls.call("shuffle", calls.i64Type(),
                       {op.getThreadMask(), calls.toI32(op.getVal()),
                        op.getOffset(), op.getMaskAndClamp(),
                        calls.i32(static_cast<int64_t>(op.getKind()))});
        op.getRes().replaceAllUsesWith(makeResult(bits, op.getType(), calls));
        return true;
      })
      .Case<NVVM::VoteSyncOp>([&](NVVM::VoteSyncOp op) {
        Value bits =
            calls.call("vote", calls.i32Type(),
                       {op.getMask(), calls.toI32(op.getPred()),
                        calls.i32(static_cast<int64_t>(op.getKind()))});
        op.getRes().replaceAllUsesWith(calls.fromBits(bits, op.getType()));
        return true;
      })
      .Case<NVVM::MatchSyncOp>([&](NVVM::MatchSyncOp op) {
        bool all = op.getKind() == NVVM::MatchSyncKind::all;
        Value bits = calls.call(
            "match", calls.i64Type(),
            {op.getThreadMask(), calls.toI64(op.getVal()), calls.i32(all)});
        op.getRes().replaceAllUsesWith(makeResult(bits, op.getType(), calls));
        return true;
      })
      .Case<NVVM::ReduxOp>([&](NVVM::ReduxOp op) -> FailureOr<bool> {
        if (op.getAbs() || op.getNan())
          return op.emitError("abs and nan are not simulated");
        Value bits =
            calls.call("reduce", calls.i32Type(),
                       {op.getMaskAndClamp(), calls.toI32(op.getVal()),
                        calls.i32(static_cast<int64_t>(op.getKind()))});
        op.getRes().replaceAllUsesWith(calls.fromBits(bits, op.getType()));
        return true;
      })
      .Case<NVVM::ElectSyncOp>([&](NVVM::ElectSyncOp op) {
        Value mask = op.getMembermask();
        Value bits =
            calls.call("elect", calls.i32Type(), {mask ? mask : calls.i32(-1)});
        op.getPred().replaceAllUsesWith(calls.fromBits(bits, op.getType()));
        return true;
      })
      .Case<NVVM::SyncWarpOp>([&](NVVM::SyncWarpOp op) {
        calls.call("sync_warp", {op.getMask()});
        return true;
      })
      .Case<NVVM::Exit>([&](auto) {
        calls.call("exit", {});
        return true;
      })
      .Case<LLVM::Trap, LLVM::DebugTrap, NVVM::Breakpoint>([&](auto) {
        calls.call("trap", {});
        return true;
      })
      .Case<NVVM::NanosleepOp>([&](auto) {
        calls.call("sleep", {});
        return true;
      })
      .Case<NVVM::PMEventOp>([](auto) { return true; })
      .Default([](Operation *) { return false; });
}
