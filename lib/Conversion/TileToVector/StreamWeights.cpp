//===- StreamWeights.cpp - Tiles of few rows ------------------------------===//
//
// The weights are read where they lie. If the inputs of a column are
// contiguous, groups of rows that fill vectors are multiplied as PackRows.cpp
// says. For the rows that are left lanes are inputs, and each sum is spread
// over the lanes of a vector until its end:
//
//   for block of inputs:
//     for block of columns:
//       for group of rows:
//         for group of columns:
//           for vector of inputs:
//             prefetch part of the next block of columns
//             part[r][c] += row[r][k ..] * weights[c][k ..]
//           sums[r][c] += sum of the lanes of part[r][c]
//
// If the columns of an input are contiguous, lanes are columns, and some inputs
// at a time are read along them, for rows of weights lie on pages of their own:
//
//   for group of inputs:
//     for vector of columns:
//       for row:   sums[r][c ..] += row[r][k] * weights[k][c ..], of all k in
//       it
//
//
//===----------------------------------------------------------------------===//

#include "PackRows.h"
#include "moe/Schedule/CheckSchedule.h"
#include "moe/Target/Target.h"

#include <numeric>

using namespace mlir;
using namespace mlir::moe;

namespace {
/// How far the columns of in_out weights are on their way that are read later.
static constexpr int64_t vectorsAhead = 8;

/// Some columns of one of the weights, for some inputs.
struct Columns {
  Term first, last, begin, end;
  /// Whether no other inputs come before.
  bool isFirst;
};

class DotEmitter {
public:
  DotEmitter(const TileContraction &contraction,
             const TileProjection &projection, VectorCode &code)
      : contraction(contraction), weights(projection.weights),
        projection(projection.index), code(code),
        inputs(code.lanes * contraction.inputsPerLane()) {}

  /// Adds to the sums of the rows from `row` on, cut evenly into groups of at
  /// most `largest`: the fewer a group has, the more of the time are loads.
  void emitEvenly(Term row, int64_t largest, const Columns &part) {
    Term count = contraction.coords.numRows - row;
    Term groups = code.ceilDiv(count, code.index(largest));
    code.forEach(groups, [&](Term group) {
      Term start = group * count / groups;
      Term rows = (group + 1) * count / groups - start;
      for (int64_t size = 1; size <= largest; ++size)
        code.ifThen(rows == static_cast<double>(size),
                    [&] { emitColumns(row + start, size, part); });
    });
  }

  /// The same of all rows, which for fewer sizes of groups are not cut evenly.
  void emitGroups(int64_t largest, const Columns &part) {
    forRowGroups(code.index(0), contraction.coords.numRows, largest, code,
                 [&](Term row, int64_t size) { emitColumns(row, size, part); });
  }

private:
  /// `rows` rows, which are a group.
  void emitColumns(Term row, int64_t rows, const Columns &part) {
    int64_t columns = getDotColumns(rows, code.lanes, code.realType.getWidth());
    // Rows that are all rows read on at once, else all pass by these columns
    // before the next come.
    Term ahead =
        code.select(contraction.coords.numRows <= static_cast<double>(rows),
                    code.index(columns), part.last - part.first);
    code.forRange(part.first, part.last, columns, [&](Term column) {
      emitBlock({row, rows, column, columns, part.begin, part.end, ahead,
                 part.isFirst});
    });
  }

  struct Block {
    Term row;
    int64_t numRows;
    Term column;
    int64_t numColumns;
    Term begin, end;
    /// Columns from these to those that have their weights on their way.
    Term ahead;
    bool isFirst;
  };

  void emitBlock(const Block &block) {
    SmallVector<Value> rows;
    for (int64_t r = 0; r < block.numRows; ++r)
      rows.push_back(contraction.rows.open(
          contraction.coords, block.row + static_cast<double>(r), code));
    auto step = [&](Term k, ArrayRef<Term> parts, std::optional<Term> count) {
      SmallVector<Term> columns, next;
      for (int64_t c = 0; c < block.numColumns; ++c) {
        // Columns that are not there repeat the last one: their sums are never
        // stored.
        Term column = code.min(block.column + static_cast<double>(c),
                               contraction.coords.numColumns - 1);
        columns.push_back(loadWeights(column, k, count));
      }
      for (Value memory : rows) {
        Term x = loadInputs(memory, k, count);
        for (Term weights : columns)
          next.push_back(
              multiplyAdd(contraction, x, weights, parts[next.size()], code));
      }
      return next;
    };

    Term count = block.end - block.begin;
    Term steps = count / static_cast<double>(inputs);
    // Each group of rows asks for its share of the inputs of the columns that
    // come next, which may be the next tile's, so that memory is never idle.
    Term numRows = contraction.coords.numRows;
    Term nextInput = block.begin + block.row * count / numRows;
    Term stride = code.index(inputs * block.numRows * 256) / numRows;
    SmallVector<Term> parts(block.numRows * block.numColumns,
                            code.broadcast(code.real(0)));
    parts = code.fold(
        code.index(0), steps, parts, [&](Term i, ArrayRef<Term> sofar) {
          for (int64_t c = 0; c < block.numColumns; ++c)
            weights.prefetch(
                code.min(block.column + block.ahead + static_cast<double>(c),
                         contraction.coords.columnsToEnd - 1),
                nextInput + i * stride / 256, code);
          return step(block.begin + i * static_cast<double>(inputs), sofar,
                      std::nullopt);
        });
    if (int64_t rest = contraction.depth % inputs)
      parts = code.fold(block.begin + steps * static_cast<double>(inputs),
                        block.end, inputs, parts,
                        [&](Term k, ArrayRef<Term> sofar) {
                          return step(k, sofar, code.index(rest));
                        });
    store(parts, block);
  }

  Term loadWeights(Term column, Term k, std::optional<Term> count) {
    return contraction.usesPairs()
               ? weights.pairsAlongInputs(column, k, count, code)
               : weights.alongInputs(column, k, count, code);
  }

  Term loadInputs(Value row, Term k, std::optional<Term> count) {
    Type element = cast<MemRefType>(row.getType()).getElementType();
    return code.loadVector(VectorType::get({inputs}, element), row, {k}, count);
  }

  void store(ArrayRef<Term> parts, const Block &block) {
    int64_t columns = block.numColumns;
    VectorType type = VectorType::get({columns}, code.realType);
    // As many rows at a time as have all their sums in one vector.
    for (int64_t r = 0, rows; r < block.numRows; r += rows) {
      rows = std::min(block.numRows - r, code.lanes / columns);
      Term all = code.sumEach(
          SmallVector<Term>(parts.slice(r * columns, rows * columns)));
      for (int64_t i = 0; i < rows; ++i) {
        SmallVector<Value> at = {
            projection, block.row + static_cast<double>(r + i), block.column};
        Term sum = code.slice(all, i * columns, columns);
        if (!block.isFirst)
          sum = sum + code.loadVector(type, contraction.sums, at);
        code.storeVector(sum, contraction.sums, at);
      }
    }
  }

  const TileContraction &contraction;
  const WeightVectors &weights;
  Term projection;
  VectorCode &code;
  /// Inputs in a vector.
  int64_t inputs;
};
} // namespace

/// Weights whose inputs are contiguous, of all projections. Those that can be
/// multiplied as they are meet packed rows; what rows are left, and all rows if
/// the weights must be decoded, are multiplied along the inputs.
static void emitAlongInputs(const TileContraction &contraction,
                            ArrayRef<size_t> projections, bool areReady,
                            VectorCode &code) {
  int64_t mostRows = contraction.schedule.getStreamRows();
  int64_t depth = contraction.depth;
  int64_t block = std::min(contraction.schedule.getDepth(), depth);
  if (block % (code.lanes * contraction.inputsPerLane()))
    block = depth;
  // More rows at once make up for decoding weights.
  int64_t bits = code.realType.getWidth();
  int64_t group = std::min(areReady ? getMostDotRows(code.lanes, bits)
                                    : getVectorRegisters(code.lanes * bits) / 4,
                           mostRows);
  if (mostRows <= group)
    block = depth;
  PackedRows packed(contraction, areReady ? mostRows : 0, block, code);

  auto emitColumns = [&](const TileProjection &p, const Columns &part) {
    packed.multiply(p, part.first, part.last, part.begin, part.end,
                    part.isFirst);
    DotEmitter dots(contraction, p, code);
    if (!areReady)
      return dots.emitGroups(group, part);
    Term numRows = contraction.coords.numRows;
    Term row = code.index(0);
    if (!packed.isEmpty())
      row = numRows - numRows % static_cast<double>(packed.getSmallestGroup());
    dots.emitEvenly(row, group, part);
  };
  auto forEach = [&](function_ref<void(const TileProjection &)> body) {
    forProjections(contraction, projections, code, body);
  };
  auto emitBlock = [&](Term begin, Term end, bool isFirst) {
    packed.pack(begin, end);
    Term numColumns = contraction.coords.numColumns;
    forEach([&](const TileProjection &p) {
      if (contraction.schedule.getColumns() <= sharedColumns)
        return emitColumns(p, {code.index(0), numColumns, begin, end, isFirst});
      code.forRange(code.index(0), numColumns, sharedColumns, [&](Term first) {
        Term last =
            code.min(first + static_cast<double>(sharedColumns), numColumns);
        emitColumns(p, {first, last, begin, end, isFirst});
      });
    });
  };
  if (block >= depth) {
    emitBlock(code.index(0), code.index(depth), /*isFirst=*/true);
  } else {
    packed.clear();
    forEach([&](const TileProjection &p) {
      clearSums(contraction, p.index, code);
    });
    code.forRange(code.index(0), code.index(depth), block, [&](Term begin) {
      Term end =
          code.min(begin + static_cast<double>(block), code.index(depth));
      emitBlock(begin, end, /*isFirst=*/false);
    });
  }
  forEach([&](const TileProjection &p) { packed.finish(p.index); });
}

namespace {
/// Weights whose columns are contiguous. Some inputs at a time, each of which
/// lies on other pages, are read along the columns, of all projections: these
/// may lie between each other.
class AxpyEmitter {
public:
  AxpyEmitter(const TileContraction &contraction, ArrayRef<size_t> projections,
              bool isFull, VectorCode &code)
      : contraction(contraction), projections(projections), isFull(isFull),
        code(code), perLane(contraction.inputsPerLane()),
        steps(getVectorRegisters(code.lanes * code.realType.getWidth()) / 4) {}

  void emit() {
    int64_t inputs = steps * perLane;
    int64_t whole = contraction.depth / inputs * inputs;
    for (size_t p : projections)
      clearSums(contraction, getIndex(p), code);
    code.forRange(code.index(0), code.index(whole), inputs,
                  [&](Term k) { emitInputs(k, steps); });
    if (int64_t rest = contraction.depth - whole)
      emitInputs(code.index(whole), llvm::divideCeil(rest, perLane));
  }

private:
  /// All columns, for as many inputs from `k` on as one lane takes in `count`
  /// steps.
  void emitInputs(Term k, int64_t count) {
    code.forRange(code.index(0), contraction.coords.numColumns, code.lanes,
                  [&](Term column) {
                    prefetch(column, k, count);
                    for (size_t p : projections)
                      emitVector(p, column, k, count);
                  });
  }

  void emitVector(size_t p, Term column, Term k, int64_t count) {
    SmallVector<Term> weights;
    for (int64_t i = 0; i < count; ++i)
      weights.push_back(load(contraction.weights[p], column, getInput(k, i)));
    code.forEach(contraction.coords.numRows, [&](Term row) {
      Value inputs = contraction.rows.open(contraction.coords, row, code);
      SmallVector<Value> at = {getIndex(p), row, column};
      Term sum = code.loadVector(code.vectorType(), contraction.sums, at);
      for (int64_t i = 0; i < count; ++i) {
        Term x = broadcastInput(contraction, inputs, {getInput(k, i)}, code);
        sum = multiplyAdd(contraction, x, weights[i], sum, code);
      }
      code.storeVector(sum, contraction.sums, at);
    });
  }

  Term getIndex(size_t projection) {
    return code.index(static_cast<int64_t>(projection));
  }

  Term getInput(Term k, int64_t step) {
    return k + static_cast<double>(step * perLane);
  }

  Term load(const WeightVectors &weights, Term column, Term input) {
    std::optional<Term> count;
    if (!isFull)
      count = contraction.coords.numColumns - column;
    return contraction.usesPairs()
               ? weights.pairsAlongColumns(column, input, count, code)
               : weights.alongColumns(column, input, count, code);
  }

  /// What the same inputs have further on, or behind the last column the next
  /// inputs.
  void prefetch(Term column, Term k, int64_t count) {
    Term numColumns = contraction.coords.numColumns;
    Term next = column + static_cast<double>(vectorsAhead * code.lanes);
    Term isLast = next >= numColumns;
    auto inputs = static_cast<double>(count * perLane);
    Term input = code.select(isLast, k + inputs, k);
    next = code.select(isLast, next - numColumns, next);
    next = code.min(next, numColumns - 1);
    for (int64_t i = 0; i < count * perLane; ++i)
      contraction.weights[projections.front()].prefetch(
          next,
          code.min(input + static_cast<double>(i),
                   code.index(contraction.depth - 1)),
          code);
  }

  const TileContraction &contraction;
  ArrayRef<size_t> projections;
  bool isFull;
  VectorCode &code;
  int64_t perLane, steps;
};
} // namespace

void mlir::moe::emitStreamed(const TileContraction &contraction,
                             VectorCode &code) {
  SmallVector<size_t> alongColumns, ready, decoded;
  for (auto [p, weights] : llvm::enumerate(contraction.weights)) {
    bool isReady =
        contraction.usesPairs() || weights.areStoredAs(code.realType);
    (!weights.isOutIn() ? alongColumns
     : isReady          ? ready
                        : decoded)
        .push_back(p);
  }
  for (auto *projections : {&ready, &decoded})
    if (!projections->empty())
      emitAlongInputs(contraction, *projections, projections == &ready, code);
  if (alongColumns.empty())
    return;
  Term isFull = contraction.coords.numColumns ==
                code.index(contraction.schedule.getColumns());
  for (bool full : {true, false})
    code.ifThen(full ? isFull : !isFull, [&] {
      AxpyEmitter(contraction, alongColumns, full, code).emit();
    });
}
