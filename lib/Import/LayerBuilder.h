//===- LayerBuilder.h - Emits @moe_layer ------------------------*- C++ -*-===//

#ifndef MOE_LIB_IMPORT_LAYERBUILDER_H
#define MOE_LIB_IMPORT_LAYERBUILDER_H

#include "moe/Import/Import.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::moe {

/// Chosen experts and their weights, both tokens x k.
struct RoutingValues {
  Value ids, weights;
};

/// The relative name of the tensor by which a checkpoint is searched for
/// `name`.
std::string getSampleName(StringRef name);

/// The name of the tensor with the codes of matrix `name`, which is another one
/// only for codes of four bits.
std::string getCodesName(const LayerSpec &spec, StringRef name);

/// Holds the function under construction: arguments are added as they are asked
/// for.
class LayerBuilder {
public:
  LayerBuilder(ModuleOp module, const LayerSpec &spec, const TensorForm &form,
               const ImportOptions &options);

  /// Emits the whole function. An error names a tensor that the checkpoint
  /// lacks or has with an unsupported type.
  llvm::Error build();

private:
  // Arguments and their types.
  Value addArgument(Type type, StringRef name);
  /// The element type of the tensor `name` in the checkpoint, or `expected`.
  DataType findType(StringRef name, DataType expected);
  /// A weight of the layer; with `{expert}` in its name one for each expert.
  Value addWeight(StringRef name, ArrayRef<int64_t> shape, DataType type);
  /// A matrix of a projection, dequantised if the checkpoint has it quantised;
  /// E of them for `perExpert`.
  Value addMatrix(StringRef name, int64_t rows, int64_t columns,
                  bool perExpert);
  bool isBlockQuantized(StringRef name) const;
  Value addBlockMatrix(StringRef name, ArrayRef<int64_t> shape);
  Value addMxfp4Matrix(StringRef name, ArrayRef<int64_t> shape);
  bool isInt4Quantized(StringRef name) const;
  Value addInt4Matrix(StringRef name, ArrayRef<int64_t> shape);
  /// The layout of a matrix that would have `layout` if it were not quantised.
  MatrixLayout getStoredLayout(StringRef name, MatrixLayout layout) const;
  Type getType(DataType type);
  /// A tensor with one row per token.
  RankedTensorType getRows(int64_t width, DataType type);

  // The router.
  RoutingValues buildRouter(Value x);
  Value buildLogits(Value x);
  RoutingValues chooseByScore(Value logits);
  RoutingValues scoreChosen(Value logits);
  /// The bias of the choice, one number per expert.
  Value addChoiceBias();
  Value normalize(Value weights);
  Value convert(Value weights, DataType type);
  void dropOverCapacity(RoutingValues &routing, Value scores);
  Value buildCapacity();

  // The experts.
  Value buildExperts(Value x, const RoutingValues &routing);
  Value buildExpertMlp(Value rows, Value offsets);
  Value buildShared(Value x);
  ActivationAttr getActivation();

  // Norms, in upstream dialects.
  /// x / rms(x), times `weight` if there is one.
  Value buildRmsNorm(Value x, Value weight);
  Value buildScaledInput(Value x);
  Value scaleByExpert(const RoutingValues &routing);

  ImplicitLocOpBuilder b;
  const LayerSpec &spec;
  const TensorForm &form;
  const ImportOptions &options;
  func::FuncOp function;
  Block *block;
  Value hiddenStates;
  SmallVector<std::string> argumentNames;
  std::string message;
};

} // namespace mlir::moe

#endif // MOE_LIB_IMPORT_LAYERBUILDER_H
