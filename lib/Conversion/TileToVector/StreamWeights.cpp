//===- StreamWeights.cpp - Tiles of few rows ------------------------------===//
//
// The weights are read where they lie. If the inputs of a column are
// contiguous, lanes are inputs, and each sum is spread over the lanes of a
// vector until its end:
//
//   for block of inputs:
//     for group of columns:
//       for group of rows:
//         for vector of inputs:   part[r][c] += row[r][k ..] * weights[c][k ..]
//         sums[r][c] += sum of the lanes of part[r][c]
//
// Rows come inside, so that a group's weights come from memory once. If the
// columns of an input are contiguous, lanes are columns, as with packed
// weights.
//
//===----------------------------------------------------------------------===//

#include "TileContraction.h"
#include "moe/Target/Target.h"

#include <numeric>

using namespace mlir;
using namespace mlir::moe;

namespace {
/// Columns that are read at once at most.
static constexpr int64_t mostColumns = 8;
/// How many inputs of in_out weights are read before one that is on its way.
static constexpr int64_t inputsAhead = 32;

class DotEmitter {
public:
  DotEmitter(const TileContraction &contraction, size_t projection,
             VectorCode &code)
      : contraction(contraction), weights(contraction.weights[projection]),
        sums(contraction.sums[projection]), code(code),
        inputs(code.lanes * contraction.inputsPerLane()),
        registers(getVectorRegisters(code.lanes * code.realType.getWidth())),
        groupRows(registers / 4) {}

  void emit() {
    int64_t mostRows = contraction.schedule.getStreamRows();
    Term numRows = contraction.coords.numRows;
    if (mostRows >= groupRows)
      emitGroups(numRows - numRows % static_cast<double>(groupRows));
    // What is left in powers of two: each finds the weights in a cache that an
    // earlier one has read.
    for (int64_t size = groupRows / 2; size > 0; size /= 2) {
      if (size > mostRows)
        continue;
      Term rest = numRows % static_cast<double>(2 * size);
      code.ifThen(rest >= static_cast<double>(size), [&] {
        emitColumns(size, [&](Term column, int64_t columns) {
          emitBlock({numRows - rest, size, column, columns, code.index(0),
                     code.index(contraction.depth), /*isFirst=*/true,
                     code.index(1), code.index(0)});
        });
      });
    }
  }

private:
  /// Whole groups of rows. They come again for the next columns: a block of
  /// their inputs stays in the nearest cache.
  void emitGroups(Term numRows) {
    int64_t depth = contraction.depth;
    int64_t block = std::min(contraction.schedule.getDepth(), depth);
    if (block % inputs)
      block = depth;
    auto size = static_cast<double>(groupRows);
    auto emitDepth = [&](Term begin, Term end, bool isFirst) {
      emitColumns(groupRows, [&](Term column, int64_t columns) {
        code.forRange(code.index(0), numRows, groupRows, [&](Term row) {
          emitBlock({row, groupRows, column, columns, begin, end, isFirst,
                     numRows / size, row / size});
        });
      });
    };
    emitDepth(code.index(0), code.index(block), true);
    if (block < depth)
      code.forRange(
          code.index(block), code.index(depth), block, [&](Term begin) {
            Term end =
                code.min(begin + static_cast<double>(block), code.index(depth));
            emitDepth(begin, end, false);
          });
  }

  /// Groups of as many columns as have all their sums with `rows` rows in
  /// registers, beside one vector of each column's weights and one of a row. A
  /// row alone takes many, to read from as many places at once. The sums of a
  /// row end in the lanes of one vector.
  void emitColumns(int64_t rows,
                   function_ref<void(Term column, int64_t columns)> body) {
    int64_t columns = std::clamp<int64_t>((registers - 1) / (rows + 1), 1,
                                          std::min(mostColumns, code.lanes));
    code.forRange(code.index(0), contraction.coords.numColumns, columns,
                  [&](Term column) { body(column, columns); });
  }

  struct Block {
    Term row;
    int64_t numRows;
    Term column;
    int64_t numColumns;
    Term begin, end;
    bool isFirst;
    /// Groups of rows that share the reading of a group of columns, and which
    /// one this is.
    Term groups, group;
  };

  void emitBlock(const Block &block) {
    SmallVector<Value> rows;
    for (int64_t r = 0; r < block.numRows; ++r)
      rows.push_back(contraction.rows.open(
          contraction.coords, block.row + static_cast<double>(r), code));
    SmallVector<Term> nextColumns = getNextColumns(block);
    auto step = [&](Term k, ArrayRef<Term> parts, std::optional<Term> count) {
      for (Term column : nextColumns)
        weights.prefetch(column, k, code);
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
    Term full = block.end - count % static_cast<double>(inputs);
    SmallVector<Term> parts(block.numRows * block.numColumns,
                            code.broadcast(code.real(0)));
    parts = code.fold(block.begin, full, inputs, parts,
                      [&](Term k, ArrayRef<Term> sofar) {
                        return step(k, sofar, std::nullopt);
                      });
    if (int64_t rest = contraction.depth % inputs)
      parts = code.fold(full, block.end, inputs, parts,
                        [&](Term k, ArrayRef<Term> sofar) {
                          return step(k, sofar, code.index(rest));
                        });
    store(parts, block);
  }

  /// The columns of the next group that come from memory meanwhile, which may
  /// be the next tile's. Each group of rows has its share of them on their way;
  /// instead of the others' it asks for a line that is there, as not to branch.
  SmallVector<Term> getNextColumns(const Block &block) {
    SmallVector<Term> columns;
    Term last = contraction.coords.columnsToEnd - 1;
    for (int64_t c = 0; c < block.numColumns; ++c) {
      Term next = block.column + static_cast<double>(block.numColumns + c);
      Term isOwn = code.index(c) % block.groups == block.group;
      columns.push_back(code.min(code.select(isOwn, next, block.column), last));
    }
    return columns;
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
        SmallVector<Value> at = {block.row + static_cast<double>(r + i),
                                 block.column};
        Term sum = code.slice(all, i * columns, columns);
        if (!block.isFirst)
          sum = sum + code.loadVector(type, sums, at);
        code.storeVector(sum, sums, at);
      }
    }
  }

  const TileContraction &contraction;
  const WeightVectors &weights;
  Value sums;
  VectorCode &code;
  /// Inputs in a vector.
  int64_t inputs;
  int64_t registers;
  /// Rows that weights are read for at once: enough to make up for reading
  /// them.
  int64_t groupRows;
};
} // namespace

/// The same columns of inputs that are read later: each lies on another page.
static void prefetchInputs(const WeightVectors &weights, Term column, Term k,
                           const TileContraction &contraction,
                           VectorCode &code) {
  for (int64_t i = 0; i < contraction.inputsPerLane(); ++i) {
    Term input = k + static_cast<double>(inputsAhead + i);
    weights.prefetch(column, code.min(input, code.index(contraction.depth - 1)),
                     code);
  }
}

/// Lanes are columns, of as many vectors as fit in registers for a group of
/// rows. All weights are taken together: they may lie between each other.
static void emitAlongColumns(const TileContraction &contraction,
                             ArrayRef<size_t> projections, bool isFull,
                             VectorCode &code) {
  ScheduleAttr schedule = contraction.schedule;
  int64_t registers = getVectorRegisters(code.lanes * code.realType.getWidth());
  int64_t largest = std::min(schedule.getRegisterRows(),
                             std::max<int64_t>(schedule.getStreamRows(), 1));
  // The vectors of a tile: of all projections at one column, then at the next.
  auto numProjections = static_cast<int64_t>(projections.size());
  int64_t numVectors = schedule.getColumns() / code.lanes * numProjections;

  // Vectors from the `begin`-th one on, counted from `column`.
  auto emitVectors = [&](Term row, int64_t size, Term column, int64_t begin,
                         int64_t end) {
    PanelProduct product{.row = row,
                         .size = size,
                         .vectors = {},
                         .begin = code.index(0),
                         .count = code.index(contraction.depth),
                         .isFirst = true};
    SmallVector<size_t> owners;
    for (int64_t i = begin; i < end; ++i) {
      owners.push_back(projections[i % numProjections]);
      product.vectors.push_back(
          {contraction.sums[owners.back()],
           column + static_cast<double>(i / numProjections * code.lanes)});
    }
    auto load = [&](Term k, int64_t v) {
      const WeightVectors &weights = contraction.weights[owners[v]];
      Term column = product.vectors[v].column;
      std::optional<Term> count;
      if (!isFull)
        count = code.max(contraction.coords.numColumns - column, code.index(0));
      Term input = k * static_cast<double>(contraction.inputsPerLane());
      prefetchInputs(weights, column, input, contraction, code);
      return contraction.usesPairs()
                 ? weights.pairsAlongColumns(column, input, count, code)
                 : weights.alongColumns(column, input, count, code);
    };
    multiplyPanel(contraction, product, code, load);
  };
  forRowGroups(
      contraction.coords.numRows, largest, code, [&](Term row, int64_t size) {
        // Each vector of weights, its sums, and an element of a row.
        int64_t atOnce = std::max<int64_t>((registers - 1) / (size + 1), 1);
        auto emitGroups = [&](Term column, int64_t vectors) {
          for (int64_t i = 0; i < vectors; i += atOnce)
            emitVectors(row, size, column, i, std::min(i + atOnce, vectors));
        };
        // The same vectors of all projections come again after so many.
        int64_t period = std::lcm(atOnce, numProjections);
        int64_t columns = period / numProjections * code.lanes;
        int64_t whole = numVectors / period;
        code.forRange(code.index(0), code.index(whole * columns), columns,
                      [&](Term column) { emitGroups(column, period); });
        emitGroups(code.index(whole * columns), numVectors % period);
      });
}

void mlir::moe::emitStreamed(const TileContraction &contraction,
                             VectorCode &code) {
  SmallVector<size_t> alongColumns;
  for (auto [p, weights] : llvm::enumerate(contraction.weights)) {
    if (weights.isOutIn())
      DotEmitter(contraction, p, code).emit();
    else
      alongColumns.push_back(p);
  }
  if (alongColumns.empty())
    return;
  Term isFull = contraction.coords.numColumns ==
                code.index(contraction.schedule.getColumns());
  for (bool full : {true, false})
    code.ifThen(full ? isFull : !isFull, [&] {
      emitAlongColumns(contraction, alongColumns, full, code);
    });
}
