//===- ParallelSlots.h - Slots for choices by many threads ------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_PARALLELSLOTS_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_PARALLELSLOTS_H

#include "Lowerings.h"

namespace mlir::moe {

/// What moe.assign_slots gives, if each choice knows by itself how many of its
/// group and expert are served before it.
class ParallelSlots {
public:
  ParallelSlots(AssignSlotsOp op, Code &code);

  /// Gives the choice the slot `position` of the group's slots of the expert,
  /// if there are both.
  void place(Term token, Term choice, Term group, Term expert, Term position);
  Results take();

  AssignSlotsOp op;
  Code &code;
  Value indices;
  Term tokens, choices, experts, capacity;
  /// Tokens of a group.
  Term groupSize;

private:
  Value kept, slots;
};

/// Whether the slot of a choice depends on which choices come before it only,
/// not on which of them found one.
bool areServedAlone(AssignSlotsOp op);

/// Whether it is also the place of the choice among those of its group and
/// expert as they come, which a sort by expert finds.
bool areServedInOrder(AssignSlotsOp op);

/// Assigns slots to choices that are served alone: each counts those of its
/// expert that are served before it.
Results assignByCounting(AssignSlotsOp op, Code &code);

/// The same for choices that are served in order.
Results assignInOrder(AssignSlotsOp op, Code &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_PARALLELSLOTS_H
