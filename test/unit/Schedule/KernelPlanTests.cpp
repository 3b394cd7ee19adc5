//===- KernelPlanTests.cpp - Which kernels a layer becomes ----------------===//

#include "Problems.h"
#include "moe/Schedule/KernelPlan.h"

#include "llvm/ADT/STLExtras.h"
#include <gtest/gtest.h>

using namespace mlir::moe;
using Combine = KernelPlan::Combine;

namespace {

LayerProblem makeLayer() {
  LayerProblem problem;
  problem.experts = problem.totalExperts = 16;
  problem.topK = 4;
  problem.inputs = problem.columns = 1000;
  problem.input = problem.result = f32();
  problem.routerOps = 6;
  return problem;
}

/// One core, one cycle per nanosecond, one byte per cycle from each cache, a
/// launch of 100 cycles.
Target makeMachine() {
  Target target = getTarget("x86-64-v4");
  target.cores = 1;
  target.gigahertz = 1;
  target.l2BytesPerCycle = target.l3BytesPerCycle = 1;
  target.memoryBandwidth = 1e9;
  target.launchSeconds = 100e-9;
  target.atomicAddCycles = 10;
  return target;
}

double countCycles(const LayerProblem &problem, const KernelPlan &plan,
                   int64_t tokens) {
  return estimatePlan(problem, plan, makeMachine(), tokens).seconds * 1e9;
}

TEST(KernelPlan, PlansAreDistinctAndBeginWithThePlainest) {
  std::vector<KernelPlan> plans = enumeratePlans();
  EXPECT_EQ(plans.size(), 24u);
  EXPECT_EQ(plans.front(), KernelPlan());
  for (const KernelPlan &plan : plans)
    EXPECT_EQ(llvm::count(plans, plan), 1);
}

TEST(KernelPlan, RowsAreWrittenReadAndSummed) {
  // 8 rows and 2 results of 4000 bytes; the router and the sum are kernels.
  EXPECT_NEAR(countCycles(makeLayer(), {}, 2), 2 * 8 * 4000 + 8000 + 200, 1e-3);
}

TEST(KernelPlan, OneTokenAsksNoOtherCore) {
  EXPECT_NEAR(countCycles(makeLayer(), {}, 1), 2 * 4 * 4000 + 4000, 1e-3);
  // But for GEMMs.
  LayerProblem problem = makeLayer();
  problem.sharedExperts = 1;
  EXPECT_NEAR(countCycles(problem, {}, 1), 2 * 4 * 4000 + 4000 + 4 * 4000 + 200,
              1e-3);
}

TEST(KernelPlan, OtherDevicesHaveTheirPartOfTheRows) {
  LayerProblem problem = makeLayer();
  problem.experts = 4;
  EXPECT_NEAR(countCycles(problem, {}, 2), 2 * 2 * 4000 + 8000 + 200, 1e-3);
}

TEST(KernelPlan, SeparateRouter) {
  // Five more kernels, and two times four bytes for each score in between.
  EXPECT_NEAR(countCycles(makeLayer(), {.fusesRouting = false}, 2) -
                  countCycles(makeLayer(), {}, 2),
              5 * 100 + 5 * 8 * 2 * 16, 1e-3);
}

TEST(KernelPlan, CopiedTokens) {
  EXPECT_NEAR(countCycles(makeLayer(), {.fusesGather = false}, 2) -
                  countCycles(makeLayer(), {}, 2),
              2 * 8 * 4000 + 100, 1e-3);
}

TEST(KernelPlan, SlotsNeedTheChoiceOfEachRow) {
  EXPECT_NEAR(countCycles(makeLayer(), {.combine = Combine::Slots}, 2) -
                  countCycles(makeLayer(), {}, 2),
              2 * 8 * 4 + 100, 1e-3);
}

TEST(KernelPlan, AtomicSums) {
  EXPECT_NEAR(countCycles(makeLayer(), {.combine = Combine::Atomic}, 2),
              8000 + 10 * 8 * 1000 + 200, 1e-3);
  // What is narrower is rounded by one more kernel.
  LayerProblem narrow = makeLayer();
  narrow.result.bits = 16;
  EXPECT_NEAR(countCycles(narrow, {.combine = Combine::Atomic}, 2),
              8000 + 10 * 8 * 1000 + 200 + 8000 + 4000 + 100, 1e-3);
}

TEST(KernelPlan, SharedExpertsBesideOrAsRows) {
  LayerProblem problem = makeLayer();
  problem.sharedExperts = 1;
  EXPECT_NEAR(countCycles(problem, {}, 2) - countCycles(makeLayer(), {}, 2),
              4 * 8000 + 300, 1e-3);
  // Two more rows.
  EXPECT_NEAR(countCycles(problem, {.sharesRows = true}, 2) -
                  countCycles(makeLayer(), {}, 2),
              2 * 8000, 1e-3);
}

TEST(KernelPlan, WarpgroupsStoreTilesAsTheyAre) {
  auto gpu = findTarget("sm_90a");
  ASSERT_TRUE(static_cast<bool>(gpu));
  EXPECT_EQ(findObstacle({}, *gpu), "");
  EXPECT_NE(findObstacle({.combine = Combine::Slots}, *gpu), "");
  EXPECT_NE(findObstacle({.sharesRows = true}, *gpu), "");
  EXPECT_EQ(findObstacle({.combine = Combine::Slots}, makeMachine()), "");
}

} // namespace
