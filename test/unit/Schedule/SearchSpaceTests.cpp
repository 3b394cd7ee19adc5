//===- SearchSpaceTests.cpp - The schedules to choose from ----------------===//

#include "Problems.h"
#include "moe/Schedule/SearchSpace.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <gtest/gtest.h>
#include <set>

using namespace mlir::moe;

namespace {

struct Case {
  const char *target;
  GemmProblem problem;
};

/// From one expert of a few numbers to the widest published layers.
std::vector<Case> makeCases() {
  std::vector<Case> cases;
  for (const char *target : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "znver4"})
    for (const GemmProblem &problem :
         {makeProblem(2048, 1024, 2, f32()), makeProblem(32768, 6144, 1, f32()),
          makeProblem(6144, 32768, 2, bf16()), makeProblem(7, 5, 2, bf16()),
          makeProblem(0, 0, 1, f32())})
      cases.push_back({target, problem});
  for (const char *target : {"x86-64-v2", "znver4"}) {
    GemmProblem wide = makeProblem(4096, 1024, 2, {"f64", 64});
    wide.computeBits = 64;
    cases.push_back({target, wide});
  }
  return cases;
}

/// The rules once more, written for one case after the other.
void expectLegal(const Schedule &schedule, const GemmProblem &problem,
                 const Target &target) {
  bool dot = schedule.multiply == Schedule::Multiply::DotBf16;
  EXPECT_EQ(schedule.lanes * problem.computeBits, target.vectorBits);
  EXPECT_LE(schedule.registerVectors * (schedule.registerRows + 1) + 1,
            target.vectorRegisters);
  EXPECT_EQ(schedule.columns % schedule.lanes, 0);
  EXPECT_EQ(schedule.columns / schedule.lanes % schedule.registerVectors, 0);
  EXPECT_EQ(schedule.rows % schedule.registerRows, 0);
  EXPECT_GE(schedule.streamRows, 0);
  EXPECT_LE(schedule.streamRows, schedule.rows);
  if (dot) {
    EXPECT_TRUE(target.hasAvx512Bf16);
    EXPECT_EQ(problem.input.name, "bf16");
    EXPECT_EQ(problem.weights.front().format.name, "bf16");
  }
  double tile = double(problem.weights.size()) * double(schedule.columns);
  double numberBytes = problem.computeBits == 64 ? 8 : 4;
  double bytes = tile * double(schedule.rows) * numberBytes;
  if (schedule.rows != schedule.streamRows) {
    double step = double(schedule.lanes) * (dot ? 2 : 1);
    double depth = double(std::min(schedule.depth, problem.depth));
    bytes += tile * std::ceil(depth / step) * step * (dot ? 2 : numberBytes);
  }
  bool ready = dot || problem.weights.front().format.bits == 8 * numberBytes;
  int64_t group = schedule.lanes;
  if (ready && schedule.streamRows >= group) {
    double rows = double(schedule.streamRows / group * group);
    double step = double(schedule.lanes) * (dot ? 2 : 1);
    double depth = double(std::min(schedule.depth, problem.depth));
    bytes += rows * std::ceil(depth / step) * step * (dot ? 2 : numberBytes) +
             double(problem.weights.size()) * rows *
                 double(schedule.columns + 6) * numberBytes;
  }
  EXPECT_LE(bytes, 1024 * 1024);
}

TEST(SearchSpace, TilesMayHaveAllContiguousColumns) {
  GemmProblem problem = makeProblem(2880, 2880, 2, f32());
  auto hasWhole = [&] {
    return llvm::any_of(
        enumerateSchedules(problem, getTarget("znver4")),
        [](const Schedule &schedule) { return schedule.columns == 2880; });
  };
  EXPECT_FALSE(hasWhole());
  problem.weights[1].outIn = false;
  EXPECT_TRUE(hasWhole());
}

TEST(SearchSpace, EveryScheduleIsLegal) {
  for (const Case &it : makeCases()) {
    Target target = getTarget(it.target);
    std::vector<Schedule> schedules = enumerateSchedules(it.problem, target);
    EXPECT_FALSE(schedules.empty());
    for (const Schedule &schedule : schedules)
      expectLegal(schedule, it.problem, target);
  }
}

TEST(SearchSpace, HasTheDefault) {
  for (const Case &it : makeCases()) {
    Target target = getTarget(it.target);
    std::optional<Schedule> schedule = getDefaultSchedule(it.problem, target);
    ASSERT_TRUE(schedule);
    EXPECT_TRUE(
        llvm::is_contained(enumerateSchedules(it.problem, target), *schedule));
  }
}

TEST(SearchSpace, NoScheduleTwice) {
  for (const Case &it : makeCases()) {
    std::set<std::string> texts;
    std::vector<Schedule> schedules =
        enumerateSchedules(it.problem, getTarget(it.target));
    for (const Schedule &schedule : schedules) {
      std::string text;
      llvm::raw_string_ostream(text) << schedule;
      texts.insert(text);
    }
    EXPECT_EQ(texts.size(), schedules.size());
  }
}

TEST(SearchSpace, OrderIsFixed) {
  GemmProblem problem = makeProblem(2048, 1024, 2, f32());
  Target target = getTarget("x86-64-v4");
  EXPECT_EQ(enumerateSchedules(problem, target),
            enumerateSchedules(problem, target));
}

TEST(SearchSpace, IllegalValuesOfEachFieldAreRefused) {
  for (const Case &it : makeCases()) {
    Target target = getTarget(it.target);
    for (const Schedule &schedule : enumerateSchedules(it.problem, target)) {
      auto expectRefused = [&](auto field, auto value) {
        Schedule changed = schedule;
        changed.*field = value;
        EXPECT_TRUE(checkSchedule(changed, it.problem, target))
            << "value " << int64_t(value);
      };
      expectRefused(&Schedule::rows, 0);
      expectRefused(&Schedule::rows, schedule.rows + 1);
      expectRefused(&Schedule::rows, largestScheduleField + 1);
      expectRefused(&Schedule::columns, 0);
      expectRefused(&Schedule::columns, schedule.columns + 1);
      expectRefused(&Schedule::depth, 0);
      expectRefused(&Schedule::streamRows, -1);
      expectRefused(&Schedule::streamRows, schedule.rows + 1);
      expectRefused(&Schedule::registerRows, 0);
      expectRefused(&Schedule::registerRows, target.vectorRegisters);
      expectRefused(&Schedule::registerVectors, 0);
      expectRefused(&Schedule::registerVectors, target.vectorRegisters);
      expectRefused(&Schedule::lanes, 0);
      expectRefused(&Schedule::lanes, schedule.lanes / 2);
      expectRefused(&Schedule::lanes, schedule.lanes * 2);
      if (it.problem.input.name != "bf16" || !target.hasAvx512Bf16)
        expectRefused(&Schedule::multiply, Schedule::Multiply::DotBf16);
    }
  }
}

TEST(SearchSpace, OfTooManyProjectionsIsEmpty) {
  GemmProblem problem = makeProblem(64, 64, 3000, f32());
  Target target = getTarget("x86-64-v4");
  EXPECT_TRUE(enumerateSchedules(problem, target).empty());
  EXPECT_FALSE(getDefaultSchedule(problem, target));
}

TEST(SearchSpace, DefaultsOfTheLevels) {
  GemmProblem problem = makeProblem(2048, 1024, 2, f32());
  EXPECT_EQ(getDefaultSchedule(problem, getTarget("x86-64-v4")),
            (Schedule{256, 48, 1024, 16, 8, 3, 16}));
  EXPECT_EQ(getDefaultSchedule(problem, getTarget("x86-64-v3")),
            (Schedule{192, 16, 1024, 16, 6, 2, 8}));
}

} // namespace
