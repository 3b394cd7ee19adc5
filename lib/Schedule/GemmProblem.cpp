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

std::array<double, 4> mlir::moe::spreadRows(const GemmProblem &problem,
                                            double rows) {
  bool even = problem.topK == 0 || problem.topK >= problem.totalExperts;
  std::array<double, 4> result = {0.25, 0.5, 1, 2.25};
  for (double &part : result)
    part = even || rows < 1 ? rows : 1 + (rows - 1) * part;
  return result;
}
