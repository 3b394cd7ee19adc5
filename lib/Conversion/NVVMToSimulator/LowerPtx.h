//===- LowerPtx.h - Instructions written as PTX -----------------*- C++ -*-===//

#ifndef MOE_LIB_CONVERSION_NVVMTOSIMULATOR_LOWERPTX_H
#define MOE_LIB_CONVERSION_NVVMTOSIMULATOR_LOWERPTX_H

#include "Calls.h"
#include "moe/Conversion/Ptx.h"

#include "llvm/ADT/StringMap.h"

namespace mlir::moe {

/// The values of an asm op while its instructions are lowered one by one.
class PtxBlock {
public:
  PtxBlock(LLVM::InlineAsmOp op, Calls &calls);

  /// What an operand holds, or nothing.
  Value get(const PtxOperand &operand);
  /// The same as an integer of `width` bits.
  Value getBits(const PtxOperand &operand, unsigned width);
  /// The value of one that is the same for all threads, or nothing.
  std::optional<int64_t> getConstant(const PtxOperand &operand);
  /// `[register + offset]` as i64.
  Value getAddress(const PtxOperand &operand);
  /// False if the operand cannot be written.
  bool set(const PtxOperand &operand, Value value);

  /// Gives the op's users the values that its results have in the end.
  void replaceResults();

private:
  Type getResultType(unsigned slot);

  LLVM::InlineAsmOp op;
  Calls &calls;
  /// Results come first.
  SmallVector<Value> slots;
  size_t numResults = 0;
  llvm::StringMap<Value> registers;
};

/// Each lowers the instructions of a kind; false for one that is not simulated.
bool lowerPtxWgmma(const PtxInstruction &instruction, PtxBlock &block,
                   Calls &calls);
bool lowerPtxReduce(const PtxInstruction &instruction, PtxBlock &block,
                    Calls &calls);
bool lowerPtxAccess(const PtxInstruction &instruction, PtxBlock &block,
                    Calls &calls);
bool lowerPtxAtomic(const PtxInstruction &instruction, PtxBlock &block,
                    Calls &calls);

} // namespace mlir::moe

#endif // MOE_LIB_CONVERSION_NVVMTOSIMULATOR_LOWERPTX_H
