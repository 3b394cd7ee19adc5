//===- LayerPlan.cpp - Which kernels a layer becomes ----------------------===//

#include "moe/IR/LayerPlan.h"
#include "moe/IR/PerToken.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::moe;

std::string PlanViolation::getMessage() const {
  return ("plan field '" + field + "' is " + found + ", expected " + expected +
          ": " + reason)
      .str();
}

PlanAttr mlir::moe::getPlan(Operation *function) {
  if (auto plan = function->getAttrOfType<PlanAttr>("moe.plan"))
    return plan;
  return PlanAttr::get(function->getContext(), RoutingPlan::fused,
                       GatherPlan::fused, CombinePlan::gather_sum,
                       SharedExpertsPlan::beside);
}

//===----------------------------------------------------------------------===//
// Gathering and combining
//===----------------------------------------------------------------------===//

StringRef mlir::moe::findObstacle(DispatchOp dispatch) {
  if (dispatch.getWeights())
    return "the rows are weighted copies of the tokens";
  if (dispatch.getX().getType().getElementType() !=
      dispatch.getRows().getType().getElementType())
    return "the copy converts the tokens";
  return "";
}

GroupByExpertOp mlir::moe::getGrouping(CombineOp combine) {
  auto grouping = combine.getPositions().getDefiningOp<GroupByExpertOp>();
  bool isOwn = grouping && (!grouping.getSlots() ||
                            grouping.getSlots().getDefiningOp<AssignSlotsOp>());
  return isOwn ? grouping : GroupByExpertOp();
}

/// Whether the sums of `rows` are made in f64; nothing if no GEMM gives them.
static std::optional<bool> hasWideSums(Value rows) {
  Operation *op = rows.getDefiningOp();
  auto experts = dyn_cast_or_null<ExpertMlpOp>(op);
  bool isGemm = isa_and_nonnull<GroupedGemmOp>(op) ||
                (experts && experts.getIdentityExperts() == 0);
  if (!isGemm)
    return std::nullopt;
  auto isF64 = [](Type type) { return getElementTypeOrSelf(type).isF64(); };
  return llvm::any_of(op->getOperandTypes(), isF64) || isF64(rows.getType());
}

StringRef mlir::moe::findObstacleToWeights(CombineOp combine) {
  std::optional<bool> wide = hasWideSums(combine.getRows());
  if (!wide)
    return "the rows are no GEMM's";
  if (!combine.getRows().hasOneUse())
    return "the rows have other users";
  if (combine.getAccumulate() == Accumulate::result)
    return "the combination rounds each product";
  if (!getGrouping(combine))
    return "two choices may share a row";
  if (combine.getWeights() &&
      getElementTypeOrSelf(combine.getWeights().getType()).isF64() && !*wide)
    return "the weights are wider than the sums";
  return "";
}

StringRef mlir::moe::findObstacle(CombineOp combine, CombinePlan plan) {
  if (plan == CombinePlan::gather_sum)
    return "";
  if (combine.getByChoice())
    return "the rows are in the order of the choices";
  if (StringRef obstacle = findObstacleToWeights(combine); !obstacle.empty())
    return obstacle;
  if (plan == CombinePlan::slots)
    return "";
  // What is added has the type of the sums.
  unsigned width = *hasWideSums(combine.getRows()) ? 64 : 32;
  if (getElementTypeOrSelf(combine.getResult().getType())
          .getIntOrFloatBitWidth() > width)
    return "the result is wider than the sums";
  return "";
}

//===----------------------------------------------------------------------===//
// Shared experts
//===----------------------------------------------------------------------===//

std::optional<SharedExpert> mlir::moe::findSharedExpert(MixOp mix) {
  SharedExpert shared{mix,
                      mix.getA().getDefiningOp<CombineOp>(),
                      {},
                      mix.getB().getDefiningOp<ExpertMlpOp>(),
                      {}};
  if (!shared.combine || !shared.shared || shared.shared.getOffsets())
    return std::nullopt;
  shared.experts = shared.combine.getRows().getDefiningOp<ExpertMlpOp>();
  if (!shared.experts || !shared.experts.getOffsets())
    return std::nullopt;
  shared.grouping =
      shared.experts.getOffsets().getDefiningOp<GroupByExpertOp>();
  return shared;
}

/// The tokens whose copies are the rows of the experts.
static Value getTokens(ExpertMlpOp experts, GroupByExpertOp grouping) {
  auto dispatch = experts.getRows().getDefiningOp<DispatchOp>();
  bool isPlain = dispatch && findObstacle(dispatch).empty() &&
                 dispatch.getSources() == grouping.getSources();
  return isPlain ? dispatch.getX() : Value();
}

/// Whether every choice that is left has a row: there are no slots, or they are
/// those of exactly these choices.
static bool groupsAllChoices(GroupByExpertOp grouping) {
  if (!grouping.getSlots())
    return true;
  auto slots = grouping.getSlots().getDefiningOp<AssignSlotsOp>();
  return slots && slots.getKept() == grouping.getIndices() &&
         slots.getCapacity() == grouping.getCapacity() &&
         slots.getGroups() == grouping.getGroups();
}

/// Whether there is a number for one more expert behind those of `grouping`.
static bool hasNumberForOneMore(GroupByExpertOp grouping) {
  return static_cast<int64_t>(grouping.getFirstExpert()) +
             static_cast<int64_t>(grouping.getNumExperts()) <
         std::numeric_limits<int32_t>::max();
}

static bool hasShapeOfOne(Value tensors, Value tensor) {
  auto many = cast<RankedTensorType>(tensors.getType()),
       one = cast<RankedTensorType>(tensor.getType());
  return many.getShape().drop_front() == one.getShape() &&
         many.hasStaticShape() && one.hasStaticShape() &&
         many.getElementType() == one.getElementType();
}

/// Whether codes mean the same, and lie like those of each of many experts.
static bool isOneMore(DequantizeOp many, DequantizeOp one) {
  if (many.getScheme() != one.getScheme() ||
      many.getOrder() != one.getOrder() ||
      many.getZeroOffset() != one.getZeroOffset() ||
      static_cast<bool>(many.getZeroPoints()) !=
          static_cast<bool>(one.getZeroPoints()) ||
      getElementTypeOrSelf(many.getType()) !=
          getElementTypeOrSelf(one.getType()))
    return false;
  if (auto block = many.getBlockShape())
    if (block->front() != 1 || block->drop_front() != *one.getBlockShape())
      return false;
  return hasShapeOfOne(many.getData(), one.getData()) &&
         hasShapeOfOne(many.getScales(), one.getScales()) &&
         (!many.getZeroPoints() ||
          hasShapeOfOne(many.getZeroPoints(), one.getZeroPoints()));
}

/// Whether an operand of the shared expert is like one of those that tokens
/// choose.
static bool isOneMore(Value weights, Value expert) {
  if (!weights || !expert)
    return !weights && !expert;
  auto many = weights.getDefiningOp<DequantizeOp>(),
       one = expert.getDefiningOp<DequantizeOp>();
  if (many && one)
    return isOneMore(many, one);
  return !many && !one && hasShapeOfOne(weights, expert);
}

StringRef mlir::moe::findObstacle(SharedExpert found) {
  ExpertMlpOp experts = found.experts, shared = found.shared;
  MixOp mix = found.mix;
  bool adds =
      (mix.getMode() == MixMode::add && mix.getAScale().isExactlyValue(1.0)) ||
      mix.getMode() == MixMode::sigmoid;
  if (!adds)
    return "the branches are not added";
  if (!found.grouping || !groupsAllChoices(found.grouping))
    return "the slots of the choices are given";
  if (found.combine.getPositions() != found.grouping.getPositions() ||
      !found.combine.getWeights())
    return "the results are not weighted and combined by the groups";
  if (found.combine.getAccumulate() == Accumulate::result ||
      found.combine.getByChoice())
    return "the combination rounds each product";
  if (!hasNumberForOneMore(found.grouping))
    return "there is no number for one more expert";
  if (getTokens(experts, found.grouping) != shared.getRows())
    return "the experts do not read the same tokens";
  if (!found.combine.getRows().hasOneUse() ||
      !found.combine.getResult().hasOneUse() || !shared.getResult().hasOneUse())
    return "a branch has other users";
  if (experts.getGating() != shared.getGating() ||
      experts.getActivation() != shared.getActivation())
    return "the activations differ";
  if (experts.getUpLayout() != shared.getUpLayout() ||
      experts.getDownLayout() != shared.getDownLayout())
    return "the layouts of the weights differ";
  if (experts.getIdentityExperts() > 0 || shared.getIdentityExperts() > 0)
    return "experts without weights return their rows";
  for (auto [weights, expert] :
       {std::pair<Value, Value>(experts.getUp(), shared.getUp()),
        {experts.getGate(), shared.getGate()},
        {experts.getDown(), shared.getDown()},
        {experts.getUpBias(), shared.getUpBias()},
        {experts.getGateBias(), shared.getGateBias()},
        {experts.getDownBias(), shared.getDownBias()}})
    if (!isOneMore(weights, expert))
      return "the shapes or types of the weights differ";
  if (experts.getResult().getType().getElementType() !=
      shared.getResult().getType().getElementType())
    return "the types of the results differ";
  return "";
}

//===----------------------------------------------------------------------===//
// Legality
//===----------------------------------------------------------------------===//

/// The obstacle of the first op, if there are ops and each has one. Nothing is
/// known any more about ops behind a routing kernel.
template <typename Op>
static std::optional<StringRef>
refuseAll(FunctionOpInterface function,
          function_ref<std::optional<StringRef>(Op)> getObstacle) {
  std::optional<StringRef> first;
  bool isTaken = false;
  function->walk([&](Op op) {
    std::optional<StringRef> obstacle = getObstacle(op);
    isTaken |= obstacle && obstacle->empty();
    if (!first)
      first = obstacle;
  });
  return isTaken ? std::nullopt : first;
}

/// Whether an op of the function shows that a choice has been taken.
template <typename Op>
static bool has(FunctionOpInterface function, function_ref<bool(Op)> isTaken) {
  return function->walk([&](Op op) { return WalkResult(failure(isTaken(op))); })
      .wasInterrupted();
}

static std::optional<StringRef> refuseGather(FunctionOpInterface function) {
  if (has<GroupedGemmOp>(function, [](GroupedGemmOp op) {
        return static_cast<bool>(op.getSources());
      }))
    return std::nullopt;
  return refuseAll<DispatchOp>(function,
                               [](DispatchOp op) { return findObstacle(op); });
}

static std::optional<StringRef> refuseCombine(FunctionOpInterface function,
                                              CombinePlan plan) {
  if (has<GroupedGemmOp>(function, [](GroupedGemmOp op) {
        return static_cast<bool>(op.getTargets());
      }))
    return std::nullopt;
  return refuseAll<CombineOp>(function,
                              [&](CombineOp op) -> std::optional<StringRef> {
                                if (op.getPositions().getDefiningOp<RouteOp>())
                                  return std::nullopt;
                                return findObstacle(op, plan);
                              });
}

static std::optional<StringRef> refuseRows(FunctionOpInterface function) {
  if (has<AppendChoiceOp>(function, [](AppendChoiceOp) { return true; }))
    return std::nullopt;
  return refuseAll<MixOp>(function, [](MixOp op) -> std::optional<StringRef> {
    auto shared = findSharedExpert(op);
    if (!shared)
      return std::nullopt;
    return findObstacle(*shared);
  });
}

std::optional<PlanViolation>
mlir::moe::checkPlan(PlanAttr plan, FunctionOpInterface function) {
  if (plan.getGather() == GatherPlan::fused)
    if (auto reason = refuseGather(function))
      return PlanViolation{"gather", "fused", "copy", reason->str()};
  if (plan.getCombine() != CombinePlan::gather_sum)
    if (auto reason = refuseCombine(function, plan.getCombine()))
      return PlanViolation{"combine",
                           stringifyCombinePlan(plan.getCombine()).str(),
                           "gather_sum", reason->str()};
  if (plan.getSharedExperts() == SharedExpertsPlan::rows)
    if (auto reason = refuseRows(function))
      return PlanViolation{"shared_experts", "rows", "beside", reason->str()};
  return std::nullopt;
}
