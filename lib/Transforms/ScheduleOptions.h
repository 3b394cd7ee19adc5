//===- ScheduleOptions.h - Options of the schedule passes -------*- C++ -*-===//

#ifndef MOE_LIB_TRANSFORMS_SCHEDULEOPTIONS_H
#define MOE_LIB_TRANSFORMS_SCHEDULEOPTIONS_H

#include "moe/Target/Target.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"

namespace mlir::moe {

/// Sets the target that the options of a pass name. Reports an unknown name,
/// and a token count that is negative.
inline LogicalResult readScheduleOptions(MLIRContext *context, StringRef name,
                                         int64_t tokens, Target &target) {
  Location unknown = UnknownLoc::get(context);
  if (tokens < 0)
    return emitError(unknown)
           << "option 'tokens' is " << tokens << ", expected at least 0";
  llvm::Expected<Target> found = findTarget(name);
  if (!found)
    return emitError(unknown) << llvm::toString(found.takeError());
  target = *found;
  return success();
}

} // namespace mlir::moe

#endif // MOE_LIB_TRANSFORMS_SCHEDULEOPTIONS_H
