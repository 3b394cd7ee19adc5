//===- SelectPlan.cpp - moe-select-plan -----------------------------------===//

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
    return success();
  }

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (auto given = function->getAttrOfType<PlanAttr>("moe.plan")) {
      // The verifier has checked it.
      remark::analysis(function.getLoc(), getRemarkOptions())
          << remark::reason("the plan is given");
      return;
    }
    PlanAttr plan = select(function);
    if (auto violation = checkPlan(plan, function)) {
      function.emitError() << violation->getMessage();
      return signalPassFailure();
    }
    function->setAttr("moe.plan", plan);
    remark::passed(function.getLoc(), getRemarkOptions())
        << remark::detail::Remark::Arg("Plan", Attribute(plan))
        << remark::reason("{0}", reasons);
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

  /// One kernel for the router and no copy of the tokens cost least wherever
  /// they are possible. Rows by expert are summed in a fixed order, and need
  /// neither a further map nor sums in memory.
  PlanAttr select(func::FuncOp function) {
    reasons.clear();
    auto plan = [&](GatherPlan gather) {
      return PlanAttr::get(
          &getContext(), givenRouting.value_or(RoutingPlan::fused), gather,
          givenCombine.value_or(CombinePlan::gather_sum),
          givenSharedExperts.value_or(SharedExpertsPlan::beside));
    };
    GatherPlan gather = givenGather.value_or(GatherPlan::fused);
    auto violation = checkPlan(PlanAttr::get(&getContext(), RoutingPlan::fused,
                                             gather, CombinePlan::gather_sum,
                                             SharedExpertsPlan::beside),
                               function);
    if (!givenGather && violation) {
      gather = GatherPlan::copy;
      reasons = violation->reason;
    } else {
      reasons = "fewest passes over memory in a fixed order of sums";
    }
    bool isGiven =
        givenRouting || givenGather || givenCombine || givenSharedExperts;
    if (isGiven)
      reasons = "options give a part of it; else " + reasons;
    return plan(gather);
  }

  std::optional<RoutingPlan> givenRouting;
  std::optional<GatherPlan> givenGather;
  std::optional<CombinePlan> givenCombine;
  std::optional<SharedExpertsPlan> givenSharedExperts;
  std::string reasons;
};
} // namespace
