//===- LossVerifiers.cpp - Constraints of the loss ops --------------------===//
//
// Each check is labelled with the constraint of the op's description it
// enforces.
//
//===----------------------------------------------------------------------===//

#include "VerifierSupport.h"

using namespace mlir;
using namespace mlir::moe;

LogicalResult AuxLossOp::verify() {
  LossKind kind = getKind();
  bool counts = kind == LossKind::balance || kind == LossKind::l1;
  bool load = kind == LossKind::load;
  // C1
  if (failed(checkPresence(*this, "indices", bool(getIndices()), counts,
                           "for kinds balance and l1")))
    return failure();
  if (getIndices() &&
      failed(checkSize(*this, "token count of the indices",
                       dim(getIndices(), 0), dim(getScores(), 0))))
    return failure();
  // C2
  if (failed(checkPresence(*this, "noisy", bool(getNoisy()), load,
                           "for kind load")) ||
      failed(checkPresence(*this, "sigma", bool(getSigma()), load,
                           "for kind load")))
    return failure();
  if (getNoisy() && getNoisy().getType() != getScores().getType())
    return emitOpError("noisy is ")
           << getNoisy().getType() << ", expected the type of the scores, "
           << getScores().getType();
  if (getSigma() && failed(checkPositive(*this, "sigma", *getSigma())))
    return failure();
  // C6
  if (failed(checkPresence(*this, "k", bool(getK()),
                           load || kind == LossKind::l1,
                           "for kinds load and l1")))
    return failure();
  int64_t experts = dim(getScores(), 1);
  if (ShapedType::isDynamic(experts))
    return emitOpError("expert count is dynamic, expected a static one");
  if (getK() && failed(checkRange(*this, "k", *getK(), 1, experts)))
    return failure();
  // C3
  if (getMask() && failed(checkSize(*this, "length of the mask",
                                    dim(getMask(), 0), dim(getScores(), 0))))
    return failure();
  // C4
  if (failed(checkPresence(*this, "tau", bool(getTau()),
                           kind == LossKind::entropy_global,
                           "for kind entropy_global")))
    return failure();
  // C5
  if (failed(checkRange(*this, "ddof", getDdof(), 0, 1)))
    return failure();
  return checkCount(*this, "groups", getGroups(), 1);
}

LogicalResult UpdateBiasOp::verify() {
  // C1
  return checkSize(*this, "length of the counts", dim(getCounts(), 0),
                   dim(getBias(), 0));
}
