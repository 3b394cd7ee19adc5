//===- WeightVectors.cpp - The weights of a tile, by vectors --------------===//

#include "WeightVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::moe;

static StoredWeights getStored(Value buffer, std::optional<Type> slice) {
  return StoredWeights(buffer, slice ? cast<MemRefType>(*slice) : MemRefType());
}

WeightVectors::WeightVectors(tile::WeightsOp op, const TileCoords &coords,
                             VectorCode &code)
    : first(coords.column * static_cast<double>(op.getStride()) +
            static_cast<double>(op.getStart())),
      layout(op.getLayout()), stride(op.getStride()), start(op.getStart()) {
  WeightOperand operand{getStored(op.getWeights(), op.getSlice())};
  if (op.getScheme()) {
    operand.quantisation = Quantisation{
        *op.getScheme(), getStored(op.getScales(), op.getScaleSlice()),
        SmallVector<int64_t>(op.getBlockShape().value_or(ArrayRef<int64_t>())),
        op.getSource().getType().getElement()};
    operand.quantisation->packing = {op.isPackedAlongLast(), op.getOrder()};
    if (op.getZeroPoints())
      operand.quantisation->zeroPoints = makeZeroPoints(
          getStored(op.getZeroPoints(), op.getZeroPointSlice()),
          operand.quantisation->scales, op.getOrder(), op.getZeroOffset());
    if (isOutIn() || stride == 1)
      quantised = QuantisedVectors::get(operand, coords.expert,
                                        isOutIn() ? 0 : start, code);
  } else {
    stored = operand.data.open(coords.expert, code);
  }
  read = readWeights(operand, coords.expert, code);
}

/// Can `type` be read as vectors and converted by arithmetic?
static bool isFloat(MemRefType type) {
  return isa<Float64Type, Float32Type, Float16Type, BFloat16Type>(
      type.getElementType());
}

bool WeightVectors::canSelect(const WeightVectors &a, const WeightVectors &b) {
  return a.stored && b.stored && isFloat(a.stored->type()) &&
         a.stored->isLike(*b.stored) && a.layout == b.layout &&
         a.stride == b.stride && (a.isOutIn() || a.stride == 1);
}

WeightVectors WeightVectors::select(Term condition, const WeightVectors &a,
                                    const WeightVectors &b, VectorCode &code) {
  WeightVectors selected = a;
  selected.first = code.select(condition, a.first, b.first);
  selected.stored =
      StoredWeights::Slice::select(condition, *a.stored, *b.stored);
  // Such weights are never read one by one.
  selected.read = nullptr;
  return selected;
}

Term WeightVectors::getOutput(Term column, VectorCode &code) const {
  return first + column * static_cast<double>(stride);
}

Term WeightVectors::gather(VectorType type, function_ref<Term(Term)> element,
                           std::optional<Term> count, VectorCode &code) const {
  Term end = code.index(code.lanes);
  if (count)
    end = code.min(*count, end);
  Term zeros = code.term(arith::ConstantOp::create(
      code.builder, code.loc, code.builder.getZeroAttr(type)));
  return code.fold(end, zeros, [&](Term lane, Term all) {
    return code.term(vector::InsertOp::create(
        code.builder, code.loc, element(lane).value, all.value,
        ArrayRef<OpFoldResult>{lane.value}));
  });
}

Term WeightVectors::alongInputs(Term column, Term k, std::optional<Term> count,
                                VectorCode &code) const {
  Term output = getOutput(column, code);
  if (isOutIn() && stored && isFloat(stored->type()))
    return code.loadFloats(stored->buffer, stored->index({output, k}), count);
  if (isOutIn() && quantised)
    return quantised->load(output, k, count, code);
  return gather(
      code.vectorType(),
      [&](Term lane) {
        return isOutIn() ? read({output, k + lane}) : read({k + lane, output});
      },
      count, code);
}

Term WeightVectors::loadRow(Term column, Term k, std::optional<Term> count,
                            VectorCode &code) const {
  Type element = stored->type().getElementType();
  VectorType type = code.vectorOf(element);
  Term output = getOutput(column, code);
  if (stride == 1)
    return code.loadVector(type, stored->buffer, stored->index({k, output}),
                           count);
  // Every other output, from two vectors: the second one ends where the row
  // does, if that has whole pairs of outputs.
  int64_t outputs = stored->type().getShape().back();
  if (stride != 2 || start > 1 || outputs % 2 != 0)
    return gather(
        type,
        [&](Term lane) {
          return code.term(memref::LoadOp::create(
              code.builder, code.loc, stored->buffer,
              stored->index({k, getOutput(column + lane, code)})));
        },
        count, code);
  Term pair = output - output % 2;
  std::optional<Term> first, second;
  if (count) {
    Term both = *count * 2;
    Term lanes = code.index(code.lanes);
    first = code.min(both, lanes);
    second = code.max(both - static_cast<double>(code.lanes), code.index(0));
  }
  Term a =
      code.loadVector(type, stored->buffer, stored->index({k, pair}), first);
  Term b = code.loadVector(
      type, stored->buffer,
      stored->index({k, pair + static_cast<double>(code.lanes)}), second);
  SmallVector<int64_t> positions;
  for (int64_t lane = 0; lane < code.lanes; ++lane)
    positions.push_back(2 * lane + start);
  return code.shuffle(a, b, positions);
}

Term WeightVectors::alongColumns(Term column, Term k, std::optional<Term> count,
                                 VectorCode &code) const {
  if (!isOutIn() && stored && isFloat(stored->type()))
    return code.term(
        code.convert(loadRow(column, k, count, code), code.vectorType()));
  if (!isOutIn() && quantised)
    return quantised->load(k, getOutput(column, code), count, code);
  return gather(
      code.vectorType(),
      [&](Term lane) {
        Term output = getOutput(column + lane, code);
        return isOutIn() ? read({output, k}) : read({k, output});
      },
      count, code);
}

Term WeightVectors::pairsAlongInputs(Term column, Term k,
                                     std::optional<Term> count,
                                     VectorCode &code) const {
  auto type = VectorType::get({2 * code.lanes}, code.builder.getBF16Type());
  return code.loadVector(type, stored->buffer,
                         stored->index({getOutput(column, code), k}), count);
}

Term WeightVectors::pairsAlongColumns(Term column, Term k,
                                      std::optional<Term> count,
                                      VectorCode &code) const {
  Term even = loadRow(column, k, count, code);
  Term odd = loadRow(column, k + 1, count, code);
  SmallVector<int64_t> positions;
  for (int64_t lane = 0; lane < code.lanes; ++lane)
    positions.append({lane, code.lanes + lane});
  return code.shuffle(even, odd, positions);
}
