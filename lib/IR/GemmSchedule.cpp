//===- GemmSchedule.cpp - Grouped GEMMs as their schedules see them -------===//

#include "moe/IR/GemmSchedule.h"
#include "NumberFormats.h"
#include "moe/IR/PerToken.h"

#include <map>

using namespace mlir;
using namespace mlir::moe;

static RankedTensorType getTensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static int64_t dim(Value value, unsigned index) {
  return getTensorType(value).getDimSize(index);
}

/// Names and counts of the operations of an epilogue, in the order of names, as
/// in "math.exp+2*arith.mulf"; empty if the sum is the result. Constants do not
/// count: their values do not matter for speed. A store to other rows does.
static std::string describeEpilogue(GroupedGemmOp op) {
  std::map<StringRef, int64_t> counts;
  for (Operation &nested : op.getEpilogue().front().without_terminator())
    if (!nested.hasTrait<OpTrait::ConstantLike>())
      ++counts[nested.getName().getStringRef()];
  if (op.getTargets())
    ++counts[op.getAdds() ? "adds" : "targets"];
  std::string text;
  for (auto [name, count] : counts)
    text += (text.empty() ? "" : "+") +
            (count > 1 ? std::to_string(count) + "*" : "") + name.str();
  return text;
}

/// Reads the routing from the op that made the groups of rows.
static void readRouting(GroupedGemmOp op, GemmProblem &problem) {
  problem.totalExperts = problem.experts;
  if (!op.getOffsets()) {
    // One expert has all rows.
    problem.topK = 1;
    return;
  }
  auto group = lookIntoRoute(op.getOffsets()).getDefiningOp<GroupByExpertOp>();
  if (!group || ShapedType::isDynamic(dim(group.getIndices(), 1)))
    return;
  problem.topK = dim(group.getIndices(), 1);
  // The experts of other devices have scores, too.
  if (auto choice = group.getIndices().getDefiningOp<TopKOp>())
    if (int64_t scores = dim(choice.getScores(), 1);
        !ShapedType::isDynamic(scores))
      problem.totalExperts = std::max(problem.experts, scores);
}

GemmProblem mlir::moe::getGemmProblem(GroupedGemmOp op) {
  GemmProblem problem;
  if (op.getOffsets())
    problem.experts = dim(op.getWeights().front(), 0);
  readRouting(op, problem);
  problem.depth = dim(op.getX(), 1);
  problem.columns = dim(op.getResult(), 1);
  for (auto [index, weight] : llvm::enumerate(op.getWeights())) {
    // Types that a checkpoint stores may differ, e.g. of shared experts.
    problem.weights.push_back({describeFormat(weight),
                               op.getLayout(index) == MatrixLayout::out_in,
                               op.getStrides()[index]});
    if (ShapedType::isDynamic(problem.depth)) {
      unsigned rank = getTensorType(weight).getRank();
      problem.depth = dim(weight, 2 * rank - 3 - op.getOutputDim(index));
    }
  }
  problem.input = describeFormat(op.getX());
  problem.result = describeFormat(op.getResult());
  problem.computeBits = op.getComputeType().getWidth();
  problem.gathersRows = static_cast<bool>(op.getSources());
  problem.addsRows = op.getAdds();
  problem.columnInputs = op.getColumnInputs().size();
  problem.rowInputs = op.getRowInputs().size();
  problem.epilogue = describeEpilogue(op);
  return problem;
}

Schedule mlir::moe::toSchedule(ScheduleAttr attribute) {
  return {attribute.getRows(),         attribute.getColumns(),
          attribute.getDepth(),        attribute.getStreamRows(),
          attribute.getRegisterRows(), attribute.getRegisterVectors(),
          attribute.getLanes(),        toPlain(attribute.getMultiply())};
}

ScheduleAttr mlir::moe::toAttribute(MLIRContext *context,
                                    const Schedule &schedule) {
  return ScheduleAttr::get(
      context, schedule.rows, schedule.columns, schedule.depth,
      schedule.streamRows, schedule.registerRows, schedule.registerVectors,
      schedule.lanes,
      schedule.multiply == Schedule::Multiply::Fma ? Multiply::fma
                                                   : Multiply::dot_bf16);
}

WarpgroupSchedule mlir::moe::toSchedule(WarpgroupScheduleAttr attribute) {
  return {attribute.getRows(),      attribute.getColumns(),
          attribute.getDepth(),     attribute.getStages(),
          attribute.getConsumers(), attribute.getConsumersPerTile(),
          attribute.getRaster(),    attribute.getCluster()};
}

WarpgroupScheduleAttr
mlir::moe::toAttribute(MLIRContext *context,
                       const WarpgroupSchedule &schedule) {
  return WarpgroupScheduleAttr::get(
      context, schedule.rows, schedule.columns, schedule.depth, schedule.stages,
      schedule.consumers, schedule.consumersPerTile, schedule.raster,
      schedule.cluster);
}

std::optional<ScheduleViolation>
mlir::moe::checkSchedule(Attribute schedule, const GemmProblem &problem) {
  if (auto warpgroups = dyn_cast<WarpgroupScheduleAttr>(schedule))
    return checkWarpgroupSchedule(toSchedule(warpgroups), &problem);
  return checkSchedule(toSchedule(cast<ScheduleAttr>(schedule)), &problem);
}

std::optional<ScheduleViolation>
mlir::moe::checkSchedule(Attribute schedule, const GemmProblem &problem,
                         const Target &target) {
  if (auto warpgroups = dyn_cast<WarpgroupScheduleAttr>(schedule))
    return checkWarpgroupSchedule(toSchedule(warpgroups), problem, target);
  return checkSchedule(toSchedule(cast<ScheduleAttr>(schedule)), problem,
                       target);
}
