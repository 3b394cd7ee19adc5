//===- Capacity.cpp - Slots per expert ------------------------------------===//

#include "moe/IR/Capacity.h"

#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir::moe;

/// The rule's real number in precision `Real`.
template <typename Real>
static Real evaluateRule(CapacityRule rule, int64_t tokens, int64_t numExperts,
                         Real factor) {
  Real experts = static_cast<Real>(numExperts);
  switch (rule) {
  case CapacityRule::mul_then_div:
    return static_cast<Real>(tokens) * factor / experts;
  case CapacityRule::div_then_mul:
    return static_cast<Real>(tokens) / experts * factor;
  case CapacityRule::ceil_div_then_mul:
    return static_cast<Real>(llvm::divideCeil(tokens, numExperts)) * factor;
  case CapacityRule::floor_div_then_mul:
    return static_cast<Real>(tokens / numExperts) * factor;
  case CapacityRule::fraction:
    return static_cast<Real>(tokens) * factor;
  case CapacityRule::max_count:
    break;
  }
  llvm_unreachable("a count is not computed from a factor");
}

static int64_t roundCapacity(Rounding rounding, double value) {
  // Also replaces NaN, which a factor beyond the arithmetic gives for no
  // tokens.
  if (!(value < maxCapacity))
    value = maxCapacity;
  switch (rounding) {
  case Rounding::trunc:
    return static_cast<int64_t>(value);
  case Rounding::ceil:
    return static_cast<int64_t>(std::ceil(value));
  case Rounding::half_even:
    return static_cast<int64_t>(std::nearbyint(value));
  }
  llvm_unreachable("unknown rounding");
}

int64_t mlir::moe::computeCapacity(CapacityOp op, int64_t tokens,
                                   int64_t maxCount) {
  int64_t capacity = maxCount;
  if (op.getRule() != CapacityRule::max_count) {
    int64_t choices = tokens * op.getChoices();
    double factor = op.getFactor().convertToDouble();
    double value = op.getArithmetic() == Arithmetic::f32
                       ? evaluateRule<float>(op.getRule(), choices,
                                             op.getNumExperts(), factor)
                       : evaluateRule<double>(op.getRule(), choices,
                                              op.getNumExperts(), factor);
    capacity = roundCapacity(op.getRounding(), value) * op.getMultiplier();
    if (op.getCounts())
      capacity = std::min(capacity, maxCount);
  }
  if (op.getAtMostTokens())
    capacity = std::min(capacity, tokens);
  capacity = std::max<int64_t>(capacity, op.getMinimum());
  return llvm::alignTo(capacity, op.getMultipleOf());
}
