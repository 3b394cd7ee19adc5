//===- SlotsByCounting.h - Slots for choices with a priority ----*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_SLOTSBYCOUNTING_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_SLOTSBYCOUNTING_H

#include "Lowerings.h"

namespace mlir::moe {

/// Whether the slot of a choice depends on which choices come before it only,
/// not on which of them found one.
bool areServedAlone(AssignSlotsOp op);

/// The same result as from serving one after another, with many threads: each
/// choice counts those of its expert that are served before it.
Results assignByCounting(AssignSlotsOp op, Code &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_SLOTSBYCOUNTING_H
