//===- Signature.cpp - What a layer takes and gives -----------------------===//

#include "moe/Execute/Signature.h"
#include "moe/IR/MoE.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace mlir::moe;

std::string Parameter::getTensorName(int64_t expert) const {
  constexpr StringLiteral placeholder = "{expert}";
  size_t at = perExpert ? name.find(placeholder.str()) : std::string::npos;
  if (at == std::string::npos)
    return name;
  return name.substr(0, at) + std::to_string(expert) +
         name.substr(at + placeholder.size());
}

static std::optional<DataType> getDataType(Type element) {
  if (element.isF64())
    return DataType::F64;
  if (element.isF32())
    return DataType::F32;
  if (element.isF16())
    return DataType::F16;
  if (element.isBF16())
    return DataType::BF16;
  if (isa<Float8E4M3FNType>(element))
    return DataType::F8E4M3;
  if (isa<Float8E5M2Type>(element))
    return DataType::F8E5M2;
  if (element.isInteger(64))
    return DataType::I64;
  if (element.isInteger(32))
    return DataType::I32;
  if (element.isInteger(8))
    return DataType::I8;
  return std::nullopt;
}

static llvm::Expected<Parameter>
getParameter(Type type, DictionaryAttr attributes, const Twine &what) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<DataType> dataType =
      tensor ? getDataType(tensor.getElementType()) : std::nullopt;
  if (!dataType) {
    std::string found;
    llvm::raw_string_ostream(found) << type;
    return llvm::createStringError(
        "@moe_layer: " + what + " has type " + found +
        ", expected a tensor of floats or of i8, i32 or i64");
  }
  auto name =
      attributes ? attributes.getAs<StringAttr>("moe.name") : StringAttr();
  if (!name)
    return llvm::createStringError(
        "@moe_layer: " + what +
        " has no attribute 'moe.name', expected the name of a tensor");
  return Parameter{name.str(), *dataType, tensor.getElementType().isInteger(8),
                   SmallVector<int64_t>(tensor.getShape()),
                   isa_and_nonnull<PerExpertAttr>(tensor.getEncoding())};
}

static bool isPerToken(BlockArgument argument) {
  auto type = cast<RankedTensorType>(argument.getType());
  return type.getRank() > 0 && type.isDynamicDim(0) &&
         llvm::none_of(argument.getUsers(), [&](Operation *user) {
           auto lookup = dyn_cast<LookupOp>(user);
           return lookup && lookup.getTable() == argument;
         });
}

llvm::Expected<Signature> Signature::get(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>(layerFunctionName);
  if (!function || function.isExternal())
    return llvm::createStringError("no function @moe_layer with a body");
  Signature signature;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto parameter =
        getParameter(type, function.getArgAttrDict(i), "argument " + Twine(i));
    if (!parameter)
      return parameter.takeError();
    parameter->perToken = isPerToken(function.getArgument(i));
    signature.arguments.push_back(*parameter);
  }
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    auto parameter =
        getParameter(type, function.getResultAttrDict(i), "result " + Twine(i));
    if (!parameter)
      return parameter.takeError();
    signature.results.push_back(*parameter);
  }
  return signature;
}
