//===- TokenBound.h - Sizes as functions of the number of tokens *- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TOKENBOUND_H
#define MOE_LIB_CONVERSION_TOKENBOUND_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::moe {

/// Upper bounds of scalars, as functions that do not fall when the number of
/// tokens grows. That number is every dynamic extent of an argument of the
/// function, which has one at most.
///
/// Known are constants, extents, the variables of counted loops, and arithmetic
/// that cannot fall when its operands grow. Of a minimum, one known operand is
/// enough: this is how a lowering states the bound of a size that depends on
/// data.
class TokenBound {
public:
  /// Fails if an argument of `function` has two dynamic extents: they could not
  /// both be the number of tokens.
  static LogicalResult checkArguments(func::FuncOp function);

  /// Whether there is a bound.
  static bool isKnown(Value value);

  /// Whether `value` is the number of tokens itself.
  static bool isNumTokens(Value value);

  /// The first dynamic extent of an argument; without one, nothing depends on
  /// it.
  static Value emitNumTokens(OpBuilder &builder, func::FuncOp function);

  /// Code is emitted where `builder` points; what folds is folded.
  TokenBound(OpBuilder &builder, Location loc, Value tokens)
      : builder(builder), loc(loc), tokens(tokens) {}

  /// Computes the bound of `value`, which must be known.
  Value emit(Value value);

private:
  Value emitNew(Value value);
  Value emitClone(Operation *op);

  OpBuilder &builder;
  Location loc;
  Value tokens;
  IRMapping bounds;
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TOKENBOUND_H
