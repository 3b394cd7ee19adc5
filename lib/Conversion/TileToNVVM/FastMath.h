//===- FastMath.h - Functions that processors approximate -------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_TILETONVVM_FASTMATH_H
#define MOE_LIB_CONVERSION_TILETONVVM_FASTMATH_H

#include "DeviceCode.h"

#include "mlir/IR/IRMapping.h"

namespace mlir::moe {

/// Emits `op`, an exponential or a division in f32, as an instruction with a
/// relative error of 2^-22, and maps its result. Not for results that are
/// stored in f32. False for any other op.
bool emitFastMath(Operation &op, IRMapping &mapping, DeviceCode &code);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_TILETONVVM_FASTMATH_H
