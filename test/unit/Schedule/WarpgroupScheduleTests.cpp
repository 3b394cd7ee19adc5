//===- WarpgroupScheduleTests.cpp - How Hopper computes grouped GEMMs -----===//

#include "Problems.h"
#include "moe/Schedule/WarpgroupSchedule.h"

#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

constexpr WarpgroupSchedule legal{128, 128, 64, 4, 2, 2};

std::string check(const WarpgroupSchedule &schedule,
                  const GemmProblem &problem) {
  auto violation =
      checkWarpgroupSchedule(schedule, problem, getTarget("sm_90a"));
  return violation ? violation->getMessage() : "";
}

/// `legal` with another value of one field.
WarpgroupSchedule with(int64_t WarpgroupSchedule::*field, int64_t value) {
  WarpgroupSchedule schedule = legal;
  schedule.*field = value;
  return schedule;
}

GemmProblem makeGateUp() { return makeProblem(2048, 768, 2, bf16()); }

TEST(WarpgroupSchedule, Legal) { EXPECT_EQ(check(legal, makeGateUp()), ""); }

TEST(WarpgroupSchedule, EveryFieldHasARange) {
  for (const WarpgroupScheduleField &field : getWarpgroupScheduleFields())
    for (int64_t value : {int64_t(0), int64_t(-64), int64_t(100000),
                          std::numeric_limits<int64_t>::min(),
                          std::numeric_limits<int64_t>::max()}) {
      auto violation =
          checkWarpgroupSchedule(with(field.value, value), nullptr);
      ASSERT_TRUE(violation) << field.name.str() << ' ' << value;
      EXPECT_EQ(violation->field, field.name);
      EXPECT_EQ(violation->found, std::to_string(value));
    }
}

TEST(WarpgroupSchedule, FieldsAreMultiples) {
  GemmProblem problem = makeGateUp();
  EXPECT_EQ(check(with(&WarpgroupSchedule::rows, 192), problem),
            "schedule field 'rows' is 192, expected a multiple of 128");
  EXPECT_EQ(check(with(&WarpgroupSchedule::columns, 100), problem),
            "schedule field 'columns' is 100, expected a multiple of 8");
  EXPECT_EQ(check(with(&WarpgroupSchedule::depth, 32), problem),
            "schedule field 'depth' is 32, expected 64");
}

TEST(WarpgroupSchedule, NumbersHaveSixteenBits) {
  GemmProblem problem = makeGateUp();
  problem.input = f32();
  EXPECT_EQ(check(legal, problem), "schedule field 'depth' is used for rows of "
                                   "f32, expected rows of bf16 or f16");
  problem = makeGateUp();
  problem.weights[1].format = f32();
  EXPECT_EQ(check(legal, problem),
            "schedule field 'depth' is used for weights of f32, expected "
            "weights of bf16");
  problem = makeGateUp();
  problem.computeBits = 64;
  EXPECT_EQ(
      check(legal, problem),
      "schedule field 'depth' is used for sums in f64, expected sums in f32");
}

TEST(WarpgroupSchedule, RowsAreStored) {
  GemmProblem problem = makeGateUp();
  problem.addsRows = true;
  EXPECT_EQ(check(legal, problem), "schedule field 'rows' is used for rows "
                                   "that are added, expected rows that are "
                                   "stored");
}

TEST(WarpgroupSchedule, RowsInMemoryAreMultiplesOf16Bytes) {
  GemmProblem problem = makeProblem(2044, 768, 2, bf16());
  EXPECT_EQ(check(legal, problem), "schedule field 'depth' is used for 2044 "
                                   "inputs, expected a multiple of 8 inputs");
  problem = makeProblem(2048, 772, 2, bf16());
  EXPECT_EQ(check(legal, problem), "schedule field 'columns' is used for 772 "
                                   "outputs, expected a multiple of 8 outputs");
}

TEST(WarpgroupSchedule, InOutWeights) {
  GemmProblem problem = makeGateUp();
  for (GemmWeight &weight : problem.weights)
    weight.outIn = false;
  EXPECT_EQ(check(with(&WarpgroupSchedule::columns, 96), problem),
            "schedule field 'columns' is 96, expected a multiple of 64 for "
            "in_out weights");
  problem.weights[0].stride = 2;
  EXPECT_EQ(check(legal, problem),
            "schedule field 'columns' is used for every 2th output of in_out "
            "weights, expected all outputs, or two projections of every "
            "second");
  problem.weights[1].stride = 2;
  EXPECT_EQ(check(with(&WarpgroupSchedule::columns, 96), problem), "");
}

TEST(WarpgroupSchedule, SumsFitRegisters) {
  EXPECT_EQ(check({256, 128, 64, 2, 2, 2}, makeGateUp()),
            "schedule field 'columns' is 128, which need 256 registers for "
            "sums, expected at most 128 registers");
}

TEST(WarpgroupSchedule, GatheredRowsFitRegisters) {
  GemmProblem problem = makeProblem(2048, 768, 1, bf16());
  WarpgroupSchedule schedule{256, 128, 64, 3, 2, 2};
  EXPECT_EQ(check(schedule, problem), "");
  problem.gathersRows = true;
  EXPECT_EQ(check(schedule, problem),
            "schedule field 'rows' is 256, expected at most 128 for rows found "
            "through an index");
}

TEST(WarpgroupSchedule, StagesFitSharedMemory) {
  EXPECT_EQ(check(with(&WarpgroupSchedule::stages, 5), makeGateUp()),
            "schedule field 'stages' is 5, which need 263768 bytes of shared "
            "memory, expected at most 232448 bytes");
}

/// Parts of shared memory neither overlap nor leave what their users must have
/// aligned unaligned.
TEST(WarpgroupSchedule, LayoutIsInOrder) {
  SharedMemoryLayout layout = getSharedMemoryLayout(legal, 256, 64);
  EXPECT_EQ(layout.stageBytes, 128 * 128 + 256 * 128);
  EXPECT_EQ(layout.stageBytes % 1024, 0);
  EXPECT_EQ(layout.staging, 4 * layout.stageBytes);
  EXPECT_EQ(layout.barriers - layout.staging, 8 * stagingBytesPerWarp);
  EXPECT_EQ(layout.barriers % 8, 0);
  EXPECT_EQ(layout.blockStarts - layout.barriers, 8 * 8);
  EXPECT_EQ(layout.rowStarts - layout.blockStarts, 65 * 4);
  EXPECT_EQ(layout.sources - layout.rowStarts, 65 * 4);
  EXPECT_EQ(layout.bytes - layout.sources, 2 * 128 * 4);
}

TEST(WarpgroupSchedule, ClustersShareWeights) {
  GemmProblem problem = makeGateUp();
  EXPECT_EQ(check(with(&WarpgroupSchedule::cluster, 2), problem), "");
  WarpgroupSchedule schedule = with(&WarpgroupSchedule::cluster, 2);
  schedule.columns = 24;
  EXPECT_EQ(check(schedule, problem), "schedule field 'cluster' is 2, expected "
                                      "1 for tiles of 24 outputs");
  for (GemmWeight &weight : problem.weights)
    weight.outIn = false;
  schedule.columns = 64;
  EXPECT_EQ(check(schedule, problem), "schedule field 'cluster' is 2, expected "
                                      "1 for tiles of 64 outputs");
  schedule.columns = 128;
  EXPECT_EQ(check(schedule, problem), "");
}

/// As attributes are printed.
TEST(WarpgroupSchedule, DefaultsAreNotPrinted) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << legal << ' ' << with(&WarpgroupSchedule::raster, 16);
  EXPECT_EQ(text, "#moe.warpgroup_schedule<rows = 128, columns = 128, depth = "
                  "64, stages = 4, consumers = 2, consumers_per_tile = 2> "
                  "#moe.warpgroup_schedule<rows = 128, columns = 128, depth = "
                  "64, stages = 4, consumers = 2, consumers_per_tile = 2, "
                  "raster = 16>");
}

TEST(WarpgroupSchedule, OtherTargetsHaveNone) {
  auto violation =
      checkWarpgroupSchedule(legal, makeGateUp(), getTarget("znver4"));
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->getMessage(),
            "schedule field 'consumers' is for a "
            "GPU, expected a schedule for a processor");
}

TEST(WarpgroupSchedule, SpaceIsLegalAndNeverEmpty) {
  Target target = getTarget("sm_90a");
  for (int64_t columns : {8, 40, 96, 192, 768, 14336})
    for (int64_t projections : {1, 2}) {
      GemmProblem problem = makeProblem(2048, columns, projections, bf16());
      auto schedules = enumerateWarpgroupSchedules(problem, target);
      EXPECT_FALSE(schedules.empty());
      for (const WarpgroupSchedule &schedule : schedules)
        EXPECT_EQ(check(schedule, problem), "");
    }
  EXPECT_TRUE(
      enumerateWarpgroupSchedules(makeProblem(2048, 768, 2, f32()), target)
          .empty());
}

/// Few rows are not worth a large tile; many are.
TEST(WarpgroupSchedule, SelectionFollowsTheRows) {
  Target target = getTarget("sm_90a");
  auto few = selectWarpgroupSchedule(makeGateUp(), target, 16);
  auto many = selectWarpgroupSchedule(makeGateUp(), target, 32768);
  ASSERT_TRUE(few && many);
  EXPECT_EQ(few->rows, 64);
  EXPECT_GE(many->getClusterRows(), 128);
  EXPECT_GE(many->columns * many->getTurns(), 128);
}

/// The 65th row of a tile has another block of rows multiplied, on a device
/// that waits for neither memory nor cache.
TEST(WarpgroupSchedule, BlocksWithoutRowsAreNotMultiplied) {
  Target target = getTarget("sm_90a");
  target.memoryBandwidth *= 1000;
  target.gpu->cacheBytesPerCycle *= 1000;
  GemmProblem problem = makeProblem(16384, 768, 2, bf16());
  problem.experts = problem.totalExperts = problem.topK = 1;
  EXPECT_GT(estimateSeconds(problem, legal, target, 65),
            1.2 * estimateSeconds(problem, legal, target, 64));
}

/// Where neither the rows nor the weights of an expert stay in the cache, they
/// pass through it in groups.
TEST(WarpgroupSchedule, ManyRowsComeInGroups) {
  Target target = getTarget("sm_90a");
  GemmProblem problem = makeProblem(4096, 14336, 2, bf16());
  problem.experts = problem.totalExperts = 8;
  problem.topK = 2;
  auto few = selectWarpgroupSchedule(problem, target, 512);
  auto many = selectWarpgroupSchedule(problem, target, 65536);
  ASSERT_TRUE(few && many);
  EXPECT_EQ(few->raster, WarpgroupSchedule::defaultRaster);
  EXPECT_LT(many->raster, 64);
  WarpgroupSchedule whole = *many;
  whole.raster = WarpgroupSchedule::defaultRaster;
  EXPECT_LT(estimateSeconds(problem, *many, target, 65536),
            estimateSeconds(problem, whole, target, 65536));
}

} // namespace
