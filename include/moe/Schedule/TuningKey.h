//===- TuningKey.h - What a tuned schedule is stored under ------*- C++ -*-===//

#ifndef MOE_SCHEDULE_TUNINGKEY_H
#define MOE_SCHEDULE_TUNINGKEY_H

#include "moe/Schedule/GemmProblem.h"
#include "moe/Schedule/LayerProblem.h"
#include "moe/Target/Target.h"

namespace mlir::moe {

/// Problem, bucket of the token count and target on one line, in named fields
/// that are always all there and in the same order: equal keys, equal text.
std::string getTuningKey(const GemmProblem &problem, const Target &target,
                         int64_t tokens);

/// The same for the plan of a layer.
std::string getTuningKey(const LayerProblem &problem, const Target &target,
                         int64_t tokens);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_TUNINGKEY_H
