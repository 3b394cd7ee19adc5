//===- WeightReader.h - Weights as the kernels read them --------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_WEIGHTREADER_H
#define MOE_LIB_CONVERSION_WEIGHTREADER_H

#include "StoredWeights.h"
#include "moe/IR/MoE.h"
#include <functional>

namespace mlir::moe {

/// Codes of four bits, several in each element: how they lie there.
struct Packing {
  /// Neighbours share an element in the last dimension, or in the one before.
  bool alongLast = true;
  NibbleOrder order = NibbleOrder::ascending;
};

/// The zero points of scheme `int4`.
struct ZeroPoints {
  StoredWeights codes;
  Packing packing;
  /// Added to each code, modulo 16.
  int64_t offset;
};

/// The scales of quantised weights, and how they apply.
struct Quantisation {
  QuantScheme scheme;
  StoredWeights scales;
  /// For schemes `block` and `int4`, of the whole tensor with its expert
  /// dimension if it has one.
  SmallVector<int64_t> blockShape;
  /// What weights are rounded to.
  Type element;
  /// For scheme `int4`.
  Packing packing = {};
  std::optional<ZeroPoints> zeroPoints = std::nullopt;
};

/// What zero points are that are not given.
inline constexpr int64_t defaultZeroPoint = 8;

/// Makes the zero points that belong to `scales`.
ZeroPoints makeZeroPoints(const StoredWeights &codes,
                          const StoredWeights &scales, NibbleOrder order,
                          int64_t offset);

/// The code at an index without the expert dimension, as an index.
Term readNibble(const StoredWeights::Slice &words, Packing packing,
                ArrayRef<Term> at, Code &code);
/// Where the nibble of number `index` begins in its element of `count` codes,
/// in bits.
Term getNibbleShift(Packing packing, Term index, int64_t count);

/// Weights in memory and what they mean.
struct WeightOperand {
  StoredWeights data;
  std::optional<Quantisation> quantisation = std::nullopt;

  /// `tensor` as it lies in memory; if a moe.dequantize defines it, its data,
  /// so that nothing is copied.
  static WeightOperand get(Value tensor, Code &code);
  static WeightOperand get(DequantizeOp op, Code &code);
};

/// Reads one element, in the compute type.
using WeightReader = std::function<Term(ArrayRef<Term> at)>;

/// A reader of the weights of one expert, whose indices have no expert
/// dimension; without an expert, of the whole operand.
WeightReader readWeights(const WeightOperand &operand,
                         std::optional<Term> expert, Code &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_WEIGHTREADER_H
