//===- CodeFormulas.cpp - Operators and functions of formulas -------------===//

#include "Code.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::moe;

/// What is known is computed at once: all code that depends on it stays away,
/// which is faster than to remove it.
template <typename Op, typename... Values>
static Term emitFolded(Code &code, Values... values) {
  return code.term(code.builder.createOrFold<Op>(code.loc, values...));
}

template <typename FloatOp, typename IntOp>
static Term emitBinary(Term a, Term b) {
  Code &code = *a.code;
  if (isa<FloatType>(getElementTypeOrSelf(a.type())))
    return code.term(FloatOp::create(code.builder, code.loc, a.value, b.value));
  return emitFolded<IntOp>(code, a.value, b.value);
}

template <typename Op> static Term emitUnary(Term a) {
  return a.code->term(Op::create(a.code->builder, a.code->loc, a.value));
}

Term mlir::moe::operator+(Term a, Term b) {
  return emitBinary<arith::AddFOp, arith::AddIOp>(a, b);
}
Term mlir::moe::operator-(Term a, Term b) {
  return emitBinary<arith::SubFOp, arith::SubIOp>(a, b);
}
Term mlir::moe::operator*(Term a, Term b) {
  return emitBinary<arith::MulFOp, arith::MulIOp>(a, b);
}
Term mlir::moe::operator/(Term a, Term b) {
  return emitBinary<arith::DivFOp, arith::DivSIOp>(a, b);
}
Term mlir::moe::operator%(Term a, Term b) {
  return emitBinary<arith::RemFOp, arith::RemSIOp>(a, b);
}
Term mlir::moe::divideIndex(Term index, int64_t size) {
  Code &code = *index.code;
  return code.term(arith::DivUIOp::create(code.builder, code.loc, index.value,
                                          code.index(size).value));
}
Term mlir::moe::operator-(Term a) {
  return isa<FloatType>(getElementTypeOrSelf(a.type()))
             ? emitUnary<arith::NegFOp>(a)
             : number(a, 0) - a;
}

static Term emitCompare(Term a, Term b, arith::CmpFPredicate floats,
                        arith::CmpIPredicate integers) {
  Code &code = *a.code;
  if (isa<FloatType>(getElementTypeOrSelf(a.type())))
    return code.term(arith::CmpFOp::create(code.builder, code.loc, floats,
                                           a.value, b.value));
  return emitFolded<arith::CmpIOp>(code, integers, a.value, b.value);
}

Term mlir::moe::operator<(Term a, Term b) {
  return emitCompare(a, b, arith::CmpFPredicate::OLT,
                     arith::CmpIPredicate::slt);
}
Term mlir::moe::operator<=(Term a, Term b) {
  return emitCompare(a, b, arith::CmpFPredicate::OLE,
                     arith::CmpIPredicate::sle);
}
Term mlir::moe::operator==(Term a, Term b) {
  return emitCompare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}
Term mlir::moe::operator!=(Term a, Term b) {
  return emitCompare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}
Term mlir::moe::operator&&(Term a, Term b) {
  return a.code->term(
      arith::AndIOp::create(a.code->builder, a.code->loc, a.value, b.value));
}
Term mlir::moe::operator||(Term a, Term b) {
  return a.code->term(
      arith::OrIOp::create(a.code->builder, a.code->loc, a.value, b.value));
}
Term mlir::moe::operator!(Term a) {
  Term yes = a.code->boolean(true);
  return a.code->term(
      arith::XOrIOp::create(a.code->builder, a.code->loc, a.value, yes.value));
}

Term Code::select(Term condition, Term yes, Term no) {
  return emitFolded<arith::SelectOp>(*this, condition.value, yes.value,
                                     no.value);
}
Term Code::min(Term a, Term b) {
  return emitBinary<arith::MinimumFOp, arith::MinSIOp>(a, b);
}
Term Code::max(Term a, Term b) {
  return emitBinary<arith::MaximumFOp, arith::MaxSIOp>(a, b);
}
Term Code::ceilDiv(Term a, Term b) {
  return emitFolded<arith::CeilDivSIOp>(*this, a.value, b.value);
}
Term Code::toReal(Term integer) {
  Value wide = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                          integer.value);
  return term(arith::SIToFPOp::create(builder, loc, realType, wide));
}
Term Code::isNan(Term a) { return a != a; }
Term Code::fma(Term a, Term b, Term c) {
  return term(math::FmaOp::create(builder, loc, a.value, b.value, c.value));
}
Term Code::exp(Term a) { return emitUnary<math::ExpOp>(a); }
Term Code::log(Term a) { return emitUnary<math::LogOp>(a); }
Term Code::log1p(Term a) {
  // math.log1p becomes log(1 + a), which forgets what 1 + a rounds off. The
  // factor restores it: log(u) / (u - 1) hardly differs between neighbouring u.
  Term u = a + 1;
  return select(u == 1, a, log(u) * (a / (u - 1)));
}
Term Code::sqrt(Term a) { return emitUnary<math::SqrtOp>(a); }
Term Code::tanh(Term a) { return emitUnary<math::TanhOp>(a); }
Term Code::erf(Term a) { return emitUnary<math::ErfOp>(a); }
Term Code::absolute(Term a) { return emitUnary<math::AbsFOp>(a); }
Term Code::power(Term a, Term b) {
  return term(math::PowFOp::create(builder, loc, a.value, b.value));
}

/// Both branches are finite for every finite argument, and exact at the far
/// ends.
Term Code::sigmoid(Term a) {
  Term e = exp(-absolute(a));
  return select(a < 0, e / (e + 1), 1 / (e + 1));
}

Term Code::roundTo(Type element, Term a) {
  return term(convert(convert(a, element), realType));
}

/// The bits of a float, as a sign-magnitude number, made two's complement.
Term Code::orderKey(Term a) {
  unsigned width = realType.getWidth();
  Type bitsType = builder.getIntegerType(width);
  auto integer = [&](APInt value) {
    return term(arith::ConstantOp::create(builder, loc,
                                          IntegerAttr::get(bitsType, value)));
  };
  Term zero = real(0);
  Term bits =
      term(arith::BitcastOp::create(builder, loc, bitsType, (a + zero).value));
  Term flipped = integer(APInt::getSignedMinValue(width)) - bits;
  Term ordered = select(bits < integer(APInt::getZero(width)), flipped, bits);
  Term key =
      select(isNan(a), integer(APInt::getSignedMaxValue(width)), ordered);
  return term(arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                         key.value));
}
