//===- LayerKernel.h - One kernel of a layer, by itself ---------*- C++ -*-===//

#ifndef MOE_BENCHMARKS_LAYERKERNEL_H
#define MOE_BENCHMARKS_LAYERKERNEL_H

#include "RandomLayer.h"

namespace mlir::moe {

/// What a fused layer does one after the other: choosing experts and sorting
/// rows by them, the two grouped GEMMs, and adding up a token's rows.
enum class KernelKind { routing, gate_up, down, combine };

llvm::StringRef getName(KernelKind kind);

/// A kernel, compiled, with the operands that it gets in its layer.
class LayerKernel {
public:
  /// For the tokens of the layer's input. A schedule, as text, takes the place
  /// of the selected one.
  static llvm::Expected<std::unique_ptr<LayerKernel>>
  create(const RandomLayer &layer, KernelKind kind, StringRef schedule);

  std::vector<Tensor> run() { return code.run(arguments); }

  /// Operations of the matrix products.
  double countOperations() const { return operations; }
  /// Bytes that come from memory at least: of the weights of experts that have
  /// rows, or, without experts, of all operands and results.
  double countBytes() const { return bytes; }

private:
  explicit LayerKernel(CompiledLayer code) : code(std::move(code)) {}

  CompiledLayer code;
  /// What the ops before the kernel have computed.
  std::vector<Tensor> operands;
  std::vector<Argument> arguments;
  double operations = 0, bytes = 0;
};

} // namespace mlir::moe

#endif // MOE_BENCHMARKS_LAYERKERNEL_H
