//===- Capacity.h - Slots per expert ----------------------------*- C++ -*-===//

#ifndef MOE_IR_CAPACITY_H
#define MOE_IR_CAPACITY_H

#include "moe/IR/MoE.h"

#include <limits>

namespace mlir::moe {

/// A rule never gives more. Rows have i32 indices, so no larger capacity can be
/// told from it; the limit also keeps the conversion of an absurd factor
/// defined.
inline constexpr double maxCapacity = std::numeric_limits<int32_t>::max();

/// The capacity that `op` gives for `tokens` tokens, as its description defines
/// it. `maxCount` is the largest of its counts; it is not read if the op has
/// none.
int64_t computeCapacity(CapacityOp op, int64_t tokens, int64_t maxCount);

} // namespace mlir::moe

#endif // MOE_IR_CAPACITY_H
