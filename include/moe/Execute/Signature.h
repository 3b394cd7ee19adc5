//===- Signature.h - What a layer takes and gives ---------------*- C++ -*-===//

#ifndef MOE_EXECUTE_SIGNATURE_H
#define MOE_EXECUTE_SIGNATURE_H

#include "moe/Checkpoint/DataType.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir::moe {

/// One argument or result of a layer.
struct Parameter {
  /// From `moe.name`. If it holds `{expert}`, each expert has a tensor of its
  /// own.
  std::string name;
  DataType type;
  /// Stored as bytes without a sign in some checkpoints, with one in others.
  bool anySign = false;
  /// Extents, ShapedType::kDynamic where any will do. The first is the number
  /// of experts if `perExpert`.
  SmallVector<int64_t> shape;
  bool perExpert = false;
  /// Whether the first extent is the number of tokens: any dynamic one of an
  /// argument is, unless it is that of a table of token ids.
  bool perToken = false;

  /// The tensor of one expert, or of all of them.
  std::string getTensorName(int64_t expert) const;
  /// The shape of one such tensor.
  ArrayRef<int64_t> getTensorShape() const {
    return ArrayRef(shape).drop_front(perExpert ? 1 : 0);
  }
};

/// The name of the function that is a module's layer.
inline constexpr llvm::StringLiteral layerFunctionName = "moe_layer";

/// Arguments and results of @moe_layer, in order.
struct Signature {
  SmallVector<Parameter> arguments, results;

  /// An error if `module` has no function @moe_layer, or one with a parameter
  /// that is no tensor of a type files can hold or has no `moe.name`.
  static llvm::Expected<Signature> get(ModuleOp module);
};

} // namespace mlir::moe

#endif // MOE_EXECUTE_SIGNATURE_H
