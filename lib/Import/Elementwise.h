//===- Elementwise.h - Loops over tensors for the importer ------*- C++ -*-===//

#ifndef MOE_LIB_IMPORT_ELEMENTWISE_H
#define MOE_LIB_IMPORT_ELEMENTWISE_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::moe {

/// Dimensions of a two-dimensional result by which an input is indexed.
enum class Indexing { both, row, column };

struct Input {
  Value value;
  Indexing indexing = Indexing::both;
};

/// The tensor of `type` with elements body(elements of the inputs), where all
/// elements of inputs are f32 and the result is rounded. `rows` has as many
/// rows as the result.
Value buildElementwise(
    ImplicitLocOpBuilder &b, RankedTensorType type, Value rows,
    ArrayRef<Input> inputs,
    function_ref<Value(ImplicitLocOpBuilder &, ValueRange)> body);

/// The sum of squares of each row, in f32.
Value buildSumOfSquares(ImplicitLocOpBuilder &b, Value x);

/// `value` as `type`, both floats or both tensors of floats.
Value convertFloat(ImplicitLocOpBuilder &b, Value value, Type type);

} // namespace mlir::moe

#endif // MOE_LIB_IMPORT_ELEMENTWISE_H
