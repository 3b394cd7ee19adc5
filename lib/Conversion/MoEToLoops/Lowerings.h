//===- Lowerings.h - The loops of each moe op -------------------*- C++ -*-===//
//
// One function per op. It emits the loops that compute the op at `code`'s
// insertion point and returns a tensor for each result. The files follow the
// .td files.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_LOWERINGS_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_LOWERINGS_H

#include "../Code.h"
#include "moe/IR/MoE.h"

namespace mlir::moe {

using Results = SmallVector<Value>;

// LowerGate.cpp
Results lowerToLoops(GateOp op, Code &code);

// LowerScores.cpp
Results lowerToLoops(ScoreOp op, Code &code);
Results lowerToLoops(SinkhornOp op, Code &code);
Results lowerToLoops(LimitGroupsOp op, Code &code);

// LowerChoices.cpp
Results lowerToLoops(TopKOp op, Code &code);
Results lowerToLoops(SequentialTopKOp op, Code &code);
Results lowerToLoops(TopTokensOp op, Code &code);
Results lowerToLoops(SelectOp op, Code &code);
Results lowerToLoops(LookupOp op, Code &code);
Results lowerToLoops(AssignBalancedOp op, Code &code);
Results lowerToLoops(MaskChoicesOp op, Code &code);
Results lowerToLoops(FilterChoicesOp op, Code &code);

// LowerWeights.cpp
Results lowerToLoops(GatherWeightsOp op, Code &code);
Results lowerToLoops(NormalizeWeightsOp op, Code &code);

// LowerSlots.cpp
Results lowerToLoops(CountOp op, Code &code);
Results lowerToLoops(CapacityOp op, Code &code);
Results lowerToLoops(AssignSlotsOp op, Code &code);
Results lowerToLoops(GroupByExpertOp op, Code &code);
Results lowerToLoops(RowExpertsOp op, Code &code);

// LowerRows.cpp
Results lowerToLoops(DispatchOp op, Code &code);
Results lowerToLoops(CombineOp op, Code &code);
Results lowerToLoops(MixOp op, Code &code);

// LowerDequantize.cpp
Results lowerToLoops(DequantizeOp op, Code &code);

// LowerFused.cpp
Results lowerToLoops(GroupedGemmOp op, Code &code);
Results lowerToLoops(RowWeightsOp op, Code &code);

// LowerLosses.cpp
Results lowerToLoops(AuxLossOp op, Code &code);
Results lowerToLoops(UpdateBiasOp op, Code &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_LOWERINGS_H
