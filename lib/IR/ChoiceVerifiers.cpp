//===- ChoiceVerifiers.cpp - Constraints of the ops that choose experts ---===//
//
// Each check is labelled with the constraint of the op's description it
// enforces.
//
//===----------------------------------------------------------------------===//

#include "VerifierSupport.h"

using namespace mlir;
using namespace mlir::moe;

/// C1 of the ops that choose k experts.
static LogicalResult checkChoices(Operation *op, int64_t k, int64_t experts) {
  if (ShapedType::isDynamic(experts))
    return op->emitOpError("expert count is dynamic, expected a static one");
  return checkRange(op, "k", k, 1, experts);
}

LogicalResult TopKOp::verify() {
  int64_t experts = dim(getScores(), 1);
  // C1
  if (failed(checkChoices(*this, getK(), experts)))
    return failure();
  // C2
  if (getBias() && failed(checkSize(*this, "length of the bias",
                                    dim(getBias(), 0), experts)))
    return failure();
  if (!getExcept())
    return success();
  // C3
  if (failed(checkSize(*this, "token count of except", dim(getExcept(), 0),
                       dim(getScores(), 0))))
    return failure();
  // C4
  int64_t exceptions = dim(getExcept(), 1);
  if (ShapedType::isDynamic(exceptions))
    return emitOpError(
        "number of exceptions is dynamic, expected a static one");
  return checkRange(*this, "number of exceptions", exceptions, 0,
                    experts - getK());
}

LogicalResult SequentialTopKOp::verify() {
  // C1
  if (failed(checkChoices(*this, getK(), dim(getLogits(), 1))))
    return failure();
  // C2
  if (getRelativeGap().isNegative() || !getRelativeGap().isFinite())
    return emitOpError("relative_gap is ")
           << getRelativeGap().convertToDouble()
           << ", expected a number of at least 0";
  return success();
}

LogicalResult MaskChoicesOp::verify() {
  // C1
  return checkSize(*this, "length of the mask", dim(getMask(), 0),
                   dim(getIndices(), 0));
}

LogicalResult FilterChoicesOp::verify() {
  // C1
  if (failed(checkLeadingSizes(*this, "weights", getWeights(), getIndices())))
    return failure();
  // C2
  if (failed(checkSize(*this, "length of the threshold", dim(getThreshold(), 0),
                       dim(getIndices(), 0))))
    return failure();
  // C3
  return checkAtLeast(*this, "first_choice", getFirstChoice(), 0);
}

LogicalResult GatherWeightsOp::verify() {
  // C1
  return checkSize(*this, "token count of the indices", dim(getIndices(), 0),
                   dim(getScores(), 0));
}

LogicalResult NormalizeWeightsOp::verify() {
  // C1
  if (getOrder() && failed(checkPositive(*this, "order", *getOrder())))
    return failure();
  // C2
  if (failed(checkEps(*this, "eps", getEps(), getEpsMode())))
    return failure();
  // C3
  if (!getOrder() && getEpsMode() != EpsMode::none)
    return emitOpError("eps_mode is ") << stringifyEpsMode(getEpsMode())
                                       << ", expected none without an order";
  return success();
}
