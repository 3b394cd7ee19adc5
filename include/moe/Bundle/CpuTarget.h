//===- CpuTarget.h - Processors that bundles are compiled for ---*- C++ -*-===//

#ifndef MOE_BUNDLE_CPUTARGET_H
#define MOE_BUNDLE_CPUTARGET_H

#include "moe/Target/Target.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Target/TargetMachine.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mlir::moe {

/// A feature that code may need, and how a program asks the processor for it:
/// bit `bit` of register `reg` (EAX, EBX, ECX, EDX) of the instruction cpuid.
struct CpuFeature {
  /// In LLVM's spelling.
  llvm::StringLiteral name;
  uint32_t leaf, subleaf;
  unsigned reg, bit;
  /// The bits of XCR0 that the system must have set.
  uint64_t saved;
};

struct CpuTarget {
  Target target;
  /// All that code may use beyond the first x86-64; a bundle checks for them.
  std::vector<CpuFeature> features;
};

/// The processor `target`, with the features that code for it may use.
llvm::Expected<CpuTarget> getCpuTarget(const Target &target);

/// Makes code of that target that may lie anywhere in memory.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const CpuTarget &);

} // namespace mlir::moe

#endif // MOE_BUNDLE_CPUTARGET_H
