//===- FusedVerifiers.cpp - Constraints of the fused ops ------------------===//
//
// Each check is labelled with the constraint of the op's description it
// enforces.
//
//===----------------------------------------------------------------------===//

#include "VerifierSupport.h"
#include "moe/IR/GemmSchedule.h"
#include "moe/Schedule/CheckSchedule.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::moe;

FloatType GroupedGemmOp::getComputeType() {
  auto isF64 = [](Type type) { return getElementTypeOrSelf(type).isF64(); };
  Builder builder(getContext());
  bool wide =
      llvm::any_of(getOperandTypes(), isF64) || isF64(getResult().getType());
  return wide ? FloatType(builder.getF64Type())
              : FloatType(builder.getF32Type());
}

static int64_t rank(Value value) {
  return cast<ShapedType>(value.getType()).getRank();
}

unsigned GroupedGemmOp::getOutputDim(unsigned weight) {
  return rank(getWeights()[weight]) -
         (getLayout(weight) == MatrixLayout::out_in ? 2 : 1);
}

/// One stride, start and layout per weight.
static LogicalResult verifySelections(GroupedGemmOp op) {
  // C1
  size_t count = op.getWeights().size();
  if (failed(checkAtLeast(op, "number of weights", count, 1)) ||
      failed(
          checkSize(op, "number of strides", op.getStrides().size(), count)) ||
      failed(checkSize(op, "number of starts", op.getStarts().size(), count)) ||
      failed(checkSize(op, "number of layouts", op.getLayouts().size(), count)))
    return failure();
  for (auto [stride, start] : llvm::zip_equal(op.getStrides(), op.getStarts()))
    if (failed(checkAtLeast(op, "stride", stride, 1)) ||
        failed(checkAtLeast(op, "start", start, 0)))
      return failure();
  return success();
}

/// The expert dimension of weights and column inputs.
static LogicalResult verifyExpertDimension(GroupedGemmOp op) {
  // C2
  int64_t extra = op.getOffsets() ? 1 : 0;
  int64_t experts =
      extra ? dim(op.getWeights().front(), 0) : ShapedType::kDynamic;
  for (auto [what, values, width] :
       {std::tuple<StringRef, ValueRange, int64_t>("rank of a weight",
                                                   op.getWeights(), 2),
        {"rank of a column input", op.getColumnInputs(), 1}})
    for (Value value : values) {
      if (failed(checkSize(op, what, rank(value), width + extra)))
        return failure();
      if (extra &&
          failed(checkSize(op, "number of experts", dim(value, 0), experts)))
        return failure();
    }
  if (!extra)
    return success();
  return checkSize(op, "length of the offsets", dim(op.getOffsets(), 0),
                   experts + 1);
}

LogicalResult GroupedGemmOp::verify() {
  if (failed(verifySelections(*this)) || failed(verifyExpertDimension(*this)))
    return failure();
  int64_t columns = dim(getResult(), 1);
  if (ShapedType::isDynamic(columns))
    return emitOpError(
        "width of the result is dynamic, expected a static width");
  for (auto [index, weight] : llvm::enumerate(getWeights())) {
    unsigned outputDim = getOutputDim(index);
    // C3: the last two dimensions are outputs and inputs, or the reverse.
    unsigned inputDim = 2 * rank(weight) - 3 - outputDim;
    if (failed(checkSize(*this, "input width of a weight",
                         dim(weight, inputDim), dim(getX(), 1))))
      return failure();
    // C4
    if (!cast<ShapedType>(weight.getType()).hasStaticShape())
      return emitOpError("weight ") << index << " is " << weight.getType()
                                    << ", expected a static shape";
    int64_t last = getStrides()[index] * (columns - 1) + getStarts()[index];
    if (columns > 0 && last >= dim(weight, outputDim))
      return emitOpError("last output of weight ")
             << index << " is " << last << ", expected less than "
             << dim(weight, outputDim);
  }
  // C5
  for (Value input : getColumnInputs())
    if (failed(checkSize(*this, "width of a column input",
                         dim(input, rank(input) - 1), columns)))
      return failure();
  for (Value input : getRowInputs())
    if (failed(checkSize(*this, "length of a row input", dim(input, 0),
                         dim(getResult(), 0))))
      return failure();
  if (failed(checkSize(*this, "row count", dim(getResult(), 0),
                       dim(getSources() ? getSources() : getX(), 0))))
    return failure();
  std::optional<Attribute> schedule = getSchedule();
  if (!schedule)
    return success();
  // C7
  if (auto violation = checkSchedule(*schedule, getGemmProblem(*this)))
    return emitOpError() << violation->getMessage();
  return success();
}

LogicalResult GroupedGemmOp::verifyRegions() {
  // C6
  Block &block = getEpilogue().front();
  size_t inputs =
      getWeights().size() + getColumnInputs().size() + getRowInputs().size();
  if (failed(checkSize(*this, "number of epilogue arguments",
                       block.getNumArguments(), inputs)))
    return failure();
  Type type = getComputeType();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return emitOpError("epilogue ends with ")
           << block.getTerminator()->getName() << ", expected moe.yield";
  for (Value value :
       llvm::concat<Value>(llvm::to_vector_of<Value>(block.getArguments()),
                           SmallVector<Value>{yield.getElement()}))
    if (value.getType() != type)
      return emitOpError("epilogue computes with ")
             << value.getType() << ", expected " << type;
  return success();
}

LogicalResult RowWeightsOp::verify() {
  // C1
  return checkLeadingSizes(*this, "positions", getPositions(), getWeights());
}
