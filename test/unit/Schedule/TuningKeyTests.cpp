//===- TuningKeyTests.cpp - What a tuned schedule is stored under ---------===//

#include "Problems.h"
#include "moe/Schedule/TuningKey.h"

#include <functional>
#include <gtest/gtest.h>
#include <set>

using namespace mlir::moe;

namespace {

TEST(TuningKey, NamesAllFields) {
  EXPECT_EQ(getTuningKey(makeProblem(2048, 1024, 2, bf16()),
                         getTarget("x86-64-v3"), 500),
            "#moe.tuning_key<kernel = grouped_gemm, experts = 64, "
            "total_experts = 64, top_k = 8, depth = 2048, columns = 1024, "
            "projections = 2, weights = [bf16 out_in], input = bf16, "
            "result = bf16, sums = f32, gathers_rows = false, "
            "column_inputs = 0, row_inputs = 0, epilogue = [], tokens = 512, "
            "target = x86-64-v3, cpu = x86-64-v3, vector_bits = 256, "
            "dot_bf16 = false, cores = 8>");
}

TEST(TuningKey, DiffersWithEachField) {
  using Change = std::function<void(GemmProblem &, Target &)>;
  const Change changes[] = {
      [](GemmProblem &, Target &) {},
      [](GemmProblem &problem, Target &) { problem.experts = 8; },
      [](GemmProblem &problem, Target &) { problem.totalExperts = 128; },
      [](GemmProblem &problem, Target &) { problem.topK = 2; },
      [](GemmProblem &problem, Target &) { problem.depth = 1024; },
      [](GemmProblem &problem, Target &) { problem.columns = 2048; },
      [](GemmProblem &problem, Target &) { problem.weights.pop_back(); },
      [](GemmProblem &problem, Target &) { problem.weights[0].outIn = false; },
      [](GemmProblem &problem, Target &) { problem.weights[1].outIn = false; },
      [](GemmProblem &problem, Target &) { problem.weights[2].outIn = false; },
      [](GemmProblem &problem, Target &) { problem.weights[0].stride = 2; },
      [](GemmProblem &problem, Target &) { problem.weights[0].format = f32(); },
      [](GemmProblem &problem, Target &) { problem.input = f32(); },
      [](GemmProblem &problem, Target &) { problem.result = f32(); },
      [](GemmProblem &problem, Target &) { problem.computeBits = 64; },
      [](GemmProblem &problem, Target &) { problem.gathersRows = true; },
      [](GemmProblem &problem, Target &) { problem.columnInputs = 1; },
      [](GemmProblem &problem, Target &) { problem.rowInputs = 1; },
      [](GemmProblem &problem, Target &) { problem.epilogue = "math.exp"; },
      [](GemmProblem &, Target &target) { target.name = "native"; },
      [](GemmProblem &, Target &target) { target.cpu = "znver3"; },
      [](GemmProblem &, Target &target) { target.vectorBits = 512; },
      [](GemmProblem &, Target &target) { target.hasAvx512Bf16 = true; },
      [](GemmProblem &, Target &target) { target.cores = 2; },
  };
  std::set<std::string> keys;
  for (const Change &change : changes) {
    GemmProblem problem = makeProblem(2048, 1024, 3, bf16());
    Target target = getTarget("x86-64-v3");
    change(problem, target);
    keys.insert(getTuningKey(problem, target, 512));
  }
  EXPECT_EQ(keys.size(), std::size(changes));
}

TEST(TuningKey, IsSharedByTheTokensOfABucket) {
  GemmProblem problem = makeProblem(2048, 1024, 2, bf16());
  Target target = getTarget("x86-64-v3");
  EXPECT_EQ(getTuningKey(problem, target, 257),
            getTuningKey(problem, target, 512));
  EXPECT_NE(getTuningKey(problem, target, 256),
            getTuningKey(problem, target, 257));
}

} // namespace
