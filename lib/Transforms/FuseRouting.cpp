//===- FuseRouting.cpp - moe-fuse-routing ---------------------------------===//

#include "moe/IR/LayerPlan.h"
#include "moe/IR/PerToken.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::moe {
#define GEN_PASS_DEF_FUSEROUTINGPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace mlir::moe

using namespace mlir;
using namespace mlir::moe;

/// Elementwise ops belong to the router if they are between its ops: other
/// matrices are as wide as a token.
static bool isNextToRouting(Operation *op) {
  auto isRouting = [](Operation *other) {
    return other && (isPerToken(other) || isGrouping(other));
  };
  return llvm::any_of(op->getUsers(), isRouting) ||
         llvm::any_of(op->getOperands(), [&](Value operand) {
           return isRouting(operand.getDefiningOp());
         });
}

static bool isCandidate(Operation *op) {
  return isPerToken(op) || isGrouping(op) ||
         (isElementwise(op) && isNextToRouting(op));
}

/// The candidates of a block by stages: between one of an earlier stage and
/// one of a later stage there is another op that uses the one and is used by
/// the other, so that no kernel can have both.
static llvm::MapVector<int64_t, SmallVector<Operation *>>
findStages(Block &block) {
  llvm::MapVector<int64_t, SmallVector<Operation *>> stages;
  // The first stage that can use what an op gives.
  DenseMap<Operation *, int64_t> available;
  for (Operation &op : block) {
    int64_t stage = 0;
    // What a region uses, its op uses.
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (Operation *def = operand.getDefiningOp())
          stage = std::max(stage, available.lookup(def));
    });
    bool candidate = isCandidate(&op);
    if (candidate)
      stages[stage].push_back(&op);
    // Whatever an earlier op of the stage gives reaches a candidate of the same
    // stage through candidates only.
    bool usesCandidate = false;
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (Operation *def = operand.getDefiningOp())
          usesCandidate |= isCandidate(def) && available.lookup(def) == stage;
    });
    available[&op] = !candidate && usesCandidate ? stage + 1 : stage;
  }
  return stages;
}

/// Ops before the last one of `members` that use one of them, directly or not,
/// and are none of them.
static SmallVector<Operation *>
findUsersBetween(ArrayRef<Operation *> members) {
  DenseSet<Operation *> dependent(members.begin(), members.end());
  SmallVector<Operation *> users;
  for (Operation *op = members.front(); op != members.back();
       op = op->getNextNode()) {
    if (dependent.contains(op))
      continue;
    WalkResult uses = op->walk([&](Operation *nested) {
      return WalkResult(
          failure(llvm::any_of(nested->getOperands(), [&](Value operand) {
            return dependent.contains(operand.getDefiningOp());
          })));
    });
    if (!uses.wasInterrupted())
      continue;
    dependent.insert(op);
    users.push_back(op);
  }
  return users;
}

static RouteOp fuse(ArrayRef<Operation *> members) {
  DenseSet<Operation *> isMember(members.begin(), members.end());
  llvm::SetVector<Value> inputs, results;
  for (Operation *op : members) {
    for (Value operand : op->getOperands())
      if (!isMember.contains(operand.getDefiningOp()))
        inputs.insert(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !isMember.contains(user);
          }))
        results.insert(result);
  }

  OpBuilder builder(members.back());
  Location loc = builder.getFusedLoc(
      llvm::map_to_vector(members, [](Operation *op) { return op->getLoc(); }));
  auto route = RouteOp::create(builder, loc,
                               TypeRange(ValueRange(results.getArrayRef())),
                               inputs.getArrayRef());
  SmallVector<Operation *> users = findUsersBetween(members);
  for (Operation *user : llvm::reverse(users))
    user->moveAfter(route);
  Block &body = route.getBody().emplaceBlock();
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body.addArgument(input.getType(), input.getLoc()));
  builder.setInsertionPointToEnd(&body);
  for (Operation *op : members)
    builder.clone(*op, mapping);
  YieldOp::create(builder, loc, llvm::map_to_vector(results, [&](Value value) {
                    return mapping.lookup(value);
                  }));
  for (auto [index, result] : llvm::enumerate(route.getResults()))
    Value(results[index]).replaceAllUsesWith(result);
  for (Operation *op : llvm::reverse(members))
    op->erase();
  return route;
}

namespace {
struct FuseRoutingPass : moe::impl::FuseRoutingPassBase<FuseRoutingPass> {
  void runOnOperation() override {
    if (getPlan(getOperation()).getRouting() == RoutingPlan::separate)
      return;
    for (Block &block : getOperation().getBody())
      for (auto &[stage, members] : findStages(block))
        fuseStage(members);
  }

  static void fuseStage(SmallVector<Operation *> members) {
    // Users of an earlier stage have moved behind it.
    llvm::sort(members, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    auto options =
        remark::RemarkOpts::name("FuseRouting").category("moe-fuse-routing");
    if (members.size() == 1) {
      remark::missed(members.front()->getLoc(), options)
          << remark::reason("there is nothing to fuse it with");
      return;
    }
    if (!llvm::all_of(findUsersBetween(members), isMemoryEffectFree)) {
      remark::missed(members.front()->getLoc(), options)
          << remark::reason("an op with side effects uses what the router "
                            "computes before its last op");
      return;
    }
    RouteOp route = fuse(members);
    remark::passed(route.getLoc(), options)
        << remark::metric("ops", members.size())
        << remark::metric("results", route.getNumResults());
  }
};
} // namespace
