//===- Binding.h - Tensors for the arguments of a layer ---------*- C++ -*-===//

#ifndef MOE_EXECUTE_BINDING_H
#define MOE_EXECUTE_BINDING_H

#include "moe/Checkpoint/Checkpoint.h"
#include "moe/Execute/CompiledLayer.h"

namespace mlir::moe {

/// The name of a layer's activation, argument and result alike.
inline constexpr llvm::StringLiteral activationName = "hidden_states";

/// A tensor for every argument of a layer, found by its name in the input or,
/// after the prefix of a layer, in the weights.
class Binding {
public:
  /// Weights are read where the files are mapped; both checkpoints must live as
  /// long as the binding. `layer` is what `Checkpoint::findLayerPrefix` takes.
  /// The number of tokens must be the same for all arguments. Errors name the
  /// file, the tensor, and the type or shape that was found and expected.
  static llvm::Expected<Binding> create(const Signature &signature,
                                        const Checkpoint &input,
                                        const Checkpoint *weights,
                                        llvm::StringRef layer);

  ArrayRef<Argument> getArguments() const { return arguments; }

  /// The shape in which the input has the activation: [tokens, width], or more
  /// dimensions that together are the tokens. Empty if the layer takes none.
  ArrayRef<int64_t> getActivationShape() const { return activationShape; }

  /// Negative if no argument has a row for each token.
  int64_t getNumTokens() const { return numTokens; }

private:
  /// Makes `tensor` one that compiled code can take for `parameter`.
  llvm::Error adapt(const Parameter &parameter, TensorView &tensor);
  llvm::Error checkTokens(const Parameter &parameter, const TensorView &tensor);

  std::vector<Argument> arguments;
  SmallVector<int64_t> activationShape;
  /// The number of tokens, once known, and the tensor that has it.
  int64_t numTokens = ShapedType::kDynamic;
  std::string tokensFrom;
  /// What arguments refer to that no file owns.
  std::vector<std::unique_ptr<SmallVector<int64_t>>> shapes;
  std::vector<Tensor> copies;
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_BINDING_H
