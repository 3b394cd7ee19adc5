//===- Roofline.cpp - What a GPU takes at least ---------------------------===//

#include "moe/Schedule/Roofline.h"

using namespace mlir::moe;

Roofline mlir::moe::getRoofline(const GemmProblem &problem,
                                const Target &target, int64_t tokens) {
  const Gpu &gpu = *target.gpu;
  ExpertLoad load = getExpectedLoad(problem, tokens);
  double matrix =
      static_cast<double>(problem.depth) * static_cast<double>(problem.columns);
  double weightBits = 0;
  for (const GemmWeight &weight : problem.weights)
    weightBits += weight.format.bits;
  double operations = 2 * matrix * load.experts * load.rows *
                      static_cast<double>(problem.getProjections());
  double peak = gpu.flopsPerCycle * static_cast<double>(gpu.multiprocessors) *
                target.gigahertz * 1e9;
  return {operations / peak,
          matrix * load.experts * weightBits / 8 / target.memoryBandwidth};
}
