//===- LowerPtx.cpp - Instructions written as PTX -------------------------===//

#include "Calls.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::moe;

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

/// The opcode of a single instruction.
static StringRef getOpcode(StringRef ptx) {
  return ptx.trim().take_until([](char c) { return c == ' ' || c == '\t'; });
}

static FailureOr<bool> lowerInstruction(Operation *op, StringRef opcode,
                                        ValueRange arguments, Calls &calls) {
  Function function = getFunction(opcode);
  if (function != Function::None && arguments.size() == 1 &&
      op->getNumResults() == 1 && arguments[0].getType().isF32()) {
    op->getResult(0).replaceAllUsesWith(emit(function, arguments[0], calls));
    return true;
  }
  return op->emitError("PTX '") << opcode << "' is not simulated";
}

bool mlir::moe::isWgmma(Operation *op) {
  return isa<NVVM::WgmmaMmaAsyncOp>(op);
}

FailureOr<bool> mlir::moe::lowerPtx(Operation *op, Calls &calls) {
  return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
      .Case<NVVM::InlinePtxOp>([&](NVVM::InlinePtxOp op) -> FailureOr<bool> {
        if (op.getPredicate() || !op.getReadWriteArgs().empty())
          return op.emitError("PTX with a predicate or arguments that it "
                              "changes is not simulated");
        return lowerInstruction(op, getOpcode(op.getPtxCode()),
                                op.getReadOnlyArgs(), calls);
      })
      .Case<LLVM::InlineAsmOp>([&](LLVM::InlineAsmOp op) {
        return lowerInstruction(op, getOpcode(op.getAsmString()),
                                op.getOperands(), calls);
      })
      .Case<LLVM::CallIntrinsicOp>(
          [&](LLVM::CallIntrinsicOp op) -> FailureOr<bool> {
            StringRef name = op.getIntrin();
            if (!name.consume_front("llvm.nvvm."))
              return false;
            return lowerInstruction(op, name, op.getArgs(), calls);
          })
      .Default([](Operation *) { return false; });
}
