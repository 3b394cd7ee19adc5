//===- CostModel.h - How long a schedule takes ------------------*- C++ -*-===//
//
// An estimate from formulas, to rank schedules by where none has been measured.
// What costs every schedule the same, such as the epilogue, is left out.
//
// Tokens choose experts with equal chance (getExpectedLoad); the time for a
// fraction of a row lies between those for the whole rows around it. The rows
// of an expert are cut into tiles of `rows`, the columns into tiles of
// `columns`, whose last panel counts whole. Cycles of a tile of r rows, K
// inputs and C columns with P projections, all for vectors of L lanes:
//
//   weights   P*K*C elements from memory, at the share of a core
//   decode    P*K*C / L * (0 for f32 sums of f32, 2 for narrow, 8 for
//   quantised) streamed  max(weights, decode + 2 * P*K*C*r / L / FMAs per
//   cycle):
//             half the peak, since sums are reused less
//   packed    max(weights, decode + pack) + rows + blocks
//     pack    P*K*C / L * (5.6 to transpose, 1.6 in order)
//     rows    r*K elements found and converted, 2 / L each, or at the rate of
//             the last cache
//     blocks  for each block of R <= register_rows rows and V vectors, for each
//             input (pair of inputs) the longest of
//               R*V / FMAs per cycle, (R + V) / loads per cycle, latency of
//               FMA, bytes of V vectors at the rate of the cache that holds a
//               panel
//             and R*V sums stored, and loaded again, for each `depth`
//   tile      1000 cycles to take it from the queue and to set up
//
// Rows that are left over after whole blocks are blocks of powers of two. Cores
// take tiles one by one: the time is that of ceil(tiles / cores) average tiles.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_SCHEDULE_COSTMODEL_H
#define MOE_SCHEDULE_COSTMODEL_H

#include "moe/Schedule/CheckSchedule.h"

namespace mlir::moe {

struct CostEstimate {
  double seconds = 0;
  /// Of one core, summed over all tiles, as if the other cost nothing.
  double computeSeconds = 0, memorySeconds = 0;

  bool isMemoryBound() const { return memorySeconds > computeSeconds; }
};

/// The time that `target` takes to compute `problem` for so many tokens by a
/// legal schedule. None take no time.
CostEstimate estimateCost(const GemmProblem &problem, const Schedule &schedule,
                          const Target &target, int64_t tokens);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_COSTMODEL_H
