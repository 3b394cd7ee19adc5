//===- RunLayer.h - A layer on the machine that was asked for ---*- C++ -*-===//

#ifndef MOE_TOOLS_MOERUN_RUNLAYER_H
#define MOE_TOOLS_MOERUN_RUNLAYER_H

#include "moe/Execute/Binding.h"

#include "llvm/ADT/FunctionExtras.h"

namespace mlir::moe {

/// Where and how a layer is run.
struct RunOptions {
  /// "cpu", "cuda" or the name of a simulated GPU.
  std::string target;
  bool fuse = true;
  /// Whether memory holds what no test takes for right before it is written
  /// to. A GPU's always does.
  bool poison = false;
  /// Decides the order of threads on a simulated GPU.
  uint64_t seed = 0;
};

/// Results, and the milliseconds that the machine took.
struct LayerRun {
  std::vector<Tensor> results;
  double milliseconds;
};

using RunLayer = llvm::unique_function<llvm::Expected<LayerRun>()>;

/// The targets that layers can be compiled for, separated by ", ".
inline constexpr llvm::StringLiteral runTargets = "cpu, cuda, sim-sm_90a";

/// Lowers `module`, which is changed, for the target, and gives what runs it
/// once on the tensors of `binding`, which must live as long.
llvm::Expected<RunLayer> compileLayer(ModuleOp module,
                                      const Signature &signature,
                                      const Binding &binding,
                                      const RunOptions &options);

} // namespace mlir::moe

#endif // MOE_TOOLS_MOERUN_RUNLAYER_H
