//===- PackWeights.cpp - Tiles of many rows -------------------------------===//
//
// Weights are packed, a block of inputs at a time, in panels of columns that
// are multiplied with groups of rows in registers:
//
//   for block of inputs:
//     pack[panel][k][column]         decoded, zero beyond the last input
//     for panel:
//       for group of rows:           sums[r][panel] += row[r][k] *
//       pack[panel][k]
//
// A panel stays in the nearest caches while all rows pass by.
//
//===----------------------------------------------------------------------===//

#include "TileContraction.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace mlir::moe;

namespace {
class PackEmitter {
public:
  PackEmitter(const TileContraction &contraction,
              const TileProjection &projection, VectorCode &code)
      : contraction(contraction), weights(projection.weights),
        projection(projection.index), code(code),
        perLane(contraction.inputsPerLane()),
        panelVectors(contraction.schedule.getRegisterVectors()),
        panels(contraction.schedule.getColumns() / (panelVectors * code.lanes)),
        blockDepth(llvm::alignTo(
            std::min(contraction.schedule.getDepth(), contraction.depth),
            code.lanes * perLane)) {}

  void emit() {
    stored = contraction.usesPairs() ? code.builder.getBF16Type()
                                     : Type(code.realType);
    // One row for each input, or pair of inputs.
    pack = code.allocateOnStack(
        {panels, blockDepth / perLane, panelVectors * code.lanes * perLane},
        stored);
    if (blockDepth >= contraction.depth) {
      emitBlock(code.index(0), code.index(contraction.depth), true);
      return;
    }
    // Sums from zero rather than a first block of its own, which would be the
    // same code once more.
    clearSums(contraction, projection, code);
    code.forRange(code.index(0), code.index(contraction.depth), blockDepth,
                  [&](Term begin) {
                    Term count =
                        code.min(code.index(blockDepth),
                                 code.index(contraction.depth) - begin);
                    emitBlock(begin, count, false);
                  });
  }

private:
  void emitBlock(Term begin, Term count, bool isFirst) {
    code.forEach(code.index(panels), [&](Term panel) {
      Term column = panel * static_cast<double>(panelVectors * code.lanes);
      code.ifThen(column < contraction.coords.numColumns, [&] {
        code.forEach(code.index(panelVectors), [&](Term v) {
          Term first = column + v * static_cast<double>(code.lanes);
          if (weights.isOutIn())
            packAlongInputs(panel, v, first, begin, count);
          else
            packAlongColumns(panel, v, first, begin, count);
        });
        multiply(panel, column, begin, count, isFirst);
      });
    });
  }

  /// Blocks of columns x inputs, transposed. Columns that are not there repeat
  /// the last one: their sums are never stored.
  void packAlongInputs(Term panel, Term v, Term column, Term begin,
                       Term count) {
    int64_t inputs = code.lanes * perLane;
    auto packInputs = [&](Term k, std::optional<Term> left) {
      SmallVector<Term> rows;
      for (int64_t lane = 0; lane < code.lanes; ++lane) {
        Term own = code.min(column + static_cast<double>(lane),
                            contraction.coords.numColumns - 1);
        rows.push_back(loadAlongInputs(own, begin + k, left));
      }
      rows = code.transpose(std::move(rows));
      for (auto [i, row] : llvm::enumerate(rows))
        store(row, panel, k / static_cast<double>(perLane) + double(i), v);
    };
    bool isWhole = contraction.depth % inputs == 0;
    Term full = isWhole ? count : count - count % static_cast<double>(inputs);
    code.forRange(code.index(0), full, inputs,
                  [&](Term k) { packInputs(k, std::nullopt); });
    if (!isWhole)
      code.ifThen(full < count, [&] { packInputs(full, count - full); });
  }

  Term loadAlongInputs(Term column, Term k, std::optional<Term> count) {
    if (!contraction.usesPairs())
      return weights.alongInputs(column, k, count, code);
    // A pair moves as one element.
    return code.bitcast(weights.pairsAlongInputs(column, k, count, code),
                        code.vectorOf(code.builder.getI32Type()));
  }

  /// Rows of columns, as they are.
  void packAlongColumns(Term panel, Term v, Term column, Term begin,
                        Term count) {
    Term left = contraction.coords.numColumns - column;
    Term steps = code.ceilDiv(count, code.index(perLane));
    auto packRows = [&](std::optional<Term> columns) {
      code.forEach(steps, [&](Term k) {
        Term at = begin + k * static_cast<double>(perLane);
        Term row = contraction.usesPairs()
                       ? weights.pairsAlongColumns(column, at, columns, code)
                       : weights.alongColumns(column, at, columns, code);
        store(row, panel, k, v);
      });
    };
    Term isFull = left >= static_cast<double>(code.lanes);
    code.ifThen(isFull, [&] { packRows(std::nullopt); });
    code.ifThen(!isFull, [&] { packRows(code.max(left, code.index(0))); });
  }

  void store(Term row, Term panel, Term k, Term v) {
    VectorType type = getPackedType();
    if (row.type() != type)
      row = code.bitcast(row, type);
    code.storeVector(row, pack,
                     {panel, k, v * static_cast<double>(code.lanes * perLane)});
  }

  VectorType getPackedType() {
    return VectorType::get({code.lanes * perLane}, stored);
  }

  struct Block {
    Term column, begin;
  };
  /// Where the block begins that is packed after the one at `column` and
  /// `begin`: the last one is followed by that of the next tile, or itself.
  Block getNext(Term column, Term begin) {
    const TileCoords &coords = contraction.coords;
    Term nextColumn = column + static_cast<double>(panelVectors * code.lanes);
    Term nextBegin = begin + static_cast<double>(blockDepth);
    Term hasPanel = nextColumn < coords.numColumns;
    Term isLast =
        !hasPanel && nextBegin >= static_cast<double>(contraction.depth);
    Term hasTile = isLast && nextColumn < coords.columnsToEnd;
    Term zero = code.index(0);
    return {code.select(hasPanel || hasTile, nextColumn,
                        code.select(isLast, column, zero)),
            code.select(hasTile, zero,
                        code.select(hasPanel || isLast, begin, nextBegin))};
  }

  /// One step of a group of rows has its share of the next block on its way:
  /// group v the columns of vector v, and those of as many vectors further as
  /// there are groups, for two are enough for most tiles of few groups.
  void prefetch(const Block &next, Term group, Term groups, Term k) {
    Term first = next.column, input = next.begin;
    if (weights.isOutIn()) {
      auto lanes = static_cast<double>(code.lanes);
      first = first + k % lanes;
      input =
          input + k / lanes * static_cast<double>(weights.getInputsPerLine());
    } else {
      input = input + k * static_cast<double>(perLane);
    }
    input = code.min(input, code.index(contraction.depth - 1));
    for (Term wanted : {group, group + groups}) {
      Term vector = code.min(wanted, code.index(panelVectors - 1));
      Term column = first + vector * static_cast<double>(code.lanes);
      weights.prefetch(code.min(column, contraction.coords.columnsToEnd - 1),
                       input, code);
    }
  }

  void multiply(Term panel, Term column, Term begin, Term count, bool isFirst) {
    Block next = getNext(column, begin);
    int64_t largest = contraction.schedule.getRegisterRows();
    forRowGroups(
        code.index(0), contraction.coords.numRows, largest, code,
        [&](Term row, int64_t size) {
          PanelProduct product{.projection = projection,
                               .row = row,
                               .size = size,
                               .columns = {},
                               .begin = begin,
                               .count = count,
                               .isFirst = isFirst};
          for (int64_t v = 0; v < panelVectors; ++v)
            product.columns.push_back(column +
                                      static_cast<double>(v * code.lanes));
          Term group = row / static_cast<double>(largest);
          Term groups =
              contraction.coords.numRows / static_cast<double>(largest);
          multiplyPanel(contraction, product, code, [&](Term k, int64_t v) {
            if (v == 0 && size == largest)
              prefetch(next, group, groups, k);
            Term at = code.index(v * code.lanes * perLane);
            return code.loadVector(getPackedType(), pack, {panel, k, at});
          });
        });
  }

  const TileContraction &contraction;
  const WeightVectors &weights;
  Term projection;
  VectorCode &code;
  /// Inputs in a lane.
  int64_t perLane;
  int64_t panelVectors, panels, blockDepth;
  Type stored;
  Value pack;
};
} // namespace

void mlir::moe::emitPacked(const TileContraction &contraction,
                           VectorCode &code) {
  SmallVector<size_t> all(contraction.weights.size());
  std::iota(all.begin(), all.end(), 0);
  forProjections(contraction, all, code, [&](const TileProjection &projection) {
    PackEmitter(contraction, projection, code).emit();
  });
}
