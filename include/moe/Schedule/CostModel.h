//===- CostModel.h - How long a schedule takes ------------------*- C++ -*-===//
//
// An estimate from formulas, to rank schedules by where none has been measured.
// What costs every schedule the same, such as the epilogue, is left out.
//
// Experts get rows as spreadRows says. The time for a fraction of a row lies
// between those for the whole rows around it. The rows of an expert are cut
// evenly into tiles of at most `rows`, the columns into tiles of `columns`,
// whose last panel counts whole.
// Cycles of a tile of r rows, K inputs and C columns with P projections, in
// vectors of L lanes:
//
// * weights: P*K*C elements at the share that a core has of the memory's rate.
// * decode: P*K*C / L times 0 for elements that are multiplied as they are, 2
//   for narrow floats; for quantised numbers 11.4 if they are of 8 bits, 8.3 of
//   4, 6.5 if they are integers.
// * pack: P*K*C / L times 5.6 to transpose, 1.6 in order.
// * multiply: P*K*C*r / L / FMAs per cycle, half that for pairs.
// * A tile that reads its weights in place takes the longer one of the first
//   pass over them and of weights, a tenth of the shorter, and the other
//   passes.
// * If the weights are out_in and are multiplied as they are, a pass takes as
//   many rows as fill four, two or one vector, and then what is left in even
//   parts of at most 5. A pass of V vectors takes for each input and 6 columns
//   the longest of 6*V / FMAs per cycle, (6 + V) / loads per cycle, the latency
//   of an FMA, and V vectors at the rate of the cache that holds the rows of a
//   `depth` and the weights of 24 columns; and a tenth of the loads. A pass of
//   r rows takes for each vector of inputs and as many columns as have their
//   sums in registers, C, the longer one of C*r / FMAs per cycle and (r + 2*C)
//   / loads per cycle, a tenth of the loads, and 2 cycles for each sum and
//   `depth`. Rows and sums are transposed as weights are. Without whole
//   vectors all passes together are the first one, and half of the shorter is
//   added.
// * If out_in weights are decoded, passes have eight rows and take decode +
//   multiply / 0.85, and 2 cycles for each sum and `depth`.
// * in_out weights are read once for all rows. That takes 70 cycles more for
//   each input, to begin a row of weights; decode + multiply, and 1.5 for each
//   vector that is made of two inputs, and if it is of every other output; all
//   this twice where a tile is not full. Sums come from the second cache and go
//   there for each eight inputs.
// * Any other packs a panel for each `depth`, a block, and then multiplies it,
//   while the next block of the projection comes from memory: two vectors
//   of its columns for each whole block of rows. A tile takes the longer of
//   weights and decode + pack for what does not come so, as quantised weights
//   never do; decode + pack for the rest; and the longer of its weights and
//   rows + blocks.
// * rows: r*K elements found and converted, 2 / L each, or at the rate of the
//   last cache.
// * blocks: each block of R rows and V vectors takes for each input (pair of
//   inputs) the longest of R*V / FMAs per cycle, (R + V) / loads per cycle, the
//   latency of an FMA, and V vectors at the rate of the cache that holds a
//   panel; and a tenth of the loads, which never hide wholly. R*V sums are
//   stored, and loaded again, for each `depth`.
// * 1000 cycles to take a tile from the queue and to set up.
//
// R is register_rows, and powers of two for the rows left over. Cores take
// tiles one by one: the time is that of ceil(tiles / cores) average tiles.
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
