//===- SelectPlan.cpp - moe-select-plan -----------------------------------===//

#include "PlanSelection.h"
#include "ScheduleOptions.h"
#include "moe/IR/LayerPlan.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

namespace mlir::moe {
#define GEN_PASS_DEF_SELECTPLANPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

static remark::RemarkOpts getRemarkOptions() {
  return remark::RemarkOpts::name("SelectPlan").category("moe-select-plan");
}

namespace {
struct SelectPlanPass : moe::impl::SelectPlanPassBase<SelectPlanPass> {
  using SelectPlanPassBase::SelectPlanPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    Location loc = UnknownLoc::get(context);
    if (failed(read(loc, "routing", routing, givenRouting)) ||
        failed(read(loc, "gather", gather, givenGather)) ||
        failed(read(loc, "combine", combine, givenCombine)) ||
        failed(read(loc, "shared-experts", sharedExperts, givenSharedExperts)))
      return failure();
    if (givenCombine == CombinePlan::atomic && deterministic)
      return emitError(loc) << "option 'combine' is atomic, expected "
                               "gather_sum or slots for results that are the "
                               "same in every run";
    return readScheduleOptions(context, targetName, tokens, target);
  }

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (auto given = function->getAttrOfType<PlanAttr>("moe.plan")) {
      // The verifier has checked it.
      remark::analysis(function.getLoc(), getRemarkOptions())
          << remark::reason("the plan is given");
      return;
    }
    std::optional<LayerProblem> problem = getLayerProblem(function);
    auto list = [&](function_ref<bool(const KernelPlan &)> accepts) {
      return listPlans(function, problem, target, tokens, accepts);
    };
    SmallVector<PlanCandidate> candidates = list([&](const KernelPlan &plan) {
      return isWanted(plan) && findObstacle(plan, target).empty();
    });
    // What is given is obeyed, whatever the target has for it.
    if (candidates.empty())
      candidates = list([&](const KernelPlan &plan) { return isWanted(plan); });
    if (candidates.empty()) {
      function.emitError() << explainRefusal(function).getMessage();
      return signalPassFailure();
    }
    const PlanCandidate &selected = selectPlan(candidates);
    PlanAttr plan = toAttribute(&getContext(), selected.plan);
    function->setAttr("moe.plan", plan);
    remark::passed(function.getLoc(), getRemarkOptions())
        << remark::detail::Remark::Arg("Plan", Attribute(plan))
        << remark::reason("{0}", describe(function, selected, candidates))
        << remark::metric("seconds", selected.estimate.seconds)
        << remark::metric("candidates", candidates.size());
  }

private:
  template <typename Enum>
  static LogicalResult read(Location loc, StringRef option, StringRef value,
                            std::optional<Enum> &given) {
    given = symbolizeEnum<Enum>(value);
    if (given || value == "auto")
      return success();
    InFlightDiagnostic error = emitError(loc)
                               << "option '" << option << "' is '" << value
                               << "', expected auto";
    for (uint32_t i = 0;; ++i) {
      StringRef name = stringifyEnum(static_cast<Enum>(i));
      if (name.empty())
        return error;
      error << ", " << name;
    }
  }

  /// Whether `plan` has what options give, and nothing else that they forbid.
  bool isWanted(const KernelPlan &plan) {
    PlanAttr attribute = toAttribute(&getContext(), plan);
    auto agrees = [](auto given, auto found) {
      return given.value_or(found) == found;
    };
    return agrees(givenRouting, attribute.getRouting()) &&
           agrees(givenGather, attribute.getGather()) &&
           agrees(givenCombine, attribute.getCombine()) &&
           agrees(givenSharedExperts, attribute.getSharedExperts()) &&
           (!deterministic || isDeterministic(plan));
  }

  /// Why the plainest of the wanted plans is illegal.
  std::optional<PlanViolation> findViolation(func::FuncOp function) {
    for (const KernelPlan &plan : enumeratePlans())
      if (isWanted(plan))
        return checkPlan(toAttribute(&getContext(), plan), function);
    return std::nullopt;
  }

  /// Why all wanted plans are illegal: it must be a part that is given.
  PlanViolation explainRefusal(func::FuncOp function) {
    for (const KernelPlan &plan : enumeratePlans()) {
      auto violation =
          isWanted(plan) ? checkPlan(toAttribute(&getContext(), plan), function)
                         : std::nullopt;
      bool isGiven =
          violation &&
          ((violation->field == "gather" && givenGather) ||
           (violation->field == "combine" && givenCombine) ||
           (violation->field == "shared_experts" && givenSharedExperts));
      if (isGiven)
        return *violation;
    }
    llvm_unreachable("what is not given can be the plainest");
  }

  std::string describe(func::FuncOp function, const PlanCandidate &selected,
                       ArrayRef<PlanCandidate> candidates) {
    std::string text;
    if (givenRouting || givenGather || givenCombine || givenSharedExperts)
      text = "options give a part of it; ";
    if (auto violation = findViolation(function))
      text += violation->reason + "; ";
    text += "shortest estimate";
    const PlanEstimate &first = candidates.front().estimate;
    const PlanEstimate &best = selected.estimate;
    if (selected.plan == candidates.front().plan)
      return text;
    // What it saves most of.
    std::pair<double, StringRef> gains[] = {
        {first.kernels - best.kernels, "fewer kernels"},
        {first.routing - best.routing, "fewer passes over scores"},
        {first.gather - best.gather, "fewer copies of tokens"},
        {first.combine - best.combine, "fewer passes over results"},
        {first.shared - best.shared,
         "no pass over the results of shared experts"}};
    return text + ": " +
           llvm::max_element(gains, [](const auto &a, const auto &b) {
             return a.first < b.first;
           })->second.str();
  }

  std::optional<RoutingPlan> givenRouting;
  std::optional<GatherPlan> givenGather;
  std::optional<CombinePlan> givenCombine;
  std::optional<SharedExpertsPlan> givenSharedExperts;
  Target target;
};
} // namespace
