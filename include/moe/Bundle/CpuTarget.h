//===- CpuTarget.h - Processors that bundles are compiled for ---*- C++ -*-===//

#ifndef MOE_BUNDLE_CPUTARGET_H
#define MOE_BUNDLE_CPUTARGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
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
  /// The name it was found by.
  std::string name;
  /// The processor that instructions are scheduled for.
  std::string tuning;
  /// All that code may use beyond the first x86-64; a bundle checks for them.
  std::vector<CpuFeature> features;
};

/// The target of that name: a level of x86-64, a processor in LLVM's spelling,
/// or `native`. The error of an unknown name lists the known ones.
llvm::Expected<CpuTarget> findCpuTarget(llvm::StringRef name);

/// Makes code of that target that may lie anywhere in memory.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const CpuTarget &);

} // namespace mlir::moe

#endif // MOE_BUNDLE_CPUTARGET_H
