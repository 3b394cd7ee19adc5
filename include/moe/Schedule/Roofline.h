//===- Roofline.h - What a GPU takes at least -------------------*- C++ -*-===//

#ifndef MOE_SCHEDULE_ROOFLINE_H
#define MOE_SCHEDULE_ROOFLINE_H

#include "moe/Schedule/GemmProblem.h"
#include "moe/Target/Target.h"

namespace mlir::moe {

/// Two times that no schedule is shorter than, of the rows that
/// getExpectedLoad says: multiplying at the peak of all multiprocessors, and
/// reading the weights of the experts that get rows once, at the rate of the
/// memory. Rows do not count: they may stay in the cache from one kernel to
/// the next.
struct Roofline {
  double computeSeconds = 0, memorySeconds = 0;
};

/// `target` is a GPU, and sums are made in f32.
Roofline getRoofline(const GemmProblem &problem, const Target &target,
                     int64_t tokens);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_ROOFLINE_H
