//===- WeightReader.h - Weights as the kernels read them --------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_WEIGHTREADER_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_WEIGHTREADER_H

#include "StoredWeights.h"
#include "moe/IR/MoE.h"
#include <functional>

namespace mlir::moe {

/// Reads one element, in the compute type.
using WeightReader = std::function<Term(ArrayRef<Term> at)>;

/// A reader of the weights of one expert of `operand`, whose indices have no
/// expert dimension; without an expert, of the whole operand. If a
/// moe.dequantize defines the operand, its data are decoded as they are read
/// and nothing is copied.
WeightReader readWeights(Value operand, std::optional<Term> expert, Code &code);

/// A reader of what `op` gives.
WeightReader readDequantized(DequantizeOp op, std::optional<Term> expert,
                             Code &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_WEIGHTREADER_H
