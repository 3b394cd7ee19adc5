//===- Report.cpp - What a run of a layer has to tell ---------------------===//

#include "Report.h"
#include "moe/IR/MoE.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::moe;

void Report::describe(ModuleOp module) {
  module.walk([&](GroupByExpertOp op) {
    numExperts = op.getNumExperts();
    topK = op.getIndices().getType().getDimSize(1);
    return WalkResult::interrupt();
  });
}

static llvm::json::Object describe(const TensorView &tensor) {
  return llvm::json::Object{{"name", tensor.name},
                            {"dtype", getName(tensor.type)},
                            {"shape", llvm::json::Array(tensor.shape)}};
}

llvm::json::Object Report::toJson(const Binding &binding,
                                  const Signature &signature,
                                  ArrayRef<Tensor> results) const {
  llvm::json::Object object{{"layer", layer}, {"target", target}};
  ArrayRef<int64_t> activation = binding.getActivationShape();
  if (!activation.empty()) {
    int64_t tokens = 1;
    for (int64_t size : activation.drop_back())
      tokens *= size;
    object["tokens"] = tokens;
    object["hidden"] = activation.back();
  }
  if (numExperts)
    object["experts"] = *numExperts;
  if (topK)
    object["top_k"] = *topK;
  object["compile_ms"] = compileMs;
  std::vector<double> sorted = runMs;
  llvm::sort(sorted);
  object["ms"] = sorted[sorted.size() / 2];
  object["min_ms"] = sorted.front();
  object["max_ms"] = sorted.back();
  object["runs"] = static_cast<int64_t>(sorted.size());
  if (expectError)
    object["error"] = *expectError;
  if (checkError) {
    object["check_error"] = *checkError;
    object["rerouted_tokens"] = rerouted;
  }
  llvm::json::Array arguments, outputs;
  for (auto [parameter, tensors] :
       llvm::zip_equal(signature.arguments, binding.getArguments())) {
    llvm::json::Object argument = ::describe(tensors.front());
    argument["name"] = parameter.name;
    if (parameter.perExpert)
      argument["tensors"] = static_cast<int64_t>(tensors.size());
    arguments.push_back(std::move(argument));
  }
  for (const Tensor &result : results)
    outputs.push_back(::describe(result.getView()));
  object["arguments"] = std::move(arguments);
  object["results"] = std::move(outputs);
  return object;
}
