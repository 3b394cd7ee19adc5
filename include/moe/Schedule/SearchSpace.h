//===- SearchSpace.h - The schedules to choose from -------------*- C++ -*-===//

#ifndef MOE_SCHEDULE_SEARCHSPACE_H
#define MOE_SCHEDULE_SEARCHSPACE_H

#include "moe/Schedule/CheckSchedule.h"

namespace mlir::moe {

/// The schedules to choose from for a problem on a target: those of a fixed
/// grid that are legal, without ones that differ only in what they do not use.
/// The order depends on nothing but the arguments.
std::vector<Schedule> enumerateSchedules(const GemmProblem &problem,
                                         const Target &target);

/// The schedule that is taken without knowing how many tokens there will be. It
/// is in the space, which is empty if there is none.
std::optional<Schedule> getDefaultSchedule(const GemmProblem &problem,
                                           const Target &target);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_SEARCHSPACE_H
