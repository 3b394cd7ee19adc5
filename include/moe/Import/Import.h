//===- Import.h - From a published config to the moe dialect ----*- C++ -*-===//

#ifndef MOE_IMPORT_IMPORT_H
#define MOE_IMPORT_IMPORT_H

#include "moe/Import/LayerSpec.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include <functional>

namespace mlir::moe {

/// Under which names a checkpoint has a layer's tensors.
enum class TensorNames {
  published, ///< as the model's authors released it
  fused,     ///< as transformers 5 saves it
};

struct ImportOptions {
  /// The layer, or else the first MoE layer of the model.
  std::optional<int64_t> layer;
  /// Element type of activations (BF16, F16, F32), or else the config's.
  std::optional<DataType> dtype;
  /// The number of tokens, or else it is dynamic.
  std::optional<int64_t> tokens;
  /// The names, or else those that `findTensor` finds, or else the published
  /// ones.
  std::optional<TensorNames> names;
  /// Looks into a checkpoint: the element type of the tensor `relativeName` of
  /// a layer, or nothing if there is none. Names of experts are asked for with
  /// expert 0. Where it is set, weights have the element types of the
  /// checkpoint.
  std::function<std::optional<DataType>(int64_t layer,
                                        llvm::StringRef relativeName)>
      findTensor;
};

/// Reads the config in `text`, which `name` stands for in errors: "<name>:
/// <cause>". Needs `layer` and `dtype` of the options.
llvm::Expected<LayerSpec> readLayerSpec(llvm::StringRef text,
                                        llvm::StringRef name,
                                        const ImportOptions &options = {});

/// A module with the function @moe_layer: arguments `hidden_states` and the
/// weights, results `hidden_states`, `topk_ids` and `topk_weights`, all bound
/// by `moe.name`. Needs `tokens`, `names` and `findTensor` of the options.
llvm::Expected<OwningOpRef<ModuleOp>>
buildLayer(MLIRContext &context, const LayerSpec &spec,
           const ImportOptions &options = {});

/// Both of the above for the file `path`, "-" being standard input.
llvm::Expected<OwningOpRef<ModuleOp>>
importLayer(MLIRContext &context, llvm::StringRef path,
            const ImportOptions &options = {});

/// All values of `model_type` that are supported, separated by ", ".
std::string listModelTypes();

} // namespace mlir::moe

#endif // MOE_IMPORT_IMPORT_H
