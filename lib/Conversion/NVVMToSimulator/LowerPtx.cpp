//===- LowerPtx.cpp - Instructions written as PTX -------------------------===//

#include "LowerPtx.h"

#include "mlir/Dialect/LLVMIR/BasicPtxBuilderInterface.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// Functions of one f32
//===----------------------------------------------------------------------===//

namespace {
enum class Function { None, Exp2, Log2, Tanh, Rcp, Rsqrt, Sqrt, Sin, Cos };
} // namespace

/// The function of one f32 that an instruction approximates.
static Function getFunction(StringRef opcode) {
  opcode.consume_back(".f32");
  opcode.consume_back(".f");
  opcode.consume_back(".ftz");
  opcode.consume_back(".approx");
  return llvm::StringSwitch<Function>(opcode)
      .Case("ex2", Function::Exp2)
      .Case("lg2", Function::Log2)
      .Case("tanh", Function::Tanh)
      .Case("rcp", Function::Rcp)
      .Case("rsqrt", Function::Rsqrt)
      .Case("sqrt", Function::Sqrt)
      .Case("sin", Function::Sin)
      .Case("cos", Function::Cos)
      .Default(Function::None);
}

static Value emit(Function function, Value x, Calls &calls) {
  OpBuilder &builder = calls.builder;
  Location loc = calls.loc;
  auto invert = [&](Value value) -> Value {
    Value one =
        LLVM::ConstantOp::create(builder, loc, builder.getF32FloatAttr(1));
    return LLVM::FDivOp::create(builder, loc, one, value);
  };
  switch (function) {
  case Function::Exp2:
    return LLVM::Exp2Op::create(builder, loc, x);
  case Function::Log2:
    return LLVM::Log2Op::create(builder, loc, x);
  case Function::Tanh:
    return LLVM::TanhOp::create(builder, loc, x);
  case Function::Rcp:
    return invert(x);
  case Function::Rsqrt:
    return invert(LLVM::SqrtOp::create(builder, loc, x));
  case Function::Sqrt:
    return LLVM::SqrtOp::create(builder, loc, x);
  case Function::Sin:
    return LLVM::SinOp::create(builder, loc, x);
  case Function::Cos:
    return LLVM::CosOp::create(builder, loc, x);
  case Function::None:
    break;
  }
  llvm_unreachable("a function");
}

//===----------------------------------------------------------------------===//
// Blocks of PTX
//===----------------------------------------------------------------------===//

/// Of operands and results; what an asm op changes besides is none of them.
static SmallVector<StringRef> getConstraints(LLVM::InlineAsmOp op) {
  SmallVector<StringRef> constraints;
  op.getConstraints().split(constraints, ',', /*MaxSplit=*/-1,
                            /*KeepEmpty=*/false);
  llvm::erase_if(constraints, [](StringRef it) { return it.starts_with("~"); });
  return constraints;
}

PtxBlock::PtxBlock(LLVM::InlineAsmOp op, Calls &calls) : op(op), calls(calls) {
  SmallVector<StringRef> constraints = getConstraints(op);
  for (StringRef constraint : constraints)
    if (constraint.starts_with("="))
      slots.emplace_back();
  numResults = slots.size();
  unsigned operand = 0;
  for (StringRef constraint : constraints) {
    if (constraint.starts_with("="))
      continue;
    Value value = op.getOperand(operand++);
    unsigned result;
    // A result that starts with the value of an operand.
    if (!constraint.getAsInteger(10, result) && result < numResults)
      slots[result] = value;
    else
      slots.push_back(value);
  }
}

Type PtxBlock::getResultType(unsigned slot) {
  Type type = op.getResultTypes()[0];
  auto structType = dyn_cast<LLVM::LLVMStructType>(type);
  return structType && numResults > 1 ? structType.getBody()[slot] : type;
}

Value PtxBlock::get(const PtxOperand &operand) {
  switch (operand.kind) {
  case PtxOperand::Kind::Slot:
    return operand.slot < slots.size() ? slots[operand.slot] : Value();
  case PtxOperand::Kind::Register:
    return registers.lookup(operand.name);
  case PtxOperand::Kind::Immediate:
    return calls.i64(static_cast<int64_t>(operand.value));
  default:
    return {};
  }
}

Value PtxBlock::getBits(const PtxOperand &operand, unsigned width) {
  Value value = get(operand);
  if (!value)
    return {};
  OpBuilder &builder = calls.builder;
  if (isa<LLVM::LLVMPointerType>(value.getType()))
    value = calls.toI64(value);
  if (!value.getType().isInteger())
    value = LLVM::BitcastOp::create(
        builder, calls.loc,
        builder.getIntegerType(value.getType().getIntOrFloatBitWidth()), value);
  unsigned found = value.getType().getIntOrFloatBitWidth();
  Type type = builder.getIntegerType(width);
  if (found == width)
    return value;
  return found < width
             ? LLVM::ZExtOp::create(builder, calls.loc, type, value).getResult()
             : LLVM::TruncOp::create(builder, calls.loc, type, value)
                   .getResult();
}

std::optional<int64_t> PtxBlock::getConstant(const PtxOperand &operand) {
  APInt constant;
  if (operand.kind == PtxOperand::Kind::Immediate)
    return static_cast<int64_t>(operand.value);
  Value value = get(operand);
  if (value && matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return std::nullopt;
}

Value PtxBlock::getAddress(const PtxOperand &operand) {
  if (operand.kind != PtxOperand::Kind::Address)
    return {};
  Value base = getBits(operand.elements.front(), 64);
  if (!base || operand.value == 0)
    return base;
  return LLVM::AddOp::create(calls.builder, calls.loc, base,
                             calls.i64(static_cast<int64_t>(operand.value)));
}

bool PtxBlock::set(const PtxOperand &operand, Value value) {
  if (operand.kind == PtxOperand::Kind::Register) {
    registers[operand.name] = value;
    return true;
  }
  if (operand.kind != PtxOperand::Kind::Slot || operand.slot >= numResults)
    return false;
  slots[operand.slot] = value;
  return true;
}

void PtxBlock::replaceResults() {
  if (numResults == 0)
    return;
  OpBuilder &builder = calls.builder;
  auto getResult = [&](unsigned slot) -> Value {
    Type type = getResultType(slot);
    if (!slots[slot])
      return LLVM::UndefOp::create(builder, calls.loc, type);
    if (slots[slot].getType() == type)
      return slots[slot];
    PtxOperand operand;
    operand.kind = PtxOperand::Kind::Slot;
    operand.slot = slot;
    unsigned width =
        isa<LLVM::LLVMPointerType>(type) ? 64 : type.getIntOrFloatBitWidth();
    return calls.fromBits(getBits(operand, width), type);
  };
  if (numResults == 1) {
    op.getResult(0).replaceAllUsesWith(getResult(0));
    return;
  }
  Value all = LLVM::UndefOp::create(builder, calls.loc, op.getResultTypes()[0]);
  for (unsigned i = 0; i < numResults; ++i)
    all = LLVM::InsertValueOp::create(builder, calls.loc, all, getResult(i),
                                      static_cast<int64_t>(i));
  op.getResult(0).replaceAllUsesWith(all);
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// `setp.ne.b32 p, a, b`, `mov.b32 d, a`, and functions of one f32.
static bool lowerArithmetic(const PtxInstruction &instruction, PtxBlock &block,
                            Calls &calls) {
  OpBuilder &builder = calls.builder;
  const auto &operands = instruction.operands;
  std::vector<StringRef> modifiers = instruction.getModifiers();
  unsigned width = 0;
  if (!modifiers.empty())
    modifiers.back().drop_front(1).getAsInteger(10, width);
  if (instruction.getName() == "setp" && modifiers.size() == 2 &&
      operands.size() == 3 && width) {
    bool isSigned = modifiers[1].front() == 's';
    using Predicate = LLVM::ICmpPredicate;
    auto predicate = llvm::StringSwitch<std::optional<Predicate>>(modifiers[0])
                         .Case("eq", Predicate::eq)
                         .Case("ne", Predicate::ne)
                         .Case("lt", isSigned ? Predicate::slt : Predicate::ult)
                         .Case("le", isSigned ? Predicate::sle : Predicate::ule)
                         .Case("gt", isSigned ? Predicate::sgt : Predicate::ugt)
                         .Case("ge", isSigned ? Predicate::sge : Predicate::uge)
                         .Default(std::nullopt);
    Value a = block.getBits(operands[1], width),
          b = block.getBits(operands[2], width);
    return predicate && a && b &&
           block.set(operands[0], LLVM::ICmpOp::create(builder, calls.loc,
                                                       *predicate, a, b));
  }
  if (instruction.getName() == "mov" && operands.size() == 2 && width) {
    Value value = block.getBits(operands[1], width);
    return value && block.set(operands[0], value);
  }
  // Policies of caches change no values.
  if (instruction.getName() == "createpolicy")
    return block.set(operands[0], calls.i64(0));
  Function function = getFunction(instruction.opcode);
  if (function == Function::None || operands.size() != 2)
    return false;
  Value x = block.getBits(operands[1], 32);
  return x && block.set(operands[0],
                        emit(function, calls.fromBits(x, builder.getF32Type()),
                             calls));
}

static bool lower(const PtxInstruction &instruction, PtxBlock &block,
                  Calls &calls) {
  StringRef name = instruction.getName();
  if (name == "prefetch" || name == "prefetchu")
    return true;
  if (name == "wgmma")
    return lowerPtxWgmma(instruction, block, calls);
  if (name == "cp")
    return lowerPtxReduce(instruction, block, calls);
  if (name == "ld" || name == "st")
    return lowerPtxAccess(instruction, block, calls);
  if (name == "red" || name == "atom")
    return lowerPtxAtomic(instruction, block, calls);
  return lowerArithmetic(instruction, block, calls);
}

static FailureOr<bool> lowerAsm(LLVM::InlineAsmOp op, Calls &calls) {
  auto instructions = parsePtx(op.getAsmString());
  if (!instructions)
    return op.emitError(llvm::toString(instructions.takeError()));
  int64_t inputs = llvm::count_if(
      getConstraints(op), [](StringRef it) { return !it.starts_with("="); });
  if (inputs != op.getNumOperands())
    return op.emitError("asm has ")
           << op.getNumOperands() << " operands, expected " << inputs
           << " as its constraints say";
  PtxBlock block(op, calls);
  for (const PtxInstruction &instruction : *instructions) {
    if (!instruction.guard.empty()) {
      Value guard = block.get(instruction.guard.front());
      if (!guard || op->getNumResults() || instructions->size() != 1)
        return op.emitError("only a single instruction without a result may "
                            "have a predicate in simulated PTX");
      guard = block.getBits(instruction.guard.front(), 1);
      if (instruction.guardNegated)
        guard = LLVM::XOrOp::create(
            calls.builder, calls.loc, guard,
            LLVM::ConstantOp::create(calls.builder, calls.loc,
                                     calls.builder.getI1Type(), 1));
      calls.guard(op, guard);
    }
    if (!lower(instruction, block, calls))
      return op.emitError("PTX '")
             << instruction.opcode << "' is not simulated";
  }
  block.replaceResults();
  return true;
}

FailureOr<bool> mlir::moe::lowerPtx(Operation *op, Calls &calls) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<LLVM::InlineAsmOp>([&](auto op) { return lowerAsm(op, calls); })
      .Case<LLVM::CallIntrinsicOp>(
          [&](LLVM::CallIntrinsicOp op) -> FailureOr<bool> {
            StringRef name = op.getIntrin();
            if (!name.consume_front("llvm.nvvm."))
              return false;
            Function function = getFunction(name);
            if (function == Function::None)
              return op.emitError("PTX '") << name << "' is not simulated";
            op->getResult(0).replaceAllUsesWith(
                emit(function, op.getArgs()[0], calls));
            return true;
          })
      .Default([](Operation *) { return false; });
}

void mlir::moe::expandInlinePtx(LLVM::LLVMFuncOp function) {
  SmallVector<NVVM::InlinePtxOp> ops;
  function.walk([&](NVVM::InlinePtxOp op) { ops.push_back(op); });
  for (NVVM::InlinePtxOp op : ops) {
    PatternRewriter rewriter(op.getContext());
    rewriter.setInsertionPoint(op);
    SmallVector<std::pair<Value, NVVM::PTXRegisterMod>> values;
    bool byHand = op.getAsmValues(rewriter, values);
    NVVM::PtxBuilder builder(op, rewriter, byHand);
    for (auto [value, modifier] : values)
      if (failed(builder.insertValue(value, modifier)))
        return;
    builder.buildAndReplaceOp();
  }
}
