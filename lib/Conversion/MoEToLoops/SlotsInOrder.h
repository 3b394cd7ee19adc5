//===- SlotsInOrder.h - Slots for choices as they come ----------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_SLOTSINORDER_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_SLOTSINORDER_H

#include "Lowerings.h"

namespace mlir::moe {

/// Whether the slot of a choice is its place among those of its group and
/// expert, which a sort by expert finds: all are served as they come.
bool areServedInOrder(AssignSlotsOp op);

/// Assigns such slots with many threads.
Results assignInOrder(AssignSlotsOp op, Code &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_SLOTSINORDER_H
