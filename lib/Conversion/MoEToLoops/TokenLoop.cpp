//===- TokenLoop.cpp - Ops that treat each token by itself ----------------===//

#include "TokenLoop.h"
#include "Lanes.h"
#include "Lowerings.h"
#include "moe/IR/PerToken.h"

using namespace mlir;
using namespace mlir::moe;

/// Rows that are larger are parts of a matrix in memory.
static constexpr int64_t largestStackRow = 1 << 16;

SmallVector<Term> TokenRows::at(Value matrix, Term column) const {
  return {get(matrix).isRow ? token.code->index(0) : token, column};
}

Term TokenRows::load(Code &code, Value matrix, Term column) const {
  return code.load(getBuffer(matrix), at(matrix, column));
}

void TokenRows::store(Code &code, Term element, Value matrix,
                      Term column) const {
  code.store(element, getBuffer(matrix), at(matrix, column));
}

Term TokenRows::load(Code &code, Value vector) const {
  return code.load(getBuffer(vector), {token});
}

/// The same op on the elements of each column.
static void emitElementwise(Operation *op, Code &code, const TokenRows &rows) {
  OpBuilder &builder = code.builder;
  forEachLane(code, rows.getWidth(op->getResult(0)), [&](Term column) {
    auto indices = [&](Value matrix) {
      return SmallVector<Value>(ArrayRef<Term>(rows.at(matrix, column)));
    };
    OperationState state(code.loc, op->getName());
    for (Value operand : op->getOperands())
      state.operands.push_back(memref::LoadOp::create(
          builder, code.loc, rows.getBuffer(operand), indices(operand)));
    for (Type type : op->getResultTypes())
      state.types.push_back(getElementTypeOrSelf(type));
    state.attributes = op->getAttrs();
    state.propertiesAttr = op->getPropertiesAsAttribute();
    Operation *scalar = builder.create(state);
    for (auto [result, element] :
         llvm::zip_equal(op->getResults(), scalar->getResults()))
      memref::StoreOp::create(builder, code.loc, element,
                              rows.getBuffer(result), indices(result));
  });
}

template <typename... Ops>
static bool emitAnyOf(Operation *op, Code &code, const TokenRows &rows) {
  auto emit = [&](auto typed) {
    if (!typed)
      return false;
    emitForToken(typed, code, rows);
    return true;
  };
  return (emit(dyn_cast<Ops>(op)) || ...);
}

static void emit(Operation *op, Code &code, const TokenRows &rows) {
  bool known =
      emitAnyOf<ScoreOp, LimitGroupsOp, TopKOp, SequentialTopKOp, SelectOp,
                LookupOp, MaskChoicesOp, FilterChoicesOp, GatherWeightsOp,
                NormalizeWeightsOp, AppendChoiceOp>(op, code, rows);
  if (!known)
    emitElementwise(op, code, rows);
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

/// An operand with a row for each token.
static Value getTokens(Operation *op) {
  auto lookup = dyn_cast<LookupOp>(op);
  return lookup ? lookup.getIds() : op->getOperand(0);
}

static bool isUsedOutside(Value value, ArrayRef<Operation *> ops) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    return !llvm::is_contained(ops, user);
  });
}

/// The size of a row of a result that is no more than a row on the stack.
static std::optional<int64_t> getRowBytes(Value result,
                                          ArrayRef<Operation *> ops) {
  auto type = cast<RankedTensorType>(result.getType());
  if (isUsedOutside(result, ops) || type.isDynamicDim(1))
    return std::nullopt;
  int64_t bytes = type.getDimSize(1) * type.getElementTypeBitWidth() / 8;
  if (bytes > largestStackRow)
    return std::nullopt;
  return bytes;
}

int64_t TokenLoop::getStackBytes(ArrayRef<Operation *> ops) {
  int64_t bytes = 0;
  for (Operation *op : ops) {
    for (Value result : op->getResults())
      bytes += getRowBytes(result, ops).value_or(0);
    // What is computed in between.
    if (auto limit = dyn_cast<LimitGroupsOp>(op))
      bytes += static_cast<int64_t>(limit.getNumGroups()) * 8;
    else if (auto choice = dyn_cast<TopKOp>(op))
      bytes += static_cast<int64_t>(choice.getK()) * 8;
  }
  return bytes;
}

TokenLoop::TokenLoop(ArrayRef<Operation *> ops, Code &code)
    : ops(ops.begin(), ops.end()), code(code) {
  for (Operation *op : ops)
    for (Value operand : op->getOperands())
      addOperand(operand);
  Term tokens = getNumTokens();
  for (Operation *op : ops)
    for (Value result : op->getResults())
      addResult(result, tokens);
}

Term TokenLoop::getNumTokens() const {
  return code.dim(getBuffer(getTokens(ops.front())), 0);
}

void TokenLoop::addOperand(Value operand) {
  if (llvm::is_contained(ops, operand.getDefiningOp()) ||
      memory.contains(operand))
    return;
  Value buffer = code.buffer(operand);
  auto type = cast<ShapedType>(operand.getType());
  memory[operand] = {buffer, false,
                     type.getRank() == 2 ? code.dim(buffer, 1) : Term()};
}

/// Of the results of `op`, if it is that of its operands.
Term TokenLoop::getDynamicWidth(Operation *op) {
  if (auto gather = dyn_cast<GatherWeightsOp>(op))
    return memory[gather.getIndices()].width;
  Term width = memory[getTokens(op)].width;
  return isa<AppendChoiceOp>(op) ? width + 1 : width;
}

void TokenLoop::addResult(Value result, Term tokens) {
  auto type = cast<RankedTensorType>(result.getType());
  Term width = type.isDynamicDim(1) ? getDynamicWidth(result.getDefiningOp())
                                    : code.index(type.getDimSize(1));
  if (getRowBytes(result, ops)) {
    memory[result] = {Value(), true, width};
    return;
  }
  memory[result] = {code.allocate(type, {tokens, width}), false, width};
  if (!isUsedOutside(result, ops))
    temporaries.push_back(memory[result].buffer);
}

void TokenLoop::emitToken(Term token) {
  for (auto &[value, where] : memory)
    if (where.isRow) {
      auto type = cast<RankedTensorType>(value.getType());
      where.buffer =
          code.allocateOnStack({1, type.getDimSize(1)}, type.getElementType());
    }
  TokenRows rows(memory, token);
  for (Operation *op : ops) {
    Code own(code.builder, op->getLoc(), getComputeType(op));
    own.hasManyThreads = code.hasManyThreads;
    emit(op, own, rows);
  }
}

void TokenLoop::finish() {
  for (Value buffer : temporaries)
    code.deallocate(buffer);
  for (Operation *op : ops)
    for (Value result : op->getResults())
      if (isUsedOutside(result, ops))
        result.replaceUsesWithIf(
            code.tensor(memory[result].buffer, result.getType()),
            [&](OpOperand &use) {
              return !llvm::is_contained(ops, use.getOwner());
            });
  for (Operation *op : llvm::reverse(ops))
    op->erase();
}

void mlir::moe::emitTokenLoop(ArrayRef<Operation *> ops, bool hasManyThreads) {
  OpBuilder builder(ops.back());
  Code code(builder, ops.front()->getLoc(), builder.getF32Type());
  code.hasManyThreads = hasManyThreads;
  TokenLoop loop(ops, code);
  code.parallel(loop.getNumTokens(),
                [&](Term token) { loop.emitToken(token); });
  loop.finish();
}
