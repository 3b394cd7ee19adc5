//===- RooflineTests.cpp - What a GPU takes at least ----------------------===//

#include "Problems.h"
#include "moe/Schedule/Roofline.h"
#include "moe/Schedule/WarpgroupSchedule.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace mlir::moe;

namespace {

constexpr double matrix = 2048 * 768;

TEST(Roofline, ManyTokensAreBoundByThePeak) {
  GemmProblem problem = makeProblem(2048, 768, 2, bf16());
  Roofline roofline = getRoofline(problem, getTarget("sm_90a"), 8192);
  // 8 experts of each token, 2 projections, and 949 TFLOP/s.
  EXPECT_NEAR(roofline.computeSeconds,
              2 * 8192 * 8 * 2 * matrix / (132 * 4096 * 1.755e9), 1e-9);
  EXPECT_NEAR(roofline.memorySeconds, 64 * 2 * matrix * 2 / 3.35e12, 1e-9);
}

TEST(Roofline, OneTokenReadsTheWeightsOfItsExperts) {
  GemmProblem problem = makeProblem(2048, 768, 1, bf16());
  Roofline roofline = getRoofline(problem, getTarget("sm_90a"), 1);
  EXPECT_NEAR(roofline.memorySeconds, 8 * matrix * 2 / 3.35e12, 1e-12);
  EXPECT_LT(roofline.computeSeconds, roofline.memorySeconds);
}

TEST(Roofline, NoEstimateIsShorter) {
  Target target = getTarget("sm_90a");
  GemmProblem problem = makeProblem(4096, 14336, 2, bf16());
  for (int64_t tokens : {1, 16, 512, 4096, 65536}) {
    Roofline roofline = getRoofline(problem, target, tokens);
    double least = std::max(roofline.computeSeconds, roofline.memorySeconds);
    for (const WarpgroupSchedule &schedule :
         enumerateWarpgroupSchedules(problem, target))
      EXPECT_GE(estimateSeconds(problem, schedule, target, tokens), least)
          << tokens;
  }
}

} // namespace
