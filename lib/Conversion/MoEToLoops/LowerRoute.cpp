//===- LowerRoute.cpp - The loops of a routing kernel ---------------------===//

#include "Lowerings.h"
#include "TokenLoop.h"
#include "moe/IR/PerToken.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::moe;

using Waiting = llvm::SetVector<Operation *>;

/// Takes those ops that `belongs` holds for and that need nothing which waits,
/// in their order.
static SmallVector<Operation *>
takeReady(Waiting &waiting, function_ref<bool(Operation *)> belongs) {
  SmallVector<Operation *> taken;
  DenseSet<Operation *> left(waiting.begin(), waiting.end());
  for (Operation *op : waiting) {
    bool needsLeft = llvm::any_of(op->getOperands(), [&](Value operand) {
      return left.contains(operand.getDefiningOp());
    });
    if (needsLeft || !belongs(op))
      continue;
    taken.push_back(op);
    left.erase(op);
  }
  waiting.remove_if([&](Operation *op) { return !left.contains(op); });
  return taken;
}

void mlir::moe::lowerRoute(RouteOp route, bool hasManyThreads) {
  Block &body = route.getBody().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  for (auto [argument, input] :
       llvm::zip_equal(body.getArguments(), route.getInputs()))
    argument.replaceAllUsesWith(input);
  route->replaceAllUsesWith(yield.getValues());
  yield.erase();

  Waiting waiting;
  for (Operation &op : body)
    waiting.insert(&op);
  auto isToken = [](Operation *op) {
    return isPerToken(op) || isElementwise(op);
  };
  while (!waiting.empty()) {
    SmallVector<Operation *> tokenOps = takeReady(waiting, isToken);
    for (Operation *op : tokenOps)
      op->moveBefore(route);
    if (!tokenOps.empty())
      emitTokenLoop(tokenOps, hasManyThreads);
    for (Operation *op :
         takeReady(waiting, [&](Operation *op) { return !isToken(op); }))
      op->moveBefore(route);
  }
  route.erase();
}
