//===- Folds.cpp - Folders of the moe ops ---------------------------------===//

#include "moe/IR/Capacity.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::moe;

OpFoldResult LimitGroupsOp::fold(FoldAdaptor) {
  if (getKeep() == getNumGroups() && !getBias())
    return getScores();
  return {};
}

OpFoldResult NormalizeWeightsOp::fold(FoldAdaptor) {
  if (!getOrder() && getScale().isExactlyValue(1.0))
    return getWeights();
  return {};
}

OpFoldResult CapacityOp::fold(FoldAdaptor adaptor) {
  auto tokens = dyn_cast_if_present<IntegerAttr>(adaptor.getTokens());
  // Indices of rows are i32, so a layer has no more tokens than that.
  if (!tokens || getCounts() || tokens.getInt() < 0 ||
      tokens.getInt() > std::numeric_limits<int32_t>::max())
    return {};
  return IntegerAttr::get(IndexType::get(getContext()),
                          computeCapacity(*this, tokens.getInt(), 0));
}
