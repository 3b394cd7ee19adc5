//===- CostModelTests.cpp - How long a schedule takes ---------------------===//

#include "Problems.h"
#include "moe/Schedule/CostModel.h"
#include "moe/Schedule/SearchSpace.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

constexpr Schedule packing{256, 48, 1024, 16, 8, 3, 16};

/// All rows go to one expert, so that a tile can be reckoned by hand.
GemmProblem makeDense(int64_t depth, int64_t columns) {
  GemmProblem problem = makeProblem(depth, columns, 1, f32());
  problem.experts = problem.totalExperts = problem.topK = 1;
  return problem;
}

/// One core, one cycle per nanosecond, one byte per cycle from memory.
Target makeMachine() {
  Target target = getTarget("x86-64-v4");
  target.cores = 1;
  target.gigahertz = 1;
  target.memoryBandwidth = 1e9;
  target.fmaPerCycle = 1;
  target.loadsPerCycle = 1;
  return target;
}

double countCycles(const GemmProblem &problem, const Schedule &schedule,
                   const Target &target, int64_t tokens) {
  return estimateCost(problem, schedule, target, tokens).seconds * 1e9;
}

TEST(CostModel, DecodedWeightsAreReadOrComputed) {
  GemmProblem problem = makeDense(1000, 48);
  problem.weights.front().format = bf16();
  Target target = makeMachine();
  // Two passes that widen 1000 * 48 weights, 2 cycles for each 16, and 8 * 3000
  // FMAs at 0.85 of the peak, and the ends of 8 * 48 sums; the first one reads
  // 1000 * 48 * 2 bytes.
  double pass = 6000 + 8 * 3000 / 0.85 + 8 * 48 * 2;
  EXPECT_NEAR(countCycles(problem, packing, target, 16),
              96000 + 1.1 * pass + 1000, 1);
  EXPECT_TRUE(estimateCost(problem, packing, target, 16).isMemoryBound());
  target.memoryBandwidth = 1e12;
  // 96 cycles, of which a tenth is not hidden.
  EXPECT_NEAR(countCycles(problem, packing, target, 16), 2 * pass + 9.6 + 1000,
              1);
  EXPECT_FALSE(estimateCost(problem, packing, target, 16).isMemoryBound());
}

TEST(CostModel, PackedRows) {
  GemmProblem problem = makeDense(1000, 48);
  Target target = makeMachine();
  // A vector of rows meets 8 blocks of 6 columns: 7 loads in each step, and a
  // tenth. Rows and sums are transposed.
  double pass = 8 * (1000 * 7.7 + 6 + 20), moves = 16 * 5.6 / 16 * 1048;
  EXPECT_NEAR(countCycles(problem, packing, target, 16),
              192000 + 0.1 * pass + moves + 1000, 1);
  target.memoryBandwidth = 1e12;
  EXPECT_NEAR(countCycles(problem, packing, target, 16),
              pass + 19.2 + moves + 1000, 1);
  // Four vectors hide the loads, as far as they come from the second cache.
  Schedule large = packing;
  large.streamRows = 64;
  pass = 8 * (1000 * 25.0 + 24 + 20);
  EXPECT_NEAR(countCycles(problem, large, target, 64),
              pass + 19.2 + 4 * moves + 1000, 1);
  target.l2Bytes = 256 << 10;
  pass = 8 * (1000 * (4 * 6.4 + 1) + 24 + 20);
  EXPECT_NEAR(countCycles(problem, large, target, 64),
              pass + 19.2 + 4 * moves + 1000, 1);
}

TEST(CostModel, RowsThatFillNoVector) {
  GemmProblem problem = makeDense(1024, 48);
  Target target = makeMachine();
  target.memoryBandwidth = 1e12;
  // 13 = 4 + 4 + 5 rows, with 6 columns at a time, or 4. Each step has 16 loads
  // or 13, of which a tenth is not hidden.
  double four = 8 * (64 * (24 + 1.6) + 24 * 2 + 20);
  double five = 12 * (64 * (20 + 1.3) + 20 * 2 + 20);
  double memory = 1024 * 48 * 4 / 1000.0;
  EXPECT_NEAR(countCycles(problem, packing, target, 13),
              2 * four + five + 0.5 * memory + 1000, 1);
  // Behind a whole vector of rows only that hides the reading. Five rows are
  // the most that are multiplied at once, so that it takes another pass.
  double whole = countCycles(problem, packing, target, 16);
  Schedule more = packing;
  more.streamRows = 32;
  EXPECT_NEAR(countCycles(problem, more, target, 16 + 5) - whole, five, 1);
  // Sums end for each block of inputs, unless all rows are one group.
  Schedule shallow = packing;
  shallow.depth = 256;
  EXPECT_NEAR(countCycles(problem, shallow, target, 4) -
                  countCycles(problem, packing, target, 4),
              8 * 24 * 2 * 3, 1);
  shallow.streamRows = 4;
  EXPECT_NEAR(countCycles(problem, shallow, target, 4),
              countCycles(problem, packing, target, 4), 1);
}

TEST(CostModel, WeightsAlongColumns) {
  GemmProblem problem = makeDense(1024, 96);
  problem.weights[0].outIn = false;
  Target target = makeMachine();
  Schedule half = packing, whole = packing;
  whole.columns = 96;
  // Each row of weights begins once for each tile; 3 rows of inputs hide.
  double multiply =
      3 * 1024 * 96 / 16 * (1 + 2 * 64 / target.l2BytesPerCycle / 8);
  double memory = 1024 * 96 * 4 + 1024 * 70;
  EXPECT_NEAR(countCycles(problem, whole, target, 3),
              memory + 0.1 * multiply + 1000, 1);
  EXPECT_NEAR(countCycles(problem, half, target, 3),
              memory + 1024 * 70 + 0.1 * multiply + 2000, 1);
  // Vectors of every other output are made of two.
  problem.weights[0].stride = 2;
  EXPECT_NEAR(countCycles(problem, whole, target, 3),
              memory + 0.1 * (multiply + 1.5 * 1024 * 96 / 16) + 1000, 1);
}

TEST(CostModel, DecodingTakesItsTime) {
  GemmProblem problem = makeDense(1024, 48);
  Target target = makeMachine();
  target.memoryBandwidth = 1e18;
  auto decode = [&](const char *format) {
    problem.weights[0].format = {format, 8, true};
    return countCycles(problem, packing, target, 1);
  };
  double vectors = 1024 * 48 / 16;
  double integers = decode("i8/1x64:f32");
  EXPECT_NEAR(decode("f8E4M3FN/128x128:f32") - integers, vectors * 4.9, 1);
  EXPECT_NEAR(decode("f4E2M1FN/1x32:f8E8M0FNU") - integers, vectors * 1.8, 1);
}

TEST(CostModel, PackedTile) {
  GemmProblem problem = makeDense(1000, 48);
  Target target = makeMachine();
  target.memoryBandwidth = 1e12;
  // Transposing, gathering, and 3 blocks of 8 rows: each step has 24 FMAs that
  // hide most of 11 loads, and 24 sums are stored once.
  double expected = 1000 * 48 * 0.35 + 24 * 1000 * 0.4 +
                    3 * (1000 * (24 + 1.1) + 24 + 20) + 1000;
  EXPECT_NEAR(countCycles(problem, packing, target, 24), expected, 1);
  // Weights that lie in order are packed faster.
  problem.weights.front().outIn = false;
  EXPECT_NEAR(countCycles(problem, packing, target, 24),
              expected - 1000 * 48 * 0.25, 1);
}

TEST(CostModel, LeftOverRowsAreBlocksOfPowersOfTwo) {
  GemmProblem problem = makeDense(1000, 48);
  Target target = makeMachine();
  target.memoryBandwidth = 1e12;
  // 6 = 4 + 2 rows: 12 FMAs per step, and 6.
  double expected =
      6 * 1000 * 0.4 + (1000 * 12.7 + 12 + 20) + (1000 * 6.5 + 6 + 20);
  EXPECT_NEAR(countCycles(problem, packing, target, 30) -
                  countCycles(problem, packing, target, 24),
              expected, 1);
}

TEST(CostModel, TilesOfAnExpertAreEven) {
  GemmProblem problem = makeDense(1000, 48);
  Target target = makeMachine();
  // 2 tiles of at most 256 rows: 17 blocks of 8 rows and what is left.
  EXPECT_NEAR(countCycles(problem, packing, target, 260),
              countCycles(problem, packing, target, 136) +
                  countCycles(problem, packing, target, 124),
              1);
}

TEST(CostModel, ShallowPanelsLoadSumsAgain) {
  GemmProblem problem = makeDense(1024, 48);
  Target target = makeMachine();
  // Nothing waits for weights, so that it does not matter how many come ahead.
  target.memoryBandwidth = 1e18;
  Schedule shallow = packing;
  shallow.depth = 256;
  // 3 more visits of 3 blocks, with 24 sums loaded and stored.
  EXPECT_NEAR(countCycles(problem, shallow, target, 24) -
                  countCycles(problem, packing, target, 24),
              3 * 3 * (48 + 20), 1);
}

TEST(CostModel, BlocksAfterTheFirstComeWhileOthersAreMultiplied) {
  GemmProblem problem = makeDense(1024, 48);
  Target target = makeMachine();
  Schedule shallow = packing;
  shallow.depth = 256;
  // Of four blocks one is waited for.
  double whole = countCycles(problem, packing, target, 24);
  EXPECT_LT(countCycles(problem, shallow, target, 24), whole);
  problem.weights[0].format.quantized = true;
  EXPECT_GT(countCycles(problem, shallow, target, 24),
            countCycles(problem, packing, target, 24));
}

TEST(CostModel, PairsOfBf16AreTwiceAsFast) {
  GemmProblem problem = makeDense(1000, 48);
  problem.input = bf16();
  problem.weights.front().format = bf16();
  Target target = makeMachine();
  target.memoryBandwidth = 1e12;
  Schedule dot = packing;
  dot.multiply = Schedule::Multiply::DotBf16;
  // Nothing is widened, and a block takes half the steps.
  EXPECT_NEAR(countCycles(problem, packing, target, 24) -
                  countCycles(problem, dot, target, 24),
              3 * 500 * (24 + 1.1) + 1000 * 48 * 2.0 / 16, 1);
}

TEST(CostModel, CoresTakeWholeTiles) {
  GemmProblem problem = makeDense(1000, 48 * 3);
  Target target = makeMachine();
  double one = countCycles(problem, packing, target, 8);
  // Memory is shared by all cores.
  target.cores = 2;
  target.memoryBandwidth = 2e9;
  EXPECT_NEAR(countCycles(problem, packing, target, 8), one * 2 / 3, 1);
  target.cores = 64;
  target.memoryBandwidth = 64e9;
  EXPECT_NEAR(countCycles(problem, packing, target, 8), one / 3, 1);
}

TEST(CostModel, LoadOfTheExperts) {
  GemmProblem problem = makeProblem(64, 64, 1, f32());
  // The first token chooses 8 experts.
  ExpertLoad load = getExpectedLoad(problem, 1);
  EXPECT_NEAR(load.experts, 8, 1e-9);
  EXPECT_NEAR(load.rows, 1, 1e-9);
  // The second chooses each of the other 56 with a chance of 1/8.
  load = getExpectedLoad(problem, 2);
  EXPECT_NEAR(load.experts, 15, 1e-9);
  EXPECT_NEAR(load.rows, 16.0 / 15, 1e-9);
  load = getExpectedLoad(problem, 4096);
  EXPECT_NEAR(load.experts, 64, 1e-9);
  EXPECT_NEAR(load.rows, 512, 1e-9);
  EXPECT_EQ(getExpectedLoad(problem, 0).experts, 0);
  // A shard of the experts gets its share of the rows.
  problem.totalExperts = 256;
  load = getExpectedLoad(problem, 1);
  EXPECT_NEAR(load.experts * load.rows, 2, 1e-9);
  // Nothing is known: all rows everywhere.
  problem.topK = 0;
  EXPECT_EQ(getExpectedLoad(problem, 100).rows, 100);
  EXPECT_EQ(getExpectedLoad(problem, 100).experts, 64);
}

TEST(CostModel, RowsAreSpreadOverTheExperts) {
  // 25 rows are 7, 13, 25 and 55 rows for the quarters of the experts.
  GemmProblem problem = makeDense(64, 48);
  problem.experts = problem.totalExperts = 4;
  Target target = makeMachine();
  GemmProblem even = makeDense(64, 48);
  double expected = 0;
  for (int64_t rows : {7, 13, 25, 55})
    expected += countCycles(even, packing, target, rows);
  problem.topK = 1;
  EXPECT_NEAR(getExpectedLoad(problem, 100).rows, 25, 1e-9);
  EXPECT_NEAR(countCycles(problem, packing, target, 100), expected, 1);
}

TEST(CostModel, EveryScheduleHasAFiniteTime) {
  Target target = getTarget("znver4");
  for (const GemmProblem &problem :
       {makeProblem(2048, 1024, 2, bf16()), makeProblem(1, 1, 1, f32()),
        makeProblem(0, 0, 1, f32())})
    for (const Schedule &schedule : enumerateSchedules(problem, target))
      for (int64_t tokens : {int64_t(0), int64_t(1), int64_t(512),
                             std::numeric_limits<int64_t>::max()}) {
        double seconds =
            estimateCost(problem, schedule, target, tokens).seconds;
        EXPECT_TRUE(std::isfinite(seconds) && seconds >= 0) << seconds;
      }
}

} // namespace
