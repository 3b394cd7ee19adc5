//===- Ptx.h - Instructions in the text of an asm op ------------*- C++ -*-===//

#ifndef MOE_CONVERSION_PTX_H
#define MOE_CONVERSION_PTX_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace mlir::moe {

struct PtxOperand {
  enum class Kind {
    Slot,      ///< `$3`: an operand or result of the op.
    Register,  ///< A name that the text declares, or `_`.
    Immediate, ///< `value`: an integer, or the bits of a float.
    Address,   ///< `[elements[0] + value]`.
    Vector,    ///< `{elements}`.
  };
  Kind kind = Kind::Immediate;
  uint64_t value = 0;
  unsigned slot = 0;
  std::string name;
  std::vector<PtxOperand> elements;
};

struct PtxInstruction {
  /// `@p` or `@!p` before it.
  std::vector<PtxOperand> guard;
  bool guardNegated = false;
  std::string opcode;
  std::vector<PtxOperand> operands;

  /// `ld` of `ld.global.nc.b32`, and the parts after it.
  llvm::StringRef getName() const;
  std::vector<llvm::StringRef> getModifiers() const;
};

/// Splits a text into its instructions. Declarations of registers are left out;
/// labels are refused.
llvm::Expected<std::vector<PtxInstruction>> parsePtx(llvm::StringRef text);

} // namespace mlir::moe

#endif // MOE_CONVERSION_PTX_H
