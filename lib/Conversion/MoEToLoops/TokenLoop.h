//===- TokenLoop.h - Ops that treat each token by itself --------*- C++ -*-===//
//
// These ops of the router compute the row of a token from the rows of the same
// token. Any number of them become one loop over the tokens, in which what only
// they need is a row on the stack.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_TOKENLOOP_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_TOKENLOOP_H

#include "../Code.h"
#include "moe/IR/MoE.h"

#include "llvm/ADT/MapVector.h"

namespace mlir::moe {

/// Where the operands and results of the ops of one loop lie.
class TokenRows {
public:
  /// A tensor in memory. The row of the token is the only one if the tensor
  /// never exists as a whole.
  struct Memory {
    Value buffer;
    bool isRow = false;
    /// Columns of a matrix.
    Term width;
  };
  /// In the order in which the values were met, so that code does not depend on
  /// addresses.
  using MemoryMap = llvm::MapVector<Value, Memory>;

  explicit TokenRows(const MemoryMap &memory, Term token)
      : memory(memory), token(token) {}

  /// An operand that all tokens share.
  Value getShared(Value tensor) const { return get(tensor).buffer; }
  /// The memory of a matrix, whose row for the token `at` finds elements in.
  Value getBuffer(Value matrix) const { return get(matrix).buffer; }
  SmallVector<Term> at(Value matrix, Term column) const;
  Term getWidth(Value matrix) const { return get(matrix).width; }

  /// In the compute type of `code`.
  Term load(Code &code, Value matrix, Term column) const;
  void store(Code &code, Term element, Value matrix, Term column) const;
  /// The token's element of a vector over tokens.
  Term load(Code &code, Value vector) const;

private:
  const Memory &get(Value tensor) const { return memory.find(tensor)->second; }

  const MemoryMap &memory;
  Term token;
};

/// Ops, for each of which isPerToken holds, as the body of one loop. They are
/// in the order of their uses, and nothing that is used by one of them uses
/// another, unless it is one of them.
class TokenLoop {
public:
  /// Allocates what they compute where `code` writes.
  TokenLoop(ArrayRef<Operation *> ops, Code &code);

  /// The memory on the stack that an iteration needs.
  static int64_t getStackBytes(ArrayRef<Operation *> ops);

  Term getNumTokens() const;
  /// The memory of an operand, or of a result that others use.
  Value getBuffer(Value value) const {
    return memory.find(value)->second.buffer;
  }
  /// What they do for one token.
  void emitToken(Term token);
  /// After the loop: replaces the results, and erases the ops.
  void finish();

private:
  void addOperand(Value operand);
  Term getDynamicWidth(Operation *op);
  void addResult(Value result, Term tokens);

  SmallVector<Operation *> ops;
  Code &code;
  TokenRows::MemoryMap memory;
  SmallVector<Value> temporaries;
};

/// Replaces ops, for each of which isPerToken holds, by one loop before the
/// last of them. They are in the order of their uses, and nothing that is used
/// by one of them uses another, unless it is one of them.
void emitTokenLoop(ArrayRef<Operation *> ops, bool hasManyThreads);

// What each op does for one token. LowerScores.cpp
void emitForToken(ScoreOp op, Code &code, const TokenRows &rows);
void emitForToken(LimitGroupsOp op, Code &code, const TokenRows &rows);

// LowerChoices.cpp
void emitForToken(TopKOp op, Code &code, const TokenRows &rows);
void emitForToken(SequentialTopKOp op, Code &code, const TokenRows &rows);
void emitForToken(SelectOp op, Code &code, const TokenRows &rows);
void emitForToken(LookupOp op, Code &code, const TokenRows &rows);
void emitForToken(MaskChoicesOp op, Code &code, const TokenRows &rows);
void emitForToken(FilterChoicesOp op, Code &code, const TokenRows &rows);

// LowerWeights.cpp
void emitForToken(GatherWeightsOp op, Code &code, const TokenRows &rows);
void emitForToken(NormalizeWeightsOp op, Code &code, const TokenRows &rows);
void emitForToken(AppendChoiceOp op, Code &code, const TokenRows &rows);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_TOKENLOOP_H
