//===- DecodeVectors.cpp - Narrow numbers as floats, by vectors -----------===//

#include "DecodeVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace mlir::moe;

namespace {
/// Arithmetic on the bits of floats, in lanes of 32 bits.
class Bits {
public:
  Bits(int64_t lanes, VectorCode &code)
      : code(code), i32(VectorType::get({lanes}, code.builder.getI32Type())),
        f32(VectorType::get({lanes}, code.builder.getF32Type())) {}

  Term constant(uint32_t value) {
    return code.term(arith::ConstantOp::create(
        code.builder, code.loc, DenseElementsAttr::get(i32, APInt(32, value))));
  }
  Term real(double value) {
    return code.term(arith::ConstantOp::create(
        code.builder, code.loc,
        DenseElementsAttr::get(f32, APFloat(static_cast<float>(value)))));
  }
  template <typename Op> Term apply(Term a, Term b) {
    return code.term(Op::create(code.builder, code.loc, a.value, b.value));
  }
  Term mask(Term a, uint32_t bits) {
    return apply<arith::AndIOp>(a, constant(bits));
  }
  Term shiftLeft(Term a, uint32_t count) {
    return apply<arith::ShLIOp>(a, constant(count));
  }
  Term compare(arith::CmpIPredicate predicate, Term a, uint32_t bits) {
    return code.term(arith::CmpIOp::create(code.builder, code.loc, predicate,
                                           a.value, constant(bits).value));
  }
  template <typename Op> Term cast(Term a, VectorType type) {
    return code.term(Op::create(code.builder, code.loc, type, a.value));
  }
  /// The float with the bits of `magnitude` and `sign`.
  Term join(Term magnitude, Term sign) {
    return code.bitcast(apply<arith::OrIOp>(magnitude, sign), f32);
  }

  VectorCode &code;
  VectorType i32, f32;
};
} // namespace

static int64_t countLanes(Term vector) {
  return cast<VectorType>(vector.type()).getNumElements();
}

/// The exponent and fraction are moved to where an f32 has them, and what the
/// exponent counts from is added.
static Term decodeFloats(Term bytes, FloatType format, VectorCode &code) {
  Bits bits(countLanes(bytes), code);
  const llvm::fltSemantics &semantics = format.getFloatSemantics();
  int fraction = static_cast<int>(APFloat::semanticsPrecision(semantics)) - 1;
  int bias = 1 - APFloat::semanticsMinExponent(semantics);
  uint32_t shift = 23 - fraction;
  // Bytes from here on are no finite numbers; all exponents but those of f32
  // end there.
  uint32_t special = isa<Float8E5M2Type>(format) ? 0x7c : 0x7f;
  constexpr uint32_t signBit = 0x80000000, infinity = 0x7f800000;

  Term wide = bits.cast<arith::ExtSIOp>(bytes, bits.i32);
  Term placed = bits.shiftLeft(bits.mask(wide, 0x7f), shift);
  Term normal =
      bits.apply<arith::AddIOp>(placed, bits.constant((127 - bias) << 23));
  // Without an exponent the fraction has no leading one.
  Term small = code.fma(code.bitcast(normal, bits.f32), bits.real(2),
                        bits.real(-std::ldexp(1.0, 1 - bias)));
  Term isSmall = bits.compare(arith::CmpIPredicate::ult, placed, 1u << 23);
  Term isSpecial =
      bits.compare(arith::CmpIPredicate::uge, placed, special << shift);
  Term all = bits.constant(infinity);
  Term magnitude = code.select(
      isSmall, code.bitcast(small, bits.i32),
      code.select(isSpecial, bits.apply<arith::OrIOp>(normal, all), normal));
  return bits.join(magnitude, bits.mask(wide, signBit));
}

Term mlir::moe::decodeBytes(Term bytes, Type format, VectorCode &code) {
  if (auto real = dyn_cast<FloatType>(format))
    return decodeFloats(bytes, real, code);
  Bits bits(countLanes(bytes), code);
  return bits.cast<arith::SIToFPOp>(bytes, bits.f32);
}

Term mlir::moe::decodeNibbles(Term bytes, VectorCode &code) {
  int64_t lanes = 2 * countLanes(bytes);
  Bits bits(lanes, code);
  SmallVector<int64_t> positions;
  SmallVector<int32_t> shifts;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    positions.push_back(lane / 2);
    shifts.push_back(lane % 2 ? 4 : 0);
  }
  Term both = bits.cast<arith::ExtUIOp>(code.shuffle(bytes, bytes, positions),
                                        bits.i32);
  Term shift = code.term(arith::ConstantOp::create(
      code.builder, code.loc,
      DenseElementsAttr::get(bits.i32, ArrayRef(shifts))));
  Term nibble = bits.apply<arith::ShRUIOp>(both, shift);
  // Twice the magnitudes 0, 0.5, 1, 1.5, 2, 3, 4 and 6, four bits each.
  Term index = bits.shiftLeft(bits.mask(nibble, 7), 2);
  Term twice = bits.mask(
      bits.apply<arith::ShRUIOp>(bits.constant(0xc8643210), index), 0xf);
  Term magnitude =
      code.bitcast(bits.cast<arith::SIToFPOp>(twice, bits.f32), bits.i32);
  return bits.join(magnitude, bits.shiftLeft(bits.mask(nibble, 8), 28));
}
