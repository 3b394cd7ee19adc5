//===- ExpandDeviceMath.cpp - moe-expand-device-math ----------------------===//

#include "MathPolynomials.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numbers>

namespace mlir::moe {
#define GEN_PASS_DEF_EXPANDDEVICEMATHPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Whether processors compute `op` themselves.
static bool isNative(Operation *op) {
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
             math::CountLeadingZerosOp, math::CtPopOp, math::FloorOp,
             math::FmaOp, math::RoundEvenOp, math::SqrtOp, math::TruncOp>(op);
}

/// 2 / sqrt(pi) exp(-x^2) times the sum of x (2 x^2)^n / (1 3 ... (2 n + 1)),
/// whose terms all have one sign. Behind 6 it is 1 in f64.
static Term expandErf(Term x) {
  Code &code = *x.code;
  constexpr int64_t numTerms = 160;
  Term size = code.min(code.absolute(x), code.real(6));
  Term square = size * size;
  SmallVector<Term> sums =
      code.fold(code.index(1), code.index(numTerms), 1, {size, size},
                [&](Term n, ArrayRef<Term> values) -> SmallVector<Term> {
                  Term next = values[0] * (square * 2) / code.toReal(n * 2 + 1);
                  return {next, values[1] + next};
                });
  Term result = sums[1] * expandExp(-square) * (2 * std::numbers::inv_sqrtpi);
  return code.select(x < 0, -result, result);
}

/// The function in f64, or nothing.
static Term expand(Operation *op, Term x, Term y) {
  Code &code = *x.code;
  return llvm::TypeSwitch<Operation *, Term>(op)
      .Case<math::ExpOp>([&](auto) { return expandExp(x); })
      .Case<math::Exp2Op>(
          [&](auto) { return expandExp(x * std::numbers::ln2); })
      .Case<math::LogOp>([&](auto) { return expandLog(x); })
      .Case<math::Log2Op>(
          [&](auto) { return expandLog(x) * std::numbers::log2e; })
      .Case<math::Log10Op>(
          [&](auto) { return expandLog(x) * std::numbers::log10e; })
      .Case<math::Log1pOp>([&](auto) { return expandLog1p(x); })
      .Case<math::ErfOp>([&](auto) { return expandErf(x); })
      .Case<math::TanhOp>([&](auto) { return expandTanh(x); })
      .Case<math::PowFOp>([&](auto) { return expandPower(x, y); })
      .Case<math::SinOp>([&](auto) { return expandSin(x); })
      .Case<math::CosOp>([&](auto) { return expandCos(x); })
      .Case<math::RsqrtOp>([&](auto) { return 1 / code.sqrt(x); })
      .Default([](auto) { return Term(); });
}

namespace {
struct ExpandDeviceMathPass
    : moe::impl::ExpandDeviceMathPassBase<ExpandDeviceMathPass> {
  void runOnOperation() override {
    SmallVector<Operation *> polynomials, others;
    getOperation()->walk([&](Operation *op) {
      if (!isa<math::MathDialect>(op->getDialect()) || isNative(op))
        return;
      (hasMathPolynomial(op) ? polynomials : others).push_back(op);
    });
    for (Operation *op : others)
      if (failed(replace(op)))
        return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    populateMathPolynomials(patterns);
    if (failed(applyOpPatternsGreedily(polynomials, std::move(patterns))))
      signalPassFailure();
  }

  /// Computes f32 in f64, too, which rounds nearly all results correctly.
  static LogicalResult replace(Operation *op) {
    Type type = op->getResult(0).getType();
    OpBuilder builder(op);
    Code code(builder, op->getLoc(), builder.getF64Type());
    Term result;
    if (type.isF32() || type.isF64()) {
      auto operand = [&](unsigned i) {
        return code.term(code.convert(op->getOperand(i), code.realType));
      };
      Term x = operand(0);
      result = expand(op, x, isa<math::PowFOp>(op) ? operand(1) : x);
    }
    if (!result.value)
      return op->emitError("'")
             << op->getName() << "' of " << type
             << " is not computed on a device, expected a function that is";
    op->getResult(0).replaceAllUsesWith(code.convert(result, type));
    op->erase();
    return success();
  }
};
} // namespace
