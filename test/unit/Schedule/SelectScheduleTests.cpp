//===- SelectScheduleTests.cpp - The schedule that should be fastest ------===//

#include "Problems.h"
#include "moe/Schedule/SearchSpace.h"
#include "moe/Schedule/SelectSchedule.h"

#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

ScheduleSelection select(const GemmProblem &problem, const Target &target,
                         int64_t tokens) {
  return selectSchedule(problem, target, tokens).value();
}

TEST(SelectSchedule, NoneIsFaster) {
  GemmProblem problem = makeProblem(2048, 1024, 2, f32());
  Target target = getTarget("x86-64-v4");
  std::vector<Schedule> schedules = enumerateSchedules(problem, target);
  for (int64_t tokens : {1, 16, 512, 4096}) {
    ScheduleSelection selection = select(problem, target, tokens);
    EXPECT_EQ(selection.candidates, schedules.size());
    bool before = true;
    for (const Schedule &schedule : schedules) {
      before &= schedule != selection.schedule;
      double seconds = estimateCost(problem, schedule, target, tokens).seconds;
      // Of equal ones, the first.
      if (before)
        EXPECT_GT(seconds, selection.estimate.seconds);
      else
        EXPECT_GE(seconds, selection.estimate.seconds);
    }
    EXPECT_FALSE(before);
  }
}

TEST(SelectSchedule, FewTokensAreStreamedAndManyPacked) {
  GemmProblem problem = makeProblem(2048, 1024, 2, f32());
  Target target = getTarget("znver4");
  ScheduleSelection decode = select(problem, target, 1);
  EXPECT_GE(decode.schedule.streamRows, 1);
  EXPECT_TRUE(decode.estimate.isMemoryBound());
  ScheduleSelection prefill = select(problem, target, 4096);
  EXPECT_LT(prefill.schedule.streamRows, 512);
  EXPECT_FALSE(prefill.estimate.isMemoryBound());
  // 4096 tokens * 8 experts * 2 operations in 2 projections.
  double flops = 4096.0 * 8 * 2 * 2 * 2048 * 1024;
  double peak = 8 * target.getFlopsPerCore(32);
  EXPECT_GT(prefill.estimate.seconds, flops / peak);
  EXPECT_LT(prefill.estimate.seconds, 1.25 * flops / peak);
}

TEST(SelectSchedule, TakesTheInstructionForBf16) {
  GemmProblem problem = makeProblem(2048, 1024, 2, bf16());
  EXPECT_EQ(select(problem, getTarget("znver4"), 4096).schedule.multiply,
            Schedule::Multiply::DotBf16);
  EXPECT_EQ(select(problem, getTarget("x86-64-v4"), 4096).schedule.multiply,
            Schedule::Multiply::Fma);
}

TEST(SelectSchedule, FewRowsOfBf16TakeLessToHideThanWidenedOnes) {
  GemmProblem problem = makeProblem(2048, 1024, 2, bf16());
  for (int64_t tokens : {1, 8})
    EXPECT_EQ(select(problem, getTarget("znver4"), tokens).schedule.multiply,
              Schedule::Multiply::DotBf16);
}

TEST(SelectSchedule, NoTokensAreTakenForOne) {
  GemmProblem problem = makeProblem(2048, 1024, 2, f32());
  Target target = getTarget("x86-64-v3");
  EXPECT_EQ(select(problem, target, 0).schedule,
            select(problem, target, 1).schedule);
}

TEST(SelectSchedule, NothingFromAnEmptySpace) {
  EXPECT_FALSE(selectSchedule(makeProblem(64, 64, 3000, f32()),
                              getTarget("x86-64-v4"), 1));
}

} // namespace
