//===- Lowerings.h - The loops of each moe op -------------------*- C++ -*-===//
//
// One function per op. It emits the loops that compute the op at `code`'s
// insertion point and returns a tensor for each result. The files follow the
// .td files. TokenLoop.h has the ops that treat each token by itself.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_LOWERINGS_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_LOWERINGS_H

#include "../Code.h"
#include "moe/IR/MoE.h"

namespace mlir::moe {

using Results = SmallVector<Value>;

/// The type an op computes in: f64 if any of its tensors holds f64, else f32.
FloatType getComputeType(Operation *op);

// LowerRoute.cpp
/// Puts the ops of a routing kernel in its place, and what they do for each
/// token by itself into as few loops as their order allows. With many threads,
/// which are expected to have so many tokens, it becomes part of the sort that
/// groups the choices, as far as there is one.
void lowerRoute(RouteOp op, bool hasManyThreads, int64_t tokens);

// LowerGate.cpp
Results lowerToLoops(GateOp op, Code &code);

// LowerScores.cpp
/// A softmax over tokens.
Results lowerToLoops(ScoreOp op, Code &code);
Results lowerToLoops(SinkhornOp op, Code &code);

// LowerChoices.cpp
Results lowerToLoops(TopTokensOp op, Code &code);
Results lowerToLoops(AssignBalancedOp op, Code &code);

// LowerSlots.cpp
Results lowerToLoops(CountOp op, Code &code);
Results lowerToLoops(CapacityOp op, Code &code);
Results lowerToLoops(AssignSlotsOp op, Code &code);
Results lowerToLoops(RowExpertsOp op, Code &code);

// LowerGrouping.cpp
Results lowerToLoops(GroupByExpertOp op, Code &code);

// LowerRows.cpp
Results lowerToLoops(DispatchOp op, Code &code);
Results lowerToLoops(CombineOp op, Code &code);
Results lowerToLoops(MixOp op, Code &code);

// LowerDequantize.cpp
Results lowerToLoops(DequantizeOp op, Code &code);

// LowerFused.cpp
Results lowerToLoops(GroupedGemmOp op, Code &code);
Results lowerToLoops(RowWeightsOp op, Code &code);
Results lowerToLoops(RowChoicesOp op, Code &code);
Results lowerToLoops(AppendExpertOp op, Code &code);

// LowerLosses.cpp
Results lowerToLoops(AuxLossOp op, Code &code);
Results lowerToLoops(UpdateBiasOp op, Code &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_LOWERINGS_H
