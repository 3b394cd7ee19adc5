//===- RandomLayer.h - A compiled layer with random weights -----*- C++ -*-===//

#ifndef MOE_BENCHMARKS_RANDOMLAYER_H
#define MOE_BENCHMARKS_RANDOMLAYER_H

#include "moe/Execute/CompiledLayer.h"
#include "moe/Import/Import.h"
#include "moe/Import/LayerSpec.h"

namespace mlir::moe {

/// The MoE layer of a model, compiled, with random numbers in place of its
/// weights.
class RandomLayer {
public:
  /// `config` is the text of the model's config, `name` stands for it in
  /// errors. An error also if the weights are more than the memory that is
  /// free.
  static llvm::Expected<std::unique_ptr<RandomLayer>>
  create(StringRef name, StringRef config, DataType dtype);

  /// So many random tokens are the input of the next runs.
  void setTokens(int64_t tokens);
  /// Compiles the layer for the number of tokens that it has.
  llvm::Error compile();

  std::vector<Tensor> run() { return layer.run(arguments); }

  /// The layer as it is before any pass.
  llvm::Expected<OwningOpRef<ModuleOp>> build(MLIRContext &context) const {
    return buildLayer(context, spec, options);
  }

  const LayerSpec &getSpec() const { return spec; }
  /// What the layer gets, in the order of its parameters.
  ArrayRef<Argument> getArguments() const { return arguments; }
  /// Which argument the tokens are, and how many.
  unsigned getInputNumber() const;
  int64_t getTokens() const { return inputShape[0]; }

  /// Operations of the matrix products for `tokens` tokens.
  double countOperations(int64_t tokens) const;

  /// Bytes of the weights of the experts in `results`, and of shared ones.
  double countBytes(ArrayRef<Tensor> results) const;

private:
  RandomLayer(const LayerSpec &spec, const ImportOptions &options,
              CompiledLayer layer)
      : spec(spec), options(options), layer(std::move(layer)) {}

  llvm::Error checkMemory() const;
  void fillWeights();

  LayerSpec spec;
  ImportOptions options;
  CompiledLayer layer;
  std::vector<std::unique_ptr<llvm::WritableMemoryBuffer>> weights;
  SmallVector<int64_t, 2> inputShape;
  std::unique_ptr<llvm::WritableMemoryBuffer> input;
  std::vector<Argument> arguments;
};

} // namespace mlir::moe

#endif // MOE_BENCHMARKS_RANDOMLAYER_H
