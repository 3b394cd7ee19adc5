//===- LowerRoute.cpp - The loops of a routing kernel ---------------------===//

#include "Grouping.h"
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

//===----------------------------------------------------------------------===//
// With many threads
//===----------------------------------------------------------------------===//

namespace {
/// Ops that compute the choices of tokens, group them, and give to each row
/// what belongs to its choice: the kernels of a sort.
class GroupedTokens {
public:
  /// Takes what belongs to the loop `tokenOps` from `waiting`.
  static std::optional<GroupedTokens> take(ArrayRef<Operation *> tokenOps,
                                           Waiting &waiting);

  /// Replaces the ops.
  void emit(OpBuilder &builder, int64_t tokens);

private:
  SmallVector<Operation *> tokenOps;
  GroupByExpertOp group;
  /// moe.row_weights and moe.row_choices.
  SmallVector<Operation *> rowOps;
};
} // namespace

std::optional<GroupedTokens> GroupedTokens::take(ArrayRef<Operation *> tokenOps,
                                                 Waiting &waiting) {
  auto isOfLoop = [&](Value value) {
    return llvm::is_contained(tokenOps, value.getDefiningOp());
  };
  GroupedTokens result;
  result.tokenOps.assign(tokenOps.begin(), tokenOps.end());
  for (Operation *op : waiting)
    if (auto group = dyn_cast<GroupByExpertOp>(op);
        group && Grouping::isSort(group) && isOfLoop(group.getIndices()) &&
        !group.getIndices().getType().isDynamicDim(1))
      result.group = group;
  if (!result.group ||
      !canPrepare(static_cast<int64_t>(result.group.getNumExperts()),
                  TokenLoop::getStackBytes(tokenOps)))
    return std::nullopt;
  GroupByExpertOp group = result.group;
  auto isOfGroup = [&](Value positions, Value sources) {
    return positions == group.getPositions() && sources == group.getSources();
  };
  for (Operation *op : waiting) {
    if (auto weights = dyn_cast<RowWeightsOp>(op)) {
      if (isOfLoop(weights.getWeights()) &&
          isOfGroup(weights.getPositions(), weights.getSources()))
        result.rowOps.push_back(op);
    } else if (auto choices = dyn_cast<RowChoicesOp>(op)) {
      if (isOfGroup(choices.getPositions(), choices.getSources()))
        result.rowOps.push_back(op);
    }
  }
  waiting.remove(group);
  waiting.remove_if(
      [&](Operation *op) { return llvm::is_contained(result.rowOps, op); });
  return result;
}

/// The numbers of the choices, or their weights.
static RowResult makeRowResult(Operation *op, const Grouping &grouping,
                               Value buffer, const TokenLoop &loop) {
  Code &code = grouping.code;
  auto weights = dyn_cast<RowWeightsOp>(op);
  if (!weights) {
    Term choices = grouping.choices;
    return {[=, &code](Term row, Term token, Term choice) {
              code.store(token * choices + choice, buffer, row);
            },
            [=, &code](Term row) { code.store(code.index(-1), buffer, row); }};
  }
  Value read = loop.getBuffer(weights.getWeights());
  auto getCode = [&code, weights]() {
    return Code(code.builder, code.loc, getComputeType(weights));
  };
  return {[=](Term row, Term token, Term choice) {
            Code own = getCode();
            own.store(own.load(read, {token, choice}), buffer, row);
          },
          [=](Term row) {
            Code own = getCode();
            own.store(own.real(0), buffer, row);
          }};
}

void GroupedTokens::emit(OpBuilder &builder, int64_t tokens) {
  Code code(builder, tokenOps.front()->getLoc(), builder.getF32Type());
  code.hasManyThreads = true;
  code.tokens = tokens;
  TokenLoop loop(tokenOps, code);
  Code groupCode(builder, group.getLoc(), builder.getF32Type());
  groupCode.hasManyThreads = true;
  groupCode.tokens = tokens;
  Grouping grouping(group, groupCode, loop.getBuffer(group.getIndices()));
  Term rows = grouping.tokens * grouping.choices;
  SmallVector<Value> buffers;
  SmallVector<RowResult> results;
  for (Operation *op : rowOps) {
    buffers.push_back(code.allocate(op->getResult(0).getType(), {rows}));
    results.push_back(makeRowResult(op, grouping, buffers.back(), loop));
  }
  grouping.sortWithManyThreads([&](Term token) { loop.emitToken(token); },
                               TokenLoop::getStackBytes(tokenOps), results);
  for (auto [op, buffer] : llvm::zip_equal(rowOps, buffers)) {
    op->getResult(0).replaceAllUsesWith(
        code.tensor(buffer, op->getResult(0).getType()));
    op->erase();
  }
  group->replaceAllUsesWith(grouping.results());
  group->erase();
  loop.finish();
}

//===----------------------------------------------------------------------===//
// Any number of threads
//===----------------------------------------------------------------------===//

void mlir::moe::lowerRoute(RouteOp route, bool hasManyThreads, int64_t tokens) {
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
    std::optional<GroupedTokens> grouped;
    if (hasManyThreads && !tokenOps.empty())
      grouped = GroupedTokens::take(tokenOps, waiting);
    if (grouped) {
      OpBuilder builder(route);
      grouped->emit(builder, tokens);
    } else if (!tokenOps.empty()) {
      emitTokenLoop(tokenOps, hasManyThreads);
    }
    for (Operation *op :
         takeReady(waiting, [&](Operation *op) { return !isToken(op); }))
      op->moveBefore(route);
  }
  route.erase();
}
