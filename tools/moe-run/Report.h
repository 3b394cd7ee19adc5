//===- Report.h - What a run of a layer has to tell -------------*- C++ -*-===//

#ifndef MOE_TOOLS_MOERUN_REPORT_H
#define MOE_TOOLS_MOERUN_REPORT_H

#include "moe/Execute/Binding.h"

#include "llvm/Support/JSON.h"

namespace mlir::moe {

struct Report {
  std::string layer;
  std::string target;
  /// Of the experts' MLP, if the layer has one.
  std::optional<int64_t> numExperts, topK;
  /// Milliseconds of lowering and compiling, and of each run.
  double compileMs = 0;
  std::vector<double> runMs;
  /// Relative error against the reference, and against the expected results.
  std::optional<double> checkError, expectError;
  /// Tokens that the reference routes otherwise.
  int64_t rerouted = 0;

  /// Reads experts and top-k off the layer before it is lowered.
  void describe(ModuleOp module);
  llvm::json::Object toJson(const Binding &binding, const Signature &signature,
                            ArrayRef<Tensor> results) const;
};

} // namespace mlir::moe

#endif // MOE_TOOLS_MOERUN_REPORT_H
