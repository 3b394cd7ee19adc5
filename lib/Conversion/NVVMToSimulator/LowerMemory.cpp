//===- LowerMemory.cpp - Accesses through the simulator -------------------===//

#include "Calls.h"

#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

/// Whether a pointer leads into a variable that only this thread or no one
/// writes: such accesses need no checks.
static bool isPrivate(Value pointer) {
  while (Operation *op = pointer.getDefiningOp()) {
    if (isa<LLVM::AllocaOp>(op))
      return true;
    if (auto address = dyn_cast<LLVM::AddressOfOp>(op))
      return address.getType().getAddressSpace() != 3;
    if (!isa<LLVM::GEPOp, LLVM::BitcastOp, LLVM::AddrSpaceCastOp>(op))
      return false;
    pointer = op->getOperand(0);
  }
  return false;
}

static bool isShared(Type type) {
  auto pointer = dyn_cast<LLVM::LLVMPointerType>(type);
  return pointer &&
         (pointer.getAddressSpace() == 3 || pointer.getAddressSpace() == 7);
}

int64_t mlir::moe::getAtomicFlags(bool reads, bool writes, bool acquires,
                                  bool releases, Scope scope) {
  return reads | writes << 1 | (acquires && reads) << 2 |
         (releases && writes) << 3 | static_cast<int64_t>(scope) << 4;
}

/// The scope that a name of LLVM means; without one it is that of the system.
static Scope parseScope(std::optional<StringRef> name) {
  return llvm::StringSwitch<Scope>(name.value_or(""))
      .Cases({"singlethread", "block"}, Scope::Cta)
      .Case("cluster", Scope::Cluster)
      .Cases({"device", "agent"}, Scope::Gpu)
      .Default(Scope::System);
}

Scope mlir::moe::getScope(NVVM::MemScopeKind kind) {
  switch (kind) {
  case NVVM::MemScopeKind::CTA:
    return Scope::Cta;
  case NVVM::MemScopeKind::CLUSTER:
    return Scope::Cluster;
  case NVVM::MemScopeKind::GPU:
    return Scope::Gpu;
  case NVVM::MemScopeKind::SYS:
    return Scope::System;
  }
  llvm_unreachable("a scope");
}

static int64_t getFlags(bool reads, bool writes, LLVM::AtomicOrdering order,
                        std::optional<StringRef> scope) {
  using Order = LLVM::AtomicOrdering;
  bool both = order == Order::acq_rel || order == Order::seq_cst;
  return getAtomicFlags(reads, writes, both || order == Order::acquire,
                        both || order == Order::release, parseScope(scope));
}

static Value checkAtomic(Calls &calls, Value pointer, Type type, Operation *op,
                         int64_t flags) {
  auto size = static_cast<int64_t>(DataLayout::closest(op).getTypeSize(type));
  return calls.call("atomic", calls.pointerType(),
                    {calls.toI64(pointer), calls.space(pointer),
                     calls.i64(size), calls.i32(flags)});
}

template <typename Op>
static Value checkAccess(Calls &calls, Op op, Type type, bool write) {
  Value pointer = op.getAddr();
  DataLayout layout = DataLayout::closest(op);
  LLVM::AtomicOrdering order = op.getOrdering();
  if (order != LLVM::AtomicOrdering::not_atomic || op.getVolatile_())
    return checkAtomic(calls, pointer, type, op,
                       getFlags(!write, write, order, op.getSyncscope()));
  uint64_t alignment = op.getAlignment().value_or(
      static_cast<uint64_t>(layout.getTypeABIAlignment(type)));
  auto size = static_cast<int64_t>(layout.getTypeSize(type));
  StringRef name = write ? "store" : "load";
  if constexpr (std::is_same_v<Op, LLVM::LoadOp>)
    if (op.getInvariant())
      name = "load_constant";
  return calls.call(name, calls.pointerType(),
                    {calls.toI64(pointer), calls.space(pointer),
                     calls.i64(size),
                     calls.i64(static_cast<int64_t>(alignment))});
}

/// The address of `length` bytes that an intrinsic reads or writes.
static Value checkBytes(Calls &calls, Value pointer, Value length, bool write) {
  if (isPrivate(pointer))
    return pointer;
  return calls.call(write ? "store" : "load", calls.pointerType(),
                    {calls.toI64(pointer), calls.space(pointer),
                     calls.toI64(length), calls.i64(1)});
}

static void lowerCast(LLVM::AddrSpaceCastOp op, Calls &calls) {
  Value bits = calls.toI64(op.getArg());
  if (isShared(op.getArg().getType()))
    bits = isShared(op.getType())
               ? bits
               : calls.call("to_generic", calls.i64Type(),
                            {bits, calls.space(op.getArg())});
  else
    bits = calls.call("from_generic", calls.i64Type(),
                      {bits, calls.space(op.getRes())});
  op.getRes().replaceAllUsesWith(calls.fromBits(bits, op.getType()));
}

void mlir::moe::lowerFence(Scope scope, Calls &calls) {
  calls.call("fence", {calls.i32(static_cast<int64_t>(scope))});
}

FailureOr<bool> mlir::moe::lowerMemory(Operation *op, Calls &calls) {
  OpBuilder &builder = calls.builder;
  Location loc = op->getLoc();
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<LLVM::LoadOp>([&](LLVM::LoadOp op) {
        if (isPrivate(op.getAddr()))
          return false;
        Value address = checkAccess(calls, op, op.getType(), false);
        op.getRes().replaceAllUsesWith(LLVM::LoadOp::create(
            builder, loc, op.getType(), address, /*alignment=*/1));
        return true;
      })
      .Case<LLVM::StoreOp>([&](LLVM::StoreOp op) {
        if (isPrivate(op.getAddr()))
          return false;
        Value address = checkAccess(calls, op, op.getValue().getType(), true);
        LLVM::StoreOp::create(builder, loc, op.getValue(), address,
                              /*alignment=*/1);
        return true;
      })
      .Case<LLVM::AtomicRMWOp>([&](LLVM::AtomicRMWOp op) {
        Value address = checkAtomic(
            calls, op.getPtr(), op.getType(), op,
            getFlags(true, true, op.getOrdering(), op.getSyncscope()));
        op.getRes().replaceAllUsesWith(
            LLVM::AtomicRMWOp::create(builder, loc, op.getBinOp(), address,
                                      op.getVal(),
                                      LLVM::AtomicOrdering::monotonic)
                .getRes());
        return true;
      })
      .Case<LLVM::AtomicCmpXchgOp>([&](LLVM::AtomicCmpXchgOp op) {
        Value address = checkAtomic(
            calls, op.getPtr(), op.getVal().getType(), op,
            getFlags(true, true, op.getSuccessOrdering(), op.getSyncscope()));
        op.getRes().replaceAllUsesWith(
            LLVM::AtomicCmpXchgOp::create(builder, loc, address, op.getCmp(),
                                          op.getVal(),
                                          LLVM::AtomicOrdering::monotonic,
                                          LLVM::AtomicOrdering::monotonic)
                .getRes());
        return true;
      })
      .Case<LLVM::MemcpyOp, LLVM::MemmoveOp>([&](auto op) {
        Value target = checkBytes(calls, op.getDst(), op.getLen(), true);
        Value source = checkBytes(calls, op.getSrc(), op.getLen(), false);
        decltype(op)::create(builder, loc, target, source, op.getLen(), false);
        return true;
      })
      .Case<LLVM::MemsetOp>([&](LLVM::MemsetOp op) {
        Value target = checkBytes(calls, op.getDst(), op.getLen(), true);
        LLVM::MemsetOp::create(builder, loc, target, op.getVal(), op.getLen(),
                               false);
        return true;
      })
      .Case<LLVM::AddrSpaceCastOp>([&](LLVM::AddrSpaceCastOp op) {
        if (!isShared(op.getArg().getType()) && !isShared(op.getType()))
          return false;
        lowerCast(op, calls);
        return true;
      })
      .Case<LLVM::FenceOp>([&](LLVM::FenceOp op) {
        lowerFence(parseScope(op.getSyncscope()), calls);
        return true;
      })
      .Case<NVVM::MembarOp>([&](NVVM::MembarOp op) {
        lowerFence(getScope(op.getScope()), calls);
        return true;
      })
      .Case<NVVM::FenceScClusterOp, NVVM::FenceSyncRestrictOp>([&](auto) {
        lowerFence(Scope::Cluster, calls);
        return true;
      })
      .Case<NVVM::MapaOp>([&](NVVM::MapaOp op) {
        Value bits = calls.call(
            "map_to_rank", calls.i64Type(),
            {calls.toI64(op.getA()), calls.space(op.getA()), op.getB()});
        op.getRes().replaceAllUsesWith(calls.fromBits(bits, op.getType()));
        return true;
      })
      .Case<NVVM::PrefetchOp>([&](NVVM::PrefetchOp op) {
        if (op.getTensormap()) {
          calls.guard(op, op.getPredicate());
          calls.call("prefetch_map", {calls.toI64(op.getAddr())});
        }
        return true;
      })
      .Case<NVVM::CpAsyncBulkPrefetchOp, NVVM::CpAsyncBulkTensorPrefetchOp>(
          [](auto) { return true; })
      .Default([](Operation *) { return false; });
}
