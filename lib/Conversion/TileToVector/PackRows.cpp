//===- PackRows.cpp - Rows in the lanes of vectors ------------------------===//
//
// Rows are packed in groups, and multiplied with weights where these lie, an
// element at a time:
//
//   pack[group][k][row]
//   for block of columns:
//     for vector of inputs:
//       prefetch these inputs of the next columns
//       for k in it:
//         for column in block:  sums[column][group] += w[column][k] *
//                                                      pack[group][k]
//
// The weights pass by in long pieces, and nothing is done to them.
//
//===----------------------------------------------------------------------===//

#include "PackRows.h"
#include "moe/Schedule/CheckSchedule.h"
#include "moe/Target/Target.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::moe;

PackedRows::PackedRows(const TileContraction &contraction, int64_t mostRows,
                       int64_t depth, VectorCode &code)
    : contraction(contraction), code(code),
      perLane(contraction.inputsPerLane()),
      depth(llvm::alignTo(depth, code.lanes * perLane) / perLane) {
  for (int64_t size : getRowGroups(code.lanes, code.realType.getWidth()))
    if (size <= mostRows)
      groups.push_back(size);
  if (isEmpty())
    return;
  stored =
      contraction.usesPairs() ? code.builder.getI32Type() : Type(code.realType);
  int64_t rows = mostRows / getSmallestGroup() * getSmallestGroup();
  packed = code.allocateOnStack({rows * this->depth}, stored);
  sums = code.allocateOnStack(
      {static_cast<int64_t>(contraction.weights.size()), rows * getWidth()},
      code.realType);
}

/// Columns that sums have room for: a block may begin with the last one.
int64_t PackedRows::getWidth() const {
  return contraction.schedule.getColumns() + packedRowColumns;
}

void PackedRows::forGroups(function_ref<void(Term, int64_t)> body) {
  Term numRows = contraction.coords.numRows;
  Term begin = code.index(0);
  for (int64_t size : groups) {
    Term end = numRows - (numRows - begin) % static_cast<double>(size);
    code.forRange(begin, end, size, [&](Term row) { body(row, size); });
    begin = end;
  }
}

PackedRows::Place PackedRows::getPlace(Term row) {
  Term numRows = contraction.coords.numRows;
  Place place{row, code.index(code.lanes), code.index(0)};
  // Of the groups that reach beyond the row, the largest is that of the row.
  for (int64_t group : llvm::reverse(groups)) {
    auto size = static_cast<double>(group);
    // A group begins where all larger ones end, at a multiple of its size.
    Term lane = row % size;
    Term isIn = row - lane + size <= numRows;
    place.base = code.select(isIn, row - lane, place.base);
    place.size = code.select(isIn, code.index(group), place.size);
    place.lane = code.select(isIn, lane, place.lane);
  }
  return place;
}

void PackedRows::forVectors(function_ref<void(Term, const Place &)> body) {
  Term numRows = contraction.coords.numRows;
  Term end = numRows - numRows % static_cast<double>(code.lanes);
  code.forRange(code.index(0), end, code.lanes,
                [&](Term row) { body(row, getPlace(row)); });
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

void PackedRows::pack(Term begin, Term end) {
  if (isEmpty())
    return;
  forVectors([&](Term row, const Place &place) {
    packVector(row, place, begin, end);
  });
}

void PackedRows::packVector(Term row, const Place &place, Term begin,
                            Term end) {
  SmallVector<Value> rows;
  for (int64_t lane = 0; lane < code.lanes; ++lane)
    rows.push_back(contraction.rows.open(
        contraction.coords, row + static_cast<double>(lane), code));
  int64_t inputs = code.lanes * perLane;
  auto packInputs = [&](Term k, std::optional<Term> left) {
    SmallVector<Term> vectors;
    for (Value memory : rows) {
      Type element = cast<MemRefType>(memory.getType()).getElementType();
      Term x = code.loadVector(VectorType::get({inputs}, element), memory, {k},
                               left);
      // A pair moves as one element.
      vectors.push_back(
          contraction.usesPairs() ? code.bitcast(x, code.vectorOf(stored)) : x);
    }
    Term first = place.base * static_cast<double>(depth) + place.lane;
    Term step = (k - begin) / static_cast<double>(perLane);
    for (auto [i, vector] : llvm::enumerate(code.transpose(std::move(vectors))))
      code.storeVector(vector, packed,
                       {first + (step + static_cast<double>(i)) * place.size});
  };
  Term full = end - (end - begin) % static_cast<double>(inputs);
  code.forRange(begin, full, inputs,
                [&](Term k) { packInputs(k, std::nullopt); });
  if (contraction.depth % inputs)
    code.ifThen(full < end, [&] { packInputs(full, end - full); });
}

//===----------------------------------------------------------------------===//
// Multiplying
//===----------------------------------------------------------------------===//

void PackedRows::multiply(const TileProjection &projection, Term first,
                          Term last, Term begin, Term end, bool isFirst) {
  if (isEmpty())
    return;
  forGroups([&](Term row, int64_t size) {
    code.forRange(first, last, packedRowColumns, [&](Term column) {
      multiplyColumns(projection, size, row, column, begin, end, isFirst);
    });
  });
}

void PackedRows::multiplyColumns(const TileProjection &projection, int64_t size,
                                 Term row, Term column, Term begin, Term end,
                                 bool isFirst) {
  const WeightVectors &weights = projection.weights;
  int64_t vectors = size / code.lanes;
  SmallVector<Term> columns;
  // Columns that are not there repeat the last one: their sums are never
  // stored.
  for (int64_t c = 0; c < packedRowColumns; ++c)
    columns.push_back(code.min(column + static_cast<double>(c),
                               contraction.coords.numColumns - 1));
  auto forSums = [&](auto body) {
    Term at = row * static_cast<double>(getWidth()) +
              column * static_cast<double>(size);
    for (int64_t i = 0; i < packedRowColumns * vectors; ++i)
      body(at + static_cast<double>(i * code.lanes));
  };

  SmallVector<Term> parts;
  forSums([&](Term at) {
    parts.push_back(isFirst ? code.broadcast(code.real(0))
                            : code.loadVector(code.vectorType(), sums,
                                              {projection.index, at}));
  });
  auto packedType =
      contraction.usesPairs()
          ? VectorType::get({code.lanes * perLane}, code.builder.getBF16Type())
          : code.vectorType();
  auto step = [&](Term k, Term at, ArrayRef<Term> sofar) {
    SmallVector<Term> inputs, next;
    for (int64_t v = 0; v < vectors; ++v) {
      Term x = code.loadVector(code.vectorOf(stored), packed,
                               {at + static_cast<double>(v * code.lanes)});
      inputs.push_back(x.type() == packedType ? x
                                              : code.bitcast(x, packedType));
    }
    for (Term column : columns) {
      auto [buffer, index] = weights.locate(column, k, code);
      Term weight = broadcastInput(contraction, buffer, index, code);
      for (Term x : inputs)
        next.push_back(
            multiplyAdd(contraction, weight, x, sofar[next.size()], code));
    }
    return next;
  };
  int64_t line = code.lanes * perLane;
  auto rowsPerStep = static_cast<double>(size);
  auto inputsPerStep = static_cast<double>(perLane);
  parts =
      code.fold(begin, end, line, parts, [&](Term start, ArrayRef<Term> sofar) {
        for (int64_t c = 0; c < packedRowColumns; ++c)
          weights.prefetch(
              code.min(column + static_cast<double>(packedRowColumns + c),
                       contraction.coords.columnsToEnd - 1),
              start, code);
        Term steps = code.index(code.lanes);
        if (contraction.depth % line)
          steps = code.min(steps, (end - start) / inputsPerStep);
        Term first = row * static_cast<double>(depth) +
                     (start - begin) / inputsPerStep * rowsPerStep;
        return code.fold(code.index(0), steps, sofar,
                         [&](Term i, ArrayRef<Term> sofar) {
                           return step(start + i * inputsPerStep,
                                       first + i * rowsPerStep, sofar);
                         });
      });
  const Term *total = parts.begin();
  forSums([&](Term at) {
    code.storeVector(*total++, sums, {projection.index, at});
  });
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

void PackedRows::clear() {
  if (isEmpty())
    return;
  code.forEach(code.dim(sums, 0), [&](Term projection) {
    code.forRange(code.index(0), code.dim(sums, 1), code.lanes, [&](Term at) {
      code.storeVector(code.broadcast(code.real(0)), sums, {projection, at});
    });
  });
}

void PackedRows::finish(Term projection) {
  if (isEmpty())
    return;
  forVectors([&](Term row, const Place &place) {
    code.forRange(
        code.index(0), contraction.coords.numColumns, code.lanes,
        [&](Term column) {
          SmallVector<Term> vectors;
          Term at = place.base * static_cast<double>(getWidth()) + place.lane;
          for (int64_t c = 0; c < code.lanes; ++c) {
            Term own = code.min(column + static_cast<double>(c),
                                contraction.coords.numColumns - 1);
            vectors.push_back(code.loadVector(
                code.vectorType(), sums, {projection, at + own * place.size}));
          }
          for (auto [r, vector] :
               llvm::enumerate(code.transpose(std::move(vectors))))
            code.storeVector(
                vector, contraction.sums,
                {projection, row + static_cast<double>(r), column});
        });
  });
}
