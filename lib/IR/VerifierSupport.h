//===- VerifierSupport.h - Checks shared by the verifiers -------*- C++ -*-===//

#ifndef MOE_LIB_IR_VERIFIERSUPPORT_H
#define MOE_LIB_IR_VERIFIERSUPPORT_H

#include "moe/IR/MoE.h"

#include <limits>

namespace mlir::moe {

inline int64_t dim(Value value, unsigned index) {
  return cast<ShapedType>(value.getType()).getDimSize(index);
}

/// Fails unless two sizes can be equal; a dynamic size may equal any other.
inline LogicalResult checkSize(Operation *op, const Twine &what, int64_t found,
                               int64_t expected) {
  if (ShapedType::isDynamic(found) || ShapedType::isDynamic(expected) ||
      found == expected)
    return success();
  return op->emitOpError() << what << " is " << found << ", expected "
                           << expected;
}

/// Fails unless each dimension of `value` can equal that dimension of `like`.
inline LogicalResult checkLeadingSizes(Operation *op, StringRef what,
                                       Value value, Value like) {
  int64_t rank = cast<ShapedType>(value.getType()).getRank();
  for (int64_t i = 0; i < rank; ++i)
    if (failed(checkSize(op, "dimension " + Twine(i) + " of " + what,
                         dim(value, i), dim(like, i))))
      return failure();
  return success();
}

/// Fails unless `lower <= value <= upper`.
inline LogicalResult checkRange(Operation *op, const Twine &what, int64_t value,
                                int64_t lower, int64_t upper) {
  if (lower <= value && value <= upper)
    return success();
  return op->emitOpError() << what << " is " << value << ", expected " << lower
                           << " to " << upper;
}

/// Fails unless `value` is at least `lower` and an i32, as all indices are:
/// sums and products of such numbers do not overflow.
inline LogicalResult checkCount(Operation *op, const Twine &what, int64_t value,
                                int64_t lower) {
  return checkRange(op, what, value, lower,
                    std::numeric_limits<int32_t>::max());
}

inline LogicalResult checkAtLeast(Operation *op, const Twine &what,
                                  int64_t value, int64_t lower) {
  if (value >= lower)
    return success();
  return op->emitOpError() << what << " is " << value << ", expected at least "
                           << lower;
}

/// Fails unless `value` is a finite number above zero.
inline LogicalResult checkPositive(Operation *op, const Twine &what,
                                   APFloat value) {
  if (value.isFinite() && !value.isNegative() && !value.isZero())
    return success();
  return op->emitOpError() << what << " is " << value.convertToDouble()
                           << ", expected a positive number";
}

/// Fails unless an epsilon is positive exactly when its mode uses it.
inline LogicalResult checkEps(Operation *op, StringRef name, APFloat eps,
                              EpsMode mode) {
  if (mode != EpsMode::none)
    return checkPositive(op, name, eps);
  if (eps.isZero())
    return success();
  return op->emitOpError() << name << " is " << eps.convertToDouble()
                           << ", expected 0 for " << name << "_mode none";
}

/// Fails unless an optional operand or attribute is present exactly when
/// `needed`.
inline LogicalResult checkPresence(Operation *op, StringRef what, bool found,
                                   bool needed, const Twine &when) {
  if (found == needed)
    return success();
  return op->emitOpError() << what
                           << (needed ? " is missing, needed "
                                      : " is given, only allowed ")
                           << when;
}

} // namespace mlir::moe

#endif // MOE_LIB_IR_VERIFIERSUPPORT_H
