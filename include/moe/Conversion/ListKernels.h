//===- ListKernels.h - The kernels that launches count ----------*- C++ -*-===//

#ifndef MOE_CONVERSION_LISTKERNELS_H
#define MOE_CONVERSION_LISTKERNELS_H

#include "mlir/IR/Operation.h"

namespace mlir::moe {

/// The names of the kernels within `op`, each at the place that
/// moe-lower-launches gives to its launches.
std::vector<std::string> listKernels(Operation *op);

} // namespace mlir::moe

#endif // MOE_CONVERSION_LISTKERNELS_H
