//===- MathPolynomials.cpp - Functions as polynomials ---------------------===//

#include "MathPolynomials.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/TypeUtilities.h"
#include <numbers>

using namespace mlir;
using namespace mlir::moe;

//===----------------------------------------------------------------------===//
// f32
//===----------------------------------------------------------------------===//

bool mlir::moe::hasMathPolynomial(Operation *op) {
  return isa<math::ExpOp, math::TanhOp, math::ErfOp>(op) &&
         getElementTypeOrSelf(op->getResult(0)).isF32();
}

void mlir::moe::populateMathPolynomials(RewritePatternSet &patterns) {
  populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
    return name == math::ExpOp::getOperationName() ||
           name == math::TanhOp::getOperationName() ||
           name == math::ErfOp::getOperationName();
  });
}

//===----------------------------------------------------------------------===//
// Parts of f64
//===----------------------------------------------------------------------===//

static constexpr double infinity = std::numeric_limits<double>::infinity();
static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

/// ln 2 and pi / 2 as sums of two numbers, the first of few enough bits that
/// its product with an integer is exact.
static constexpr double ln2High = 0x1.62e42fee00000p-1,
                        ln2Low = 0x1.a39ef35793c76p-33;
static constexpr double halfPiHigh = 0x1.921fb54400000p+0,
                        halfPiLow = 0x1.0b4611a626331p-34;

static Term toBits(Term x) {
  Code &code = *x.code;
  return code.term(arith::BitcastOp::create(code.builder, code.loc,
                                            code.builder.getI64Type(), x));
}
static Term fromBits(Term bits) {
  Code &code = *bits.code;
  return code.term(
      arith::BitcastOp::create(code.builder, code.loc, code.realType, bits));
}
static Term roundToNearest(Term x) {
  return x.code->term(
      math::RoundEvenOp::create(x.code->builder, x.code->loc, x));
}
/// The integer that `x` is; 0 for NaN.
static Term toInteger(Term x) {
  Code &code = *x.code;
  Term number = code.select(code.isNan(x), code.real(0), x);
  return code.term(arith::FPToSIOp::create(code.builder, code.loc,
                                           code.builder.getI64Type(), number));
}
static Term shiftLeft(Term a, int64_t bits) {
  return a.code->term(arith::ShLIOp::create(a.code->builder, a.code->loc, a,
                                            number(a, double(bits))));
}
static Term shiftRight(Term a, int64_t bits) {
  return a.code->term(arith::ShRSIOp::create(a.code->builder, a.code->loc, a,
                                             number(a, double(bits))));
}

/// 2^n for -1022 <= n <= 1023.
static Term powerOfTwo(Term n) { return fromBits(shiftLeft(n + 1023, 52)); }

/// c0 + x (c1 + x (c2 + ...)).
static Term evaluate(Term x, ArrayRef<double> coefficients) {
  Term result = x.code->real(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    result = x.code->fma(result, x, x.code->real(coefficient));
  return result;
}

/// Coefficients 1 / first!, 1 / (first + step)!, ..., with alternating signs or
/// not.
static SmallVector<double> getInverseFactorials(int first, int step, int count,
                                                bool alternate) {
  SmallVector<double> result;
  double factorial = 1;
  for (int n = 0, next = first; static_cast<int>(result.size()) < count; ++n) {
    factorial *= n == 0 ? 1 : n;
    if (n != next)
      continue;
    bool negative = alternate && result.size() % 2 == 1;
    result.push_back((negative ? -1 : 1) / factorial);
    next += step;
  }
  return result;
}

/// x - n * (high + low).
static Term reduce(Term x, Term n, double high, double low) {
  Code &code = *x.code;
  return code.fma(n, code.real(-low), code.fma(n, code.real(-high), x));
}

//===----------------------------------------------------------------------===//
// Functions of f64
//===----------------------------------------------------------------------===//

Term mlir::moe::expandExp(Term x) {
  Code &code = *x.code;
  // Beyond, results are zero or infinite all the same.
  Term bounded = code.select(x < -750.0, code.real(-750), x);
  bounded = code.select(bounded > 712.0, code.real(712), bounded);
  Term n = roundToNearest(bounded * std::numbers::log2e);
  Term rest = reduce(bounded, n, ln2High, ln2Low);
  Term fraction = evaluate(rest, getInverseFactorials(0, 1, 14, false));
  // Two factors, since 2^n may not be a normal number.
  Term exponent = toInteger(n);
  Term half = shiftRight(exponent, 1);
  return fraction * powerOfTwo(half) * powerOfTwo(exponent - half);
}

Term mlir::moe::expandLog(Term x) {
  Code &code = *x.code;
  Term isSmall = x < 0x1p-1022;
  Term scaled = code.select(isSmall, x * 0x1p54, x);
  Term bits = toBits(scaled);
  // The exponent such that the rest lies around 1, from sqrt(1/2) on.
  Term shifted = bits - code.integer(bits.type(), 0x3fe6a09e667f3bcd);
  Term exponent = shiftRight(shifted, 52);
  Term rest = fromBits(bits - shiftLeft(exponent, 52));
  Term n =
      code.toReal(code.term(arith::IndexCastOp::create(
          code.builder, code.loc, code.builder.getIndexType(), exponent))) -
      code.select(isSmall, code.real(54), code.real(0));
  // log(1 + f) = 2 artanh(s), s = f / (2 + f).
  Term f = rest - 1;
  Term s = f / (f + 2);
  Term z = s * s;
  SmallVector<double> coefficients;
  for (int odd = 3; odd <= 25; odd += 2)
    coefficients.push_back(2.0 / odd);
  Term tail = s * z * evaluate(z, coefficients);
  // f - s f is 2 s, without the rounding error of s.
  Term log = n * ln2High + (f - (s * f - (tail + n * ln2Low)));
  log = code.select(x == infinity, x, log);
  log = code.select(x == 0, code.real(-infinity), log);
  return code.select(x >= 0.0, log, code.real(notANumber));
}

Term mlir::moe::expandLog1p(Term x) {
  Code &code = *x.code;
  // The factor restores what 1 + x rounds off.
  Term u = x + 1;
  Term isExact = u == 1 || u == infinity;
  Term factor = x / code.select(isExact, code.real(1), u - 1);
  return code.select(u == 1, x,
                     expandLog(u) * code.select(isExact, code.real(1), factor));
}

Term mlir::moe::expandTanh(Term x) {
  Code &code = *x.code;
  Term size = code.absolute(x);
  Term small = size * 2.0;
  // exp(2 |x|) - 1 without cancellation, for |x| < 1/2.
  Term excess = small * evaluate(small, getInverseFactorials(1, 1, 19, false));
  Term isSmall = size < 0.5;
  Term share = code.select(isSmall, excess / (excess + 2),
                           1 - 2 / (expandExp(small) + 1));
  return code.select(x < 0, -share, code.select(isSmall && x == 0, x, share));
}

Term mlir::moe::expandPower(Term x, Term y) {
  Code &code = *x.code;
  Term size = code.absolute(x);
  Term result = expandExp(y * expandLog(size));
  // Of a negative base only integral powers are real, and odd ones negative.
  Term whole = roundToNearest(y);
  Term half = y * 0.5;
  Term isOdd = whole == y && roundToNearest(half) != half;
  Term isWhole = whole == y;
  Term ofNegative = code.select(isWhole, code.select(isOdd, -result, result),
                                code.real(notANumber));
  result = code.select(x < 0, ofNegative, result);
  result = code.select(y == 0 || x == 1, code.real(1), result);
  return result;
}

/// sin(x + quarters * pi / 2).
static Term emitSine(Term x, int64_t quarters) {
  Code &code = *x.code;
  Term n = roundToNearest(x * (2 / std::numbers::pi));
  Term rest = reduce(x, n, halfPiHigh, halfPiLow);
  Term square = rest * rest;
  Term sine = rest * evaluate(square, getInverseFactorials(1, 2, 9, true));
  Term cosine = evaluate(square, getInverseFactorials(0, 2, 10, true));
  Term quadrant = toInteger(n) + double(quarters);
  auto bit = [&](int64_t value) {
    Term bits = code.term(arith::AndIOp::create(
        code.builder, code.loc, quadrant, number(quadrant, double(value))));
    return bits != 0.0;
  };
  Term result = code.select(bit(1), cosine, sine);
  return code.select(bit(2), -result, result);
}

Term mlir::moe::expandSin(Term x) { return emitSine(x, 0); }
Term mlir::moe::expandCos(Term x) { return emitSine(x, 1); }
