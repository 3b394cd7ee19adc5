//===- RowOp.cpp - Ops on memory that treat each row by itself ------------===//

#include "RowOp.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::moe;

static constexpr unsigned rowLoop = 0, columnLoop = 1;

//===----------------------------------------------------------------------===//
// What such ops are
//===----------------------------------------------------------------------===//

/// Bits and indices do not lie in memory as vectors of them do.
static bool isElement(Type type) {
  return isa<FloatType>(type) ||
         (isa<IntegerType>(type) && type.getIntOrFloatBitWidth() >= 8);
}

/// Rows before columns, each at most once.
static bool isInOrder(AffineMap map) {
  std::optional<unsigned> last;
  for (AffineExpr result : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(result);
    if (!dim || (last && *last >= dim.getPosition()))
      return false;
    last = dim.getPosition();
  }
  return true;
}

static bool isMemory(Value operand, AffineMap map) {
  auto type = dyn_cast<MemRefType>(operand.getType());
  return type && isElement(type.getElementType()) &&
         (type.getRank() == 0 || type.isLastDimUnitStride()) && isInOrder(map);
}

static bool canVectorize(Operation &op) {
  return op.getNumRegions() == 0 &&
         (op.hasTrait<OpTrait::ConstantLike>() ||
          OpTrait::hasElementwiseMappableTraits(&op)) &&
         llvm::all_of(op.getOperandTypes(),
                      [](Type type) { return type.isIntOrFloat(); }) &&
         llvm::all_of(op.getResultTypes(),
                      [](Type type) { return type.isIntOrFloat(); });
}

/// The addition that makes a body a sum over columns: of nothing else but what
/// was summed before, without intermediate rounding.
static arith::AddFOp getAddition(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  auto addition =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  BlockArgument sum = body->getArguments().back();
  if (!addition || !sum.hasOneUse() || *sum.user_begin() != addition ||
      !isa<Float32Type, Float64Type>(addition.getType()))
    return nullptr;
  return addition;
}

bool RowOp::isSum() const {
  return hasColumns() && op.getIteratorTypesArray()[columnLoop] ==
                             utils::IteratorType::reduction;
}

bool RowOp::isUniform(OpOperand &operand) const {
  return !hasColumns() ||
         !op.getMatchingIndexingMap(&operand).isFunctionOfDim(columnLoop);
}

std::optional<RowOp> RowOp::get(linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumLoops() < 1 ||
      op.getNumLoops() > 2 || op.getDpsInits().empty() || !op.getBlock())
    return std::nullopt;
  RowOp row(op);
  if (op.getIteratorTypesArray()[rowLoop] != utils::IteratorType::parallel ||
      !llvm::all_of(op.getBlock()->without_terminator(), canVectorize))
    return std::nullopt;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    bool isScalar = isElement(operand.get().getType());
    if (!isScalar && !isMemory(operand.get(), map))
      return std::nullopt;
    if (op.isDpsInit(&operand) &&
        (!map.isFunctionOfDim(rowLoop) ||
         row.isUniform(operand) != (!row.hasColumns() || row.isSum())))
      return std::nullopt;
  }
  if (row.isSum() && (op.getNumDpsInits() != 1 || !getAddition(op)))
    return std::nullopt;
  return row;
}

SmallVector<RowOp::Access> RowOp::getAccesses() const {
  SmallVector<Access> accesses;
  for (OpOperand &operand : op->getOpOperands())
    if (isa<MemRefType>(operand.get().getType()))
      accesses.push_back(
          {operand.get(),
           op.getMatchingIndexingMap(&operand).isFunctionOfDim(rowLoop),
           op.isDpsInit(&operand)});
  return accesses;
}

int64_t RowOp::getWidth() const { return op.getStaticLoopRanges()[columnLoop]; }

int64_t RowOp::getElementBits() const {
  unsigned bits = 8;
  auto add = [&](Type type) {
    bits = std::max(bits, type.getIntOrFloatBitWidth());
  };
  llvm::for_each(op.getBlock()->getArgumentTypes(), add);
  for (Operation &nested : op.getBlock()->without_terminator())
    llvm::for_each(nested.getResultTypes(), add);
  return bits;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

SmallVector<Value> RowOp::at(OpOperand &operand, Term row, Term column) const {
  SmallVector<Value> indices;
  for (AffineExpr result : op.getMatchingIndexingMap(&operand).getResults())
    indices.push_back(
        cast<AffineDimExpr>(result).getPosition() == rowLoop ? row : column);
  return indices;
}

Term RowOp::getColumns(VectorCode &code) const {
  for (OpOperand &operand : op->getOpOperands())
    if (!isUniform(operand))
      return code.dim(operand.get(),
                      cast<MemRefType>(operand.get().getType()).getRank() - 1);
  llvm_unreachable("something has columns");
}

IRMapping RowOp::emitUniform(Term row, VectorCode &code) const {
  IRMapping uniform;
  for (OpOperand &operand : op->getOpOperands()) {
    bool isSummed = isSum() && op.isDpsInit(&operand);
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (!isUniform(operand) || isSummed || argument.use_empty())
      continue;
    Value value = operand.get();
    if (isa<MemRefType>(value.getType()))
      value = memref::LoadOp::create(code.builder, code.loc, value,
                                     at(operand, row, row));
    uniform.map(argument, value);
  }
  Block *body = op.getBlock();
  for (Operation &nested : body->without_terminator())
    if (llvm::all_of(nested.getOperands(), [&](Value operand) {
          return uniform.contains(operand) || operand.getParentBlock() != body;
        }))
      code.builder.clone(nested, uniform);
  return uniform;
}

static Value getVector(Value value, IRMapping &mapping, VectorCode &code) {
  Value mapped = mapping.lookupOrDefault(value);
  if (isa<VectorType>(mapped.getType()))
    return mapped;
  return code.broadcast(code.term(mapped), code.vectorOf(mapped.getType()));
}

void RowOp::emitVectors(Term row, Term column, std::optional<Term> count,
                        IRMapping &mapping, VectorCode &code) const {
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (!isUniform(operand) && !argument.use_empty())
      mapping.map(argument, code.loadVector(code.vectorOf(argument.getType()),
                                            operand.get(),
                                            at(operand, row, column), count)
                                .value);
  }
  for (Operation &nested : op.getBlock()->without_terminator()) {
    if (llvm::all_of(nested.getResults(),
                     [&](Value result) { return mapping.contains(result); }))
      continue;
    OperationState state(code.loc, nested.getName());
    for (Value operand : nested.getOperands())
      state.operands.push_back(getVector(operand, mapping, code));
    for (Type type : nested.getResultTypes())
      state.types.push_back(code.vectorOf(type));
    state.attributes = nested.getAttrs();
    state.propertiesAttr = nested.getPropertiesAsAttribute();
    mapping.map(nested.getResults(), code.builder.create(state)->getResults());
  }
}

void RowOp::emitElements(Term row, const IRMapping &uniform,
                         VectorCode &code) const {
  code.forColumns(
      getColumns(code), [&](Term column, std::optional<Term> count) {
        IRMapping mapping = uniform;
        emitVectors(row, column, count, mapping, code);
        for (auto [yielded, result] :
             llvm::zip_equal(op.getBlock()->getTerminator()->getOperands(),
                             op.getDpsInitsMutable()))
          code.storeVector(code.term(getVector(yielded, mapping, code)),
                           result.get(), at(result, row, column), count);
      });
}

/// Each lane sums its elements, and all lanes are added in the end.
void RowOp::emitSum(Term row, const IRMapping &uniform,
                    VectorCode &code) const {
  arith::AddFOp addition = getAddition(op);
  OpOperand &result = op.getDpsInitsMutable()[0];
  Term columns = getColumns(code);
  Term full = columns - columns % static_cast<double>(code.lanes);
  Attribute zeros = code.builder.getZeroAttr(code.vectorOf(addition.getType()));
  SmallVector<Term> parts = {code.term(arith::ConstantOp::create(
      code.builder, code.loc, cast<TypedAttr>(zeros)))};
  auto add = [&](Term begin, Term end, std::optional<Term> count) {
    parts = code.fold(
        begin, end, code.lanes, parts, [&](Term column, ArrayRef<Term> sofar) {
          IRMapping mapping = uniform;
          mapping.map(op.getMatchingBlockArgument(&result), sofar[0].value);
          emitVectors(row, column, count, mapping, code);
          Term next = code.term(mapping.lookup(addition.getResult()));
          if (count) {
            Value isThere = vector::CreateMaskOp::create(
                code.builder, code.loc, code.vectorOf(code.builder.getI1Type()),
                ValueRange{*count});
            next = code.select(code.term(isThere), next, sofar[0]);
          }
          return SmallVector<Term>{next};
        });
  };
  add(code.index(0), full, std::nullopt);
  if (getWidth() == ShapedType::kDynamic || getWidth() % code.lanes != 0)
    add(full, columns, columns - full);
  SmallVector<Value> place = at(result, row, row);
  Term before = code.term(
      memref::LoadOp::create(code.builder, code.loc, result.get(), place));
  memref::StoreOp::create(code.builder, code.loc,
                          (before + code.reduceSum(parts[0])).value,
                          result.get(), place);
}

void RowOp::emit(Term row, VectorCode &code) const {
  IRMapping uniform = emitUniform(row, code);
  if (isSum())
    return emitSum(row, uniform, code);
  if (hasColumns())
    return emitElements(row, uniform, code);
  for (auto [yielded, result] :
       llvm::zip_equal(op.getBlock()->getTerminator()->getOperands(),
                       op.getDpsInitsMutable()))
    memref::StoreOp::create(code.builder, code.loc,
                            uniform.lookupOrDefault(yielded), result.get(),
                            at(result, row, row));
}
