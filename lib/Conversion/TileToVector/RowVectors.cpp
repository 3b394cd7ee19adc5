//===- RowVectors.cpp - The rows that a tile contracts --------------------===//

#include "RowVectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::moe;

/// A copy of `x` in the compute type.
static Value widen(Value x, VectorCode &code) {
  Term depth = code.dim(x, 1);
  Value wide = code.allocate(code.realType, {code.dim(x, 0), depth});
  code.parallel(code.dim(x, 0), [&](Term row) {
    code.forColumns(depth, [&](Term k, std::optional<Term> count) {
      code.storeVector(code.loadFloats(x, {row, k}, count), wide, {row, k},
                       count);
    });
  });
  return wide;
}

RowMemory::RowMemory(tile::RowsOp op, Multiply multiply, VectorCode &code)
    : x(op.getX()), sources(op.getSources()) {
  Type element = op.getSource().getType().getElement();
  if (multiply == Multiply::fma && element != code.realType) {
    x = widen(x, code);
    isWidened = true;
  }
  if (!sources)
    return;
  auto type = cast<MemRefType>(x.getType());
  zeros = code.allocate(MemRefType::get({op.getSource().getType().getDepth()},
                                        type.getElementType()),
                        {});
  code.forEach(code.dim(zeros, 0),
               [&](Term k) { code.store(code.real(0), zeros, {k}); });
}

void RowMemory::release(VectorCode &code) {
  if (isWidened)
    code.deallocate(x);
  if (zeros)
    code.deallocate(zeros);
}

/// Row `row` of a matrix.
static Value sliceRow(Value matrix, Term row, VectorCode &code) {
  auto type = cast<MemRefType>(matrix.getType());
  OpBuilder &builder = code.builder;
  auto rowType = MemRefType::get(
      {type.getDimSize(1)}, type.getElementType(),
      StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic, {1}));
  OpFoldResult width = ShapedType::isDynamic(type.getDimSize(1))
                           ? OpFoldResult(code.dim(matrix, 1).value)
                           : builder.getIndexAttr(type.getDimSize(1));
  return memref::SubViewOp::create(
      builder, code.loc, rowType, matrix,
      ArrayRef<OpFoldResult>{row.value, builder.getIndexAttr(0)},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1), width},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1), builder.getIndexAttr(1)});
}

Value RowMemory::open(const TileCoords &coords, Term row,
                      VectorCode &code) const {
  Term index = coords.row + row;
  if (!sources)
    return sliceRow(x, index, code);
  Term source = code.load(sources, {index});
  Value slice = sliceRow(x, source, code);
  Value zero = zeros;
  if (zero.getType() != slice.getType())
    zero =
        memref::CastOp::create(code.builder, code.loc, slice.getType(), zero);
  return arith::SelectOp::create(code.builder, code.loc, (source >= 0).value,
                                 slice, zero);
}
