//===- LowerPtxMemory.cpp - PTX that accesses memory ----------------------===//

#include "LowerPtx.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::moe;

namespace {
/// What the modifiers of an access say.
struct Access {
  /// LLVM's number of the address space.
  int64_t space = 0;
  Scope scope = Scope::System;
  bool strong = false, acquires = false, releases = false, nonCoherent = false;
  unsigned count = 1;
  /// What is left: operations and the type.
  SmallVector<StringRef> rest;
};
} // namespace

static Access parseModifiers(const PtxInstruction &instruction) {
  Access access;
  bool hasScope = false;
  for (StringRef modifier : instruction.getModifiers()) {
    auto space = llvm::StringSwitch<int64_t>(modifier)
                     .Case("global", 1)
                     .Cases({"shared", "shared::cta"}, 3)
                     .Case("shared::cluster", 7)
                     .Default(0);
    auto scope = llvm::StringSwitch<std::optional<Scope>>(modifier)
                     .Case("cta", Scope::Cta)
                     .Case("cluster", Scope::Cluster)
                     .Case("gpu", Scope::Gpu)
                     .Case("sys", Scope::System)
                     .Default(std::nullopt);
    if (space) {
      access.space = space;
    } else if (scope) {
      access.scope = *scope;
      hasScope = true;
    } else if (modifier == "acquire" || modifier == "release" ||
               modifier == "acq_rel" || modifier == "relaxed" ||
               modifier == "volatile") {
      access.strong = true;
      access.acquires = modifier == "acquire" || modifier == "acq_rel";
      access.releases = modifier == "release" || modifier == "acq_rel";
    } else if (modifier == "nc") {
      access.nonCoherent = true;
    } else if (modifier == "v2" || modifier == "v4" || modifier == "v8") {
      access.count = static_cast<unsigned>(modifier[1] - '0');
    } else if (modifier != "weak" && modifier != "ca" && modifier != "cg" &&
               modifier != "cs" && modifier != "lu" && modifier != "cv" &&
               modifier != "wb" && modifier != "wt" &&
               !modifier.starts_with("L1::") && !modifier.starts_with("L2::")) {
      access.rest.push_back(modifier);
    }
  }
  // Reductions without a scope have that of the device.
  if (!hasScope && instruction.getName() != "ld" &&
      instruction.getName() != "st")
    access.scope = Scope::Gpu;
  return access;
}

/// The operands of a vector, or the one.
static ArrayRef<PtxOperand> getElements(const PtxOperand &operand) {
  if (operand.kind == PtxOperand::Kind::Vector)
    return operand.elements;
  return operand;
}

static Value addOffset(Value address, int64_t bytes, Calls &calls) {
  return bytes ? LLVM::AddOp::create(calls.builder, calls.loc, address,
                                     calls.i64(bytes))
                     .getResult()
               : address;
}

/// Bits in a type such as `b32`, or 0.
static unsigned getWidth(StringRef type) {
  unsigned width = 0;
  return type.drop_front(1).getAsInteger(10, width) ? 0 : width;
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

bool mlir::moe::lowerPtxAccess(const PtxInstruction &instruction,
                               PtxBlock &block, Calls &calls) {
  Access access = parseModifiers(instruction);
  bool write = instruction.getName() == "st";
  if (access.rest.size() != 1 || instruction.operands.size() != 2)
    return false;
  unsigned width = getWidth(access.rest[0]);
  Value address = block.getAddress(instruction.operands[write ? 0 : 1]);
  ArrayRef<PtxOperand> elements =
      getElements(instruction.operands[write ? 1 : 0]);
  if (width < 8 || !address || elements.size() != access.count ||
      (access.strong && access.count != 1))
    return false;
  int64_t bytes = width / 8, all = bytes * access.count;
  Value space = calls.i32(access.space);
  Value data;
  if (access.strong)
    data =
        calls.call("atomic", calls.pointerType(),
                   {address, space, calls.i64(bytes),
                    calls.i32(getAtomicFlags(!write, write, access.acquires,
                                             access.releases, access.scope))});
  else
    data = calls.call(write                ? "store"
                      : access.nonCoherent ? "load_constant"
                                           : "load",
                      calls.pointerType(),
                      {address, space, calls.i64(all), calls.i64(all)});
  Type type = calls.builder.getIntegerType(width);
  for (auto [i, element] : llvm::enumerate(elements)) {
    Value at = LLVM::GEPOp::create(
        calls.builder, calls.loc, calls.pointerType(), type, data,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    if (!write) {
      if (!block.set(element, LLVM::LoadOp::create(calls.builder, calls.loc,
                                                   type, at, /*alignment=*/1)))
        return false;
      continue;
    }
    Value bits = block.getBits(element, width);
    if (!bits)
      return false;
    LLVM::StoreOp::create(calls.builder, calls.loc, bits, at, /*alignment=*/1);
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Atomics
//===----------------------------------------------------------------------===//

static std::optional<LLVM::AtomicBinOp> getOperation(StringRef name,
                                                     StringRef type) {
  using Op = LLVM::AtomicBinOp;
  bool isFloat = type.contains('f'), isSigned = type.starts_with("s");
  return llvm::StringSwitch<std::optional<Op>>(name)
      .Case("add", isFloat ? Op::fadd : Op::add)
      .Case("min", isFloat    ? Op::fmin
                   : isSigned ? Op::min
                              : Op::umin)
      .Case("max", isFloat    ? Op::fmax
                   : isSigned ? Op::max
                              : Op::umax)
      .Case("and", Op::_and)
      .Case("or", Op::_or)
      .Case("xor", Op::_xor)
      .Case("exch", Op::xchg)
      .Case("inc", Op::uinc_wrap)
      .Case("dec", Op::udec_wrap)
      .Default(std::nullopt);
}

/// The elements of a register of a type such as `f32` or `bf16x2`.
static std::pair<Type, unsigned> getElementType(StringRef name,
                                                Builder &builder) {
  unsigned count = name.consume_back("x2") ? 2 : 1;
  if (name == "bf16")
    return {builder.getBF16Type(), count};
  if (name == "f16")
    return {builder.getF16Type(), count};
  if (name == "f32")
    return {builder.getF32Type(), count};
  if (name == "f64")
    return {builder.getF64Type(), count};
  unsigned width = getWidth(name);
  return {width ? builder.getIntegerType(width) : Type(), count};
}

bool mlir::moe::lowerPtxAtomic(const PtxInstruction &instruction,
                               PtxBlock &block, Calls &calls) {
  OpBuilder &builder = calls.builder;
  Access access = parseModifiers(instruction);
  bool hasResult = instruction.getName() == "atom";
  llvm::erase(access.rest, "noftz");
  if (access.rest.size() != 2 ||
      instruction.operands.size() != (hasResult ? 3 : 2))
    return false;
  auto operation = getOperation(access.rest[0], access.rest[1]);
  auto [type, perRegister] = getElementType(access.rest[1], builder);
  Value address = block.getAddress(instruction.operands[hasResult]);
  ArrayRef<PtxOperand> values = getElements(instruction.operands.back());
  if (!operation || !type || !address || values.size() != access.count ||
      (hasResult && (perRegister != 1 || access.count != 1)))
    return false;
  unsigned width = type.getIntOrFloatBitWidth();
  int64_t bytes = width / 8;
  Value flags = calls.i32(getAtomicFlags(true, true, access.acquires,
                                         access.releases, access.scope));
  // The whole vector must be aligned, each element is an access of its own.
  int64_t all = bytes * perRegister * access.count;
  calls.call("check_alignment", {address, calls.i64(all)});
  for (auto [i, operand] : llvm::enumerate(values)) {
    Value bits = block.getBits(operand, width * perRegister);
    if (!bits)
      return false;
    for (unsigned j = 0; j < perRegister; ++j) {
      Value at = addOffset(
          address, (static_cast<int64_t>(i) * perRegister + j) * bytes, calls);
      Value data =
          calls.call("atomic", calls.pointerType(),
                     {at, calls.i32(access.space), calls.i64(bytes), flags});
      Type integer = builder.getIntegerType(width);
      Value value = bits;
      if (perRegister > 1) {
        Value shift = LLVM::ConstantOp::create(
            builder, calls.loc, bits.getType(), int64_t(width) * j);
        value = LLVM::TruncOp::create(
            builder, calls.loc, integer,
            LLVM::LShrOp::create(builder, calls.loc, bits, shift));
      }
      Value old = LLVM::AtomicRMWOp::create(builder, calls.loc, *operation,
                                            data, calls.fromBits(value, type),
                                            LLVM::AtomicOrdering::monotonic);
      if (hasResult && !block.set(instruction.operands[0], old))
        return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Bulk reductions
//===----------------------------------------------------------------------===//

/// `cp.reduce.async.bulk.global.shared::cta.bulk_group.add.noftz.bf16`, which
/// has no op.
bool mlir::moe::lowerPtxReduce(const PtxInstruction &instruction,
                               PtxBlock &block, Calls &calls) {
  StringRef opcode = instruction.opcode;
  if (!opcode.consume_front(
          "cp.reduce.async.bulk.global.shared::cta.bulk_group.") ||
      instruction.operands.size() < 3)
    return false;
  opcode.consume_front("L2::cache_hint.");
  auto [operation, type] = opcode.split('.');
  bool keepsDenormals = type.consume_front("noftz.");
  // As the runtime counts.
  auto kind = llvm::StringSwitch<int64_t>(operation)
                  .Case("add", 0)
                  .Case("min", 1)
                  .Case("max", 2)
                  .Case("and", 5)
                  .Case("or", 6)
                  .Case("xor", 7)
                  .Default(-1);
  auto element = llvm::StringSwitch<int64_t>(type)
                     .Case("f16", 1)
                     .Case("bf16", 2)
                     .Case("f32", 3)
                     .Case("s32", 4)
                     .Cases({"u32", "b32"}, 5)
                     .Default(-1);
  // Sums of halves must say that they keep small numbers.
  bool isHalf = element == 1 || element == 2;
  if (kind < 0 || element < 0 || keepsDenormals != (isHalf && kind == 0))
    return false;
  Value target = block.getAddress(instruction.operands[0]),
        source = block.getAddress(instruction.operands[1]),
        size = block.getBits(instruction.operands[2], 32);
  if (!target || !source || !size)
    return false;
  calls.call("bulk_reduce",
             {target, source, size, calls.i32(kind), calls.i32(element)});
  return true;
}
