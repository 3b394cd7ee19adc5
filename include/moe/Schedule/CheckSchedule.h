//===- CheckSchedule.h - Which schedules are legal --------------*- C++ -*-===//

#ifndef MOE_SCHEDULE_CHECKSCHEDULE_H
#define MOE_SCHEDULE_CHECKSCHEDULE_H

#include "moe/Schedule/GemmProblem.h"
#include "moe/Schedule/Schedule.h"
#include "moe/Target/Target.h"

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
/// * The packed weights of a tile and its sums fit scratchLimit.
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

} // namespace mlir::moe

#endif // MOE_SCHEDULE_CHECKSCHEDULE_H
