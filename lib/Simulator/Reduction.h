//===- Reduction.h - Reductions into memory ---------------------*- C++ -*-===//

#ifndef MOE_LIB_SIMULATOR_REDUCTION_H
#define MOE_LIB_SIMULATOR_REDUCTION_H

#include "moe/Simulator/TensorMap.h"

namespace mlir::moe::sim {

/// Numbered as MLIR does.
enum class Reduction : uint32_t { Add, Min, Max, Inc, Dec, And, Or, Xor };

/// Combines the element at `target` with the one at `value`; false if there is
/// no such reduction of that type.
bool reduce(Reduction kind, ElementType type, void *target, const void *value);

} // namespace mlir::moe::sim

#endif // MOE_LIB_SIMULATOR_REDUCTION_H
