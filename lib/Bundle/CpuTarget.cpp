//===- CpuTarget.cpp - Processors that bundles are compiled for -----------===//

#include "moe/Bundle/CpuTarget.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir::moe;

static constexpr llvm::StringLiteral triple = "x86_64-unknown-linux-gnu";

/// Registers of cpuid.
static constexpr unsigned eax = 0, ebx = 1, ecx = 2, edx = 3;
/// What the system must save: vectors of 256 and of 512 bits.
static constexpr uint64_t ymm = 0x6, zmm = 0xe6;

static constexpr CpuFeature knownFeatures[] = {
    {"cx16", 1, 0, ecx, 13, 0},
    {"sahf", 0x80000001, 0, ecx, 0, 0},
    {"popcnt", 1, 0, ecx, 23, 0},
    {"sse3", 1, 0, ecx, 0, 0},
    {"ssse3", 1, 0, ecx, 9, 0},
    {"sse4.1", 1, 0, ecx, 19, 0},
    {"sse4.2", 1, 0, ecx, 20, 0},
    {"crc32", 1, 0, ecx, 20, 0},
    {"movbe", 1, 0, ecx, 22, 0},
    {"lzcnt", 0x80000001, 0, ecx, 5, 0},
    {"bmi", 7, 0, ebx, 3, 0},
    {"bmi2", 7, 0, ebx, 8, 0},
    {"avx", 1, 0, ecx, 28, ymm},
    {"f16c", 1, 0, ecx, 29, ymm},
    {"fma", 1, 0, ecx, 12, ymm},
    {"avx2", 7, 0, ebx, 5, ymm},
    {"avxvnni", 7, 1, eax, 4, ymm},
    {"avx512f", 7, 0, ebx, 16, zmm},
    {"avx512dq", 7, 0, ebx, 17, zmm},
    {"avx512ifma", 7, 0, ebx, 21, zmm},
    {"avx512cd", 7, 0, ebx, 28, zmm},
    {"avx512bw", 7, 0, ebx, 30, zmm},
    {"avx512vl", 7, 0, ebx, 31, zmm},
    {"avx512vbmi", 7, 0, ecx, 1, zmm},
    {"avx512vbmi2", 7, 0, ecx, 6, zmm},
    {"avx512vnni", 7, 0, ecx, 11, zmm},
    {"avx512bitalg", 7, 0, ecx, 12, zmm},
    {"avx512vpopcntdq", 7, 0, ecx, 14, zmm},
    {"avx512fp16", 7, 0, edx, 23, zmm},
    {"avx512bf16", 7, 1, eax, 5, zmm},
    {"gfni", 7, 0, ecx, 8, 0},
};

static const llvm::Target *getBackend() {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  std::string error;
  return llvm::TargetRegistry::lookupTarget(llvm::Triple(triple), error);
}

/// Those of the known features that `processor` has. Others are not used, so
/// that the features a bundle checks are all that its code needs.
static std::vector<CpuFeature> getFeatures(llvm::StringRef processor,
                                           llvm::StringRef features) {
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      getBackend()->createMCSubtargetInfo(llvm::Triple(triple), processor,
                                          features));
  std::vector<CpuFeature> found;
  for (const CpuFeature &feature : knownFeatures)
    if (info->checkFeatures(("+" + feature.name).str()))
      found.push_back(feature);
  return found;
}

llvm::Expected<CpuTarget> mlir::moe::getCpuTarget(const Target &target) {
  if (!getBackend())
    return llvm::createStringError("bundles need an x86-64 processor");
  return CpuTarget{target, getFeatures(target.cpu, target.features)};
}

std::unique_ptr<llvm::TargetMachine>
mlir::moe::createTargetMachine(const CpuTarget &target) {
  llvm::SmallVector<std::string> features;
  bool isWide = false;
  for (const CpuFeature &feature : target.features) {
    features.push_back(("+" + feature.name).str());
    isWide |= feature.name == "avx512vl";
  }
  // LLVM would rather not use the widest vectors of some processors.
  if (isWide)
    features.push_back("-prefer-256-bit");
  return std::unique_ptr<llvm::TargetMachine>(getBackend()->createTargetMachine(
      llvm::Triple(triple), "x86-64", llvm::join(features, ","), {},
      llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}
