//===- RowOp.h - Ops on memory that treat each row by itself ----*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_LINALGTOVECTOR_ROWOP_H
#define MOE_LIB_CONVERSION_LINALGTOVECTOR_ROWOP_H

#include "../VectorCode.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::moe {

/// A linalg op that computes rows from the same rows, and from what all rows
/// share: a row of elements, or one element, which may be the sum of a row.
class RowOp {
public:
  /// Nothing for an op that does anything else, or works on memory that cannot
  /// be read by vectors.
  static std::optional<RowOp> get(linalg::LinalgOp op);

  /// A buffer that is read or written.
  struct Access {
    Value buffer;
    /// Whether no more than the row is.
    bool isRow;
    bool isWrite;
  };
  SmallVector<Access> getAccesses() const;

  linalg::LinalgOp getOp() const { return op; }
  /// The number of rows is that of this buffer's first dimension.
  Value getRows() const { return op.getDpsInits()[0]; }
  bool hasColumns() const { return op.getNumLoops() == 2; }
  /// The number of columns; dynamic if it is not known.
  int64_t getWidth() const;
  /// Of the widest type that it computes with.
  int64_t getElementBits() const;

  /// Computes one row, with code of as many lanes as fit its elements.
  void emit(Term row, VectorCode &code) const;

private:
  explicit RowOp(linalg::LinalgOp op) : op(op) {}

  bool isSum() const;
  /// Whether the operand has no columns.
  bool isUniform(OpOperand &operand) const;
  SmallVector<Value> at(OpOperand &operand, Term row, Term column) const;
  Term getColumns(VectorCode &code) const;

  void emitElements(Term row, const IRMapping &uniform, VectorCode &code) const;
  void emitSum(Term row, const IRMapping &uniform, VectorCode &code) const;
  /// What does not depend on the column, as scalars.
  IRMapping emitUniform(Term row, VectorCode &code) const;
  /// Adds the vectors from `column` on of everything else.
  void emitVectors(Term row, Term column, std::optional<Term> count,
                   IRMapping &mapping, VectorCode &code) const;

  /// A handle, whose methods are not const.
  mutable linalg::LinalgOp op;
};

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_LINALGTOVECTOR_ROWOP_H
