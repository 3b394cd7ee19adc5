//===- ShapeInference.cpp - Result types that follow from operands --------===//

#include "moe/IR/MoE.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::moe;

/// Inference runs before operand types are verified, so each rank is checked
/// here.
static FailureOr<RankedTensorType> getTensor(Value value, int64_t rank,
                                             std::optional<Location> loc) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (type && type.getRank() == rank)
    return type;
  return emitOptionalError(loc, "expected a tensor of rank ", rank, ", found ",
                           value.getType());
}

static RankedTensorType idsType(MLIRContext *context, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, IntegerType::get(context, 32));
}

/// Ids for each row of a tensor: so many choices, or as many as it has columns.
static LogicalResult inferIds(Value rows, int64_t rank,
                              std::optional<int64_t> choices,
                              std::optional<Location> loc,
                              SmallVectorImpl<Type> &types) {
  auto type = getTensor(rows, rank, loc);
  if (failed(type))
    return failure();
  types.push_back(idsType(
      type->getContext(),
      {type->getDimSize(0), choices ? *choices : type->getDimSize(rank - 1)}));
  return success();
}

/// An integer attribute of an op under construction. A parsed attribute
/// dictionary is not yet among the op's properties when its types are inferred.
static FailureOr<int64_t> getSize(IntegerAttr property,
                                  DictionaryAttr attributes, StringRef name,
                                  std::optional<Location> loc) {
  if (!property && attributes)
    property = attributes.getAs<IntegerAttr>(name);
  if (!property)
    return emitOptionalError(loc, "requires an integer attribute '", name, "'");
  return std::max<int64_t>(property.getInt(), 0);
}

LogicalResult TopKOp::inferReturnTypes(MLIRContext *context,
                                       std::optional<Location> loc,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  auto scores = getTensor(adaptor.getScores(), 2, loc);
  auto k =
      getSize(adaptor.getProperties().k, adaptor.getAttributes(), "k", loc);
  if (failed(scores) || failed(k))
    return failure();
  types.push_back(idsType(context, {scores->getDimSize(0), *k}));
  return success();
}

LogicalResult SequentialTopKOp::inferReturnTypes(MLIRContext *context,
                                                 std::optional<Location> loc,
                                                 Adaptor adaptor,
                                                 SmallVectorImpl<Type> &types) {
  auto logits = getTensor(adaptor.getLogits(), 2, loc);
  auto k =
      getSize(adaptor.getProperties().k, adaptor.getAttributes(), "k", loc);
  if (failed(logits) || failed(k))
    return failure();
  SmallVector<int64_t> shape = {logits->getDimSize(0), *k};
  types.push_back(idsType(context, shape));
  types.push_back(RankedTensorType::get(shape, logits->getElementType()));
  return success();
}

LogicalResult TopTokensOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferIds(adaptor.getScores(), 2, std::nullopt, loc, types);
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferIds(adaptor.getScores(), 2, std::nullopt, loc, types);
}

LogicalResult LookupOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferIds(adaptor.getIds(), 1, 1, loc, types);
}

LogicalResult AssignBalancedOp::inferReturnTypes(MLIRContext *context,
                                                 std::optional<Location> loc,
                                                 Adaptor adaptor,
                                                 SmallVectorImpl<Type> &types) {
  return inferIds(adaptor.getScores(), 2, 1, loc, types);
}

LogicalResult GatherWeightsOp::inferReturnTypes(MLIRContext *context,
                                                std::optional<Location> loc,
                                                Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  auto scores = getTensor(adaptor.getScores(), 2, loc);
  auto indices = getTensor(adaptor.getIndices(), 2, loc);
  if (failed(scores) || failed(indices))
    return failure();
  types.push_back(
      RankedTensorType::get(indices->getShape(), scores->getElementType()));
  return success();
}

LogicalResult CountOp::inferReturnTypes(MLIRContext *context,
                                        std::optional<Location> loc,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto experts = getSize(adaptor.getProperties().num_experts,
                         adaptor.getAttributes(), "num_experts", loc);
  if (failed(experts))
    return failure();
  types.push_back(idsType(context, {*experts}));
  return success();
}

LogicalResult AssignSlotsOp::inferReturnTypes(MLIRContext *context,
                                              std::optional<Location> loc,
                                              Adaptor adaptor,
                                              SmallVectorImpl<Type> &types) {
  auto indices = getTensor(adaptor.getIndices(), 2, loc);
  if (failed(indices))
    return failure();
  types.append(2, idsType(context, indices->getShape()));
  return success();
}
