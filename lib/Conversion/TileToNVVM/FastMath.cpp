//===- FastMath.cpp - Functions that processors approximate ---------------===//

#include "FastMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <numbers>

using namespace mlir;
using namespace mlir::moe;

static Term emitExp2(Term x) {
  DeviceCode &code = static_cast<DeviceCode &>(*x.code);
  return code.term(
      LLVM::CallIntrinsicOp::create(
          code.builder, code.loc, x.type(),
          code.builder.getStringAttr("llvm.nvvm.ex2.approx.ftz.f32"),
          ValueRange{x.value})
          .getResult(0));
}

/// Divisors above 2^126 become infinite: what they divide is nearly zero then.
static Term emitReciprocal(Term x) {
  DeviceCode &code = static_cast<DeviceCode &>(*x.code);
  return code.term(NVVM::RcpApproxFtzF32Op::create(code.builder, code.loc,
                                                   x.type(), x.value));
}

bool mlir::moe::emitFastMath(Operation &op, IRMapping &mapping,
                             DeviceCode &code) {
  if (op.getNumResults() != 1 || !op.getResult(0).getType().isF32())
    return false;
  auto operand = [&](unsigned i) {
    return code.term(mapping.lookupOrDefault(op.getOperand(i)));
  };
  Term result;
  if (isa<math::ExpOp>(op))
    result = emitExp2(operand(0) * std::numbers::log2e);
  else if (isa<arith::DivFOp>(op))
    result = operand(0) * emitReciprocal(operand(1));
  else
    return false;
  mapping.map(op.getResult(0), result.value);
  return true;
}
