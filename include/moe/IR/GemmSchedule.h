//===- GemmSchedule.h - Grouped GEMMs as their schedules see them -*- C++ -*-=//

#ifndef MOE_IR_GEMMSCHEDULE_H
#define MOE_IR_GEMMSCHEDULE_H

#include "moe/IR/MoE.h"
#include "moe/Schedule/GemmProblem.h"
#include "moe/Schedule/WarpgroupSchedule.h"

namespace mlir::moe {

/// What a schedule of `op` is chosen for. How many experts a token chooses, and
/// from how many, is told by the moe.group_by_expert that gives the offsets.
GemmProblem getGemmProblem(GroupedGemmOp op);

inline Schedule::Multiply toPlain(Multiply multiply) {
  return multiply == Multiply::fma ? Schedule::Multiply::Fma
                                   : Schedule::Multiply::DotBf16;
}
Schedule toSchedule(ScheduleAttr attribute);
ScheduleAttr toAttribute(MLIRContext *context, const Schedule &schedule);

WarpgroupSchedule toSchedule(WarpgroupScheduleAttr attribute);
WarpgroupScheduleAttr toAttribute(MLIRContext *context,
                                  const WarpgroupSchedule &schedule);

/// The reason why no target can compute `problem` by a schedule of any
/// kind, or why one target cannot.
std::optional<ScheduleViolation> checkSchedule(Attribute schedule,
                                               const GemmProblem &problem);
std::optional<ScheduleViolation> checkSchedule(Attribute schedule,
                                               const GemmProblem &problem,
                                               const Target &target);

} // namespace mlir::moe

#endif // MOE_IR_GEMMSCHEDULE_H
