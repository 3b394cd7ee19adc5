//===- CheckSchedule.h - Which schedules are legal --------------*- C++ -*-===//

#ifndef MOE_SCHEDULE_CHECKSCHEDULE_H
#define MOE_SCHEDULE_CHECKSCHEDULE_H

#include "moe/Schedule/GemmProblem.h"
#include "moe/Schedule/Schedule.h"
#include "moe/Target/Target.h"

#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace mlir::moe {

/// Bytes of scratch memory that a thread may need: it lies on its stack.
inline constexpr int64_t scratchLimit = 1 << 20;

/// No size in a schedule is larger.
inline constexpr int64_t largestScheduleField = 1 << 16;

/// Why a schedule is illegal.
struct ScheduleViolation {
  /// The field, as the attribute spells it.
  llvm::StringRef field;
  std::string found, expected;

  /// "schedule field 'lanes' is 8, expected 16".
  std::string getMessage() const;
};

/// The reason why no target can compute `problem` by `schedule`, if there is
/// one. Without a problem, the reason why it is illegal for each.
///
/// * All fields are 1 to largestScheduleField, stream_rows is 0 to rows.
/// * lanes is a power of two.
/// * rows are whole blocks of register_rows, columns whole panels.
/// * dot_bf16 multiplies inputs and weights that are stored as bf16.
/// * The packed weights or rows of a tile and its sums fit scratchLimit.
std::optional<ScheduleViolation> checkSchedule(const Schedule &schedule,
                                               const GemmProblem *problem);

/// The same for one target.
///
/// * lanes fill a vector register.
/// * The sums of a block of rows and what they are computed from fit the
///   registers.
/// * The target has the instruction of dot_bf16.
std::optional<ScheduleViolation> checkSchedule(const Schedule &schedule,
                                               const GemmProblem &problem,
                                               const Target &target);

/// Bytes of the packed weights of a tile at one depth; 0 if none are packed.
int64_t getPanelBytes(const Schedule &schedule, const GemmProblem &problem);

/// Bytes of the sums of a tile, with a vector behind the columns of each row.
int64_t getSumBytes(const Schedule &schedule, const GemmProblem &problem);

/// Columns that packed rows are multiplied with at a time: their weights are in
/// places that often share a set of the first cache, and it has eight of each.
inline constexpr int64_t packedRowColumns = 6;

/// Rows that are packed together, from many to few: vectors of them whose sums
/// with packedRowColumns columns fit the registers.
llvm::SmallVector<int64_t, 4> getRowGroups(int64_t lanes, int64_t elementBits);

/// Whether some weights need no decoding to be multiplied, and lie as out_in.
bool hasReadyWeights(const Schedule &schedule, const GemmProblem &problem);

/// Rows that are packed at most: whole groups that are not more than
/// stream_rows. None unless there are ready weights.
int64_t countPackedRows(const Schedule &schedule, const GemmProblem &problem);

/// Columns of weights that stay in the second cache while all rows pass by: a
/// multiple of those that are multiplied at a time.
inline constexpr int64_t sharedColumns = 24;

/// Rows that are multiplied along the inputs at a time, at most, with weights
/// that need no decoding: lanes are inputs, and each sum has a register.
int64_t getMostDotRows(int64_t lanes, int64_t elementBits);

/// Columns that so many rows are multiplied with along the inputs: their sums,
/// a vector of each column's weights and one of a row fit the registers. A row
/// alone takes many, to read from as many places at once. The sums of a row end
/// in one vector.
int64_t getDotColumns(int64_t rows, int64_t lanes, int64_t elementBits);

/// Bytes of the packed rows of a tile at one depth, and of their sums.
int64_t getPackedRowBytes(const Schedule &schedule, const GemmProblem &problem);

} // namespace mlir::moe

#endif // MOE_SCHEDULE_CHECKSCHEDULE_H
