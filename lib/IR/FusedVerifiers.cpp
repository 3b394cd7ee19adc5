//===- FusedVerifiers.cpp - Constraints of the fused ops ------------------===//
//
// Each check is labelled with the constraint of the op's description it
// enforces.
//
//===----------------------------------------------------------------------===//

#include "VerifierSupport.h"
#include "moe/IR/GemmSchedule.h"
#include "moe/IR/PerToken.h"
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

static LogicalResult verifyTargets(GroupedGemmOp op) {
  Value targets = op.getTargets();
  // C8
  if (targets && failed(checkSize(op, "number of targets", dim(targets, 0),
                                  dim(op.getRowOperand(), 0))))
    return failure();
  if (failed(checkPresence(op, "num_rows", static_cast<bool>(op.getNumRows()),
                           static_cast<bool>(targets), "with targets")))
    return failure();
  // C9
  if (!op.getAdds())
    return success();
  if (!targets)
    return op.emitOpError("adds rows without targets");
  Type element = getElementTypeOrSelf(op.getResult().getType());
  if (element == op.getComputeType())
    return success();
  return op.emitOpError("adds rows of ")
         << op.getComputeType() << " into a result of " << element
         << ", expected a result of the same type";
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
  int64_t rows = dim(getRowOperand(), 0);
  for (Value input : getRowInputs())
    if (failed(checkSize(*this, "length of a row input", dim(input, 0), rows)))
      return failure();
  if (!getTargets() &&
      failed(checkSize(*this, "row count", dim(getResult(), 0), rows)))
    return failure();
  if (failed(verifyTargets(*this)))
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
  if (failed(checkSize(*this, "number of elements that the epilogue yields",
                       yield.getValues().size(), 1)))
    return failure();
  for (Value value :
       llvm::concat<Value>(llvm::to_vector_of<Value>(block.getArguments()),
                           SmallVector<Value>{yield.getElement()}))
    if (value.getType() != type)
      return emitOpError("epilogue computes with ")
             << value.getType() << ", expected " << type;
  return success();
}

void GroupedGemmOp::build(OpBuilder &builder, OperationState &state,
                          Type result, Value x, Value sources, Value offsets,
                          ValueRange weights, ValueRange columnInputs,
                          ValueRange rowInputs, ArrayAttr layouts,
                          ArrayRef<int64_t> strides, ArrayRef<int64_t> starts) {
  build(builder, state, result, x, sources, offsets, weights, columnInputs,
        rowInputs, /*targets=*/Value(), /*num_rows=*/Value(), layouts, strides,
        starts, /*adds=*/false, /*schedule=*/Attribute());
}

LogicalResult AppendChoiceOp::verify() {
  // C1
  if (failed(checkLeadingSizes(*this, "weights", getWeights(), getIndices())))
    return failure();
  for (auto [what, result] :
       {std::pair<StringRef, Value>("resulting indices", getMoreIndices()),
        {"resulting weights", getMoreWeights()}}) {
    int64_t columns = dim(getIndices(), 1);
    if (failed(checkSize(*this, "number of rows of the " + Twine(what),
                         dim(result, 0), dim(getIndices(), 0))) ||
        failed(checkSize(
            *this, "number of columns of the " + Twine(what), dim(result, 1),
            ShapedType::isDynamic(columns) ? columns : columns + 1)))
      return failure();
  }
  // C2
  if (Value coefficient = getCoefficient())
    if (failed(checkSize(*this, "token count of the coefficient",
                         dim(coefficient, 0), dim(getIndices(), 0))) ||
        failed(checkSize(*this, "width of the coefficient", dim(coefficient, 1),
                         1)))
      return failure();
  // C3
  if (failed(checkCount(*this, "first_expert", getFirstExpert(), 0)))
    return failure();
  return checkCount(*this, "expert", getExpert(), getFirstExpert());
}

LogicalResult AppendExpertOp::verify() {
  auto weights = getWeights().getType(), expert = getExpert().getType(),
       result = getResult().getType();
  // C3
  for (auto type : {weights, expert, result})
    if (!type.hasStaticShape() ||
        type.getElementType() != weights.getElementType())
      return emitOpError("has a tensor of type ")
             << type << ", expected a static shape and elements of "
             << weights.getElementType();
  // C2
  if (expert.getShape() != weights.getShape().drop_front())
    return emitOpError("expert has type ")
           << expert << ", expected the shape of one of " << weights;
  // C1
  SmallVector<int64_t> shape(weights.getShape());
  ++shape.front();
  if (result.getShape() != ArrayRef(shape) ||
      !isa_and_nonnull<PerExpertAttr>(result.getEncoding()))
    return emitOpError("result has type ")
           << result << ", expected one more expert than " << weights
           << " and the encoding #moe.per_expert";
  return success();
}

LogicalResult RowWeightsOp::verify() {
  // C1
  return checkLeadingSizes(*this, "positions", getPositions(), getWeights());
}

/// Fails unless `found` are `expected`.
static LogicalResult checkTypes(Operation *op, StringRef what, TypeRange found,
                                TypeRange expected) {
  if (failed(checkSize(op, "number of " + what, found.size(), expected.size())))
    return failure();
  for (auto [index, type] : llvm::enumerate(found))
    if (type != expected[index])
      return op->emitOpError("type ")
             << index << " of " << what << " is " << type << ", expected "
             << expected[index];
  return success();
}

LogicalResult RouteOp::verifyRegions() {
  Block &block = getBody().front();
  // C1
  if (failed(checkTypes(*this, "body arguments", block.getArgumentTypes(),
                        getInputs().getTypes())))
    return failure();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return emitOpError("body ends with ")
           << block.getTerminator()->getName() << ", expected moe.yield";
  if (failed(checkTypes(*this, "yielded values", yield.getValues().getTypes(),
                        getResultTypes())))
    return failure();
  // C2
  for (Operation &op : block.without_terminator())
    if (!isPerToken(&op) && !isElementwise(&op) && !isGrouping(&op)) {
      InFlightDiagnostic error = emitOpError("body has ")
                                 << op.getName()
                                 << ", expected only ops of a router";
      error.attachNote(op.getLoc()) << "this one";
      return error;
    }
  return success();
}
