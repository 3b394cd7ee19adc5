//===- WeightReader.h - Weights as the kernels read them --------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_WEIGHTREADER_H
#define MOE_LIB_CONVERSION_WEIGHTREADER_H

#include "StoredWeights.h"
#include "moe/IR/MoE.h"
#include <functional>

namespace mlir::moe {

/// The scales of quantised weights, and how they apply.
struct Quantisation {
  QuantScheme scheme;
  StoredWeights scales;
  /// For scheme `block`, of the whole tensor with its expert dimension if it
  /// has one.
  SmallVector<int64_t> blockShape;
  /// What weights are rounded to.
  Type element;
};

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
