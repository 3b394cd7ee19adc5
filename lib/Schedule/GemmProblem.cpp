//===- GemmProblem.cpp - What a schedule is chosen for --------------------===//

#include "moe/Schedule/GemmProblem.h"

#include <algorithm>
#include <cmath>

using namespace mlir::moe;

ExpertLoad mlir::moe::getExpectedLoad(const GemmProblem &problem,
                                      int64_t tokens) {
  double count = static_cast<double>(tokens);
  double experts = static_cast<double>(problem.experts);
  if (problem.topK == 0)
    return {experts, count};
  double chance = std::min(1.0, static_cast<double>(problem.topK) /
                                    static_cast<double>(problem.totalExperts));
  double chosen = experts * (1 - std::pow(1 - chance, count));
  return {chosen, chosen > 0 ? experts * chance * count / chosen : 0};
}
