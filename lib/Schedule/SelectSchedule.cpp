//===- SelectSchedule.cpp - The schedule that should be fastest -----------===//

#include "moe/Schedule/SelectSchedule.h"
#include "moe/Schedule/SearchSpace.h"

#include <algorithm>

using namespace mlir::moe;

std::optional<ScheduleSelection>
mlir::moe::selectSchedule(const GemmProblem &problem, const Target &target,
                          int64_t tokens) {
  std::vector<Schedule> schedules = enumerateSchedules(problem, target);
  std::optional<ScheduleSelection> best;
  for (const Schedule &schedule : schedules) {
    CostEstimate estimate =
        estimateCost(problem, schedule, target, std::max<int64_t>(tokens, 1));
    if (!best || estimate.seconds < best->estimate.seconds)
      best = {schedule, estimate, schedules.size()};
  }
  return best;
}
