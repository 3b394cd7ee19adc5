//===- ExpertVerifiers.cpp - Constraints of dispatch, experts, combine ----===//
//
// Each check is labelled with the constraint of the op's description it
// enforces.
//
//===----------------------------------------------------------------------===//

#include "VerifierSupport.h"
#include "moe/IR/Nibbles.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::moe;

LogicalResult DispatchOp::verify() {
  // C1
  if (failed(checkSize(*this, "row count", dim(getRows(), 0),
                       dim(getSources(), 0))) ||
      failed(checkSize(*this, "row width", dim(getRows(), 1), dim(getX(), 1))))
    return failure();
  // C2
  if (bool(getWeights()) != bool(getPositions()))
    return emitOpError(getWeights() ? "weights are given without positions"
                                    : "positions are given without weights");
  if (!getWeights())
    return success();
  if (failed(checkSize(*this, "token count of weights", dim(getWeights(), 0),
                       dim(getX(), 0))))
    return failure();
  return checkLeadingSizes(*this, "positions", getPositions(), getWeights());
}

int64_t ExpertMlpOp::getNumExperts() {
  return getOffsets() ? dim(getUp(), 0) : 1;
}

bool ExpertMlpOp::isFused() {
  return getGating() != Gating::none && getGating() != Gating::separate;
}

/// Output width of a projection with the given layout, whatever its rank.
static int64_t outWidth(Value matrix, MatrixLayout layout) {
  int64_t rank = cast<ShapedType>(matrix.getType()).getRank();
  return dim(matrix, layout == MatrixLayout::out_in ? rank - 2 : rank - 1);
}

static int64_t inWidth(Value matrix, MatrixLayout layout) {
  int64_t rank = cast<ShapedType>(matrix.getType()).getRank();
  return dim(matrix, layout == MatrixLayout::out_in ? rank - 1 : rank - 2);
}

static int64_t lastDim(Value vector) {
  return dim(vector, cast<ShapedType>(vector.getType()).getRank() - 1);
}

int64_t ExpertMlpOp::getInnerWidth() {
  int64_t width = outWidth(getUp(), getUpLayout());
  return isFused() ? width / 2 : width;
}

/// C1 and C2: the expert dimension of every weight and bias, and the offsets.
static LogicalResult verifyExpertDimension(ExpertMlpOp op) {
  bool perExpert = bool(op.getOffsets());
  std::tuple<StringRef, Value, int64_t> parameters[] = {
      {"up", op.getUp(), 2},
      {"gate", op.getGate(), 2},
      {"down", op.getDown(), 2},
      {"up_bias", op.getUpBias(), 1},
      {"gate_bias", op.getGateBias(), 1},
      {"down_bias", op.getDownBias(), 1}};
  for (auto [name, value, matrixRank] : parameters) {
    if (!value)
      continue;
    // C1
    auto type = cast<RankedTensorType>(value.getType());
    if (!type.hasStaticShape())
      return op.emitOpError()
             << name << " is " << type << ", expected a static shape";
    int64_t rank = matrixRank + (perExpert ? 1 : 0);
    if (type.getRank() != rank)
      return op.emitOpError()
             << "rank of " << name << " is " << type.getRank() << ", expected "
             << rank << (perExpert ? " with offsets" : " without offsets");
    // C2
    if (perExpert && failed(checkSize(op, "expert count of " + name,
                                      type.getDimSize(0), op.getNumExperts())))
      return failure();
  }
  if (failed(checkCount(op, "identity_experts", op.getIdentityExperts(), 0)))
    return failure();
  if (!perExpert)
    return success();
  if (failed(checkCount(op, "expert count of up", op.getNumExperts(), 0)))
    return failure();
  return checkSize(op, "length of the offsets", dim(op.getOffsets(), 0),
                   op.getNumExperts() + op.getIdentityExperts() + 1);
}

LogicalResult ExpertMlpOp::verify() {
  if (failed(verifyExpertDimension(*this)))
    return failure();
  // C3
  int64_t width = dim(getRows(), 1);
  if (failed(checkSize(*this, "input width of up",
                       inWidth(getUp(), getUpLayout()), width)))
    return failure();
  if (getGate() && failed(checkSize(*this, "input width of gate",
                                    inWidth(getGate(), getUpLayout()), width)))
    return failure();
  // C4
  bool separate = getGating() == Gating::separate;
  if (failed(checkPresence(*this, "gate", bool(getGate()), separate,
                           "for gating separate")))
    return failure();
  if (getGateBias() && !separate)
    return emitOpError("gate_bias is given, only allowed for gating separate");
  // C6
  int64_t upWidth = outWidth(getUp(), getUpLayout());
  if (isFused() && upWidth % 2)
    return emitOpError("width of up is ")
           << upWidth << ", expected an even number for gating "
           << stringifyGating(getGating());
  // C5
  int64_t inner = getInnerWidth();
  if ((getGate() &&
       failed(checkSize(*this, "output width of gate",
                        outWidth(getGate(), getUpLayout()), inner))) ||
      (getGateBias() && failed(checkSize(*this, "width of gate_bias",
                                         lastDim(getGateBias()), inner))) ||
      (getUpBias() && failed(checkSize(*this, "width of up_bias",
                                       lastDim(getUpBias()), upWidth))) ||
      (getDown() &&
       failed(checkSize(*this, "input width of down",
                        inWidth(getDown(), getDownLayout()), inner))))
    return failure();
  // C7
  int64_t out = getDown() ? outWidth(getDown(), getDownLayout()) : inner;
  if (failed(checkSize(*this, "row count of the result", dim(getResult(), 0),
                       dim(getRows(), 0))) ||
      failed(checkSize(*this, "width of the result", dim(getResult(), 1), out)))
    return failure();
  // C8
  if (getDownBias()) {
    if (!getDown())
      return emitOpError("down_bias is given, only allowed with down");
    if (failed(checkSize(*this, "width of down_bias", lastDim(getDownBias()),
                         out)))
      return failure();
  }
  if (getIdentityExperts() && out != width)
    return emitOpError("identity_experts is ")
           << getIdentityExperts() << ", expected 0 for input width " << width
           << " and output width " << out;
  return success();
}

/// C1 and C2: one scale for each block.
static LogicalResult verifyBlocks(DequantizeOp op) {
  auto scales = cast<RankedTensorType>(op.getScales().getType());
  auto result = cast<RankedTensorType>(op.getType());
  ArrayRef<int64_t> block = *op.getBlockShape();
  // C1
  if (int64_t(block.size()) != result.getRank() ||
      llvm::any_of(block, [](int64_t size) { return size < 1; }))
    return op.emitOpError("block_shape is [")
           << block << "], expected one positive size for each of "
           << result.getRank() << " dimensions";
  // C2
  bool fits = result.hasStaticShape() && scales.getRank() == result.getRank() &&
              !scales.getElementType().isInteger();
  for (int64_t i = 0; fits && i < result.getRank(); ++i)
    fits = scales.getDimSize(i) ==
           int64_t(llvm::divideCeil(result.getDimSize(i), block[i]));
  if (!fits)
    return op.emitOpError("scales are ")
           << scales << ", expected one float per block of [" << block
           << "] of " << result;
  return success();
}

/// C2 for scheme `block`.
static LogicalResult verifyBlockScheme(DequantizeOp op) {
  auto data = cast<RankedTensorType>(op.getData().getType());
  auto result = cast<RankedTensorType>(op.getType());
  if (!data.hasStaticShape() || data.getShape() != result.getShape() ||
      data.getElementType().isInteger(32))
    return op.emitOpError("data is ")
           << data << ", expected bytes in the static shape of the result, "
           << result;
  return verifyBlocks(op);
}

/// C3
static LogicalResult verifyMxfp4Scheme(DequantizeOp op) {
  auto data = cast<RankedTensorType>(op.getData().getType());
  auto scales = cast<RankedTensorType>(op.getScales().getType());
  auto result = cast<RankedTensorType>(op.getType());
  bool fits = data.hasStaticShape() && data.getRank() >= 2 &&
              data.getElementType().isInteger(8) &&
              data.getShape().back() == 16 &&
              scales.getElementType().isInteger(8) &&
              scales.getShape() == data.getShape().drop_back() &&
              result.getRank() == scales.getRank() &&
              result.getShape().drop_back() == scales.getShape().drop_back() &&
              result.getShape().back() % 32 == 0 &&
              result.getShape().back() / 32 == scales.getShape().back();
  if (!fits)
    return op.emitOpError("data ")
           << data << ", scales " << scales << " and result " << result
           << " are not blocks of 16 bytes with one byte of scale";
  return success();
}

/// C4: `packed` holds codes for each element of `type`.
static LogicalResult verifyCodes(DequantizeOp op, StringRef what, Value packed,
                                 RankedTensorType type) {
  auto found = cast<RankedTensorType>(packed.getType());
  Type element = found.getElementType();
  if (element.isInteger())
    for (bool alongLast : {false, true})
      if (isPacked(found.getShape(), type.getShape(), countNibbles(element),
                   alongLast))
        return success();
  return op.emitOpError() << what << " " << found
                          << ", expected integers of 4 bits for each element "
                             "of "
                          << type;
}

static LogicalResult verifyInt4Scheme(DequantizeOp op) {
  if (failed(verifyBlocks(op)) ||
      failed(verifyCodes(op, "data is", op.getData(), op.getType())))
    return failure();
  if (!op.getZeroPoints())
    return success();
  return verifyCodes(op, "zero points are", op.getZeroPoints(),
                     cast<RankedTensorType>(op.getScales().getType()));
}

LogicalResult DequantizeOp::verify() {
  QuantScheme scheme = getScheme();
  // C1
  if (failed(checkPresence(*this, "block_shape", bool(getBlockShape()),
                           scheme != QuantScheme::mxfp4,
                           "for schemes block and int4")))
    return failure();
  // C5
  if (scheme != QuantScheme::int4 &&
      (getZeroPoints() || getOrder() != NibbleOrder::ascending))
    return emitOpError("has zero points or an order, only allowed for scheme "
                       "int4");
  if (failed(checkRange(*this, "zero_offset", getZeroOffset(), 0,
                        getZeroPoints() ? 15 : 0)))
    return failure();
  switch (scheme) {
  case QuantScheme::block:
    // C2
    return verifyBlockScheme(*this);
  case QuantScheme::mxfp4:
    // C3
    return verifyMxfp4Scheme(*this);
  case QuantScheme::int4:
    // C4
    return verifyInt4Scheme(*this);
  }
  llvm_unreachable("no such scheme");
}

LogicalResult CombineOp::verify() {
  // C1
  if (getWeights() &&
      failed(checkLeadingSizes(*this, "weights", getWeights(), getPositions())))
    return failure();
  // C2
  if (failed(checkSize(*this, "token count of the result", dim(getResult(), 0),
                       dim(getPositions(), 0))))
    return failure();
  if (failed(checkSize(*this, "width of the result", dim(getResult(), 1),
                       dim(getRows(), 1))))
    return failure();
  // C3
  auto positions = cast<ShapedType>(getPositions().getType());
  if (!getByChoice() || !positions.hasStaticShape())
    return success();
  return checkSize(*this, "number of rows", dim(getRows(), 0),
                   positions.getNumElements());
}

LogicalResult MixOp::verify() {
  // C1
  bool add = getMode() == MixMode::add;
  if (failed(checkPresence(*this, "coefficient", bool(getCoefficient()), !add,
                           "for modes other than add")))
    return failure();
  if (!add && (failed(checkSize(*this, "token count of the coefficient",
                                dim(getCoefficient(), 0), dim(getA(), 0))) ||
               failed(checkSize(*this, "width of the coefficient",
                                dim(getCoefficient(), 1),
                                getMode() == MixMode::softmax ? 2 : 1))))
    return failure();
  // C2
  if (!add &&
      !(getAScale().isExactlyValue(1.0) && getBScale().isExactlyValue(1.0)))
    return emitOpError(
        "a_scale or b_scale is given, only allowed for mode add");
  return success();
}
