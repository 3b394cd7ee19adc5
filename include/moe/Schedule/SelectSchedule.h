//===- SelectSchedule.h - The schedule that should be fastest ---*- C++ -*-===//

#ifndef MOE_SCHEDULE_SELECTSCHEDULE_H
#define MOE_SCHEDULE_SELECTSCHEDULE_H

#include "moe/Schedule/CostModel.h"

namespace mlir::moe {

struct ScheduleSelection {
  Schedule schedule;
  CostEstimate estimate;
  /// Schedules that it was chosen from.
  size_t candidates;
};

/// The schedule of the search space with the shortest estimated time, of equal
/// ones the first; nothing if the space is empty. No tokens take no time, so
/// the schedule for none is that for one.
std::optional<ScheduleSelection> selectSchedule(const GemmProblem &problem,
                                                const Target &target,
                                                int64_t tokens);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_SELECTSCHEDULE_H
