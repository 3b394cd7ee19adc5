//===- ScoreVerifiers.cpp - Constraints of the ops that score experts -----===//
//
// Each check is labelled with the constraint of the op's description it
// enforces.
//
//===----------------------------------------------------------------------===//

#include "VerifierSupport.h"

using namespace mlir;
using namespace mlir::moe;

LogicalResult GateOp::verify() {
  bool outIn = getLayout() == MatrixLayout::out_in;
  // C1
  if (failed(checkSize(*this, "weight width", dim(getWeight(), outIn ? 1 : 0),
                       dim(getX(), 1))))
    return failure();
  // C2
  int64_t experts = dim(getWeight(), outIn ? 0 : 1);
  if (failed(checkSize(*this, "expert count of the result", dim(getLogits(), 1),
                       experts)))
    return failure();
  if (getBias() && failed(checkSize(*this, "expert count of the bias",
                                    dim(getBias(), 0), experts)))
    return failure();
  // C3
  if (getScale() && getKind() == GateKind::linear)
    return emitOpError(
        "scale is given, only allowed for kind cosine or distance");
  // C4
  if (getSoftcap() && failed(checkPositive(*this, "softcap", *getSoftcap())))
    return failure();
  // C5
  if (failed(checkSize(*this, "token count of the result", dim(getLogits(), 0),
                       dim(getX(), 0))))
    return failure();
  // C6
  if (getNormEpsMode() != EpsMode::none && getKind() != GateKind::cosine)
    return emitOpError("norm_eps_mode is ")
           << stringifyEpsMode(getNormEpsMode())
           << ", expected none unless kind is cosine";
  return checkEps(*this, "norm_eps", getNormEps(), getNormEpsMode());
}

LogicalResult ScoreOp::verify() {
  // C1
  if (failed(checkLeadingSizes(*this, "scores", getScores(), getLogits())))
    return failure();
  // C2
  if (getAxis() == ScoreAxis::tokens && getFn() != ScoreFn::softmax)
    return emitOpError("axis is tokens, expected experts for function ")
           << stringifyScoreFn(getFn());
  return success();
}

LogicalResult SinkhornOp::verify() {
  // C1
  if (failed(checkPositive(*this, "tolerance", getTolerance())))
    return failure();
  return checkAtLeast(*this, "max_iterations", getMaxIterations(), 1);
}

LogicalResult LimitGroupsOp::verify() {
  int64_t experts = dim(getScores(), 1);
  int64_t groups = getNumGroups();
  // C1
  if (ShapedType::isDynamic(experts) || groups < 1 || experts % groups)
    return emitOpError("num_groups is ")
           << groups
           << ", expected a divisor of the static expert count, which is "
           << (ShapedType::isDynamic(experts) ? "dynamic"
                                              : std::to_string(experts));
  // C2
  if (failed(checkRange(*this, "keep", getKeep(), 1, groups)))
    return failure();
  // C3
  if (failed(checkRange(*this, "top", getTop(), 1, experts / groups)))
    return failure();
  // C4
  if (getBias())
    return checkSize(*this, "length of the bias", dim(getBias(), 0), experts);
  return success();
}
