//===- WarpgroupSchedule.h - How Hopper computes a grouped GEMM -*- C++ -*-===//

#ifndef MOE_SCHEDULE_WARPGROUPSCHEDULE_H
#define MOE_SCHEDULE_WARPGROUPSCHEDULE_H

#include "moe/Schedule/CheckSchedule.h"

namespace mlir::moe {

/// The attribute #moe.warpgroup_schedule, whose description defines the fields,
/// as plain data.
struct WarpgroupSchedule {
  int64_t rows = 0, columns = 0, depth = 0, stages = 0, consumers = 0,
          consumersPerTile = 0, raster = defaultRaster, cluster = 1;

  /// The rows of an expert are one group.
  static constexpr int64_t defaultRaster = 4096;

  /// Blocks of 64 rows that a warpgroup multiplies.
  int64_t getRowBlocks() const { return rows / (64 * consumersPerTile); }
  /// Consumers, or pairs of them, that take tiles in turn.
  int64_t getTurns() const { return consumers / consumersPerTile; }
  /// Rows of the tiles of a cluster together.
  int64_t getClusterRows() const { return rows * cluster; }
  /// Threads of a block: the consumers' warpgroups and the producer's.
  int64_t getThreads() const { return 128 * (consumers + 1); }

  bool operator==(const WarpgroupSchedule &) const = default;
};

/// A field that is a number, under the name that it has in the attribute, and
/// with the value that is not printed, or 0.
struct WarpgroupScheduleField {
  llvm::StringLiteral name;
  int64_t WarpgroupSchedule::*value;
  int64_t usual = 0;
};

/// All fields, in the order in which they are printed.
llvm::ArrayRef<WarpgroupScheduleField> getWarpgroupScheduleFields();

/// The text of the attribute.
llvm::raw_ostream &operator<<(llvm::raw_ostream &os,
                              const WarpgroupSchedule &schedule);

/// Bytes that a swizzled row of a tile in shared memory has.
inline constexpr int64_t swizzleBytes = 128;
/// Columns or inputs, of 16 bits, in such a row.
inline constexpr int64_t swizzleElements = 64;
/// Bytes that a warp needs to put its results in order: 16 rows.
inline constexpr int64_t stagingBytesPerWarp = 16 * swizzleBytes;

/// The rows of a tile that a producer can find through an index.
inline constexpr int64_t maxGatheredRows = 128;

/// Where what lies in the shared memory of a block, in bytes from its start,
/// which is a multiple of 1024.
struct SharedMemoryLayout {
  /// Of a stage, which begins with the rows; the weights follow.
  int64_t rowBytes, weightBytes, stageBytes;
  /// A barrier of each stage for its arrival, then one for its release.
  int64_t staging, barriers;
  /// The first block of rows of each expert, and how many there are; the first
  /// row of each, and how many there are.
  int64_t blockStarts, rowStarts;
  /// Twice, where the rows of a tile are found.
  int64_t sources;
  int64_t bytes;
};

/// `accumulatorColumns` are the columns of a tile in all projections together.
SharedMemoryLayout getSharedMemoryLayout(const WarpgroupSchedule &schedule,
                                         int64_t accumulatorColumns,
                                         int64_t experts);

/// The reason why no problem, or the problem if one is given, can be computed
/// by `schedule`, if there is one.
///
/// * There are one or two consumers, and as many or one for a tile.
/// * rows are 64 or 128 for each consumer of a tile.
/// * columns are a multiple of 8, and depth 64: one swizzled row.
/// * There are 2 to 8 stages, and 1 to 4096 blocks in a group of rows.
/// * A cluster is one block or two, each of which copies half of the weights:
///   those halves are whole patterns of eight swizzled rows.
/// * The sums of a thread fit its registers, and so do the addresses of the
/// rows
///   that a thread of the producer gathers: at most 128 rows.
/// * Rows and weights are stored in the same 16 bits, sums made in f32.
/// * Results are stored, not added to what is there.
/// * Lengths of rows in memory are multiples of 16 bytes, for bulk copies.
/// * in_out weights have tiles of whole swizzled rows; only two projections of
///   the same weights may have stride 2.
std::optional<ScheduleViolation>
checkWarpgroupSchedule(const WarpgroupSchedule &schedule,
                       const GemmProblem *problem);

/// The same for one target: it is a GPU, and the stages fit the shared memory
/// of a block.
std::optional<ScheduleViolation>
checkWarpgroupSchedule(const WarpgroupSchedule &schedule,
                       const GemmProblem &problem, const Target &target);

/// The schedules to choose from for a problem on a target: those of a fixed
/// grid that are legal, each with as many stages as fit.
std::vector<WarpgroupSchedule>
enumerateWarpgroupSchedules(const GemmProblem &problem, const Target &target);

/// The seconds that `target` takes to compute `problem` for so many tokens.
///
/// Blocks take tiles one by one: the time is that of ceil(tiles /
/// multiprocessors) tiles, or that of reading rows and weights from memory, the
/// longer one and a tenth of the other. Each group of rows reads the weights of
/// its expert again unless they stay in half of the cache; its rows are read
/// once if those stay there, else again for each of the columns that are not at
/// work at the same time. Experts have rows as spreadRows says. Each `depth`
/// inputs of a tile take the longest of multiplying, of reading the operands of
/// matrix instructions from shared memory (each block of 64 rows reads its rows
/// and all weights; blocks that have no rows do neither), and of copying rows,
/// and its part of the cluster's weights, from the cache; a tile takes 1500
/// cycles more to start and to end, and two for each line of results that a
/// warp writes; consumers in turn take only the longer of the two parts, and
/// 200 cycles. The blocks of a cluster wait for each other: 3 % of the first
/// part, and 500 cycles.
double estimateSeconds(const GemmProblem &problem,
                       const WarpgroupSchedule &schedule, const Target &target,
                       int64_t tokens);

/// The schedule with the shortest estimated time, of almost equal ones the
/// first; nothing if none is legal.
std::optional<WarpgroupSchedule>
selectWarpgroupSchedule(const GemmProblem &problem, const Target &target,
                        int64_t tokens);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_WARPGROUPSCHEDULE_H
