//===- NumberFormats.h - How tensors store numbers --------------*- C++ -*-===//

#ifndef MOE_LIB_IR_NUMBERFORMATS_H
#define MOE_LIB_IR_NUMBERFORMATS_H

#include "moe/IR/MoE.h"
#include "moe/Schedule/GemmProblem.h"

namespace mlir::moe {

/// The name of a type; of data and scales of quantised numbers and the sizes of
/// a block that share a scale, without leading ones.
NumberFormat describeFormat(Value value);

} // namespace mlir::moe

#endif // MOE_LIB_IR_NUMBERFORMATS_H
