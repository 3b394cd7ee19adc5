//===- TileVerifiers.cpp - Constraints of the tile ops --------------------===//
//
// Each check is labelled with the constraint of the op's description it
// enforces.
//
//===----------------------------------------------------------------------===//

#include "moe/IR/Nibbles.h"
#include "moe/Tile/Tile.h"

using namespace mlir;
using namespace mlir::moe;
using namespace mlir::moe::tile;

static LogicalResult checkEqual(Operation *op, const Twine &what, int64_t found,
                                int64_t expected) {
  if (found == expected)
    return success();
  return op->emitOpError() << what << " is " << found << ", expected "
                           << expected;
}

/// Fails unless `block` takes arguments of these types.
static LogicalResult checkArguments(Operation *op, Block &block,
                                    ArrayRef<Type> expected) {
  if (llvm::equal(block.getArgumentTypes(), expected))
    return success();
  return op->emitOpError() << "body takes (" << block.getArgumentTypes()
                           << "), expected (" << expected << ")";
}

/// Fails unless a slice is given exactly for a table of addresses.
static LogicalResult checkSlice(Operation *op, StringRef what, Value buffer,
                                std::optional<Type> slice) {
  bool isTable = getElementTypeOrSelf(buffer.getType()).isInteger(64);
  if (isTable == slice.has_value())
    return success();
  return op->emitOpError() << what << " are " << buffer.getType()
                           << (isTable ? ", a table, expected a slice"
                                       : ", expected no slice");
}

LogicalResult ForEachOp::verifyRegions() {
  // C1
  if (static_cast<bool>(getOffsets()) == static_cast<bool>(getRows()))
    return emitOpError("expected either offsets or rows");
  // C2
  return checkArguments(*this, getBody().front(),
                        CoordsType::get(getContext()));
}

LogicalResult RowsOp::verify() {
  // C1
  auto type = cast<MemRefType>(getX().getType());
  if (type.getElementType() != getSource().getType().getElement())
    return emitOpError("rows have elements ")
           << type.getElementType() << ", expected "
           << getSource().getType().getElement();
  if (type.isDynamicDim(1))
    return success();
  return checkEqual(*this, "width of the rows", type.getDimSize(1),
                    getSource().getType().getDepth());
}

/// The weights of one expert as they are stored, with the expert's dimension if
/// they are not in a table.
static MemRefType getStoredType(WeightsOp op) {
  return cast<MemRefType>(op.getSlice().value_or(op.getWeights().getType()));
}

/// The extent of the inputs, as stored.
static int64_t getStoredDepth(WeightsOp op) {
  MemRefType type = getStoredType(op);
  bool isInner = op.getLayout() == MatrixLayout::out_in;
  return type.getDimSize(type.getRank() - (isInner ? 1 : 2));
}

bool WeightsOp::isPackedAlongLast() {
  bool alongInputs = getStoredDepth(*this) != getSource().getType().getDepth();
  return alongInputs == (getLayout() == MatrixLayout::out_in);
}

/// The number of inputs of one expert's weights.
static int64_t getDepth(WeightsOp op) {
  MemRefType type = getStoredType(op);
  bool isInner = op.getLayout() == MatrixLayout::out_in;
  if (op.getScheme() == QuantScheme::mxfp4)
    return isInner ? type.getDimSize(type.getRank() - 2) * 32
                   : type.getDimSize(type.getRank() - 3);
  int64_t depth = getStoredDepth(op);
  bool isPacked = op.getScheme() == QuantScheme::int4 &&
                  depth != op.getSource().getType().getDepth();
  return isPacked ? depth * countNibbles(type.getElementType()) : depth;
}

LogicalResult WeightsOp::verify() {
  // C1
  if (static_cast<bool>(getScales()) != getScheme().has_value())
    return emitOpError("expected scales and a scheme, or neither");
  bool hasBlocks =
      getScheme() == QuantScheme::block || getScheme() == QuantScheme::int4;
  if (getBlockShape().has_value() != hasBlocks)
    return emitOpError(
        "expected a block shape exactly for schemes block and int4");
  if (getZeroPoints() && getScheme() != QuantScheme::int4)
    return emitOpError("expected zero points only for scheme int4");
  // C2
  if (failed(checkSlice(*this, "weights", getWeights(), getSlice())) ||
      (getScales() &&
       failed(checkSlice(*this, "scales", getScales(), getScaleSlice()))) ||
      (getZeroPoints() &&
       failed(checkSlice(*this, "zero points", getZeroPoints(),
                         getZeroPointSlice()))))
    return failure();
  int64_t rank = getStoredType(*this).getRank();
  int64_t least = getScheme() == QuantScheme::mxfp4 ? 3 : 2;
  if (rank < least)
    return emitOpError("rank of the weights is ")
           << rank << ", expected at least " << least;
  // C3
  if (failed(checkEqual(*this, "depth of the source",
                        getSource().getType().getDepth(), getDepth(*this))))
    return failure();
  // C4
  auto stride = static_cast<int64_t>(getStride());
  auto start = static_cast<int64_t>(getStart());
  if (stride < 1 || start < 0)
    return emitOpError("stride is ")
           << stride << " and start " << start << ", expected at least 1 and 0";
  return success();
}

LogicalResult ContractOp::verify() {
  // C1
  if (failed(checkEqual(*this, "number of results", getSums().size(),
                        getWeights().size())))
    return failure();
  // C2
  for (Value weights : getWeights())
    if (failed(checkEqual(*this, "depth of the weights",
                          cast<SourceType>(weights.getType()).getDepth(),
                          getRows().getType().getDepth())))
      return failure();
  return success();
}

LogicalResult LoadColumnsOp::verify() {
  // C1
  if (failed(checkEqual(*this, "number of rows",
                        getFragment().getType().getRows(), 1)))
    return failure();
  // C2
  return checkSlice(*this, "values", getValues(), getSlice());
}

LogicalResult LoadRowsOp::verify() {
  // C1
  return checkEqual(*this, "number of columns",
                    getFragment().getType().getColumns(), 1);
}

LogicalResult MapOp::verify() {
  // C2
  FragmentType result = getResult().getType();
  for (Value fragment : getFragments()) {
    auto type = cast<FragmentType>(fragment.getType());
    if ((type.getRows() != result.getRows() && type.getRows() != 1) ||
        (type.getColumns() != result.getColumns() && type.getColumns() != 1))
      return emitOpError("operand is ")
             << type << ", expected rows and columns of " << result
             << ", or one";
  }
  return success();
}

LogicalResult MapOp::verifyRegions() {
  // C1
  SmallVector<Type> elements;
  for (Value fragment : getFragments())
    elements.push_back(cast<FragmentType>(fragment.getType()).getElement());
  if (failed(checkArguments(*this, getBody().front(), elements)))
    return failure();
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield)
    return emitOpError("body ends with ")
           << getBody().front().getTerminator()->getName()
           << ", expected tile.yield";
  if (yield.getElement().getType() != getResult().getType().getElement())
    return emitOpError("body yields ")
           << yield.getElement().getType() << ", expected "
           << getResult().getType().getElement();
  return success();
}

LogicalResult StoreOp::verify() {
  // C1
  if (!getAdds())
    return success();
  if (!getTargets())
    return emitOpError("adds rows without targets");
  Type element = getFragment().getType().getElement();
  if (getBuffer().getType().getElementType() == element)
    return success();
  return emitOpError("adds ") << element << " into " << getBuffer().getType()
                              << ", expected a buffer of the same element type";
}
