//===- StoredWeights.h - Weights as a checkpoint stores them ----*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_MOETOLOOPS_STOREDWEIGHTS_H
#define MOE_LIB_CONVERSION_MOETOLOOPS_STOREDWEIGHTS_H

#include "Code.h"

namespace mlir::moe {

/// One tensor in memory, or a table of the addresses of one tensor per expert.
class StoredWeights {
public:
  /// `memory` is a buffer, or a table of addresses of buffers of type `slice`.
  explicit StoredWeights(Value memory, MemRefType slice = {})
      : memory(memory), slice(slice) {}

  /// A tensor as it lies in memory.
  static StoredWeights get(Value tensor, Code &code);

  /// The weights of one expert: a buffer, and the index that precedes all
  /// others in it unless the buffer holds this expert only.
  struct Slice {
    /// The element at an index without the expert dimension, decoded from a
    /// narrow float or an integer if need be, in the compute type.
    Term load(Code &code, ArrayRef<Term> at) const;
    /// The element as an unsigned integer.
    Term loadBits(Code &code, ArrayRef<Term> at) const;

    /// Whether the other one differs in nothing but where it lies.
    bool isLike(const Slice &other) const {
      auto getExpert = [](const Slice &it) {
        return it.expert ? it.expert->value : Value();
      };
      return type() == other.type() && getExpert(*this) == getExpert(other);
    }
    /// `yes` or `no`, which is like it.
    static Slice select(Term condition, const Slice &yes, const Slice &no);

    MemRefType type() const { return cast<MemRefType>(buffer.getType()); }
    /// The index of an element in the buffer.
    SmallVector<Value> index(ArrayRef<Term> at) const;

    Value buffer;
    std::optional<Term> expert;
  };
  /// Without an expert the indices of the slice are those of the operand.
  Slice open(std::optional<Term> expert, Code &code) const;

  /// Where the weights of one expert lie, as an index; without an expert, all.
  Term getAddress(std::optional<Term> expert, Code &code) const;

  Value getMemory() const { return memory; }
  /// Null if the memory is not a table.
  MemRefType getSlice() const { return slice; }

private:
  Value memory;
  MemRefType slice;
};

/// The number that `bits` stand for in a float format of at most eight bits.
Term decodeFloat(Code &code, FloatType format, Term bits);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_MOETOLOOPS_STOREDWEIGHTS_H
