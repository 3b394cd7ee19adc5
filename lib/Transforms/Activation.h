//===- Activation.h - Activations as scalar arithmetic ----------*- C++ -*-===//

#ifndef MOE_LIB_TRANSFORMS_ACTIVATION_H
#define MOE_LIB_TRANSFORMS_ACTIVATION_H

#include "moe/IR/MoE.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::moe {

/// The hidden value of an expert, as `#moe.activation` defines it, from floats
/// of one type: up `u` and gate `g`, which is null in an expert without a gate.
Value buildActivation(ImplicitLocOpBuilder &builder, ActivationAttr activation,
                      Value u, Value g);

} // namespace mlir::moe

#endif // MOE_LIB_TRANSFORMS_ACTIVATION_H
