//===- SlotVerifiers.cpp - Constraints of capacity, slots and grouping ----===//
//
// Each check is labelled with the constraint of the op's description it
// enforces.
//
//===----------------------------------------------------------------------===//

#include "VerifierSupport.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::moe;

LogicalResult CountOp::verify() {
  // C1
  if (failed(checkCount(*this, "num_experts", getNumExperts(), 1)))
    return failure();
  // C2
  int64_t columns = dim(getIndices(), 1);
  if (!getChoices())
    return success();
  if (ShapedType::isDynamic(columns))
    return checkAtLeast(*this, "choices", *getChoices(), 1);
  return checkRange(*this, "choices", *getChoices(), 1, columns);
}

LogicalResult CapacityOp::verify() {
  // C1
  std::pair<StringRef, int64_t> positives[] = {
      {"num_experts", getNumExperts()},
      {"choices", getChoices()},
      {"multiplier", getMultiplier()},
      {"multiple_of", getMultipleOf()}};
  for (auto [name, value] : positives)
    if (failed(checkCount(*this, name, value, 1)))
      return failure();
  if (failed(checkCount(*this, "minimum", getMinimum(), 0)))
    return failure();
  // C2
  if (failed(checkPositive(*this, "factor", getFactor())))
    return failure();
  // C3
  if (getRule() == CapacityRule::max_count &&
      failed(checkPresence(*this, "counts", bool(getCounts()), true,
                           "for rule max_count")))
    return failure();
  // C4
  if (getCounts())
    return checkSize(*this, "length of the counts", dim(getCounts(), 0),
                     getNumExperts());
  return success();
}

LogicalResult AssignSlotsOp::verify() {
  // C1
  if (failed(checkCount(*this, "num_experts", getNumExperts(), 1)) ||
      failed(checkCount(*this, "groups", getGroups(), 1)))
    return failure();
  // C2
  bool perChoice = false;
  if (Value priority = getPriority()) {
    perChoice = cast<ShapedType>(priority.getType()).getRank() == 2;
    if (failed(checkLeadingSizes(*this, "priority", priority, getIndices())))
      return failure();
  }
  // C3
  if (getUnselectedPriority() && !perChoice)
    return emitOpError("unselected_priority is given, only allowed with a "
                       "priority per choice");
  // C4
  if (failed(checkPresence(*this, "random", bool(getRandom()),
                           getOverflow() == Overflow::random_spare,
                           "for overflow random_spare")))
    return failure();
  if (getRandom() &&
      failed(checkLeadingSizes(*this, "random", getRandom(), getIndices())))
    return failure();
  // C5
  if (perChoice && getOverflow() != Overflow::drop)
    return emitOpError("overflow is ")
           << stringifyOverflow(getOverflow())
           << ", expected drop with a priority per choice";
  return success();
}

/// The only number of rows that is right for every routing, if there is one.
/// Sizes that no memory holds wrap around, which signed numbers must not.
static int64_t getStaticRows(GroupByExpertOp op) {
  if (!op.getSlots()) {
    int64_t tokens = dim(op.getIndices(), 0), choices = dim(op.getIndices(), 1);
    bool isStatic =
        !ShapedType::isDynamic(tokens) && !ShapedType::isDynamic(choices);
    return isStatic ? static_cast<uint64_t>(tokens) * choices
                    : ShapedType::kDynamic;
  }
  APInt capacity;
  if (!matchPattern(op.getCapacity(), m_ConstantInt(&capacity)))
    return ShapedType::kDynamic;
  return static_cast<uint64_t>(op.getNumExperts()) * op.getGroups() *
         capacity.getSExtValue();
}

LogicalResult GroupByExpertOp::verify() {
  // C1
  if (failed(checkCount(*this, "num_experts", getNumExperts(), 1)) ||
      failed(checkCount(*this, "groups", getGroups(), 1)) ||
      failed(checkCount(*this, "first_expert", getFirstExpert(), 0)))
    return failure();
  // C2
  if (bool(getSlots()) != bool(getCapacity()))
    return emitOpError(getSlots() ? "slots are given without a capacity"
                                  : "capacity is given without slots");
  if (getSlots() &&
      failed(checkLeadingSizes(*this, "slots", getSlots(), getIndices())))
    return failure();
  // C3
  if (failed(checkSize(*this, "length of the offsets", dim(getOffsets(), 0),
                       getNumExperts() + 1)))
    return failure();
  // C4
  if (failed(
          checkLeadingSizes(*this, "positions", getPositions(), getIndices())))
    return failure();
  // C5
  int64_t found = dim(getSources(), 0), expected = getStaticRows(*this);
  if (ShapedType::isDynamic(found) || found == expected)
    return success();
  InFlightDiagnostic error = emitOpError("number of sources is ")
                             << found << ", expected ";
  if (ShapedType::isDynamic(expected))
    return error << "a dynamic number: it is not known here";
  return error << expected;
}
