//===- PlanProblem.h - Layers as their plans see them ----------*- C++ -*-===//

#ifndef MOE_IR_PLANPROBLEM_H
#define MOE_IR_PLANPROBLEM_H

#include "moe/IR/MoE.h"
#include "moe/Schedule/KernelPlan.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::moe {

/// What a plan is chosen for; nothing without a combination of the results of
/// experts, or if kernels have been made of it.
std::optional<LayerProblem> getLayerProblem(FunctionOpInterface function);

KernelPlan toKernelPlan(PlanAttr plan);
PlanAttr toAttribute(MLIRContext *context, const KernelPlan &plan);

} // namespace mlir::moe

#endif // MOE_IR_PLANPROBLEM_H
