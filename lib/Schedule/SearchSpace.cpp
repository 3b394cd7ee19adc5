//===- SearchSpace.cpp - The schedules to choose from ---------------------===//

#include "moe/Schedule/SearchSpace.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir::moe;

using Multiply = Schedule::Multiply;

/// The grid. Sizes are far enough apart to differ in speed, and smaller blocks
/// of registers are never faster.
static constexpr int64_t rowBlockCounts[] = {2, 4, 8, 16, 32, 64};
static constexpr int64_t streamRowCounts[] = {4, 8, 16, 32};
static constexpr int64_t registerRowCounts[] = {4, 6, 8, 12, 14};
static constexpr int64_t registerVectorCounts[] = {1, 2, 3, 4};
static constexpr int64_t panelCounts[] = {1, 2, 4, 8};
static constexpr int64_t smallestDepth = 256, largestDepth = 4096;

/// A panel of this depth stays in a cache of its core.
static constexpr int64_t largestDefaultDepth = 1024;
static constexpr int64_t defaultStreamRows = 16;

/// Powers of two up to the first that has the whole depth of the problem.
static llvm::SmallVector<int64_t> getDepths(const GemmProblem &problem) {
  llvm::SmallVector<int64_t> depths;
  for (int64_t depth = smallestDepth; depth <= largestDepth; depth *= 2) {
    depths.push_back(depth);
    if (depth >= problem.depth)
      break;
  }
  return depths;
}

/// Where the rows of a tile stop being streamed: a tile of so many rows never
/// packs any.
static llvm::SmallVector<int64_t> getStreamRows(int64_t rows) {
  llvm::SmallVector<int64_t> counts;
  for (int64_t count : streamRowCounts)
    if (count < rows)
      counts.push_back(count);
  counts.push_back(rows);
  return counts;
}

/// Tiles that are not wide, and for weights whose columns are contiguous also
/// those that are read as one piece.
static llvm::SmallVector<int64_t> getPanelCounts(const Schedule &schedule,
                                                 const GemmProblem &problem) {
  llvm::SmallVector<int64_t> counts(std::begin(panelCounts),
                                    std::end(panelCounts));
  int64_t all = llvm::divideCeil(problem.columns, schedule.getPanelColumns());
  if (all > counts.back() &&
      llvm::any_of(problem.weights, [](auto &weight) { return !weight.outIn; }))
    counts.push_back(all);
  return counts;
}

/// All schedules of the grid with these blocks, in columns that the problem
/// has.
static void addSchedules(Schedule schedule, const GemmProblem &problem,
                         const Target &target,
                         std::vector<Schedule> &schedules) {
  llvm::SmallVector<int64_t> depths = getDepths(problem);
  for (int64_t panels : getPanelCounts(schedule, problem)) {
    schedule.columns = panels * schedule.getPanelColumns();
    // One panel may be wider than the result, more may not.
    if (panels > 1 &&
        schedule.columns - schedule.getPanelColumns() >= problem.columns)
      return;
    for (int64_t blocks : rowBlockCounts) {
      schedule.rows = blocks * schedule.registerRows;
      for (int64_t streamRows : getStreamRows(schedule.rows)) {
        schedule.streamRows = streamRows;
        for (int64_t depth : depths) {
          schedule.depth = depth;
          if (!checkSchedule(schedule, problem, target))
            schedules.push_back(schedule);
          // Nothing is packed: depth says nothing.
          if (!schedule.packsWeights() &&
              countPackedRows(schedule, problem) == 0)
            break;
        }
      }
    }
  }
}

std::vector<Schedule> mlir::moe::enumerateSchedules(const GemmProblem &problem,
                                                    const Target &target) {
  std::vector<Schedule> schedules;
  Schedule schedule;
  schedule.lanes = target.getLanes(problem.computeBits);
  for (Multiply multiply : {Multiply::Fma, Multiply::DotBf16})
    for (int64_t vectors : registerVectorCounts)
      for (int64_t rows : registerRowCounts) {
        schedule.multiply = multiply;
        schedule.registerVectors = vectors;
        schedule.registerRows = rows;
        addSchedules(schedule, problem, target, schedules);
      }
  return schedules;
}

std::optional<Schedule>
mlir::moe::getDefaultSchedule(const GemmProblem &problem,
                              const Target &target) {
  Schedule schedule;
  schedule.lanes = target.getLanes(problem.computeBits);
  llvm::SmallVector<int64_t> depths = getDepths(problem);
  while (depths.back() > largestDefaultDepth)
    depths.pop_back();
  // Blocks that hide the latency of the FMA and load little; the largest tile
  // and depth that fit, and at last one that packs nothing.
  constexpr std::pair<int64_t, int64_t> blocks[] = {
      {8, 3}, {12, 2}, {6, 2}, {14, 1}, {4, 1}};
  for (auto [registerRows, registerVectors] : blocks) {
    schedule.registerRows = registerRows;
    schedule.registerVectors = registerVectors;
    schedule.columns = schedule.getPanelColumns();
    for (int64_t rowBlocks : {32, 8, 2}) {
      schedule.rows = rowBlocks * registerRows;
      schedule.streamRows = std::min(defaultStreamRows, schedule.rows);
      for (int64_t depth : llvm::reverse(depths)) {
        schedule.depth = schedule.packsWeights() ? depth : depths.front();
        if (!checkSchedule(schedule, problem, target))
          return schedule;
      }
    }
  }
  return std::nullopt;
}
