//===- Problems.h - Grouped GEMMs that the tests schedule -------*- C++ -*-===//

#ifndef MOE_TEST_UNIT_SCHEDULE_PROBLEMS_H
#define MOE_TEST_UNIT_SCHEDULE_PROBLEMS_H

#include "moe/Schedule/GemmProblem.h"
#include "moe/Target/Target.h"

namespace mlir::moe {

inline Target getTarget(llvm::StringRef name) {
  return llvm::cantFail(findTarget(name));
}

inline NumberFormat f32() { return {"f32", 32}; }
inline NumberFormat bf16() { return {"bf16", 16}; }

/// One GEMM of a layer with 64 experts of which 8 are chosen.
inline GemmProblem makeProblem(int64_t depth, int64_t columns,
                               int64_t projections, NumberFormat format) {
  GemmProblem problem;
  problem.experts = problem.totalExperts = 64;
  problem.topK = 8;
  problem.depth = depth;
  problem.columns = columns;
  problem.weights.assign(projections, {format});
  problem.input = problem.result = format;
  return problem;
}

} // namespace mlir::moe

#endif // MOE_TEST_UNIT_SCHEDULE_PROBLEMS_H
