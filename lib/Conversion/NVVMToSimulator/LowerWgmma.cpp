//===- LowerWgmma.cpp - Products of warpgroups ----------------------------===//

#include "LowerPtx.h"
#include "Registers.h"

using namespace mlir;
using namespace mlir::moe;

/// The runtime's numbers of element types.
static std::optional<int64_t> getFormat(NVVM::WGMMATypes type) {
  switch (type) {
  case NVVM::WGMMATypes::f16:
    return 0;
  case NVVM::WGMMATypes::bf16:
    return 1;
  case NVVM::WGMMATypes::tf32:
    return 2;
  case NVVM::WGMMATypes::e4m3:
    return 3;
  case NVVM::WGMMATypes::e5m2:
    return 4;
  default:
    return std::nullopt;
  }
}

//===----------------------------------------------------------------------===//
// wgmma
//===----------------------------------------------------------------------===//

namespace {
/// The runtime's bits.
enum WgmmaFlag : int64_t {
  aInRegisters = 1,
  aRowsContiguous = 2,
  bColumnsContiguous = 4,
  negateA = 8,
  negateB = 16,
  accumulate = 32
};

struct Wgmma {
  /// A's registers, or its descriptor.
  SmallVector<Value> a;
  Value descriptorA, descriptorB;
  int64_t columns = 0, formatA = 0, formatB = 0, flags = 0;
  /// Whether the accumulators count, if that is not known.
  Value scaleD;
};
} // namespace

/// Builds the call; the accumulators are in `memory` before and after it.
static void callWgmma(const Wgmma &what, Value memory, Calls &calls) {
  Value a = LLVM::ZeroOp::create(calls.builder, calls.loc, calls.pointerType());
  if (!what.a.empty()) {
    a = calls.allocate(static_cast<int64_t>(what.a.size()));
    calls.store(a, what.a);
  }
  Value flags = calls.i32(what.flags);
  if (what.scaleD)
    flags = LLVM::OrOp::create(calls.builder, calls.loc, flags,
                               LLVM::ShlOp::create(calls.builder, calls.loc,
                                                   calls.toI32(what.scaleD),
                                                   calls.i32(5)));
  calls.call("wgmma",
             {a, what.descriptorA ? what.descriptorA : calls.i64(0),
              what.descriptorB, memory, calls.i32(what.columns),
              calls.i32(what.formatA), calls.i32(what.formatB), flags});
}

FailureOr<bool> mlir::moe::lowerWgmma(NVVM::WgmmaMmaAsyncOp op, Calls &calls) {
  auto formatA = getFormat(op.getTypeA()), formatB = getFormat(op.getTypeB());
  if (!formatA || !formatB || op.getTypeD() != NVVM::WGMMATypes::f32)
    return op.emitError("only products of float types into f32 are simulated");
  Wgmma what;
  what.descriptorA = op.getDescriptorA();
  what.descriptorB = op.getDescriptorB();
  what.columns = op.getShape().getN();
  what.formatA = *formatA;
  what.formatB = *formatB;
  // For A rows along K are the usual case, for B columns.
  what.flags =
      (op.getLayoutA() == NVVM::MMALayout::col ? aRowsContiguous : 0) |
      (op.getLayoutB() == NVVM::MMALayout::row ? bColumnsContiguous : 0) |
      (op.getScaleA() == NVVM::WGMMAScaleIn::neg ? negateA : 0) |
      (op.getScaleB() == NVVM::WGMMAScaleIn::neg ? negateB : 0) |
      (op.getScaleD() == NVVM::WGMMAScaleOut::one ? accumulate : 0);
  Value memory = calls.allocate(what.columns / 2);
  storeStruct(memory, op.getInouts(), calls);
  callWgmma(what, memory, calls);
  op.getResults().replaceAllUsesWith(
      loadStruct(memory, op.getResults().getType(), calls));
  return true;
}

static std::optional<int64_t> getFormat(StringRef name) {
  auto type = NVVM::symbolizeWGMMATypes(name);
  return type ? getFormat(*type) : std::nullopt;
}

/// `wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16`, whose A may be of
/// registers, other than that of the op.
bool mlir::moe::lowerPtxWgmma(const PtxInstruction &instruction,
                              PtxBlock &block, Calls &calls) {
  std::vector<StringRef> modifiers = instruction.getModifiers();
  const auto &operands = instruction.operands;
  Wgmma what;
  if (modifiers.size() != 7 || modifiers[0] != "mma_async" ||
      modifiers[4] != "f32" || operands.size() < 6)
    return false;
  StringRef shape = modifiers[3];
  auto formatA = getFormat(modifiers[5]), formatB = getFormat(modifiers[6]);
  if (!shape.consume_front("m64n") || shape.consumeInteger(10, what.columns) ||
      !formatA || !formatB)
    return false;
  what.formatA = *formatA;
  what.formatB = *formatB;

  bool inRegisters = operands[1].kind == PtxOperand::Kind::Vector;
  for (const PtxOperand &element : operands[1].elements)
    what.a.push_back(block.getBits(element, 32));
  if (!inRegisters)
    what.descriptorA = block.getBits(operands[1], 64);
  what.descriptorB = block.getBits(operands[2], 64);
  what.scaleD = block.getBits(operands[3], 1);
  if (llvm::is_contained(what.a, Value()) || !what.descriptorB ||
      !what.scaleD || (inRegisters ? what.a.size() != 4 : !what.descriptorA) ||
      operands[0].elements.size() != static_cast<size_t>(what.columns / 2))
    return false;
  // The rest are constants: the signs of A and B, then which are transposed, A
  // only if it has a descriptor.
  SmallVector<int64_t> flags{negateA, negateB};
  if (!inRegisters)
    flags.push_back(aRowsContiguous);
  flags.push_back(bColumnsContiguous);
  if (operands.size() > 4 + flags.size())
    return false;
  what.flags = inRegisters ? aInRegisters : 0;
  for (auto [flag, operand] :
       llvm::zip(flags, ArrayRef<PtxOperand>(operands).drop_front(4))) {
    std::optional<int64_t> value = block.getConstant(operand);
    if (!value)
      return false;
    if (*value == (flag == negateA || flag == negateB ? -1 : 1))
      what.flags |= flag;
  }

  Value memory = calls.allocate(what.columns / 2);
  for (auto [i, element] : llvm::enumerate(operands[0].elements)) {
    Value value = block.getBits(element, 32);
    if (!value) // The result alone is an operand, and nothing is added to it.
      value = calls.i32(-1);
    LLVM::StoreOp::create(calls.builder, calls.loc, value,
                          calls.element(memory, static_cast<int64_t>(i)));
  }
  callWgmma(what, memory, calls);
  for (auto [i, element] : llvm::enumerate(operands[0].elements))
    if (!block.set(element, loadRegister(memory, static_cast<int64_t>(i),
                                         calls.i32Type(), calls)))
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

static Value readValue(Value value, Calls &calls) {
  Type type = value.getType();
  auto read = [&](Value leaf) -> Value {
    if (!leaf.getType().isIntOrFloat() ||
        leaf.getType().getIntOrFloatBitWidth() != 32)
      return leaf;
    Value bits =
        calls.call("read_accumulator", calls.i32Type(), {calls.toI32(leaf)});
    return calls.fromBits(bits, leaf.getType());
  };
  if (!isa<LLVM::LLVMStructType>(type))
    return read(value);
  SmallVector<SmallVector<int64_t>> leaves = getLeaves(type);
  return buildStruct(type, calls, [&](int64_t i, Type) {
    return read(LLVM::ExtractValueOp::create(calls.builder, calls.loc, value,
                                             leaves[static_cast<size_t>(i)]));
  });
}

/// Whether the op is a wgmma, which gives accumulators.
static bool isWgmma(Operation *op) {
  auto text = dyn_cast<LLVM::InlineAsmOp>(op);
  return isa<NVVM::WgmmaMmaAsyncOp>(op) ||
         (text && text.getAsmString().contains("wgmma.mma_async"));
}

/// Whether the use is the accumulators of a wgmma. Operands of an asm op that
/// results start from come last.
static bool isAccumulator(OpOperand &use) {
  auto text = dyn_cast<LLVM::InlineAsmOp>(use.getOwner());
  if (!text)
    return isWgmma(use.getOwner());
  SmallVector<StringRef> constraints;
  text.getConstraints().split(constraints, ',');
  llvm::erase_if(constraints, [](StringRef constraint) {
    return constraint.starts_with("=") || constraint.starts_with("~");
  });
  unsigned result;
  return isWgmma(text) &&
         !constraints[use.getOperandNumber()].getAsInteger(10, result);
}

void mlir::moe::readAccumulators(LLVM::LLVMFuncOp function, Calls &calls) {
  SetVector<Value> mayBeHandles;
  function.walk([&](Operation *op) {
    if (isWgmma(op))
      mayBeHandles.insert_range(op->getResults());
  });
  SmallVector<OpOperand *> uses;
  for (size_t i = 0; i < mayBeHandles.size(); ++i)
    for (OpOperand &use : mayBeHandles[i].getUses()) {
      Operation *user = use.getOwner();
      if (isAccumulator(use))
        continue;
      if (isa<LLVM::ExtractValueOp, LLVM::InsertValueOp, LLVM::SelectOp>(
              user)) {
        mayBeHandles.insert(user->getResult(0));
        continue;
      }
      auto branch = dyn_cast<BranchOpInterface>(user);
      auto argument =
          branch ? branch.getSuccessorBlockArgument(use.getOperandNumber())
                 : std::nullopt;
      if (argument)
        mayBeHandles.insert(*argument);
      else
        uses.push_back(&use);
    }
  for (OpOperand *use : uses) {
    calls.startAt(use->getOwner());
    use->set(readValue(use->get(), calls));
  }
}
