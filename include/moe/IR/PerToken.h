//===- PerToken.h - The ops of a router -------------------------*- C++ -*-===//

#ifndef MOE_IR_PERTOKEN_H
#define MOE_IR_PERTOKEN_H

#include "moe/IR/MoE.h"

namespace mlir::moe {

/// Whether each row of the results of an op of the dialect depends on the same
/// row of its operands only, and on tensors that are no rows of tokens.
bool isPerToken(Operation *op);

/// Whether an op, of whatever dialect, computes each element of a matrix of the
/// same element of other matrices.
bool isElementwise(Operation *op);

/// Whether an op makes slots, groups and what follows from them of choices.
bool isGrouping(Operation *op);

/// What defines `value`: an op in the body of a moe.route, if that gives it.
Value lookIntoRoute(Value value);

} // namespace mlir::moe

#endif // MOE_IR_PERTOKEN_H
