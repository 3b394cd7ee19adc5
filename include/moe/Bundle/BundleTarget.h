//===- BundleTarget.h - What bundles are compiled for -----------*- C++ -*-===//

#ifndef MOE_BUNDLE_BUNDLETARGET_H
#define MOE_BUNDLE_BUNDLETARGET_H

#include "moe/Bundle/CpuTarget.h"

#include <optional>

namespace mlir::moe {

struct BundleTarget {
  /// Runs the layer or, where a GPU does, only launches its kernels.
  CpuTarget host;
  std::optional<Target> gpu;
  /// Whether the GPU is one that the simulated driver has.
  bool simulated = false;

  std::string getName() const;
};

/// The target that findTarget finds, or a simulated one. The host of a GPU may
/// be any x86-64 processor.
llvm::Expected<BundleTarget> findBundleTarget(llvm::StringRef name);

} // namespace mlir::moe

#endif // MOE_BUNDLE_BUNDLETARGET_H
